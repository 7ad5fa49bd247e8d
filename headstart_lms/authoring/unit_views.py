"""The page of a unit: its outline, its parts, one of them open as a form, and the phone beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from flask import current_app, jsonify, make_response, redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..assessments.items.base import ItemType, Tokens
from ..assessments.items.lexicon import Lexicon
from ..courses.source import Finding
from ..courses.words import LANGUAGE
from ..kernel import i18n, text, web
from ..kernel.clock import today
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, NotFound
from ..kernel.i18n import _
from ..learning import pages
from . import drafts, shown, store, unit_edit, writing
from .checking import problems_of
from .content import content_of
from .context import AUTHORS, bp, draft_for, house
from .forms import Values, form_of, kinds, new_id, wants_form_again
from .forms.context import plain
from .models import Draft
from .paths import unit_path
from .preview import Preview
from .unit_edit import Data
from .writing import Clash


@bp.get("/teach/courses/<uuid:draft>/units/<unit_id>", endpoint="unit")
@access(AUTHORS)
def unit(draft: UUID, unit_id: str) -> Response:
    """The unit as it is written; ``?open=`` names the part whose form is open."""
    return _page(draft_for(draft), unit_id, opened=request.args.get("open"))


def _page(
    draft: Draft, unit_id: str, *, opened: str | None = None, given: Data | None = None, clash: Clash | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    """Render the page; ``given`` is what a form held that was not taken."""
    current = session()
    unit, digest = writing.read_unit(current, draft, unit_id)
    language = _language()
    preview = shown.preview_of(current, draft, unit, house().item_types, language)
    findings = _findings(draft, unit_id)
    by_id = shown.by_part(unit, unit_id, findings)
    may_write = drafts.may(this_person(), draft, "write") and draft.removed is None
    course = content_of(current, draft).course
    form = None
    if opened and may_write and (given is not None or shown.part_of(unit, opened) is not None):
        form = shown.open_form(unit, request.form.get("opened", digest), opened, course, findings, given)
    module, stops = shown.neighbours(current, draft, unit_id)
    html = web.render(
        "headstart/authoring/unit.html", accent=draft.kind, draft=draft, unit=unit, unit_id=unit_id,
        title=plain(unit.get("title")) or unit_id, rows=shown.rows(unit, preview, by_id), form=form,
        clash=clash, theirs=None if clash is None or clash.theirs is None else _looks(draft, unit, clash.theirs),
        own=by_id.get(unit_id, ()), findings=findings, may_write=may_write, module=module, stops=stops,
        weight=shown.weight_of(preview, house().storage), limit=shown.LIMIT, kinds=shown.block_kinds(),
        item_kinds=kinds("item"), languages=shown.languages(current, draft), language=language,
        person=this_person(), taught=course.taught,
        last=shown.last_step(current, draft, this_person(), unit_id) if may_write else None,
        step=shown.step_of(preview.unit, opened), questions=len(preview.unit.items),
    )  # fmt: skip
    response = make_response(html, status)
    # the page frames its own preview, and nothing else
    response.headers["Content-Security-Policy"] = web.CSP + "; frame-src 'self'"
    return response


def _findings(draft: Draft, unit_id: str) -> list[Finding]:
    """Return what the checker says of a unit and of everything in it, errors first."""
    found = problems_of(house().check(draft), ("units", unit_id))
    return sorted(found, key=lambda finding: finding.level != "error")


def _looks(draft: Draft, unit: Data, part: Data) -> Any:
    """Return how a part would look, for a choice between two texts of it."""
    seen = shown.preview_of(
        session(), draft, {**unit, "blocks": [part]}, house().item_types, ""
    )  # fmt: skip
    found = shown.rows({**unit, "blocks": [part]}, seen, {})
    return found[0] if found else None


def _language() -> str:
    """Return the support language the unit is looked at in; "" is the one it is written in."""
    asked = request.args.get("language", "")
    return asked if LANGUAGE.match(asked) else ""


@bp.post("/teach/courses/<uuid:draft>/units/<unit_id>/parts/<part_id>", endpoint="save_part")
@access(AUTHORS)
def save_part(draft: UUID, unit_id: str, part_id: str) -> Response:
    """Save one part: a block, or the unit's own title, minutes and objectives."""
    values = dict(request.form.lists())
    read: list[Data] = []
    try:
        with transaction() as current:
            found = draft_for(draft, "write")
            make = _reader(found, unit_id, part_id, values, read)
            part = writing.save_part(
                current, found, this_person(), unit_id, part_id, make, base=request.form.get("base", ""),
                what="autosave" if values.get("do") == ["autosave"] else "edit",
            )  # fmt: skip
    except Clash as clash:
        if web.wants_json():
            raise
        return _page(
            draft_for(draft, "write"), unit_id, opened=part_id, given=read[-1], clash=clash, status=409
        )
    if web.wants_json():
        return _saved(draft_for(draft, "write"), unit_id, part_id, part)
    opened = {"open": part_id} if wants_form_again(values) else {}
    return redirect(
        web.url("authoring.unit", draft=draft, unit_id=unit_id, **opened, _anchor=f"part-{part_id}"), 303
    )


