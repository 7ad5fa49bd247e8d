"""What the pages of items, words, facts and outcomes share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, request

from ..accounts.access import this_person
from ..assessments.items.base import Tokens
from ..courses.source import Finding
from ..courses.words import Words
from ..kernel import web
from ..kernel.db import session
from ..kernel.i18n import _
from ..learning.pages import Clip
from . import content, drafts, store
from .content import Content, Use
from .context import house
from .forms import Values
from .forms.context import plain, rows_of, text_at
from .models import Draft


def sent_values() -> Values:
    """Return the form as it was sent: every field with all its values."""
    return request.form.to_dict(flat=False)


def content_of(draft: Draft) -> Content:
    return content.content_of(session(), draft)


def may_write(draft: Draft) -> bool:
    return draft.removed is None and drafts.may(this_person(), draft, "write")


def tokens_of(draft: Draft) -> Tokens:
    """Return what the options of a question are called while its author tries it."""
    return Tokens(current_app.extensions["headstart"].keyring.key("form-tokens"), f"draft {draft.uuid}")


def clips_of(draft: Draft, found: Content) -> dict[str, Clip]:
    """Return the pictures and sounds of a draft by id; what has no file yet is left out."""
    files = store.tree(session(), draft)
    clips: dict[str, Clip] = {}
    for row in rows_of(found.data, "media"):
        name = text_at(row, "file")
        digest = files.get(f"media/{name}")
        if digest is None:
            continue
        width, height = row.get("width"), row.get("height")
        clips[row["id"]] = Clip(
            web.url("courses.media", digest=digest, name=name), text_at(row, "kind"), _words(row.get("alt")),
            width if isinstance(width, int) else None, height if isinstance(height, int) else None,
            _words(row.get("transcript")), voice=text_at(row, "voice") or None,
        )  # fmt: skip
    return clips


def _words(value: Any) -> Words | None:
    try:
        return Words.parse(value)
    except ValueError:
        return None


def findings_of(draft: Draft, prefix: str) -> list[Finding]:
    """Return what the checker says of one part, errors first."""
    found = content.own(house().check(draft).findings, prefix)
    return sorted(found, key=lambda finding: finding.level != "error")


def unit_titles(data: Mapping[str, Any]) -> dict[str, str]:
    return {unit["id"]: plain(unit.get("title")) or unit["id"] for unit in rows_of(data, "units")}


@dataclass(frozen=True)
class Link:
    """A place of the course: what it is called, and its address."""

    text: str
    href: str | None


def links_to(draft: Draft, data: Mapping[str, Any], used: Iterable[Use]) -> list[Link]:
    """Return where something is used, a unit once however many of its parts use it."""
    links = (link_to(draft, data, use) for use in used)
    return list({link.text: link for link in links}.values())


def link_to(draft: Draft, data: Mapping[str, Any], use: Use) -> Link:
    """Return where something is used, to go there."""
    if use.item and not use.unit:
        return Link(
            _("Questions for tests: %(id)s", id=use.item),
            web.url("authoring.bank_item", draft=draft.uuid, item_id=use.item),
        )
    title = unit_titles(data).get(use.unit, use.unit)
    if use.item:
        return Link(
            f"{title}: {use.item}",
            web.url("authoring.item", draft=draft.uuid, unit_id=use.unit, item_id=use.item),
        )
    return Link(title, unit_url(draft, use.unit, use.part))


def unit_url(draft: Draft, unit_id: str, part: str = "") -> str:
    anchor = {"_anchor": f"part-{part}"} if part else {}
    return web.url("authoring.unit", draft=draft.uuid, unit_id=unit_id, **anchor)


def pages_of(count: int, size: int) -> tuple[int, int, int, int]:
    """Return (page asked for, pages, first, last) of a long list."""
    pages = max(1, -(-count // size))
    page = min(max(request.args.get("page", 1, type=int), 1), pages)
    return page, pages, (page - 1) * size, min(page * size, count)


def asked(rows: Sequence[Any], text_of: Any) -> tuple[str, list[Any]]:
    """Return (what was searched for, the rows that have it)."""
    query = " ".join(request.args.get("q", "").split())[:80]
    low = query.casefold()
    return query, [row for row in rows if low in text_of(row).casefold()] if low else list(rows)
