"""Questions from lines of text or from a spreadsheet: a preview with every problem located, then written."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request
from pydantic import ValidationError
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..courses.check import sentence
from ..kernel import web
from ..kernel.db import transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import content, item_sheet, lines, store
from .context import AUTHORS, bp, draft_for, house
from .forms import kinds, new_id, title_of
from .forms.context import plain, rows_of
from .lines import Found, Problem
from .models import Draft
from .part_pages import content_of, unit_url
from .paths import unit_path

PASTE = "/teach/courses/<uuid:draft>/paste/questions"
Data = dict[str, Any]


@bp.get(PASTE, endpoint="paste_items")
@access(AUTHORS)
def paste_items(draft: UUID) -> str:
    """Where questions are pasted; ``?to=`` is where they go: ``unit:permit:permit-items-1``, ``bank:bank/m1.yaml``."""
    return _page(draft_for(draft, "write"))


def _page(draft: Draft, *, found: Any = None, problems: Any = (), text: str = "") -> str:
    now = content_of(draft)
    asked = request.form.get("to") or request.args.get("to", "")
    return web.render(
        "headstart/authoring/paste_items.html", accent=draft.kind, draft=draft, found=found, problems=problems,
        text=text, places=_places(now), to=asked, taught=now.course.taught, source=now.course.source,
        language=request.form.get("language", now.course.taught or ""), sheet=request.form.get("format") == "sheet",
        labels={form.kind: form.label for form in kinds("item")}, title_of=title_of, rights=rights_of,
        columns=list(item_sheet.COLUMNS),
    )  # fmt: skip


def _places(now: content.Content) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return where questions can go: (group, [(value, name)])."""
    units = []
    for unit in rows_of(now.data, "units"):
        title = plain(unit.get("title")) or unit["id"]
        for n, block in enumerate((b for b in rows_of(unit, "blocks") if b.get("type") == "items"), 1):
            count = len(block["items"]) if isinstance(block.get("items"), list) else 0
            name = _("%(unit)s: questions %(number)s (%(count)s so far)", unit=title, number=n, count=count)
            units.append((f"unit:{unit['id']}:{block['id']}", name))
        units.append((f"unit:{unit['id']}:+", _("%(unit)s: at the end", unit=title)))
    banks = [(f"bank:{path}", path) for path in now.files("bank") or ["bank.yaml"]]
    return [(_("Units"), units), (_("Questions for tests"), banks)]


def rights_of(item: Data) -> str:
    """Return what is right in an item, in one line, for the preview."""
    match item.get("type"):
        case "single" | "multiple":
            return ", ".join(plain(o.get("text")) for o in rows_of(item, "options") if o.get("right"))
        case "truth":
            return {True: _("true"), False: _("false")}.get(item["answer"], _("not said in the text"))
        case "short":
            return ", ".join(item["answers"])
        case "match":
            return ", ".join(
                f"{plain(p.get('left'))} = {plain(p.get('right'))}" for p in rows_of(item, "pairs")
            )
        case "order":
            return " / ".join(plain(p.get("text")) for p in rows_of(item, "parts"))
    found = []
    for gap in rows_of(item, "gaps"):
        right = [plain(o.get("text")) for o in rows_of(gap, "options") if o.get("right")]
        found.append("|".join(right or gap.get("answers", [])))
    return ", ".join(found)


def read(text: str, taught: str | None, *, is_sheet: bool) -> tuple[list[Found], list[Problem]]:
    """Read questions and hold each against the rules of its kind."""
    found, problems = item_sheet.read_items(text, taught) if is_sheet else lines.read_lines(text, taught)
    good: list[Found] = []
    for one in found:
        kind = house().item_types[one.data["type"]]
        try:
            kind.model_validate({"id": "x", **one.data}, context={"item_types": house().item_types})
        except ValidationError as error:
            problems.append(Problem(one.line, 0, sentence(error.errors()[0])))
        else:
            good.append(one)
    return good, sorted(problems, key=lambda problem: (problem.line, problem.column))


@bp.post(PASTE, endpoint="write_items")
@access(AUTHORS)
def write_items(draft: UUID) -> Response | str | tuple[str, int]:
    """Show what a pasted text would become, and write it when asked to."""
    text = request.form.get("text", "")
    found = draft_for(draft, "write")
    if not text.strip():
        raise Invalid(_("Paste or write some questions first."))
    course = content_of(found).course
    language = request.form.get("language", "")
    taught = language if language and language in course.languages and language != course.source else None
    items, problems = read(text, taught, is_sheet=request.form.get("format") == "sheet")
    if request.form.get("do") != "write" or not items:
        page = _page(found, found=items, problems=problems, text=text)
        return page if items else (page, 422)
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)
        path, change, stem, back = _target(found, now, request.form.get("to", ""))
        digest = store.digest_of(current, found, path)
        data = None if digest is None else store.data_of(current, digest, path)
        rows = lines.with_ids([one.data for one in items], now.ids(), stem)
        note = _("Questions pasted")
        store.save_data(
            current,
            found,
            this_person(),
            path,
            change(data, rows),
            base={path: digest},
            what="edit",
            note=note,
        )
    return redirect(back, 303)


def _target(draft: Draft, now: content.Content, to: str) -> tuple[str, Any, str, str]:
    """Return (file, how to put items into its data, start of their ids, where to go on). Raises Invalid."""
    kind, _colon, rest = to.partition(":")
    if kind == "bank" and rest in (now.files("bank") or ["bank.yaml"]):
        stem = rest.removesuffix(".yaml").replace("/", "-")
        back = web.url("authoring.bank", draft=draft.uuid)
        return rest, lambda data, rows: [*(data or []), *rows], stem, back
    unit_id, _colon, block_id = rest.partition(":")
    unit = next((unit for unit in rows_of(now.data, "units") if unit["id"] == unit_id), None)
    blocks = [block["id"] for block in rows_of(unit or {}, "blocks") if block.get("type") == "items"]
    if kind != "unit" or unit is None or (block_id != "+" and block_id not in blocks):
        raise Invalid(_("Choose where the questions go."))

    def into(data: Data, rows: list[Data]) -> Data:
        if block_id == "+":
            name = new_id(now.ids() | {row["id"] for row in rows}, f"{unit_id}-questions")
            return {
                **data,
                "blocks": [*(data.get("blocks") or []), {"id": name, "type": "items", "items": rows}],
            }
        return {
            **data,
            "blocks": [
                {**block, "items": [*(block.get("items") or []), *rows]}
                if isinstance(block, dict) and block.get("id") == block_id
                else block
                for block in data["blocks"]
            ],
        }

    return unit_path(unit_id), into, unit_id, unit_url(draft, unit_id, "" if block_id == "+" else block_id)
