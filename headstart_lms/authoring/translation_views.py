"""Translating a course: its languages, source and translation side by side, files for other tools, what changed."""

from __future__ import annotations

import io
from uuid import UUID

from flask import jsonify, redirect, request, send_file
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..courses import catalogue, xliff
from ..courses.source import MAX_FILE
from ..courses.translations import kept
from ..kernel import web
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, LMSError
from ..kernel.i18n import _, language_name
from . import drafts, glossary, store, translation_changes, translation_page
from . import translation_store as translations
from .compare import word_changes
from .context import AUTHORS, bp, draft_for, draft_page, house
from .draft_views import link_of
from .models import Draft
from .translating import Places, sections
from .translation_store import Outcome, Sent, Sheet, Unreadable

HOME = "/teach/courses/<uuid:draft>/translations"


def may_translate(draft: Draft) -> bool:
    return draft.removed is None and drafts.may(this_person(), draft, "translate")


def _unreadable(draft: Draft, error: Unreadable) -> tuple[str, int]:
    """Say that there is nothing to translate as the course is now, with the way to the first thing to mend."""
    href = None if error.finding is None else link_of(draft, error.finding)
    return draft_page(
        "translations", draft, "translations", unreadable=error, href=href, rows=(), changed=0
    ), 422


@bp.get(HOME, endpoint="translations")
@access(AUTHORS)
def languages(draft: UUID) -> str | tuple[str, int]:
    """The languages of a course: how far each is, and whether learners have it."""
    return _languages(draft_for(draft))


def _languages(draft: Draft, problem: LMSError | None = None) -> str | tuple[str, int]:
    current = session()
    try:
        rows = translations.list_languages(current, house(), draft)
        changed = len(translation_changes.changed_texts(current, house(), draft))
    except Unreadable as error:
        return _unreadable(draft, error)
    return draft_page(
        "translations", draft, "translations", rows=rows, changed=changed, problem=problem, unreadable=None,
        may_translate=may_translate(draft), given=request.form.get("language", ""),
    )  # fmt: skip


@bp.post(HOME, endpoint="add_language")
@access(AUTHORS)
def add_language(draft: UUID) -> Response | tuple[str, int]:
    """Offer the course in one more language: a change of course.yaml, for its authors."""
    try:
        with transaction() as current:
            found = draft_for(draft, "write")
            translations.add_language(current, found, this_person(), request.form.get("language", "").strip())
    except Invalid as error:
        page = _languages(draft_for(draft, "write"), error)
        return page if isinstance(page, tuple) else (page, error.status)
    return redirect(web.url("authoring.translations", draft=draft), 303)


# --- side by side ------------------------------------------------------------------------------------------


@bp.get(f"{HOME}/<language>", endpoint="translate")
@access(AUTHORS)
def translate(draft: UUID, language: str) -> str | tuple[str, int]:
    """Source and translation of one part of the course, side by side."""
    found = draft_for(draft)
    try:
        return _page(found, translations.read_sheet(session(), house(), found, language))
    except Unreadable as error:
        return _unreadable(found, error)


def _page(draft: Draft, sheet: Sheet, outcome: Outcome | None = None, sent: list[Sent] | None = None) -> str:
    shown = translation_page.show(
        session(), house(), draft, sheet, glossary.folder(), part=request.args.get("part", ""),
        page=request.args.get("page", 1, type=int), only_open=_only_open(), outcome=outcome, sent=sent or (),
    )  # fmt: skip
    return web.render(
        "headstart/authoring/translate.html", accent=draft.kind, draft=draft, sheet=sheet, shown=shown,
        person=this_person(),
        outcome=outcome, may_translate=may_translate(draft), labels=translation_page.state_labels(),
        here=lambda part, page=1: _url(draft.uuid, sheet.language, part, page),
    )  # fmt: skip


def _only_open() -> bool:
    return request.args.get("only") == "open"


