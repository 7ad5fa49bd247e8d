"""The pictures, sounds and films of a draft: what uses them, what they weigh, new ones, other words, gone. No Flask."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..courses.sound.gates import COURSE, UNIT
from ..kernel.errors import Conflict, Invalid
from ..kernel.i18n import _
from ..kernel.storage import Storage
from . import pictures, sounds, store
from .content import Content, Use, content_of
from .forms.context import ids_in, parts_of, plain, rows_of, text_at
from .models import Draft, Revision
from .paths import is_media
from .word_sheet import id_of

Data = dict[str, Any]
Kind = Literal["picture", "audio", "video"]
#: Bytes of all media of a course, and of one unit with its pictures and sound: what the checker warns above.
MOST_COURSE, MOST_UNIT = COURSE, UNIT
#: What an author chooses from; everything else is written by hand.
LICENCES = ("CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "Public domain", "Used with permission")
#: Keys under which parts name media.
NAMES = ("media", "picture", "audio", "left_picture", "right_picture")
#: The field that says in words what a picture shows, or what is heard.
SAID = {"picture": "alt", "audio": "transcript", "video": "transcript"}
LONGEST_ID = 40


# --- what is there ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Uses:
    """Where a picture or sound is used: parts of units and of the bank, and words."""

    parts: tuple[Use, ...] = ()
    entries: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.parts or self.entries)


def named_in(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the ids of media that a part names, wherever in it; the items of a block are parts of their own."""
    if isinstance(value, dict) and depth < 12:
        for key, inner in value.items():
            if key in NAMES and isinstance(inner, str):
                yield inner
            elif not (depth == 0 and key == "items"):
                yield from named_in(inner, depth + 1)
    elif isinstance(value, list) and depth < 12:
        for inner in value:
            yield from named_in(inner, depth + 1)


def uses(data: Mapping[str, Any]) -> dict[str, Uses]:
    """Return {id: where it is used}."""
    parts: dict[str, list[Use]] = {}
    entries: dict[str, list[str]] = {}
    for unit_id, place, part in parts_of(data):
        is_item = place.startswith("bank.") or ".items." in place
        for name in dict.fromkeys(named_in(part)):
            parts.setdefault(name, []).append(Use(unit_id, part["id"], part["id"] if is_item else ""))
    for entry in rows_of(data, "entries"):
        for name in dict.fromkeys(named_in(entry)):
            entries.setdefault(name, []).append(entry["id"])
    return {
        name: Uses(tuple(parts.get(name, ())), tuple(entries.get(name, ()))) for name in {*parts, *entries}
    }


@dataclass(frozen=True)
class Weight:
    """What a phone loads for one unit: bytes, and of which kind they are."""

    unit: str
    total: int
    pictures: int
    sounds: int

    @property
    def is_heavy(self) -> bool:
        return self.total > MOST_UNIT


def sizes_of(storage: Storage, tree: Mapping[str, str]) -> dict[str, int]:
    """Return {name of a media file: its bytes}."""
    found = {}
    for path, digest in tree.items():
        if is_media(path):
            file = storage.path(digest)
            found[path.removeprefix("media/")] = file.stat().st_size if file.is_file() else 0
    return found


def weights(data: Mapping[str, Any], sizes: Mapping[str, int]) -> list[Weight]:
    """Return what every unit weighs: its pictures and sounds, each once, those of the words it shows too."""
    rows = {row["id"]: row for row in rows_of(data, "media")}
    entries = {row["id"]: row for row in rows_of(data, "entries")}
    found = []
    for unit in rows_of(data, "units"):
        names: set[str] = set()
        for block in rows_of(unit, "blocks"):
            names.update(named_in(block))
            for item in rows_of(block, "items"):
                names.update(named_in(item))
            for word in ids_in(block, "entries"):
                names.update(named_in(entries.get(word, {})))
        by_kind = {"picture": 0, "audio": 0, "video": 0}
        for name in names & set(rows):
            kind = text_at(rows[name], "kind")
            by_kind[kind if kind in by_kind else "picture"] += sizes.get(text_at(rows[name], "file"), 0)
        found.append(
            Weight(
                unit["id"], sum(by_kind.values()) + _words_of(unit), by_kind["picture"],
                by_kind["audio"] + by_kind["video"],
            )
        )  # fmt: skip
    return found


