"""Pictures, sounds and films of a course: the list, uploads, their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..courses.source import Finding
from ..kernel import web
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, LMSError
from ..kernel.i18n import _, language_name, ngettext
from ..learning.pages import Clip
from . import content, media_edit, store
from .content import Content, Use
from .context import AUTHORS, bp, draft_for, draft_page, house
from .forms.context import headword, plain, rows_of, text_at
from .media_edit import New, Taken, Uses
from .models import Draft
from .part_pages import Link, clips_of, content_of, findings_of, links_to, may_write, pages_of, unit_titles

#: Rows of one page, files of one upload, bytes of one upload.
SIZE = 24
MOST_FILES = 20
MOST_BYTES = 40_000_000
MOST_ONE = 13_000_000
SHOW = ("all", "picture", "audio", "video", "lacking", "unused")
ROW = "/teach/courses/<uuid:draft>/media/<row_id>"


@dataclass(frozen=True)
class Shown:
    """One picture or sound in a list: its row, its file, where it is used, what the checker says."""

    row: dict[str, Any]
    clip: Clip | None
    size: int
    used: list[Link]
    findings: list[Finding]
    lacks: bool


def licence_names() -> list[tuple[str, str]]:
    """Return the licences to choose from, with what they mean; "+" is another one."""
    return [
        ("CC-BY-4.0", _("CC BY 4.0: everybody may use it and names its maker")),
        ("CC-BY-SA-4.0", _("CC BY-SA 4.0: the same, and under the same licence")),
        ("CC0-1.0", _("CC0: everybody may use it in any way")),
        ("Public domain", _("Public domain: nobody owns it any more")),
        ("Used with permission", _("Its maker allowed it for this course")),
        ("+", _("Another licence")),
    ]


def links_of(draft: Draft, now: Content, used: Uses) -> list[Link]:
    """Return where something is used: units, questions, words."""
    entries = {row["id"]: row for row in rows_of(now.data, "entries")}
    words = [
        Link(
            _("Word: %(word)s", word=headword(entries[name])),
            web.url("authoring.record", draft=draft.uuid, table="words", row_id=name),
        )
        for name in used.entries
        if name in entries
    ]
    parts: list[Use] = list(used.parts)
    return [*links_to(draft, now.data, parts), *words]


def shown_of(draft: Draft, now: Content, rows: Sequence[dict[str, Any]]) -> list[Shown]:
    used = media_edit.uses(now.data)
    sizes = media_edit.sizes_of(house().storage, store.tree(session(), draft))
    clips = clips_of(draft, now)
    findings = findings_of(draft, "media")
    return [
        Shown(
            row, clips.get(row["id"]), sizes.get(text_at(row, "file"), 0),
            links_of(draft, now, used.get(row["id"], Uses())), content.own(findings, f"media.{row['id']}"),
            media_edit.lacks(row),
        )
        for row in rows
    ]  # fmt: skip


@bp.get("/teach/courses/<uuid:draft>/media", endpoint="media")
@access(AUTHORS)
def media(draft: UUID) -> str:
    """All pictures and sounds of a course, what they weigh, and a form for more."""
    return _page(draft_for(draft))


def _page(
    draft: Draft, *, problems: Sequence[tuple[str, str]] = (), taken: int = 0, heading: str = ""
) -> str:
    now = content_of(draft)
    every = list(rows_of(now.data, "media"))
    used = media_edit.uses(now.data)
    show = request.args.get("show", "all")
    kept = [row for row in every if _fits(row, show, used)]
    query = " ".join(request.args.get("q", "").split())[:80]
    low = query.casefold()
    if low:
        kept = [row for row in kept if low in f"{row['id']} {_said(row)} {text_at(row, 'source')}".casefold()]
    page, pages, first, last = pages_of(len(kept), SIZE)
    storage = house().storage
    sizes = media_edit.sizes_of(storage, store.tree(session(), draft))
    weights = sorted(media_edit.weights(now.data, sizes), key=lambda one: -one.total)
    return draft_page(
        "media", draft, "media", accent=draft.kind, rows=shown_of(draft, now, kept[first:last]), query=query,
        page=page, pages=pages, count=len(kept), total=len(every), show=show, may_write=may_write(draft),
        lacking=sum(media_edit.lacks(row) for row in every), whole=sum(sizes.values()), weights=weights,
        titles=unit_titles(now.data), most_course=media_edit.MOST_COURSE, most_unit=media_edit.MOST_UNIT,
        heavy=sum(one.is_heavy for one in weights), problems=problems, taken=taken, heading=heading,
        licences=licence_names(),
        source=language_name(now.course.source), course=now.course, plain=plain, shows=_shows(),
        licence=text_at(now.data, "licence"), base={path: now.tree[path] for path in now.files("media")},
    )  # fmt: skip


def _shows() -> list[tuple[str, str]]:
    return [
        ("all", _("All")), ("picture", _("Pictures")), ("audio", _("Sounds")), ("video", _("Films")),
        ("lacking", _("Words are missing")), ("unused", _("Used nowhere")),
    ]  # fmt: skip


def _fits(row: Mapping[str, Any], show: str, used: Mapping[str, Uses]) -> bool:
    if show == "lacking":
        return media_edit.lacks(row)
    if show == "unused":
        return not used.get(str(row.get("id")))
    return show not in ("picture", "audio", "video") or row.get("kind") == show


def _said(row: Mapping[str, Any]) -> str:
    return plain(row.get("alt") or row.get("transcript"))


# --- uploads ------------------------------------------------------------------------------------------


def sent_files(name: str = "file") -> list[tuple[str, bytes]]:
    """Return the files of a form that were chosen: name and content."""
    found = []
    for file in request.files.getlist(name)[: MOST_FILES + 1]:
        if file.filename:
            found.append((file.filename, file.stream.read()))
        file.close()
    if len(found) > MOST_FILES:
        raise Invalid(_("Choose at most %(most)d files at once.", most=MOST_FILES), "too-many")
    return found


def sent_crop() -> list[float] | None:
    """Return what is kept of a picture, in per cent; None when it is all of it, or no numbers."""
    values = [request.form.get(name, type=float) for name in ("left", "top", "width", "height")]
    crop = [value for value in values if value is not None and 0 <= value <= 100]
    if len(crop) != 4 or crop[2] <= 0 or crop[3] <= 0 or crop == [0, 0, 100, 100]:
        return None
    return crop


def sent_licence(prefix: str = "") -> str:
    """Return the licence that was chosen, or written beside "another one"."""
    chosen = request.form.get(f"{prefix}licence", "")
    written = " ".join(request.form.get(f"{prefix}licence_other", "").split())[:120]
    return written if chosen == "+" else chosen if chosen in media_edit.LICENCES else ""


def _source(prefix: str = "") -> str:
    return " ".join(request.form.get(f"{prefix}source", "").split())[:300]


@bp.post("/teach/courses/<uuid:draft>/media", endpoint="add_media")
@access(AUTHORS, most_bytes=MOST_BYTES)
def add_media(draft: UUID) -> Response | tuple[str, int]:
    """Take files in; each is made anew. What cannot be taken is named, the others are kept."""
    found = draft_for(draft, "write")
    files = sent_files()
    if not files:
        return _page(found, problems=[("", _("Choose a picture or a sound first."))]), 422
    taken, problems = _taken(files)
    said = " ".join(request.form.get("said", "").split())[:1000] if len(files) == 1 else ""
    licence, source = sent_licence(), _source()
    now = content_of(found)
    new = [
        New(
            one.kind, house().storage.put(one.content), one.suffix, one.wish,
            media_edit.said_as(said, now.course.taught or "" if one.kind == "audio" else ""), licence, source,
            "human" if one.kind == "audio" else "",
        )
        for one in taken
    ]  # fmt: skip
    ids: list[str] = []
    if new:
        with transaction() as current:
            found = draft_for(draft, "write")
            note = ngettext("%(num)d file added", "%(num)d files added", len(new))
            ids = media_edit.add(current, found, this_person(), new, note=note)
    if problems:
        return _page(draft_for(draft), problems=problems, taken=len(ids)), 422
    with_words = bool(said and licence and source)
    show = {} if with_words else {"show": "lacking"}
    return redirect(web.url("authoring.media", draft=draft, **show, _anchor=f"m-{ids[0]}"), 303)


def _taken(files: Sequence[tuple[str, bytes]]) -> tuple[list[Taken], list[tuple[str, str]]]:
    taken: list[Taken] = []
    problems: list[tuple[str, str]] = []
    crop = sent_crop() if len(files) == 1 else None
    for name, raw in files:
        try:
            taken.append(media_edit.take_in(raw, name, crop))
        except LMSError as error:
            problems.append((name[-60:], error.message))
    return taken, problems


@bp.post("/teach/courses/<uuid:draft>/media-words", endpoint="describe_media")
@access(AUTHORS)
def describe_media(draft: UUID) -> Response | tuple[str, int]:
    """Save what several new pictures and sounds show, their licence and source."""
    draft_for(draft, "write")
    asked = set(request.form.getlist("row"))
    if not asked:
        raise Invalid(_("This page is too old. Load it again, then send the form once more."))
    clashes = False
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)
        homes = {
            row["id"]: path
            for path, row in zip(now.homes.get("media", ()), now.data["media"], strict=True)
            if isinstance(row, dict) and row.get("id") in asked
        }
        for path in sorted(set(homes.values())):

            def change(data: Any) -> Any:
                return [
                    _described(row, f"{row['id']}-", now)
                    if isinstance(row, dict) and row.get("id") in asked
                    else row
                    for row in data or []
                ]

            base = request.form.get(f"base-{path}", "")
            note = _("Words of pictures and sounds")
            done = content.change_file(current, found, this_person(), path, change, base=base, note=note)
            clashes = clashes or bool(done.clashes)
    if clashes:
        text = _("Somebody else changed some of these words meanwhile. Theirs stand here; what you wrote is kept in "
                 "the history of the course.")  # fmt: skip
        return _page(
            draft_for(draft, "write"), problems=[("", text)], heading=_("Please look at this again")
        ), 409
    return redirect(web.url("authoring.media", draft=draft, show="lacking"), 303)


def _described(row: Mapping[str, Any], prefix: str, now: Content) -> dict[str, Any]:
    """Return a row with the words of a form; a field that the form does not have stays as it is."""
    said = row.get(media_edit.SAID.get(text_at(row, "kind"), "alt"))
    if f"{prefix}said" in request.form:
        language = request.form.get(f"{prefix}language", "")
        known = {tag for tag, _name in now.course.language_choices}
        said = media_edit.said_as(request.form[f"{prefix}said"][:2000], language if language in known else "")
    return media_edit.described(
        row, said, sent_licence(prefix) or text_at(row, "licence"), _source(prefix) or text_at(row, "source"),
        request.form.get(f"{prefix}voice", ""),
    )  # fmt: skip


# --- one picture or sound -----------------------------------------------------------------------------


@bp.get(ROW, endpoint="media_row")
@access(AUTHORS)
def media_row(draft: UUID, row_id: str) -> str:
    """One picture or sound: its words, its licence, another file, a part of it."""
    return _row_page(draft_for(draft), row_id)


def _row_page(draft: Draft, row_id: str, problem: LMSError | None = None) -> str:
    now = content_of(draft)
    path, row = now.row("media", row_id)
    [one] = shown_of(draft, now, [row])
    kind = text_at(row, "kind")
    said = row.get(media_edit.SAID.get(kind, "alt"))
    language = next(iter(said)) if isinstance(said, dict) and len(said) == 1 else ""
    typed = request.form if problem is not None else {}
    licence = text_at(row, "licence")
    return draft_page(
        "media_row", draft, "media", accent=draft.kind, one=one, row=row, row_id=row_id, kind=kind,
        said=typed.get("said", plain(said)), language=typed.get("language", language),
        languages=now.course.language_choices, licences=licence_names(), known=licence in media_edit.LICENCES,
        licence=typed.get("licence", licence), licence_other=typed.get("licence_other", licence),
        from_where=typed.get("source", text_at(row, "source")), voice=typed.get("voice", text_at(row, "voice")),
        base=now.tree[path], may_write=may_write(draft), problem=problem,
        source=language_name(now.course.source), can_cut=_can_cut(row),
    )  # fmt: skip


def _can_cut(row: Mapping[str, Any]) -> bool:
    return row.get("kind") == "picture" and not text_at(row, "file").endswith(".svg")


@bp.post(ROW, endpoint="save_media")
@access(AUTHORS, most_bytes=MOST_ONE)
def save_media(draft: UUID, row_id: str) -> Response | tuple[str, int]:
    """Save the words of a picture or sound, and another file or a part of it when there is one."""
    found = draft_for(draft, "write")
    try:
        taken = _new_file(found, row_id)
        digest = house().storage.put(taken.content) if taken else ""
        with transaction() as current:
            found = draft_for(draft, "write")
            now = content.content_of(current, found)
            path, _row = now.row("media", row_id)

            def change(data: Any) -> Any:
                rows = data if isinstance(data, list) else []
                row = next((r for r in rows if isinstance(r, dict) and r.get("id") == row_id), _row)
                return content.replaced(rows, row_id, _described(row, "", now))

            base = request.form.get("base", "")
            note = _("Changed: %(name)s", name=row_id)
            done = content.change_file(current, found, this_person(), path, change, base=base, note=note)
            if taken:
                media_edit.replace_file(current, found, this_person(), row_id, taken, digest)
    except LMSError as error:
        if error.status not in (409, 422):
            raise
        return _row_page(draft_for(draft, "write"), row_id, error), error.status
    if done.clashes:
        text = _("Somebody else changed this meanwhile. Your text stands here and is kept: save it once more to put "
                 "it in the place of the other.")  # fmt: skip
        return _row_page(draft_for(draft, "write"), row_id, Invalid(text)), 409
    return redirect(web.url("authoring.media_row", draft=draft, row_id=row_id), 303)


def _new_file(draft: Draft, row_id: str) -> Taken | None:
    """Return the file that was chosen, or the part that was cut out of the one that is there; None for neither."""
    files = sent_files()
    crop = sent_crop()
    if files:
        return media_edit.take_in(files[0][1], files[0][0], crop)
    if crop is None:
        return None
    now = content_of(draft)
    _path, row = now.row("media", row_id)
    digest = store.tree(session(), draft).get(f"media/{text_at(row, 'file')}")
    if digest is None or not _can_cut(row):
        return None
    return media_edit.take_in(house().storage.path(digest).read_bytes(), text_at(row, "file"), crop)


@bp.post(ROW + "/delete", endpoint="delete_media")
@access(AUTHORS)
def delete_media(draft: UUID, row_id: str) -> Response | tuple[str, int]:
    """Delete a picture or sound that nothing uses."""
    try:
        with transaction() as current:
            media_edit.remove(current, draft_for(draft, "write"), this_person(), row_id)
    except LMSError as error:
        if error.status not in (409, 422):
            raise
        return _row_page(draft_for(draft, "write"), row_id, error), error.status
    return redirect(web.url("authoring.media", draft=draft), 303)
