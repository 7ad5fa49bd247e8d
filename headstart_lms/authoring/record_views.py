"""Words, facts and objectives of a course: one form for each, and what uses it."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..kernel import web
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import content, coverage, store
from .content import Content
from .context import AUTHORS, bp, draft_for, draft_page
from .forms import place, record_form
from .forms.context import headword, plain, rows_of, skill_names, topic_names
from .models import Draft
from .part_pages import content_of, findings_of, links_to, may_write, sent_values, unit_titles, unit_url
from .word_sheet import id_of

#: Address -> (list of the course, kind of form).
TABLES: dict[str, tuple[str, Literal["entry", "fact", "outcome"]]] = {
    "words": ("entries", "entry"),
    "facts": ("facts", "fact"),
    "outcomes": ("outcomes", "outcome"),
}
#: Stands for a row that is not there yet.
NEW = "+"
RECORD = "/teach/courses/<uuid:draft>/<any(words,facts,outcomes):table>/<row_id>"


def _home(found: Content, name: str) -> str:
    """Return the file a new row goes to: the last one of its list."""
    return "course.yaml" if name == "outcomes" else (found.files(name) or [f"{name}.yaml"])[-1]


def name_of(name: str, row: Any) -> str:
    """Return the words a teacher knows a row by."""
    if name == "entries":
        return headword(row)
    return plain(row.get("claim" if name == "facts" else "text"))


@bp.get(RECORD, endpoint="record")
@access(AUTHORS)
def record(draft: UUID, table: str, row_id: str) -> str:
    """The form of one word, fact or objective."""
    return _page(draft_for(draft), table, row_id)


def _page(
    draft: Draft, table: str, row_id: str, *, typed: dict[str, Any] | None = None, problem: str = ""
) -> str:
    found = content_of(draft)
    name, kind = TABLES[table]
    form = record_form(kind)
    if row_id == NEW:
        path, row = _home(found, name), form.blank("", found.course)
    else:
        path, row = found.row(name, row_id)
    fields = form.fields(typed or row, found.course)
    used = content.uses(found.data, name).get(row_id, [])
    findings = [] if row_id == NEW else findings_of(draft, f"{name}.{row_id}")
    return web.render(
        "headstart/authoring/record.html", accent=draft.kind, draft=draft, table=table, row_id=row_id, form=form,
        fields=fields, problems=place(findings, f"{name}.{row_id}", fields), problem=problem, is_new=row_id == NEW,
        base=store.digest_of(session(), draft, path) or "", path=path, may_write=may_write(draft),
        title=name_of(name, row) or str(form.label), used=links_to(draft, found.data, used),
        home=web.url(f"authoring.{table}", draft=draft.uuid), table_title=table_titles()[table],
    )  # fmt: skip


def table_titles() -> dict[str, str]:
    return {"words": _("Words"), "facts": _("Facts"), "outcomes": _("Objectives")}


@bp.post(RECORD, endpoint="save_record")
@access(AUTHORS)
def save_record(draft: UUID, table: str, row_id: str) -> Response | tuple[str, int]:
    """Save a word, fact or objective; unfinished ones too, the checker says what is missing."""
    values, base = sent_values(), request.form.get("base", "")
    name, kind = TABLES[table]
    form = record_form(kind)
    read: list[dict[str, Any]] = []
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)
        path, row = (_home(now, name), form.blank("", now.course)) if row_id == NEW else now.row(name, row_id)

        def change(data: Any) -> Any:
            rows = _rows(data, name)
            before = next((one for one in rows if isinstance(one, dict) and one.get("id") == row_id), row)
            read.append(form.read(values, before, now.course))
            if row_id != NEW:
                return _with_rows(data, name, content.replaced(rows, row_id, read[-1]))
            if not name_of(name, read[-1]):
                raise Invalid(_("Write something first."))
            return _with_rows(data, name, [*rows, {**read[-1], "id": _new_id(now, name, read[-1])}])

        done = content.change_file(current, found, this_person(), path, change, base=base)
        clashes = bool(done.clashes)
    if clashes:
        text = _("Somebody else changed this meanwhile. Your text stands here and is kept: save it once more to put "
                 "it in the place of the other.")  # fmt: skip
        return _page(draft_for(draft, "write"), table, row_id, typed=read[-1], problem=text), 409
    return redirect(web.url(f"authoring.{table}", draft=draft), 303)


def _rows(data: Any, name: str) -> list[Any]:
    """Return the rows of a file: the file itself, or a list in course.yaml."""
    if name == "outcomes" and isinstance(data, dict):
        data = data.get(name)
    return data if isinstance(data, list) else []


def _with_rows(data: Any, name: str, rows: list[Any]) -> Any:
    return {**data, name: rows} if name == "outcomes" and isinstance(data, dict) else rows


def _new_id(found: Content, name: str, row: dict[str, Any]) -> str:
    taken = {one["id"] for one in rows_of(found.data, name)}
    text = plain(row.get("word")) if name == "entries" else " ".join(name_of(name, row).split()[:5])
    return id_of(f"o-{text}" if name == "outcomes" else text, taken)


@bp.post(RECORD + "/delete", endpoint="delete_record")
@access(AUTHORS)
def delete_record(draft: UUID, table: str, row_id: str) -> Response:
    """Delete a word, fact or objective that nothing uses."""
    name, _kind = TABLES[table]
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)
        path, row = now.row(name, row_id)
        used = content.uses(now.data, name).get(row_id, [])
        if used:
            where = ", ".join(link.text for link in links_to(found, now.data, used)[:5])
            raise Invalid(_("This is used: %(where)s. Take it out there first.", where=where))
        data, digest = store.read_data(current, found, path)
        rows = [one for one in _rows(data, name) if not (isinstance(one, dict) and one.get("id") == row_id)]
        note = _("Deleted: %(name)s", name=name_of(name, row) or row_id)
        _save_rows(found, path, _with_rows(data, name, rows), digest, note)
    return redirect(web.url(f"authoring.{table}", draft=draft), 303)


def _save_rows(draft: Draft, path: str, data: Any, digest: str, note: str) -> None:
    """Write a file; one that has no rows left is taken away, for an empty file is none."""
    change = None if data == [] else store.text_of(session(), draft, path, data)
    store.save(session(), draft, this_person(), {path: change}, base={path: digest}, what="edit", note=note)


# --- facts and objectives, as lists ------------------------------------------------------------------


@bp.get("/teach/courses/<uuid:draft>/facts", endpoint="facts")
@access(AUTHORS)
def facts(draft: UUID) -> str:
    """The facts of a course: what they say, their dates and sources, what depends on them."""
    found = draft_for(draft)
    now = content_of(found)
    used = content.uses(now.data, "facts")
    findings = findings_of(found, "facts")
    rows = [
        (row, _source(row), links_to(found, now.data, used.get(row["id"], [])),
         content.own(findings, f"facts.{row['id']}"))
        for row in rows_of(now.data, "facts")
    ]  # fmt: skip
    return draft_page(
        "facts", found, "facts", accent=found.kind, rows=rows, may_write=may_write(found),
        plain=plain,
    )  # fmt: skip


def _source(row: dict[str, Any]) -> dict[str, str]:
    """Return title, address and date of a source; an address that is none is left out of links."""
    data = row.get("source")
    source = data if isinstance(data, dict) else {}
    url = plain(source.get("url"))
    is_web = url.startswith(("https://", "http://"))
    return {
        "title": plain(source.get("title")),
        "url": url if is_web else "",
        "read": plain(source.get("read")),
    }


@bp.get("/teach/courses/<uuid:draft>/outcomes", endpoint="outcomes")
@access(AUTHORS)
def outcomes(draft: UUID) -> str:
    """The objectives of a course, and where each is taught, practised and tested."""
    found = draft_for(draft)
    now = content_of(found)
    lines = coverage.objectives(now.data)
    return draft_page(
        "outcomes", found, "outcomes", accent=found.kind, lines=lines, titles=unit_titles(now.data),
        topics=coverage.topics(now.data, lines), topic_names=topic_names(), skill_names=skill_names(),
        may_write=may_write(found), unit_url=unit_url, language_course=now.data.get("kind") == "language",
        gap_names={"taught": _("not taught"), "practised": _("not practised"), "tested": _("not tested")},
    )  # fmt: skip