def _url(draft: UUID, language: str, part: str, page: int = 1, anchor: str | None = None) -> str:
    more = {"page": page} if page > 1 else {}
    only = {"only": "open"} if _only_open() else {}
    return web.url(
        "authoring.translate", draft=draft, language=language, part=part, **more, **only, _anchor=anchor
    )


@bp.post(f"{HOME}/<language>", endpoint="save_translation")
@access(AUTHORS)
def save_translation(draft: UUID, language: str) -> Response | tuple[str, int]:
    """Save the fields of a page that were changed; the others are left as somebody else may have them by now."""
    what = request.form.get("do", "save")
    with transaction() as current:
        found = draft_for(draft, "translate")
        sent = _sent()
        outcome = translations.save_fields(
            current, house(), found, this_person(), language, sent,
            what="autosave" if what == "autosave" else "translate",
        )  # fmt: skip
    if web.wants_json():
        return _saved(outcome)
    if outcome.clashes or outcome.gone or outcome.moved:
        return _page(draft_for(draft, "translate"), outcome.sheet, outcome, sent), 409
    if what == "next":
        return _next(draft, outcome.sheet, sent[-1].context if sent else None)
    anchor = request.form.get("use", "").partition(" ")[0]
    place = _url(
        draft, language, request.args.get("part", ""), request.args.get("page", 1, type=int),
        f"t-{anchor}" if anchor else None,
    )  # fmt: skip
    return redirect(place, 303)


def _sent() -> list[Sent]:
    """Read the form: a field ``f-<name>`` for each text, ``base`` with what each was opened with."""
    bases = dict(row.partition("=")[::2] for row in request.form.get("base", "").split())
    used, _blank, offered = request.form.get("use", "").partition(" ")
    found = []
    for context, base in bases.items():
        text = offered if context == used else request.form.get(f"f-{context}")
        if text is None:
            continue
        found.append(
            Sent(context, base, text.replace("\r\n", "\n").strip()[:50_000], f"w-{context}" in request.form,
                 f"r-{context}" in request.form)
        )  # fmt: skip
    if not found and request.form.get("do") != "next":
        raise Invalid(_("This page is too old. Load it again, then send the form once more."))
    return found


def _saved(outcome: Outcome) -> Response:
    """Tell the page what it must know after an autosave: what each field is based on now, and its state."""
    sheet = outcome.sheet
    labels = translation_page.state_labels()
    known = [context for context in outcome.bases if context in sheet.source]
    problems = {}
    for context in known:
        held = sheet.held.get(context)
        if held is not None and held.text and kept(held.text) != kept(sheet.source[context]):
            problems[context] = [
                {"level": "error", "message": catalogue.marks_sentence(sheet.source[context])}
            ]
    body = {
        "base": " ".join(f"{context}={base}" for context, base in outcome.bases.items()),
        "problems": problems,
        "states": {context: [sheet.state(context), str(labels[sheet.state(context)])] for context in known},
        "open": sheet.counts.total - sheet.counts.done,
    }
    response = jsonify(body)
    if outcome.clashes or outcome.gone or outcome.moved:
        # what could be saved is saved; the page asks for the button Save, which shows both texts
        response = jsonify({**body, "title": "", "status": 409})
        response.status_code = 409
    return response


def _next(draft: UUID, sheet: Sheet, after: str | None) -> Response:
    spot = translation_page.next_open(sheet, after, only_open=_only_open())
    if spot is None:
        return redirect(web.url("authoring.translations", draft=draft), 303)
    return redirect(_url(draft, sheet.language, spot.part, spot.page, f"t-{spot.context}"), 303)


# --- files for other tools ---------------------------------------------------------------------------------