def _reader(
    draft: Draft, unit_id: str, part_id: str, values: Values, read: list[Data]
) -> Callable[[Data | None], Data]:
    """Return what makes a part of a sent form; ``read`` gets it too, for a page that must show it again.

    A form is read against the part as it was when the form was opened; see ``shown.OpenForm``.
    """
    course = content_of(session(), draft).course

    def make(now: Data | None) -> Data:
        try:
            unit = store.data_of(session(), request.form.get("opened", ""), unit_path(unit_id))
        except NotFound:
            unit = {}
        before = (shown.part_of(unit, part_id) if isinstance(unit, dict) else None) or now or {"id": part_id}
        is_item = isinstance(unit, dict) and unit_edit.block_of(unit, part_id) is not None
        read.append(shown.form_for(unit_id, part_id, before, is_item=is_item).read(values, before, course))
        return read[-1]

    return make


def _saved(draft: Draft, unit_id: str, part_id: str, part: Data) -> Response:
    """Tell the page what it must know after an autosave: the new base, and what the checker says of it."""
    findings = _findings(draft, unit_id)
    unit, digest = writing.read_unit(session(), draft, unit_id)
    form = shown.open_form(unit, digest, part_id, content_of(session(), draft).course, findings)
    return jsonify(
        base=unit_edit.digest(part),
        problems={
            path: [{"level": f.level, "message": f.message} for f in found]
            for path, found in form.problems.items()
        },
        counts={name: len(found) for name, found in shown.by_part(unit, unit_id, findings).items()},
    )


@bp.post("/teach/courses/<uuid:draft>/units/<unit_id>/parts", endpoint="change_parts")
@access(AUTHORS)
def change_parts(draft: UUID, unit_id: str) -> Response:
    """Add, move, copy or delete a part; ``do`` is what, a colon, and which part or which kind."""
    what, _colon, name = request.form.get("do", "").partition(":")
    after = request.form.get("after") or None
    with transaction() as current:
        found = draft_for(draft, "write")
        taken = content_of(current, found).ids() if what in ("add", "item", "duplicate") else set()
        course = content_of(current, found).course
        focus = name

        def change(unit: Data) -> Data:
            nonlocal focus
            match what:
                case "up" | "down":
                    return unit_edit.move(unit, name, -1 if what == "up" else 1)
                case "duplicate":
                    grown, focus = unit_edit.duplicate(unit, name, taken)
                    return grown
                case "delete":
                    focus = unit_edit.neighbour(unit, name) or unit_id
                    return unit_edit.delete(unit, name)
                case "add":
                    focus = new_id(taken, f"{unit_id}-b")
                    return unit_edit.add_block(unit, form_of(name, "block").blank(focus, course), after=after)
                case "item":
                    focus = new_id(taken, f"{unit_id}-i")
                    return unit_edit.add_item(unit, after or "", form_of(name, "item").blank(focus, course))
            raise Invalid(_("This page cannot do that. Go back and try again."))

        writing.change_unit(current, found, this_person(), unit_id, change, note=_note(what))
    if what == "item":
        return redirect(web.url("authoring.item", draft=draft, unit_id=unit_id, item_id=focus), 303)
    opened = {"open": focus} if what == "add" else {}
    return redirect(
        web.url("authoring.unit", draft=draft, unit_id=unit_id, **opened, _anchor=f"part-{focus}"), 303
    )