def _words_of(value: Any) -> int:
    """Return about how many bytes the texts of a unit have."""
    if isinstance(value, dict):
        return sum(len(str(key)) + _words_of(inner) for key, inner in value.items())
    if isinstance(value, list):
        return sum(_words_of(inner) for inner in value)
    return len(str(value).encode())


def lacks(row: Mapping[str, Any]) -> bool:
    """Tell whether somebody must still say what it shows, its licence or where it is from."""
    said = row.get(SAID.get(text_at(row, "kind"), "alt"))
    return not (plain(said) and text_at(row, "licence").strip() and text_at(row, "source").strip())


# --- new ones -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taken:
    """A file as it came in and was made anew; nothing is stored yet."""

    kind: Kind
    content: bytes
    suffix: str
    #: What its id and its file are made of.
    wish: str = ""


def take_in(content: bytes, name: str, crop: pictures.Crop | None = None) -> Taken:
    """Take a file in that somebody chose. Raises Invalid with one sentence for all that is not taken."""
    if not content:
        raise Invalid(_("This file is empty. Choose it again."), "empty")
    wish = PurePosixPath(name.replace("\\", "/")).stem[:60]
    if pictures.is_drawing(content) or pictures.is_photo(content) or pictures.is_heic(content):
        made = pictures.picture_of(content, crop)
        return Taken("picture", made.content, made.suffix, wish)
    if sounds.is_film(content, name):
        return Taken("video", sounds.film_of(content), ".mp4", wish)
    if sounds.reader_of(content) is not None:
        return Taken("audio", sounds.sound_of(content).content, ".ogg", wish)
    raise Invalid(
        _("This is no picture and no sound. Choose a JPEG, PNG, WebP, SVG, MP3, M4A, OGG or WAV file."),
        "no-media",
    )


@dataclass(frozen=True)
class New:
    """A row to be: the digest of its stored file, and what its author said of it."""

    kind: Kind
    digest: str
    suffix: str
    wish: str
    said: Any = None
    licence: str = ""
    source: str = ""
    voice: str = ""
    #: An id that is wanted as it is, for a clip of a word.
    id: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


PREFIX = {"picture": "pic-", "audio": "clip-", "video": "film-"}


def row_of(new: New, row_id: str, file: str) -> Data:
    row: Data = {"id": row_id, "file": file, "kind": new.kind}
    if plain(new.said):
        row[SAID[new.kind]] = new.said
    row |= {"licence": new.licence, "source": new.source}
    if new.voice:
        row["voice"] = new.voice
    return row | dict(new.more)


def free_id(now: Content, new: New, taken: Collection[str] = ()) -> str:
    """Return an id for a new row: what it shows or is called, in plain letters."""
    known = {*taken, *(row["id"] for row in rows_of(now.data, "media"))}
    words = " ".join(plain(new.said).split()[:4]) or new.wish
    made = id_of(PREFIX[new.kind] + words, known)
    if len(made) <= LONGEST_ID:
        return made
    return id_of(made[: LONGEST_ID - 4].rstrip("-"), known)


def home_of(now: Content) -> str:
    """Return the file new rows go to: the last one of the list."""
    return (now.files("media") or ["media.yaml"])[-1]


def add(session: Session, draft: Draft, person: Person, new: Collection[New], *, note: str) -> list[str]:
    """Write rows and their files as one revision; return the ids. Their bytes lie in the storage already."""
    store.lock(session, draft)
    now = content_of(session, draft)
    tree = store.tree(session, draft)
    path = home_of(now)
    rows = rows_at(session, now, path)
    changes: dict[str, bytes | str | store.Stored | None] = {}
    ids: list[str] = []
    for one in new:
        row_id = one.id or free_id(now, one, ids)
        file = _free_file(f"{row_id}{one.suffix}", {*tree, *changes})
        changes[f"media/{file}"] = store.Stored(one.digest)
        rows.append(row_of(one, row_id, file))
        ids.append(row_id)
    changes[path] = store.text_of(session, draft, path, rows)
    save(session, draft, person, changes, note=note)
    return ids


