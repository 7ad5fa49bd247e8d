"""Record this: the words and lines of a course that nobody has said yet, one after the other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..courses.sound.queue import WHY
from ..kernel import web
from ..kernel.db import session, transaction
from ..kernel.errors import Conflict, Invalid, LMSError, NotFound
from ..kernel.i18n import _
from . import media_edit, recordings, sounds
from .context import AUTHORS, bp, draft_for, draft_page, house
from .forms.context import text_at
from .media_views import licence_names, sent_files, sent_licence
from .models import Draft
from .part_pages import clips_of, content_of, may_write, unit_titles, unit_url
from .recordings import WHICH, Wanted, Which

#: Texts of the list that are shown around the one that is recorded.
AROUND = 12
MOST_BYTES = sounds.MOST + 100_000
RECORD = "/teach/courses/<uuid:draft>/record"


@bp.get(RECORD, endpoint="recorder")
@access(AUTHORS)
def recorder(draft: UUID) -> str:
    """One text to say, large; the list of the others."""
    return _page(draft_for(draft))


def _which() -> Which:
    asked = request.values.get("which", "missing")
    return next((one for one in WHICH if one == asked), "missing")


def _page(draft: Draft, clip: str = "", refused: LMSError | None = None) -> str:
    every = recordings.list_wanted(session(), draft)
    which = _which()
    rows = recordings.shown(every, which)
    at = next((n for n, one in enumerate(rows) if one.clip == (clip or request.args.get("clip"))), 0)
    now = content_of(draft)
    first = max(0, min(at - AROUND // 2, len(rows) - AROUND))
    licence = request.form.get("licence") or text_at(now.data, "licence")
    counts = {name: len(recordings.shown(every, name)) for name in WHICH}
    return draft_page(
        "recorder", draft, "media", accent=draft.kind, rows=rows, at=at, one=rows[at] if rows else None,
        around=rows[first : first + AROUND], which=which, counts=counts, which_names=_which_names(),
        titles=unit_titles(now.data), unit_url=unit_url, may_write=may_write(draft), refused=refused,
        by=request.form.get("by", recordings.speaker_before(now)), licences=licence_names(), licence=licence,
        known=licence in media_edit.LICENCES, clips=clips_of(draft, now), why=_why,
        before=rows[at - 1].clip if rows and at else None,
        after=rows[at + 1].clip if at + 1 < len(rows) else None,
    )  # fmt: skip


def _which_names() -> dict[str, str]:
    return {
        "missing": _("Without sound"),
        "computer": _("With a computer's voice, or old"),
        "all": _("All"),
    }


def _why(one: Wanted) -> str:
    return {
        "missing": _("It has no sound."), "changed": _("Its sound says an older text."),
        "draft": _("A robot says it."), "outdated": _("The recording says an older text."),
    }.get(one.need.state if one.need.state in WHY else "fine", _("A computer says it."))  # fmt: skip


@bp.post(RECORD, endpoint="save_recording")
@access(AUTHORS, most_bytes=MOST_BYTES)
def save_recording(draft: UUID) -> Response | tuple[str, int]:
    """Take a recording of one text in, and go on with the next one."""
    found = draft_for(draft, "write")
    clip = request.form.get("clip", "")
    try:
        one, after = _asked(found, clip)
        files = sent_files("sound")
        if not files:
            raise Invalid(_("Record it first, or choose a file with the recording."))
        text = None if one.need.kind == "listening" else one.need.text
        made = sounds.sound_of(files[0][1], text, _span())
        digest = house().storage.put(made.content)
        with transaction() as current:
            found = draft_for(draft, "write")
            recordings.place(
                current, found, this_person(), one, digest, licence=sent_licence() or _licence_of(found),
                by=request.form.get("by", ""),
            )  # fmt: skip
    except (Invalid, Conflict, NotFound) as error:
        if isinstance(error, NotFound) and not clip:
            raise
        return _page(draft_for(draft, "write"), clip, error), error.status
    more: dict[str, Any] = {"clip": after} if after else {}
    return redirect(web.url("authoring.recorder", draft=draft, which=_which(), **more), 303)


def _asked(draft: Draft, clip: str) -> tuple[Wanted, str | None]:
    """Return the text of this recording, and the one that comes after it in the list."""
    if not clip:
        raise Invalid(_("This page is too old. Load it again, then send the form once more."))
    every = recordings.list_wanted(session(), draft)
    one = recordings.find(every, clip)
    rows = recordings.shown(every, _which())
    at = next((n for n, row in enumerate(rows) if row.clip == clip), len(rows))
    return one, rows[at + 1].clip if at + 1 < len(rows) else None


def _span() -> tuple[float, float] | None:
    """Return the moments between which a recording is kept, in seconds."""
    first, last = request.form.get("start", type=float), request.form.get("end", type=float)
    return (first, last) if first is not None and last is not None and 0 <= first < last else None


def _licence_of(draft: Draft) -> str:
    return text_at(content_of(draft).data, "licence")
