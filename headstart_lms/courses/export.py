"""Write a published document back as a folder of YAML, PO and media."""

from __future__ import annotations

import json
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import polib
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kernel.errors import Conflict
from ..kernel.storage import Storage
from .library import Library, get_course
from .models import Edition
from .texts import texts


def write_folder(session: Session, storage: Storage, library: Library, slug: str, folder: Path) -> None:
    """Write the newest published version of a course. Raises Conflict when the folder holds something."""
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} is not empty. Choose a new folder.")
    digest = get_course(session, slug).current_digest
    raw = session.scalars(select(Edition.document).where(Edition.digest == digest)).one()
    stored = json.loads(zlib.decompress(raw))
    sources = dict(texts(library.source(session, digest)))
    course: dict[str, Any] = stored["course"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "units").mkdir()
    for unit in course.pop("units"):
        _write(folder / "units" / f"{unit['id']}.yaml", unit)
    media = course.pop("media", [])
    for row in media:
        (folder / "media").mkdir(exist_ok=True)
        (folder / "media" / row["file"]).write_bytes(storage.path(row["sha256"]).read_bytes())
    # what the loader finds out by itself stays out of the files
    _write_list(folder / "media.yaml", [{k: v for k, v in row.items() if k not in _LOADED} for row in media])
    for name in ("entries", "facts", "bank", "blueprints"):
        _write_list(folder / f"{name}.yaml", course.pop(name, []))
    _write(folder / "course.yaml", course)
    for language, done in stored["translations"].items():
        _write_po(folder / "translations" / f"{language}.po", language, done, sources, slug)


_LOADED = ("sha256", "width", "height")


class CourseDumper(yaml.SafeDumper):
    """Writes numbers without exponents, which our reader does not know, and keeps rare line separators."""


def _number(dumper: yaml.SafeDumper, value: float) -> yaml.Node:
    text = f"{Decimal(repr(value)):f}"
    return dumper.represent_scalar("tag:yaml.org,2002:float", text if "." in text else text + ".0")


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    quoted = '"' if any(c in value for c in "\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=quoted)


CourseDumper.add_representer(float, _number)
CourseDumper.add_representer(str, _text)


def dump_yaml(data: Any) -> str:
    """Write data as YAML that ``read_yaml`` reads back as the same data."""
    return yaml.dump(data, Dumper=CourseDumper, allow_unicode=True, sort_keys=False, width=110)


def _write(file: Path, data: Any) -> None:
    file.write_text(dump_yaml(data), "utf-8")


def _write_list(file: Path, rows: list[Any]) -> None:
    if rows:
        _write(file, rows)


def _write_po(file: Path, language: str, done: dict[str, str], sources: dict[str, str], slug: str) -> None:
    if not done:
        return
    file.parent.mkdir(exist_ok=True)
    catalogue = polib.POFile(wrapwidth=110)
    catalogue.metadata = {
        "Project-Id-Version": slug, "Language": language.replace("-", "_"), "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "8bit",
    }  # fmt: skip
    for context, text in sources.items():
        catalogue.append(polib.POEntry(msgctxt=context, msgid=text, msgstr=done.get(context, "")))
    catalogue.save(str(file))
