"""One question, of a unit or of the bank: its form, and to try it with the real marking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..assessments.items.base import ItemType
from ..assessments.statistics import FirstTries
from ..kernel import web
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from ..learning import pages
from . import content, store, trying
from .context import AUTHORS, bp, draft_for, house
from .forms import form_of, new_id, place, title_of, wants_form_again
from .forms.context import rows_of
from .item_numbers import numbers_in_tests, numbers_in_units
from .models import Draft
from .part_pages import clips_of, content_of, findings_of, may_write, sent_values, tokens_of, unit_titles
from .trying import Accepted, Trial, Unfinished

#: An item of a unit, or of the bank: there ``unit_id`` is "".
IN_UNIT = "/teach/courses/<uuid:draft>/units/<unit_id>/items/<item_id>"
IN_BANK = "/teach/courses/<uuid:draft>/bank/items/<item_id>"


def item_url(view: str, draft: Draft, unit_id: str, item_id: str, **more: Any) -> str:
    """Return an address of an item: those of the bank have one of their own."""
    if not unit_id:
        return web.url(f"authoring.bank_{view}", draft=draft.uuid, item_id=item_id, **more)
    return web.url(f"authoring.{view}", draft=draft.uuid, unit_id=unit_id, item_id=item_id, **more)


@bp.get(IN_UNIT, endpoint="item")
@bp.get(IN_BANK, endpoint="bank_item")
@access(AUTHORS)
def item(draft: UUID, item_id: str, unit_id: str = "") -> str:
    """The form of a question, and beside it the question as learners get it."""
    return _page(draft_for(draft), unit_id, item_id)


def _page(
    draft: Draft, unit_id: str, item_id: str, *, typed: dict[str, Any] | None = None, problem: str = "",
    tried: tuple[Trial | None, Any, str] | None = None, given: dict[str, list[str]] | None = None,
    checked: tuple[str, str, Sequence[Accepted]] | None = None,
) -> str:  # fmt: skip
    """Render the page. ``typed``: what a refused form held; ``tried``: (trial, response so far, refusal)."""
    found = content_of(draft)
    path, saved = found.item(unit_id, item_id)
    data = typed or saved
    course = found.course if unit_id else found.course.for_bank()
    form = form_of(str(data.get("type")), "item")
    fields = form.fields(data, course)
    prefix = _prefix(found.data, unit_id, item_id)
    real = trying.item_of(saved, house().item_types, course.source)
    media = clips_of(draft, found)
    missing = () if isinstance(real, Unfinished) else tuple(m for m in real.media_ids() if m not in media)
    question = (
        None if isinstance(real, Unfinished) or missing else _question(draft, unit_id, real, tried, given)
    )
    return web.render(
        "headstart/authoring/item.html", accent=draft.kind, draft=draft, unit_id=unit_id, item_id=item_id, form=form,
        fields=fields, problems=place(findings_of(draft, prefix), prefix, fields) if typed is None else {},
        base=store.digest_of(session(), draft, path) or "", may_write=may_write(draft), problem=problem,
        title=title_of(saved), unit_title=unit_titles(found.data).get(unit_id, ""), media=media, question=question,
        unfinished=real.problems if isinstance(real, Unfinished) else (), missing=missing, data=saved,
        trial=tried[0] if tried else None, typed_parts=() if question is None else trying.typed_parts(question.item),
        checked=checked, item_url=item_url, tries=_tries(draft, unit_id, item_id),
        drawing=media.get(str(data.get("picture"))) if form.kind == "hotspot" and may_write(draft) else None,
    )  # fmt: skip


def _tries(draft: Draft, unit_id: str, item_id: str) -> FirstTries | None:
    found = (numbers_in_units if unit_id else numbers_in_tests)(session(), draft)
    return found.get(item_id)


def _prefix(data: Any, unit_id: str, item_id: str) -> str:
    for unit in rows_of(data, "units"):
        for block in rows_of(unit, "blocks") if unit["id"] == unit_id else ():
            if any(row["id"] == item_id for row in rows_of(block, "items")):
                return f"units.{unit_id}.blocks.{block['id']}.items.{item_id}"
    return f"bank.{item_id}"


def _question(
    draft: Draft, unit_id: str, real: ItemType, tried: tuple[Trial | None, Any, str] | None,
    given: dict[str, list[str]] | None,
) -> pages.Question:  # fmt: skip
    tokens = tokens_of(draft)
    trial, so_far, refusal = tried or (None, None, "")
    action = item_url("try_item", draft, unit_id, real.id)
    if trial is not None:
        form = real.form(tokens)
        return pages.Question(
            real, form, str(uuid4()), action, grade=trial.grade, solution=real.solution(),
            given=pages.given_values(real, form, trial.response, tokens),
        )  # fmt: skip
    return pages.Question(
        real, real.form(tokens, so_far), str(uuid4()), action, given=given, problem=refusal or None
    )


@bp.post(IN_UNIT, endpoint="save_item")
@bp.post(IN_BANK, endpoint="bank_save_item")
@access(AUTHORS)
def save_item(draft: UUID, item_id: str, unit_id: str = "") -> Response | tuple[str, int]:
    """Save a question. Unfinished ones are saved too: the checker says what is missing."""
    values, base = sent_values(), request.form.get("base", "")
    read: list[dict[str, Any]] = []
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)
        path, saved = now.item(unit_id, item_id)
        course = now.course if unit_id else now.course.for_bank()

        def change(data: Any) -> Any:
            before = content.item_in(data, item_id) or saved
            read.append(form_of(str(before.get("type")), "item").read(values, before, course))
            return content.replaced(data, item_id, read[-1])

        done = content.change_file(current, found, this_person(), path, change, base=base)
        clashes = bool(done.clashes)
        following = item_id
        if values.get("do") == ["next"] and not clashes:
            following = _add_next(found, path, unit_id, item_id, read[-1])
    if clashes:
        text = _("Somebody else changed this question meanwhile. Your text stands here and is kept: save it once more "
                 "to put it in the place of the other.")  # fmt: skip
        return _page(draft_for(draft, "write"), unit_id, item_id, typed=read[-1], problem=text), 409
    again = "form" if wants_form_again(values) else None
    return redirect(item_url("item", found, unit_id, following, _anchor=again), 303)


def _add_next(draft: Draft, path: str, unit_id: str, item_id: str, item: dict[str, Any]) -> str:
    """Begin another question of the same kind after this one; return its id. In a bank it gets the same tags."""
    now = content.content_of(session(), draft)
    name = new_id(now.ids(), unit_id or path.removesuffix(".yaml").replace("/", "-"))
    course = now.course if unit_id else now.course.for_bank()
    row = form_of(str(item.get("type")), "item").blank(name, course)
    row |= {key: item[key] for key in ("tags", "topic") if key in item and not unit_id}
    data, digest = store.read_data(session(), draft, path)
    data = content.with_next(data, item_id, row)
    store.save_data(session(), draft, this_person(), path, data, base={path: digest}, what="edit")
    return name


@bp.post(IN_UNIT + "/try", endpoint="try_item")
@bp.post(IN_BANK + "/try", endpoint="bank_try_item")
@access(AUTHORS)
def try_item(draft: UUID, item_id: str, unit_id: str = "") -> str | tuple[str, int]:
    """Mark an answer as learners' answers are marked. Nothing is recorded."""
    found = draft_for(draft)
    now = content_of(found)
    real = trying.item_of(now.item(unit_id, item_id)[1], house().item_types, now.course.source)
    if isinstance(real, Unfinished):
        return _page(found, unit_id, item_id), 422
    lexicon, tokens = trying.lexicon_of(now.data), tokens_of(found)
    if "candidates" in request.form:
        part, text = request.form.get("part", "response"), request.form["candidates"][:20_000]
        if part not in dict(trying.typed_parts(real)):
            return _page(found, unit_id, item_id), 422
        rows = trying.accepted(
            real, part, [line.strip() for line in text.splitlines() if line.strip()], lexicon, tokens
        )
        return _page(found, unit_id, item_id, checked=(part, text, rows))
    values = {name: given for name, given in sent_values().items() if name.startswith("response")}
    try:
        result = trying.try_answer(real, values, tokens, lexicon)
    except Invalid as error:
        refused = {name: list(given) for name, given in values.items()}
        return _page(found, unit_id, item_id, tried=(None, None, error.message), given=refused), 422
    if isinstance(result, Trial):
        return _page(found, unit_id, item_id, tried=(result, None, ""))
    return _page(found, unit_id, item_id, tried=(None, result, ""))