def _note(what: str) -> str:
    return {
        "up": _("Moved up"), "down": _("Moved down"), "duplicate": _("Copied"), "delete": _("Deleted"),
        "add": _("Added"), "item": _("Added"),
    }.get(what, "")  # fmt: skip


@bp.post("/teach/courses/<uuid:draft>/undo", endpoint="undo")
@access(AUTHORS)
def undo(draft: UUID) -> Response:
    """Take the last step back."""
    n = request.form.get("n", type=int, default=0)
    with transaction() as current:
        writing.undo(current, draft_for(draft, "write"), this_person(), n)
    return redirect(web.safe_next(request.form.get("next"), web.url("authoring.draft", draft=draft)), 303)


@bp.post("/teach/markdown", endpoint="markdown")
@access(AUTHORS, changes_nothing=True)
def markdown() -> str:
    """How a text reads."""
    return str(text.markdown(request.form.get("text", "")[:50_000]))


@bp.route("/teach/courses/<uuid:draft>/units/<unit_id>/preview", methods=["GET", "POST"], endpoint="preview")
@access(AUTHORS, changes_nothing=True)
def preview(draft: UUID, unit_id: str) -> Response:
    """One screen of the unit as a phone shows it. Questions can be tried; nothing is recorded."""
    found = draft_for(draft)
    unit, _digest = writing.read_unit(session(), found, unit_id)
    language = _language()
    seen = shown.preview_of(session(), found, unit, house().item_types, language)
    with i18n.in_language(language if language in i18n.LEARNER_LANGUAGES else i18n.language()):
        return _preview_page(found, unit_id, seen, language)


def _preview_page(draft: Draft, unit_id: str, seen: Preview, language: str) -> Response:
    screens = pages.screens(seen.unit) or [pages.Screen((), None, ())]
    number = min(max(request.args.get("step", 1, type=int), 1), len(screens))
    screen = screens[number - 1]
    lexicon = Lexicon.from_course(seen.book.course)
    tokens = Tokens(current_app.extensions["headstart"].keyring.key("preview"), str(draft.uuid))

    def address(step: int, **more: str) -> str:
        chosen = {"language": language} if language else {}
        return web.url("authoring.preview", draft=draft.uuid, unit_id=unit_id, step=step, **chosen, **more)

    questions = [_question(item, tokens, lexicon, address(number, item=item.id)) for item in screen.items]
    content = web.fragment(
        "headstart/learning/blocks.html", screen=screen, book=seen.book, media=pages.media_of(seen.book),
        today=today(), accent=draft.kind,
    )  # fmt: skip
    html = web.render(
        "headstart/authoring/preview.html", accent=draft.kind, unit=seen.unit, screen=screen, number=number,
        count=len(screens), questions=questions, media=pages.media_of(seen.book), book=seen.book, content=content,
        unfinished=seen.unfinished, untranslated=seen.untranslated,
        address=address,
    )  # fmt: skip
    response = make_response(html)
    # only our own page may frame it
    response.headers["Content-Security-Policy"] = web.CSP.replace(
        "frame-ancestors 'none'", "frame-ancestors 'self'"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _question(item: ItemType, tokens: Tokens, lexicon: Lexicon, action: str) -> pages.Question:
    """Return a question; after an answer to it, with the real marking."""
    form = item.form(tokens)
    if request.method != "POST" or request.args.get("item") != item.id:
        return pages.Question(item, form, str(uuid4()), action)
    values = {name: found for name, found in request.form.lists() if name.startswith("response")}
    try:
        response = item.read(values, tokens)
    except Invalid as error:
        return pages.Question(item, form, str(uuid4()), action, given=values, problem=error.message)
    if response.get("complete") is False:  # a branching item goes on
        return pages.Question(item, item.form(tokens, response), str(uuid4()), action)
    return pages.Question(
        item, form, str(uuid4()), action, is_answered=True,
        given=pages.given_values(item, form, response, tokens), grade=item.grade(response, lexicon),
        solution=item.solution(),
    )  # fmt: skip
