"""A draft as a whole: its outline, its settings, its people, in and out as a zip file."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app, redirect, request, send_file
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..courses.source import Finding
from ..kernel import web
from ..kernel.clock import now
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, LMSError
from ..kernel.i18n import _
from . import archives, compare, drafts, history, outline, publishing, store
from .context import AUTHORS, bp, draft_for, draft_page, house
from .course_forms import SettingsForm, applied, filled
from .models import MEMBER_ROLES, Draft, Revision
from .views import sent_folder


@bp.get("/teach/courses/<uuid:draft>", endpoint="draft")
@access(AUTHORS)
def show(draft: UUID) -> str:
    """The outline of a course: modules, units, and what the checker says of them."""
    return _outline(draft_for(draft))


def _outline(draft: Draft, problem: LMSError | None = None) -> str:
    checked = house().check(draft)
    current = session()
    return draft_page(
        "draft", draft, "draft", outline=outline.read(current, draft, checked), problem=problem,
        errors=len(checked.errors), warnings=len(checked.warnings),
        others=[f for f in checked.findings if not f.file.startswith("units/")],
        published=publishing.last_published(current, draft), last=_last_step(draft),
        kept=publishing.marks_of(current, draft, "kept"), **findings_of(draft),
    )  # fmt: skip


def _last_step(draft: Draft) -> Revision | None:
    """Return the last revision when the person made it within the hour: it can be taken back at once."""
    last = store.head(session(), draft)
    is_mine = last.person_id == this_person().id and now() - last.at < timedelta(hours=1)
    return last if is_mine and draft.head > 1 and last.what in ("edit", "restore", "import") else None


def findings_of(draft: Draft) -> dict[str, Callable[[Finding], Any]]:
    """Return what a template needs to show findings: where each is mended, and the place in words."""
    rows = outline.read(session(), draft)
    titles = {unit.id: unit.title for unit in [*rows.loose, *(u for m in rows.modules for u in m.units)]}

    def place(finding: Finding) -> list[str]:
        steps = [step for step in finding.path.split(".") if step not in ("blocks", "items")]
        if steps[0] == "units" and len(steps) > 1:
            return [_("Unit: %(title)s", title=titles.get(steps[1], steps[1])), *steps[2:]]
        return [compare.title_of(finding.file), *steps]

    return {"link": lambda finding: link_of(draft, finding), "place": place}


def link_of(draft: Draft, finding: Finding) -> str:
    """Return the address at which a finding of the checker is mended."""
    base = web.url("authoring.draft", draft=draft.uuid)
    steps = finding.path.split(".")
    if steps[0] == "units" and len(steps) > 1:
        unit = f"{base}/units/{steps[1]}"
        if len(steps) > 5 and steps[2] == "blocks" and steps[4] == "items":
            return f"{unit}/items/{steps[5]}"
        if len(steps) > 3 and steps[2] == "blocks":
            return f"{unit}?open={steps[3]}#part-{steps[3]}"
        return unit
    if finding.file.startswith("translations/"):
        return _known(base, "translations", finding.file[13:-3])
    row = steps[1] if len(steps) > 1 else ""
    match steps[0]:
        case "entries":
            return _known(base, "words", row)
        case "facts" | "outcomes":
            return _known(base, steps[0], row)
        case "bank":
            return _known(base, "bank", f"items/{row}" if row else "")
        case "media":
            return _known(base, "media", "")
        case "blueprints":
            return _known(base, "tests", "")
        case "modules" | "":
            return base
        case _:
            return f"{base}/settings"


def _known(base: str, page: str, row: str) -> str:
    """Return the address of a page, or of a row on it, when this program has it; else the outline."""
    if f"headstart.authoring.{page}" not in current_app.view_functions:
        return base
    return f"{base}/{page}/{row}" if row else f"{base}/{page}"


@bp.post("/teach/courses/<uuid:draft>/outline", endpoint="outline")
@access(AUTHORS)
def change_outline(draft: UUID) -> Response | tuple[str, int]:
    """Add, name, move, double or delete a module or a unit."""
    try:
        with transaction() as current:
            found = draft_for(draft, "write")
            _do(outline.Act(current, found, this_person()))
    except LMSError as error:
        if error.status not in (409, 422):
            raise
        return _outline(draft_for(draft, "write"), error), error.status
    target = request.form.get("id", "")
    anchor = f"{target}" if target and not request.form.get("do", "").startswith("delete") else None
    return redirect(web.url("authoring.draft", draft=draft, _anchor=anchor), 303)


def _do(act: outline.Act) -> None:
    name, title = request.form.get("id", ""), request.form.get("title", "")
    match request.form.get("do", ""):
        case "add-module":
            outline.add_module(act, title)
        case "rename-module":
            outline.rename_module(act, name, title)
        case "move-module":
            outline.move_module(act, name, _by())
        case "delete-module":
            outline.delete_module(act, name)
        case "add-unit":
            outline.add_unit(act, name, title)
        case "rename-unit":
            outline.rename_unit(act, name, title)
        case "move-unit":
            outline.move_unit(act, name, _by())
        case "put-unit":
            outline.put_unit_into(act, name, request.form.get("module", ""))
        case "double-unit":
            outline.double_unit(act, name)
        case "delete-unit":
            outline.delete_unit(act, name)
        case _:
            raise Invalid(_("Choose what to do."))


def _by() -> int:
    return -1 if request.form.get("by") == "up" else 1


# --- settings -----------------------------------------------------------------------------------


@bp.route("/teach/courses/<uuid:draft>/settings", methods=["GET", "POST"], endpoint="settings")
@access(AUTHORS)
def settings(draft: UUID) -> str | Response | tuple[str, int]:
    """Title, languages, hours, licence, certificate: what stands in course.yaml."""
    found = draft_for(draft, "read" if request.method == "GET" else "write")
    current = session()
    head, digest = store.read_data(current, found, "course.yaml")
    form = _settings_form(found, head)
    if request.method == "GET":
        return draft_page("settings", found, "settings", form=form, base=digest, problem=None)
    problem: LMSError | None = None
    if form.validate():
        try:
            with transaction() as writing:
                found = draft_for(draft, "write")
                opened = store.opened(writing, request.form.get("base", ""), "course.yaml")
                store.save_merged(
                    writing, found, this_person(), "course.yaml", applied(opened, form),
                    base=request.form.get("base", ""), what="edit", note=_("Settings"),
                )  # fmt: skip
            return redirect(web.url("authoring.settings", draft=draft), 303)
        except LMSError as error:
            problem = error
    page = draft_page(
        "settings", draft_for(draft, "write"), "settings", form=form, base=request.form.get("base", ""),
        problem=problem,
    )  # fmt: skip
    return page, 422 if problem is None else problem.status


def _settings_form(draft: Draft, head: dict[str, object]) -> SettingsForm:
    form = SettingsForm(request.form if request.method == "POST" else None, data=filled(head))
    rows: list[str] = []
    for path, digest in store.tree(session(), draft).items():
        if path == "blueprints.yaml" or path.startswith("blueprints/"):
            try:
                data = store.data_of(session(), digest, path)
            except Invalid:  # the checker says so; the settings can be read all the same
                continue
            rows += (
                [str(r["id"]) for r in data if isinstance(r, dict) and "id" in r]
                if isinstance(data, list)
                else []
            )
    named = filled(head)["blueprint"]
    form.blueprint.choices = [
        ("", _("no test")),
        *((name, name) for name in dict.fromkeys([*rows, named]) if name),
    ]
    return form


# --- people -------------------------------------------------------------------------------------


@bp.route("/teach/courses/<uuid:draft>/people", methods=["GET", "POST"], endpoint="people")
@access(AUTHORS)
def people(draft: UUID) -> str | Response | tuple[str, int]:
    """Who writes, reviews and translates a course."""
    if request.method == "GET":
        return _people(draft_for(draft))
    try:
        with transaction() as current:
            found = draft_for(draft, "manage")
            out = request.form.get("out", "")
            if out:
                drafts.remove_member(current, found, int(out) if out.isdecimal() and len(out) < 12 else 0)
            else:
                drafts.add_member(current, found, request.form.get("login", ""), request.form.get("role", ""))
    except LMSError as error:
        if error.status not in (404, 409, 422):
            raise
        found = draft_for(draft, "manage")
        return _people(found, error), 422 if error.status == 404 else error.status
    return redirect(web.url("authoring.people", draft=draft), 303)


def _people(draft: Draft, problem: LMSError | None = None) -> str:
    titles = {"author": _("Author"), "reviewer": _("Reviewer"), "translator": _("Translator")}
    return draft_page(
        "people", draft, "people", colleagues=drafts.colleagues(session(), draft), problem=problem, titles=titles,
        roles=[(role, titles[role]) for role in MEMBER_ROLES],
    )  # fmt: skip


# --- copy, away, in and out ---------------------------------------------------------------------


@bp.post("/teach/courses/<uuid:draft>/copy", endpoint="copy")
@access(AUTHORS)
def copy(draft: UUID) -> Response:
    """Make a course of one's own of this one."""
    with transaction() as current:
        found = draft_for(draft)
        made = drafts.copy_draft(current, this_person(), found, found.centre).uuid
    return redirect(web.url("authoring.draft", draft=made), 303)


