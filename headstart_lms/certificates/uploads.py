"""Read what an office hands in for a bulk check: tables of codes, zip files, single files. Nothing is unpacked
to a disk.

Everything is bounded: entries, bytes of one file, bytes of all, and how far a zip file may blow up.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import codes, reading
from .asking import Entry
from .tokens import find_token

#: Rows and files of one bulk check, bytes of the upload, bytes of everything unpacked, bytes of a table.
MOST_ENTRIES, MOST_UPLOAD, MOST_UNPACKED, MOST_TABLE = 2_000, 100_000_000, 300_000_000, 2_000_000
#: How many times its packed size a file may unpack to; text packs 20 times, a bomb 1,000 times.
MOST_RATIO = 100
#: A picture of a paper may be larger than a file of ours.
MOST_FILE = reading.MOST_UPLOAD

_ZIP = b"PK\x03\x04"
_IGNORED = re.compile(r"(^|/)(\.[^./]|__MACOSX/|Thumbs\.db$|desktop\.ini$)")
_TABLES = (".csv", ".txt", ".tsv")
_SHEETS = (".xlsx", ".xls", ".ods", ".numbers")

#: What stands above the columns, in the languages of offices and in Arabic; compared without case and accents.
_CODES = {
    "code", "kod", "kod certifikatu", "kod osvedcenia", "zertifikatscode", "certificate code", "certificate",
    "codice", "codice del certificato", "codigo", "codigo do certificado", "certificaatcode", "certificado",
    "certificato", "zertifikat", "certifikat", "certificaat", "tanusitvany", "igazolas kodja", "الرمز", "رمز",
}  # fmt: skip
_YEARS = {
    "year", "year of birth", "birth year", "born", "geburtsjahr", "jahr", "rok narozeni", "rok narodenia", "rok",
    "szuletesi ev", "ev", "anno", "anno di nascita", "geboortejaar", "jaar", "ano", "ano de nascimento",
    "سنة الميلاد",
}  # fmt: skip


class _Budget:
    """How much one upload may still hold."""

    def __init__(self) -> None:
        self.entries, self.bytes = MOST_ENTRIES, MOST_UNPACKED

    def take(self, size: int) -> None:
        self.entries -= 1
        self.bytes -= size
        if self.entries < 0:
            raise Invalid(
                _("Check at most %(most)d at once. Divide the list into smaller ones.", most=MOST_ENTRIES),
                "too-many",
            )
        if self.bytes < 0:
            raise Invalid(_("These files are too large together. Send them in several parts."), "too-big")


def read_uploads(files: Iterable[tuple[str, BinaryIO]]) -> Iterator[Entry]:
    """Yield the entries of named files: tables by row, zip files by file, everything else as it is.

    Raises Invalid when it is too much, or a zip file or table that cannot be read at all; what is wrong with one
    row or file is an entry with a ``problem``.
    """
    budget = _Budget()
    for name, opened in files:
        for entry in _read(name, opened, budget):
            budget.take(len(entry.data or b""))
            yield entry


def _read(name: str, opened: BinaryIO, budget: _Budget) -> Iterator[Entry]:
    label = _label(name)
    head = opened.read(4)
    opened.seek(0)
    if label.lower().endswith(_SHEETS):
        raise Invalid(
            _("A spreadsheet cannot be read here. Save it as CSV, then choose that file."), "spreadsheet"
        )
    if head == _ZIP:
        yield from _read_zip(opened, budget)
    else:
        data = opened.read(MOST_FILE + 1)
        yield from _read_file(label, data)


def _read_file(label: str, data: bytes) -> Iterator[Entry]:
    if len(data) > MOST_FILE:
        yield Entry(label, problem="too-big")
    elif not data.strip():
        yield Entry(label, problem="empty")
    elif _is_table(label, data):
        yield from read_table(data, label)
    else:
        yield Entry(label, data=data)


def _is_table(label: str, data: bytes) -> bool:
    """A table by its name, or a text without a name that says what it is."""
    if label.lower().endswith(_TABLES):
        return find_token(data) is None
    if re.search(r"\.(json|jsonld|jwt|pdf|png|svg|jpe?g|webp|heic)$", label.lower()):
        return False
    head = data[:64].lstrip(b"\xef\xbb\xbf \r\n\t")
    return (
        not head.startswith((b"{", b"<", b"%PDF", b"\x89PNG", b"\xff\xd8", b"ey"))
        and find_token(data) is None
    )


def _label(name: str) -> str:
    """Return a name to show: the last part, without controls, not endless."""
    last = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return "".join(c for c in last if unicodedata.category(c)[0] != "C")[:120] or "?"


def _read_zip(opened: BinaryIO, budget: _Budget) -> Iterator[Entry]:
    try:
        archive = zipfile.ZipFile(opened)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise Invalid(
            _("This zip file is damaged. Make it again and send it once more."), "damaged"
        ) from error
    with archive:
        names = archive.namelist()
        if any(name in ("xl/workbook.xml", "mimetype", "Index/Document.iwa") for name in names):
            raise Invalid(
                _("A spreadsheet cannot be read here. Save it as CSV, then choose that file."), "spreadsheet"
            )
        members = [m for m in archive.infolist() if not m.is_dir() and not _IGNORED.search(m.filename)]
        if len(members) > MOST_ENTRIES:
            raise Invalid(
                _("Check at most %(most)d at once. Divide the list into smaller ones.", most=MOST_ENTRIES),
                "too-many",
            )
        for member in members:
            yield from _read_member(archive, member, budget)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: _Budget) -> Iterator[Entry]:
    label = _label(member.filename)
    if member.flag_bits & 0x1:
        yield Entry(label, problem="locked")
        return
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the other kinds in pieces of any size: 350 bytes can become 600 MB before they are counted
        yield Entry(label, problem="damaged")
        return
    # what the directory of the zip file says of sizes may be a lie, so the bytes that come out are counted
    most = min(MOST_FILE, max(MOST_RATIO * member.compress_size, 100_000), max(budget.bytes, 0))
    try:
        with archive.open(member) as inner:
            data = inner.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError, ValueError):
        yield Entry(label, problem="damaged")
        return
    if len(data) > most:
        yield Entry(label, problem="too-big")
    elif data.startswith(_ZIP):
        yield Entry(label, problem="zip-inside")
    else:
        yield from _read_file(label, data)


# --- tables ----------------------------------------------------------------------------------------


def read_table(data: bytes, label: str) -> Iterator[Entry]:
    """Yield an entry for each row of a table that is not empty; ``row`` is its line, from 1.

    Raises Invalid when no column with codes is found.
    """
    if len(data) > MOST_TABLE:
        raise Invalid(_("This table is too large. Divide it into smaller ones."), "too-big")
    text = decode(data)
    rows = list(_rows(text))
    if not rows:
        yield Entry(label, problem="empty")
        return
    columns = _columns(rows[0][1])
    if columns is None and len(rows) > 1 and not any(_looks_like_code(cell) for cell in rows[0][1]):
        # a first line in words that we do not know: the column is found by what stands below it
        columns = _columns_by_content([cells for _number, cells in rows[1:20]])
        rows = rows[1:] if columns is not None else rows
    elif columns is not None:
        rows = rows[1:]
    if columns is None:
        columns = _columns_by_content([cells for _number, cells in rows[:20]])
    if columns is None and max(len(cells) for _number, cells in rows) == 1:
        columns = (0, None)
    if columns is None:
        raise Invalid(
            _("No column with codes was found in %(file)s. Write “code” above the column.", file=label),
            "no-codes",
        )
    for number, cells in rows:
        yield _entry_of(label, number, cells, *columns)


def decode(data: bytes) -> str:
    """Return the text of a table as spreadsheets write it: UTF-8, UTF-16, else Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").lstrip("\ufeff")
    if data[:200].count(0) * 3 > len(
        data[:200]
    ):  # UTF-16 without a mark: every second byte of Latin letters is 0
        return data.decode("utf-16-be" if data[:1] == b"\0" else "utf-16-le", "replace").lstrip("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of the rows that hold something."""
    said = re.match(r"sep=(.)\r?\n", text)
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = said[1] if said else max(";\t,", key=first.count)
    csv.field_size_limit(MOST_TABLE + 1)
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Invalid(_("This table cannot be read. Save it again as CSV."), "damaged") from error
        cells = [cell.strip() for cell in cells]
        if any(cells) and not (said and start == 1):
            yield start, cells


def _plain(cell: str) -> str:
    parts = unicodedata.normalize("NFKD", cell.casefold())
    kept = "".join(c for c in parts if unicodedata.category(c)[0] != "M")
    return " ".join(re.sub(r"[_\-.:*]", " ", kept).split())


def _columns(header: list[str]) -> tuple[int, int | None] | None:
    """Return the places of the code and of the year, when the first row names them."""
    named = [_plain(cell) for cell in header]
    code = next((place for place, word in enumerate(named) if word in _CODES), None)
    if code is None:
        return None
    return code, next((place for place, word in enumerate(named) if word in _YEARS), None)


def _columns_by_content(rows: list[list[str]]) -> tuple[int, int | None] | None:
    width = max((len(cells) for cells in rows), default=0)
    hits = [sum(_looks_like_code(c[place]) for c in rows if place < len(c)) for place in range(width)]
    if not hits or max(hits) == 0:
        return None
    code = hits.index(max(hits))
    for place in range(width):
        cells = [c[place] for c in rows if place < len(c) and c[place]]
        if place != code and cells and all(re.fullmatch(r"(19|20)\d\d", cell) for cell in cells):
            return code, place
    return code, None


def _looks_like_code(cell: str) -> bool:
    return bool(find_token(cell)) or codes.is_code(code_part(cell))


def code_part(cell: str) -> str:
    """Return the code in the address of a verifier, else the cell."""
    if "://" not in cell:
        return cell
    return cell.split("#")[0].split("?")[0].rstrip("/").rsplit("/", 1)[-1]


def _entry_of(label: str, number: int, cells: list[str], code: int, year: int | None) -> Entry:
    cell = cells[code] if code < len(cells) else ""
    written = cells[year] if year is not None and year < len(cells) else ""
    if not cell:
        return Entry(label, number, problem="empty")
    if find_token(cell) is not None:
        return Entry(label, number, data=cell.encode())
    try:
        known = codes.parse_code(code_part(cell)[:200])
    except codes.CodeError as error:
        return Entry(label, number, problem="code-form", remark=error.message)
    if not written:
        return Entry(label, number, code=known)
    # spreadsheets make 1990.0 of a number, people write the digits of their script
    digits = re.sub(r"[.,]0+$", "", unicodedata.normalize("NFKC", written))
    if not re.fullmatch(r"\d{4}", digits):
        return Entry(label, number, code=known, problem="year-form")
    return Entry(label, number, code=known, year=int(digits))
