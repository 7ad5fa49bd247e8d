"""The tests of a course: their form, what they draw, a sample, and how their sittings differ."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..assessments.items.base import ItemType
from ..assessments.pass_rules import pass_rule_words
from ..courses.document import Blueprint
from ..kernel import web
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from ..learning import pages
from . import bank, blueprint_edit, content, sampling, store
from .content import Content
from .context import AUTHORS, bp, draft_for, draft_page, house
from .forms import new_id, place, title_of, wants_form_again
from .forms.context import plain, rows_of, text_at
from .item_views import item_url
from .models import Draft
from .part_pages import clips_of, content_of, findings_of, may_write, sent_values, tokens_of

TESTS = "/teach/courses/<uuid:draft>/tests"
TEST = TESTS + "/<blueprint_id>"


def _bank(now: Content) -> sampling.Bank:
    return sampling.bank_of(now, house().item_types)


@bp.get(TESTS, endpoint="tests")
@access(AUTHORS)
def tests(draft: UUID) -> str:
    """The tests of a course: what each asks, who passes, whether the bank has enough for it."""
    return _list_page(draft_for(draft))


def _list_page(draft: Draft, problem: Invalid | None = None) -> str:
    now = content_of(draft)
    found = _bank(now)
    rows = [(row, *_about(now, row, found)) for row in rows_of(now.data, "blueprints")]
    errors = {f.path.split(".")[1] for f in findings_of(draft, "blueprints") if f.path.count(".")}
    return draft_page(
        "tests", draft, "tests", accent=draft.kind, rows=rows, problem=problem, errors=errors,
        may_write=may_write(draft),
        final=text_at(now.data.get("certificate"), "blueprint"), bank_size=len(found.items), plain=plain,
        typed=request.form.get("title", ""),
    )  # fmt: skip


def _about(now: Content, row: Mapping[str, Any], found: sampling.Bank) -> tuple[Any, Any, list[Any], str]:
    """Return (the blueprint or None, the pass rule in words, its draws, what is missing)."""
    blueprint = sampling.blueprint_of(row, now.course.source)
    if isinstance(blueprint, str):
        return None, [], [], blueprint
    return blueprint, pass_rule_words(blueprint), sampling.pools(blueprint, found.items), ""


@bp.post(TESTS, endpoint="add_test")
@access(AUTHORS)
def add_test(draft: UUID) -> Response | tuple[str, int]:
    """Begin a test under a title."""
    title = " ".join(request.form.get("title", "").split())[:200]
    if not title:
        return _list_page(draft_for(draft, "write"), Invalid(_("Write a title."))), 422
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)
        name = new_id({row["id"] for row in rows_of(now.data, "blueprints")}, "test")
        path = (now.files("blueprints") or ["blueprints.yaml"])[-1]
        data: list[Any] = []
        digest = store.digest_of(current, found, path)
        if digest is not None:
            data, digest = store.read_data(current, found, path)
        blank = {
            "id": name,
            "title": title,
            "minutes": 30,
            "attempts": 3,
            "sections": [],
            "pass": {"overall": 60},
        }
        store.save_data(
            current, found, this_person(), path, [*(data or []), blank], base={path: digest}, what="edit"
        )
    return redirect(web.url("authoring.test", draft=draft, blueprint_id=name), 303)


# --- the form ------------------------------------------------------------------------------------------


@bp.get(TEST, endpoint="test")
@access(AUTHORS)
def test(draft: UUID, blueprint_id: str) -> str:
    """The form of a test, and beside it what it means."""
    return _page(draft_for(draft), blueprint_id)


def _page(draft: Draft, blueprint_id: str, *, typed: dict[str, Any] | None = None, problem: str = "") -> str:
    now = content_of(draft)
    path, saved = now.row("blueprints", blueprint_id)
    data = typed or saved
    fields = blueprint_edit.fields(data, now.course)
    prefix = f"blueprints.{blueprint_id}"
    found = _bank(now)
    blueprint, rule, draws, missing = _about(now, saved, found)
    return web.render(
        "headstart/authoring/test.html", accent=draft.kind, draft=draft, blueprint_id=blueprint_id, fields=fields,
        problems=place(findings_of(draft, prefix), prefix, fields) if typed is None else {}, problem=problem,
        base=store.digest_of(session(), draft, path) or "", may_write=may_write(draft), title=plain(saved.get("title")),
        is_deep=blueprint_edit.is_deep(data), blueprint=blueprint, rule=rule, draws=draws, missing=missing,
        tags=sampling.tags_of(found.items), unfinished=found.unfinished, times=sampling.TIMES,
        exposure=bank.exposure(session(), draft, blueprint_id),
        is_final=text_at(now.data.get("certificate"), "blueprint") == blueprint_id, form=blueprint_edit.FORM,
    )  # fmt: skip


@bp.post(TEST, endpoint="save_test")
@access(AUTHORS)
def save_test(draft: UUID, blueprint_id: str) -> Response | tuple[str, int]:
    """Save a test. Unfinished ones are saved too: the checker says what is missing."""
    values, base = sent_values(), request.form.get("base", "")
    read: list[dict[str, Any]] = []
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)
        path, saved = now.row("blueprints", blueprint_id)

        def change(data: Any) -> Any:
            before = content.item_in(data, blueprint_id) or saved
            read.append(blueprint_edit.read(values, before, now.course))
            return content.replaced(data, blueprint_id, read[-1])

        done = content.change_file(current, found, this_person(), path, change, base=base)
        clashes = bool(done.clashes)
    if clashes:
        text = _("Somebody else changed this test meanwhile. Your text stands here and is kept: save it once more to "
                 "put it in the place of the other.")  # fmt: skip
        return _page(draft_for(draft, "write"), blueprint_id, typed=read[-1], problem=text), 409
    again = {"_anchor": "form"} if wants_form_again(values) else {}
    return redirect(web.url("authoring.test", draft=draft, blueprint_id=blueprint_id, **again), 303)


@bp.post(TEST + "/delete", endpoint="delete_test")
@access(AUTHORS)
def delete_test(draft: UUID, blueprint_id: str) -> Response:
    """Take a test out of the course. The history of the course can bring it back."""
    with transaction() as current:
        found = draft_for(draft, "write")
        content.delete_row(current, found, this_person(), "blueprints", blueprint_id)
    return redirect(web.url("authoring.tests", draft=draft), 303)


# --- what it draws -------------------------------------------------------------------------------------


def _finished(now: Content, blueprint_id: str) -> tuple[Blueprint | None, str, dict[str, Any]]:
    """Return (the blueprint, what is missing, the row)."""
    _path, row = now.row("blueprints", blueprint_id)
    found = sampling.blueprint_of(row, now.course.source)
    return (None, found, row) if isinstance(found, str) else (found, "", row)


@bp.get(TEST + "/sample", endpoint="sample_sitting")
@access(AUTHORS)
def sample_sitting(draft: UUID, blueprint_id: str) -> str:
    """One sitting as a learner could get it; ``?seed=`` brings the same one again."""
    found = draft_for(draft)
    now = content_of(found)
    blueprint, missing, row = _finished(now, blueprint_id)
    seed = " ".join(request.args.get("seed", "").split())[:40] or secrets.token_hex(3)
    parts: list[Any] = []
    media = clips_of(found, now)
    if blueprint is not None:
        try:
            drawn = sampling.sample(blueprint, _bank(now).items, seed)
            parts = [(section, [_shown(found, item, media) for item in items]) for section, items in drawn]
        except Invalid:
            missing = _("The bank has not enough questions for this test.")
    return web.render(
        "headstart/authoring/sample.html", accent=found.kind, draft=found, blueprint_id=blueprint_id, seed=seed,
        blueprint=blueprint, missing=missing, parts=parts, title=plain(row.get("title")), media=media,
        rule=pass_rule_words(blueprint) if blueprint is not None else [], other=secrets.token_hex(3),
        count=sum(len(items) for _section, items in parts),
    )  # fmt: skip


def _shown(draft: Draft, item: ItemType, media: Mapping[str, Any]) -> tuple[ItemType, pages.Question | None]:
    """Return an item with its form; without one when a picture or sound is not here yet."""
    if any(name not in media for name in item.media_ids()):
        return item, None
    return item, pages.Question(
        item, item.form(tokens_of(draft)), str(uuid4()), item_url("try_item", draft, "", item.id)
    )


@bp.get(TEST + "/sittings", endpoint="all_sittings")
@access(AUTHORS)
def all_sittings(draft: UUID, blueprint_id: str) -> str:
    """How the sittings that can be drawn differ, over a thousand of them."""
    found = draft_for(draft)
    now = content_of(found)
    blueprint, missing, row = _finished(now, blueprint_id)
    spread = None
    if blueprint is not None:
        try:
            spread = sampling.spread(blueprint, _bank(now).items)
        except Invalid:
            missing = _("The bank has not enough questions for this test.")
    titles = {one["id"]: title_of(one) for one in rows_of(now.data, "bank")}
    return web.render(
        "headstart/authoring/sittings.html", accent=found.kind, draft=found, blueprint_id=blueprint_id,
        blueprint=blueprint, missing=missing, spread=spread, title=plain(row.get("title")), titles=titles,
    )  # fmt: skip