@bp.post("/teach/courses/<uuid:draft>/away", endpoint="away")
@access(AUTHORS)
def away(draft: UUID) -> Response:
    """Put a draft away, or take it out again; the form says which."""
    with transaction() as current:
        found = draft_for(draft, "manage")
        if request.form.get("out") == "yes":
            drafts.take_out(current, found)
        else:
            drafts.put_away(current, found)
    return redirect(web.url("authoring.courses"), 303)


@bp.get("/teach/courses/<uuid:draft>/export", endpoint="export")
@access(AUTHORS)
def export(draft: UUID) -> Response:
    """The course folder as a zip file."""
    found = draft_for(draft)
    out = io.BytesIO()
    archives.write_zip(session(), house().storage, found, out)
    out.seek(0)
    return send_file(out, "application/zip", as_attachment=True, download_name=f"{found.slug}.zip")


@bp.post("/teach/courses/<uuid:draft>/import", endpoint="import_again")
@access(AUTHORS, most_bytes=archives.MOST_ZIP + 100_000)
def import_again(draft: UUID) -> Response | tuple[str, int]:
    """Bring a folder back that was worked on elsewhere: one new version of this course."""
    draft_for(draft, "write")
    try:
        files = sent_folder().put(house().storage)
        with transaction() as current:
            history.replace_all(current, draft_for(draft, "write"), this_person(), files, _("Imported"))
    except LMSError as error:
        if error.status not in (409, 422):
            raise
        return _outline(draft_for(draft, "write"), error), error.status
    return redirect(web.url("authoring.history", draft=draft), 303)
