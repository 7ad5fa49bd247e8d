"""Course folders that come in, from a disk or as a zip file of a stranger, and go out again. No Flask."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from sqlalchemy.orm import Session

from ..courses.catalogue import check_length
from ..courses.source import MAX_FILE, MAX_MEDIA, look_into
from ..kernel.errors import Conflict, Invalid
from ..kernel.i18n import _
from ..kernel.storage import Storage
from . import store
from .metadata import without_metadata
from .models import Draft
from .paths import is_media, is_text
from .store import MAX_FILES, Stored
from .svg import check_parts

#: Bytes of a zip file, and of everything that comes out of it.
MOST_ZIP = 64 * 1024 * 1024
MOST_UNPACKED = 96 * 1024 * 1024
#: Bytes of all YAML files of a course; the largest of ours has 1.4 MB.
MOST_YAML = 20_000_000
#: Bytes of the list of names in a zip file: 5000 names of 200 letters with what stands beside them.
MOST_DIRECTORY = 2 * 1024 * 1024
_IGNORED = re.compile(r"(^|/)(\.|__MACOSX/|Thumbs\.db$|desktop\.ini$)")


@dataclass
class Folder:
    """The files of a course as they came in, looked at one by one; nothing is stored yet."""

    texts: dict[str, bytes] = field(default_factory=dict)
    media: dict[str, bytes] = field(default_factory=dict)
    #: Files that no course has, and that were left out.
    left_out: list[str] = field(default_factory=list)

    def put(self, storage: Storage) -> dict[str, bytes | str | Stored]:
        """Store the media, and return all files as ``create_draft`` takes them. Call it before a transaction."""
        stored = {path: Stored(storage.put(content)) for path, content in self.media.items()}
        return {**self.texts, **stored}


def read_folder(path: Path) -> Folder:
    """Read a course folder. Raises Invalid with the name of the file that cannot be taken."""
    return _taken(_files_of(path))


def _files_of(path: Path) -> Iterator[tuple[str, bytes]]:
    for number, file in enumerate(sorted(path.rglob("*"))):
        if number > 2 * MAX_FILES:
            raise Invalid(_("A course has at most %(n)s files.", n=MAX_FILES))
        name = file.relative_to(path).as_posix()
        if file.is_symlink():
            raise Invalid(_("%(name)s is a link to another file. Put the file itself there.", name=name))
        if not file.is_file() or _IGNORED.search(name):
            continue
        if file.stat().st_size > max(MAX_FILE, MAX_MEDIA):
            raise Invalid(_("%(name)s is too large. Make it smaller.", name=name))
        yield name, file.read_bytes()


def read_zip(opened: IO[bytes]) -> Folder:
    """Read a course folder from a zip file. Raises Invalid with one sentence for all that is damaged or hostile."""
    _check_directory(opened)
    try:
        archive = zipfile.ZipFile(opened)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise Invalid(
            _("This zip file is damaged. Make it again and send it once more."), "damaged"
        ) from error
    with archive:
        return _taken(_members(archive))


def _check_directory(opened: IO[bytes]) -> None:
    """Refuse a zip file whose list of names is huge before it is read: Python would make an object of each."""
    size = opened.seek(0, io.SEEK_END)
    if size > MOST_ZIP:
        raise Invalid(
            _("This zip file is larger than 64 MB. Make the pictures and sounds smaller."), "too-big"
        )
    opened.seek(max(0, size - 65_557))
    tail = opened.read()
    opened.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise Invalid(_("This is not a zip file. Choose the zip file of a course folder."), "damaged")
    if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):  # for more than 65 535 files, or 4 GB
        raise Invalid(_("A course has at most %(n)s files.", n=MAX_FILES), "too-many")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > MOST_DIRECTORY:
        raise Invalid(_("A course has at most %(n)s files.", n=MAX_FILES), "too-many")


def _members(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    members = [(_name_of(m), m) for m in archive.infolist() if not m.is_dir()]
    members = [(name, m) for name, m in members if not _IGNORED.search(name)]
    if len(members) > MAX_FILES:
        raise Invalid(_("A course has at most %(n)s files.", n=MAX_FILES), "too-many")
    heads = [PurePosixPath(name).parent for name, _m in members if PurePosixPath(name).name == "course.yaml"]
    if not heads:
        raise Invalid(_("There is no course.yaml in this zip file. Choose the zip file of a course folder."))
    top = min(heads, key=lambda p: len(p.parts))
    left = MOST_UNPACKED
    seen: set[str] = set()
    for name, member in members:
        if not PurePosixPath(name).is_relative_to(top):
            continue
        inside = PurePosixPath(name).relative_to(top).as_posix()
        if inside in seen:
            raise Invalid(_("%(name)s stands twice in this zip file. Make it again.", name=inside))
        seen.add(inside)
        if not is_text(inside) and not is_media(inside):
            yield inside, b""  # left out, so it is not unpacked
            continue
        content = _unpacked(archive, member, inside, left)
        left -= len(content)
        yield inside, content


def _name_of(member: zipfile.ZipInfo) -> str:
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or ":" in name.split("/")[0] or ".." in name.split("/") or "\0" in name:
        raise Invalid(
            _("This zip file has a file that leads out of its folder. Make it again from the course folder."),
            "traversal",
        )
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Invalid(_("%(name)s is a link to another file. Put the file itself there.", name=name), "link")
    return name


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, left: int) -> bytes:
    if member.flag_bits & 0x1:
        raise Invalid(_("This zip file has a password. Make it without one."), "locked")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the other kinds in pieces of any size
        raise Invalid(
            _("This zip file is packed in a way that is not read here. Make an ordinary one."), "damaged"
        )
    # what the directory of a zip file says of sizes may be a lie, so the bytes that come out are counted
    most = min(MAX_MEDIA if is_media(name) else MAX_FILE, left)
    try:
        with archive.open(member) as inner:
            content = inner.read(most + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        raise Invalid(
            _("This zip file is damaged. Make it again and send it once more."), "damaged"
        ) from error
    if len(content) > left:
        raise Invalid(_("There is too much in this zip file: a course has at most 96 MB."), "too-big")
    return content


def _taken(files: Iterable[tuple[str, bytes]]) -> Folder:
    folder = Folder()
    for name, content in files:
        if is_text(name):
            if len(content) > MAX_FILE:
                raise Invalid(_("%(name)s is larger than 4 MB. Split it.", name=name))
            try:
                content.decode("utf-8")
            except UnicodeDecodeError:
                raise Invalid(_("%(name)s is not UTF-8. Save it as UTF-8.", name=name)) from None
            if name.endswith(".po"):
                try:
                    check_length(content)
                except Invalid as error:
                    raise Invalid(f"{name}: {error.message}", error.code) from error
            folder.texts[name] = content
        elif is_media(name):
            if len(content) > MAX_MEDIA:
                raise Invalid(_("%(name)s is larger than 8 MB. Make it smaller.", name=name))
            look = look_into(content, PurePosixPath(name).suffix)
            if look.problem:
                raise Invalid(f"{name}: {look.problem}")
            if name.endswith(".svg"):
                try:
                    check_parts(content)
                except Invalid as error:
                    raise Invalid(f"{name}: {error.message}", error.code) from error
            folder.media[name] = without_metadata(content, PurePosixPath(name).suffix)
        else:
            folder.left_out.append(name)
    if "course.yaml" not in folder.texts:
        raise Invalid(_("There is no course.yaml in this folder; a course starts with it."))
    if sum(len(text) for name, text in folder.texts.items() if name.endswith(".yaml")) > MOST_YAML:
        raise Invalid(
            _("The YAML files of a course have at most 20 MB in all. Make two courses of it."), "too-big"
        )
    if len(folder.texts) + len(folder.media) > MAX_FILES:
        raise Invalid(_("A course has at most %(n)s files.", n=MAX_FILES))
    return folder


def contents(session: Session, storage: Storage, tree: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a tree of a draft, byte for byte."""
    texts = store.bodies(session, [digest for path, digest in tree.items() if is_text(path)])
    for path, digest in sorted(tree.items()):
        yield path, texts[digest] if is_text(path) else storage.path(digest).read_bytes()


def write_folder(session: Session, storage: Storage, draft: Draft, folder: Path) -> int:
    """Write a draft as a folder; return how many files. Raises Conflict when the folder holds something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(f"{folder} is not empty. Choose a new folder.")
    count = 0
    for path, content in contents(session, storage, store.tree(session, draft)):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        count += 1
    return count


def write_zip(session: Session, storage: Storage, draft: Draft, out: BinaryIO) -> None:
    """Write a draft as a zip file with one folder in it; the same draft is the same file."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents(session, storage, store.tree(session, draft)):
            entry = zipfile.ZipInfo(f"{draft.slug}/{path}", date_time=(2026, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if is_media(path) else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