@bp.get(f"{HOME}/<language>/<any(po, xliff):kind>", endpoint="translation_file")
@access(AUTHORS)
def translation_file(draft: UUID, language: str, kind: str) -> Response:
    """A translation as a file: PO, or XLIFF 2.0 with notes on where each text stands."""
    found = draft_for(draft)
    sheet = translations.read_sheet(session(), house(), found, language)
    if kind == "xliff":
        # what a group of texts is called: the first step of their names, as the part it belongs to
        titles = {one.contexts[0].split("/")[0]: one.title for one in sections(sheet.course)}
        content = xliff.write(
            sheet.course, language, sheet.held, titles=titles,
            notes=translation_page.notes_of(Places(sheet.course), sheet.source),
        )  # fmt: skip
        type_, name = "application/xliff+xml", f"{found.slug}-{language}.xlf"
    else:
        raw = store.body(session(), sheet.digest) if sheet.digest else None
        content = catalogue.rewritten(raw, sheet.course, language, {})
        type_, name = "text/x-gettext-translation", f"{language}.po"
    return send_file(io.BytesIO(content), type_, as_attachment=True, download_name=name)


@bp.post(f"{HOME}/<language>/import", endpoint="import_translation")
@access(AUTHORS, most_bytes=MAX_FILE + 100_000)
def import_translation(draft: UUID, language: str) -> str | tuple[str, int]:
    """Bring in a file that another tool wrote, and say what became of each text in it."""
    file = request.files.get("file")
    try:
        found = draft_for(draft, "translate")
        if file is None or not file.filename:
            raise Invalid(_("Choose a PO or an XLIFF file."))
        offered = translations.read_file(session(), house(), found, language, file.stream.read(MAX_FILE + 1))
        with transaction() as current:
            said = translations.take_file(
                current, house(), draft_for(draft, "translate"), this_person(), language, offered
            )
    except Invalid as error:
        page = _languages(draft_for(draft, "translate"), error)
        return page if isinstance(page, tuple) else (page, error.status)
    finally:
        if file is not None:
            file.close()
    sheet = translations.read_sheet(session(), house(), draft_for(draft), language)
    places = Places(sheet.course)
    titles = {context: one.title for one in sections(sheet.course) for context in one.contexts}
    return draft_page(
        "translation_report", draft_for(draft), "translations", language=language, said=said, sheet=sheet,
        fates=fate_labels(), name=language_name(language),
        where=lambda one: [titles.get(one.context, ""), *places.of(one.context).steps],
    )  # fmt: skip


def fate_labels() -> dict[str, str]:
    return {
        "taken": _("taken"), "working": _("taken as not finished"), "same": _("the same as here"),
        "empty": _("without a translation"), "refused": _("not taken"),
        "differs": _("for another source text"), "unknown": _("not in this course"),
    }  # fmt: skip


# --- the author's side ---------------------------------------------------------------------------------------


@bp.get(f"{HOME}/changed", endpoint="changed_texts")
@access(AUTHORS)
def changed_texts(draft: UUID) -> str | tuple[str, int]:
    """Texts that changed since they were translated, old and new."""
    return _changed(draft_for(draft))


def _changed(draft: Draft, refused: list[translation_changes.Changed] | None = None) -> str | tuple[str, int]:
    try:
        rows = translation_changes.changed_texts(session(), house(), draft)
        course = translations.document_of(session(), house(), draft)
    except Unreadable as error:
        return _unreadable(draft, error)
    places = Places(course)
    titles = {context: one.title for one in sections(course) for context in one.contexts}
    return draft_page(
        "changed_texts", draft, "translations", rows=rows, source_language=course.source_language,
        differences=word_changes, refused={row.context for row in refused or ()},
        where=lambda row: [titles.get(row.context, ""), *places.of(row.context).steps],
    )  # fmt: skip


@bp.post(f"{HOME}/changed", endpoint="small_corrections")
@access(AUTHORS)
def small_corrections(draft: UUID) -> Response | tuple[str, int]:
    """Say that some changes of the source were small: all translations stay right."""
    with transaction() as current:
        found = draft_for(draft, "write")
        _count, refused = translation_changes.small_corrections(
            current, house(), found, this_person(), request.form.getlist("small")
        )
    if refused:
        page = _changed(draft_for(draft, "write"), refused)
        return page if isinstance(page, tuple) else (page, 422)
    return redirect(web.url("authoring.changed_texts", draft=draft), 303)
