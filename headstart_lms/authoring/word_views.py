"""The words of a course: a table to write in, and pasting from a spreadsheet with a preview."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..kernel import web
from ..kernel.db import transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import content, store, word_sheet
from .context import AUTHORS, bp, draft_for, draft_page
from .forms import FieldView, record_form
from .forms.context import headword, plain, rows_of
from .models import Draft
from .part_pages import asked, content_of, findings_of, links_to, may_write, pages_of, sent_values
from .paths import is_text

#: Rows of one page of the table.
SIZE = 25
#: The columns of the table: paths of fields of a word.
TABLE = ("word", "article", "gender", "plural", "kind", "gloss", "example.text", "example.gloss")
PASTE = "/teach/courses/<uuid:draft>/paste/words"


@bp.get("/teach/courses/<uuid:draft>/words", endpoint="words")
@access(AUTHORS)
def words(draft: UUID) -> str:
    """The vocabulary: each word with the units that use it."""
    return _page(draft_for(draft))


def _page(draft: Draft, *, clash: bool = False) -> str:
    now = content_of(draft)
    every = list(rows_of(now.data, "entries"))
    query, rows = asked(every, lambda row: f"{row['id']} {headword(row)} {plain(row.get('gloss'))}")
    page, pages, first, last = pages_of(len(rows), SIZE)
    form = record_form("entry")
    used = content.uses(now.data, "entries")
    by_id: dict[str, list[Any]] = {}
    for finding in findings_of(draft, "entries"):
        by_id.setdefault(finding.path.split(".")[1] if "." in finding.path else "", []).append(finding)
    table = []
    for row in rows[first:last]:
        fields: dict[str, FieldView] = {}
        for field in form.fields(row, now.course, f"f-{row['id']}."):
            inner = field.rows[0].fields if field.control == "group" else (field,)
            fields |= {one.name.removeprefix(f"f-{row['id']}."): one for one in inner}
        units = links_to(draft, now.data, used.get(row["id"], []))
        table.append((row, [(name, fields[name]) for name in TABLE], units, by_id.get(row["id"], [])))
    files = {path: now.tree[path] for path in now.files("entries")}
    return draft_page(
        "words", draft, "words", accent=draft.kind, table=table, query=query, page=page,
        pages=pages, count=len(rows), total=len(every), may_write=may_write(draft), files=files,
        taught=now.course.taught, clash=clash, column_names=column_names(), headword=headword,
        unused=sum(1 for row in every if row["id"] not in used),
    )  # fmt: skip


def column_names() -> dict[str, str]:
    return {
        "word": _("Word"), "article": _("Article"), "gender": _("Gender"), "plural": _("Plural"), "kind": _("Kind"),
        "gloss": _("What it means"), "example.text": _("Example"), "example.gloss": _("What the example means"),
        "example": _("Example"), "example_gloss": _("What the example means"), "hint": _("Remark for learners"),
    }  # fmt: skip


@bp.post("/teach/courses/<uuid:draft>/words", endpoint="save_words")
@access(AUTHORS)
def save_words(draft: UUID) -> Response | tuple[str, int]:
    """Save the rows of a page of the table; only those that changed are written."""
    values = sent_values()
    sent = set(values.get("row", ()))
    draft_for(draft, "write")
    if not sent:
        raise Invalid(_("This page is too old. Load it again, then send the form once more."))
    form = record_form("entry")
    clashes = False
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)

        def change(data: Any) -> Any:
            return [
                form.read(values, row, now.course, f"f-{row['id']}.")
                if isinstance(row, dict) and row.get("id") in sent
                else row
                for row in data or []
            ]

        for path in now.files("entries"):
            base = request.form.get(f"base-{path}", "")
            if any(home == path and row.get("id") in sent for home, row in _at_home(now)):
                done = content.change_file(current, found, this_person(), path, change, base=base)
                clashes = clashes or bool(done.clashes)
    if clashes:
        return _page(draft_for(draft, "write"), clash=True), 409
    where = {"page": request.form.get("page", type=int), "q": request.form.get("q") or None}
    return redirect(web.url("authoring.words", draft=draft, **{k: v for k, v in where.items() if v}), 303)


def _at_home(now: content.Content) -> list[tuple[str, dict[str, Any]]]:
    rows = zip(now.homes.get("entries", ()), now.data.get("entries", ()), strict=True)
    return [(path, row) for path, row in rows if isinstance(row, dict)]


# --- pasting ---------------------------------------------------------------------------------------------


@bp.get(PASTE, endpoint="paste_words")
@access(AUTHORS)
def paste_words(draft: UUID) -> str:
    """Where a table is pasted."""
    return _paste(draft_for(draft, "write"))


def _paste(
    draft: Draft,
    *,
    sheet: word_sheet.Sheet | None = None,
    found: Any = (),
    problems: Any = (),
    text: str = "",
) -> str:
    now = content_of(draft)
    by_id = {row["id"]: row for row in rows_of(now.data, "entries")}
    return web.render(
        "headstart/authoring/paste_words.html", accent=draft.kind, draft=draft, sheet=sheet, words=found,
        problems=problems, text=text, files=_homes(now), chosen=request.form.get("file", ""),
        new_file=request.form.get("new_file", ""), twins=by_id, headword=headword, column_names=column_names(),
        columns=list(word_sheet.COLUMNS), taught=now.course.taught, update=request.form.get("twins") == "update",
        place_of={} if sheet is None else {place: name for name, place in sheet.columns.items()},
    )  # fmt: skip


def _homes(now: content.Content) -> list[str]:
    return now.files("entries") or ["entries.yaml"]


@bp.post(PASTE, endpoint="write_words")
@access(AUTHORS)
def write_words(draft: UUID) -> Response | str | tuple[str, int]:
    """Show what a pasted table would become, and write it when asked to."""
    text = request.form.get("table", "")
    found = draft_for(draft, "write")
    if not text.strip():
        raise Invalid(_("Paste some rows first."))
    now = content_of(found)
    taught = now.course.taught
    sheet = word_sheet.read_sheet(text, taught, _chosen(request.form))
    rows, problems = word_sheet.read_words(sheet, taught, list(rows_of(now.data, "entries")))
    if request.form.get("do") != "write" or not rows:
        page = _paste(found, sheet=sheet, found=rows, problems=problems, text=text)
        return page if rows else (page, 422)
    update = request.form.get("twins") == "update"
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)
        rows, _problems = word_sheet.read_words(sheet, taught, list(rows_of(now.data, "entries")))
        path = _file_of(now)
        taken = {row["id"] for row in rows_of(now.data, "entries")}
        changed: dict[str, bytes | str | store.Stored | None] = {}
        base: dict[str, str | None] = {}
        for name in {*(now.files("entries") if update else ()), path}:
            digest = store.digest_of(current, found, name)
            data = [] if digest is None else store.data_of(current, digest, name)
            new = rows if name == path else [row for row in rows if row.twin]
            result = word_sheet.joined(data, new, taken, update=update)
            if result != data:
                base[name], changed[name] = digest, store.text_of(current, found, name, result)
        if changed:
            note = _("Words pasted")
            store.save(current, found, this_person(), changed, base=base, what="edit", note=note)
    return redirect(web.url("authoring.words", draft=draft), 303)


def _chosen(form: Mapping[str, str]) -> dict[int, str] | None:
    """Return what somebody said each column is; None on the first look."""
    chosen = {int(name[4:]): form[name] for name in form if re.fullmatch(r"col-[0-9]{1,2}", name)}
    return chosen or None


def _file_of(now: content.Content) -> str:
    """Return the file new words go to. Raises Invalid for a name that no file of a course has."""
    chosen = request.form.get("file", "")
    if chosen == "+":
        name = re.sub(r"[^a-z0-9]+", "-", request.form.get("new_file", "").casefold()).strip("-")
        path = f"entries/{name}.yaml"
        if not name or not is_text(path):
            raise Invalid(_("Give the new list a name in small letters, for example m2."))
        return path
    if chosen not in _homes(now):
        raise Invalid(_("Choose where the words go."))
    return chosen