def rows_at(session: Session, now: Content, path: str) -> list[Any]:
    """Return the rows of a file of media. Raises Conflict when it is broken, so that nothing is lost."""
    if path in now.broken:
        raise Conflict(_("%(name)s cannot be read. Mend it first.", name=path))
    data = store.data_of(session, now.tree[path], path) if path in now.tree else []
    if not isinstance(data, list):
        raise Conflict(_("%(name)s cannot be read. Mend it first.", name=path))
    return data


def _free_file(name: str, taken: Collection[str]) -> str:
    stem, _dot, suffix = name.rpartition(".")
    number, file = 1, name
    while f"media/{file}" in taken:
        number += 1
        file = f"{stem}-{number}.{suffix}"
    return file


def save(
    session: Session,
    draft: Draft,
    person: Person,
    changes: Mapping[str, bytes | str | store.Stored | None],
    *,
    note: str,
) -> Revision:
    """Write files of a draft that is locked, on how they stand now."""
    tree = store.tree(session, draft)
    base = {path: tree.get(path) for path in changes}
    return store.save(session, draft, person, changes, base=base, what="media", note=note)


# --- changed and gone ---------------------------------------------------------------------------------


def replace_file(
    session: Session, draft: Draft, person: Person, row_id: str, taken: Taken, digest: str
) -> Data:
    """Put another file under a row. Raises Invalid when it is of another kind: parts would show nothing."""
    store.lock(session, draft)
    now = content_of(session, draft)
    path, row = now.row("media", row_id)
    if text_at(row, "kind") != taken.kind:
        raise Invalid(_("This is another kind of file. Choose a picture for a picture, a sound for a sound."))
    old = text_at(row, "file")
    tree = store.tree(session, draft)
    others = {text_at(one, "file") for one in rows_of(now.data, "media") if one["id"] != row_id}
    file = old
    if PurePosixPath(old).suffix != taken.suffix or old in others:
        file = _free_file(f"{row_id}{taken.suffix}", tree)
    new = {key: value for key, value in row.items() if key != "recipe"} | {"file": file}
    rows = [
        new if isinstance(one, dict) and one.get("id") == row_id else one
        for one in rows_at(session, now, path)
    ]
    changes: dict[str, bytes | str | store.Stored | None] = {
        f"media/{file}": store.Stored(digest), path: store.text_of(session, draft, path, rows),
    }  # fmt: skip
    if file != old and old not in others and f"media/{old}" in tree:
        changes[f"media/{old}"] = None
    save(session, draft, person, changes, note=_("Another file: %(name)s", name=row_id))
    return new


def remove(session: Session, draft: Draft, person: Person, row_id: str) -> None:
    """Delete a row and its file. Raises Invalid while something uses it."""
    store.lock(session, draft)
    now = content_of(session, draft)
    path, row = now.row("media", row_id)
    if uses(now.data).get(row_id):
        raise Invalid(_("This is used in the course. Take it out there first."))
    rows = [
        one for one in rows_at(session, now, path) if not (isinstance(one, dict) and one.get("id") == row_id)
    ]
    file = text_at(row, "file")
    others = {text_at(one, "file") for one in rows_of(now.data, "media") if one["id"] != row_id}
    changes: dict[str, bytes | str | store.Stored | None] = {
        path: store.text_of(session, draft, path, rows) if rows else None
    }
    if file not in others and f"media/{file}" in store.tree(session, draft):
        changes[f"media/{file}"] = None
    save(session, draft, person, changes, note=_("Deleted: %(name)s", name=row_id))


def described(row: Mapping[str, Any], said: Any, licence: str, source: str, voice: str = "") -> Data:
    """Return a row with other words; what the form does not know is kept."""
    name = SAID.get(text_at(row, "kind"), "alt")
    new = {key: value for key, value in row.items() if key not in (name, "licence", "source", "voice")}
    made: Data = {}
    for key, value in new.items():
        made[key] = value
        if key == "kind" and plain(said):
            made[name] = said
    if plain(said) and name not in made:
        made[name] = said
    made |= {"licence": licence, "source": source}
    voice = voice or text_at(row, "voice")
    if voice in ("human", "synthetic"):
        made["voice"] = voice
    order = [key for key in row if key in made] + [key for key in made if key not in row]
    return {key: made[key] for key in order}


def said_as(text: str, language: str) -> Any:
    """Return words as they stand in the document: of the source language plain, of another one under its tag."""
    words = " ".join(text.split())
    return {language: words} if language and words else words
