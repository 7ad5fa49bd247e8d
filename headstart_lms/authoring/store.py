"""The files of a draft: read, saved with a history, never overwritten unseen. No Flask."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..courses.source import MAX_FILE
from ..kernel.clock import now
from ..kernel.db import insert_into
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from ..kernel.jobs import enqueue
from .merge import Clash, merge, take
from .models import Change, Draft, DraftFile, Mark, Revision, What
from .paths import is_media, is_text
from .texts import KEEP_TEXTS, TIDY
from .texts import bodies as bodies
from .texts import body as body
from .texts import data_of as data_of
from .texts import parsed as parsed
from .texts import put_text as put_text
from .yamltext import dump, equal, rewrite

#: An autosave of the same person on the same files joins the last revision for so long.
JOIN = timedelta(minutes=10)
MAX_FILES = 5000
SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}")


@dataclass(frozen=True)
class Stored:
    """A media file whose bytes lie in the storage already: its SHA-256, hex."""

    digest: str


class Stale(Conflict):
    """A file is another one than when the form was opened. ``digest_now`` is None when it was deleted."""

    def __init__(self, path: str, digest_now: str | None) -> None:
        super().__init__(_("Somebody else changed this meanwhile."), "stale")
        self.path = path
        self.digest_now = digest_now


def tree(session: Session, draft: Draft) -> dict[str, str]:
    """Return {path: SHA-256} of the draft as it is now."""
    rows = session.execute(
        select(DraftFile.path, DraftFile.digest)
        .where(DraftFile.draft_id == draft.id)
        .order_by(DraftFile.path)
    )
    return {path: digest for path, digest in rows}  # noqa: C416 - the types are known so


def tree_at(session: Session, draft: Draft, n: int) -> dict[str, str]:
    """Return {path: SHA-256} of the draft as it was after revision ``n``; later changes are taken back."""
    if not 0 <= n <= draft.head:
        raise NotFound(_("There is no such version."))
    found = tree(session, draft)
    later = session.execute(
        select(Change.path, Change.before)
        .join(Revision, Revision.id == Change.revision_id)
        .where(Revision.draft_id == draft.id, Revision.n > n)
        .order_by(Revision.n.desc())
    )
    for path, before in later:
        if before is None:
            found.pop(path, None)
        else:
            found[path] = before
    return dict(sorted(found.items()))


def digest_of(session: Session, draft: Draft, path: str) -> str | None:
    """Return the SHA-256 of a file, or None when there is none of that name."""
    return session.scalar(
        select(DraftFile.digest).where(DraftFile.draft_id == draft.id, DraftFile.path == path)
    )


def read_text(session: Session, draft: Draft, path: str) -> tuple[str, str]:
    """Return a file and its SHA-256. Raises NotFound."""
    digest = digest_of(session, draft, path) if is_text(path) else None
    if digest is None:
        raise NotFound(_("There is no such file."))
    return body(session, digest).decode("utf-8"), digest


def read_data(session: Session, draft: Draft, path: str) -> tuple[Any, str]:
    """Return the data of a YAML file (a copy of one's own) and its SHA-256. Raises NotFound, Invalid."""
    digest = digest_of(session, draft, path) if is_text(path) else None
    if digest is None:
        raise NotFound(_("There is no such file."))
    return data_of(session, digest, path), digest


def lock(session: Session, draft: Draft) -> Draft:
    """Hold a draft until the transaction ends, and read what it is by now: saves come one after another."""
    return session.scalars(
        select(Draft)
        .where(Draft.id == draft.id)
        .with_for_update(of=Draft)
        .execution_options(populate_existing=True)
    ).one()


def save(
    session: Session,
    draft: Draft,
    person: Person | None,
    changes: Mapping[str, bytes | str | Stored | None],
    *,
    base: Mapping[str, str | None],
    what: What,
    note: str = "",
) -> Revision:
    """Write files, None deletes one, as one revision; return it, or the last one when nothing changed.

    ``base`` has the digest each of these files had when the form was opened (None: it was not there). Raises Stale
    when one of them is another one by now, Invalid for a name or a content that no course has.
    """
    missing = set(changes) - set(base)
    if missing:
        raise ValueError(f"base does not say what these were: {sorted(missing)}")
    draft = lock(session, draft)
    have = tree(session, draft)
    after: dict[str, str | None] = {}
    texts: dict[str, bytes] = {}
    for path, content in changes.items():
        if have.get(path) != base[path]:
            raise Stale(path, have.get(path))
        digest, raw = _looked_at(path, content)
        if digest != have.get(path):
            after[path] = digest
            if digest is not None and raw is not None:
                texts[digest] = raw
    if after.get("course.yaml", "") is None:
        raise Invalid(_("There is no course.yaml in this folder; a course starts with it."))
    for _name, raw in sorted(
        texts.items()
    ):  # in one order for everybody: two saves never wait for each other
        put_text(session, raw)
    if not after and draft.head:
        return head(session, draft)
    if len(have) + sum(1 for path in after if path not in have) > MAX_FILES:
        raise Invalid(_("A course has at most %(n)s files.", n=MAX_FILES))
    revision = _joined(session, draft, person, after, what)
    if revision is None:
        revision = _new_revision(session, draft, person, what, note)
        for path, digest in after.items():
            session.add(Change(revision_id=revision.id, path=path, before=have.get(path), after=digest))
    else:
        enqueue(
            session, TIDY, {}, not_before=now() + KEEP_TEXTS, key=TIDY
        )  # the texts between are not needed
        revision.at = now()
        for change in revision.changes:
            change.after = after.get(change.path, change.after)
    _write_tree(session, draft, after)
    draft.changed = now()
    if "course.yaml" in after and after["course.yaml"] is not None:
        _tell(draft, data_of(session, after["course.yaml"], "course.yaml"))
    session.flush()
    session.expire(revision, ["changes"])
    return revision


def save_data(
    session: Session,
    draft: Draft,
    person: Person | None,
    path: str,
    data: Any,
    *,
    base: Mapping[str, str | None],
    what: What,
    note: str = "",
) -> Revision:
    """Write the data of one YAML file, only when it differs: lines and comments of what stayed are kept."""
    return save(
        session, draft, person, {path: text_of(session, draft, path, data)}, base=base, what=what, note=note
    )


@dataclass(frozen=True)
class Saved:
    """What became of a save: the revision, and where somebody else had changed the same part."""

    revision: Revision
    #: True when the change of somebody else was brought together with this one.
    merged: bool = False
    clashes: tuple[Clash, ...] = ()
    #: The mark that keeps what was not taken, when there are clashes.
    kept: Mark | None = None


def save_merged(
    session: Session,
    draft: Draft,
    person: Person | None,
    path: str,
    data: Any,
    *,
    base: str | None,
    what: What,
    note: str = "",
) -> Saved:
    """Write the data of one YAML file that was opened at the digest ``base``, whatever was saved meanwhile.

    Changes of different blocks, items or rows are brought together. A part that both changed stays as it was saved,
    and ``data`` is kept aside as a whole, under a mark, from where it can be taken. Raises Stale when the two cannot
    be compared: the file was deleted, or it was opened in a way that is not known here.
    """
    draft = lock(session, draft)
    digest = digest_of(session, draft, path)
    if digest == base:
        return Saved(save_data(session, draft, person, path, data, base={path: base}, what=what, note=note))
    if digest is None or base is None:
        raise Stale(path, digest)
    try:
        # whoever knows the digest of a text has read it: nothing is shown to a stranger here
        before = data_of(session, base, path)
    except NotFound:
        raise Stale(path, digest) from None
    result = merge(before, data, data_of(session, digest, path))
    revision = save_data(session, draft, person, path, result.data, base={path: digest}, what=what, note=note)
    if not result.clashes:
        return Saved(revision, merged=True)
    kept = Mark(
        draft_id=draft.id, n=revision.n, kind="kept", person_id=None if person is None else person.id, name=path,
        digest=put_text(session, dump(data).encode("utf-8")),
        note="\n".join(".".join(clash.place) for clash in result.clashes),
    )  # fmt: skip
    session.add(kept)
    session.flush()
    return Saved(revision, True, result.clashes, kept)


def save_taken(session: Session, draft: Draft, person: Person, mark: Mark, note: str = "") -> Revision:
    """Put the parts that clashed, as they were kept aside under a mark, into the file as it stands now."""
    draft = lock(session, draft)
    path, digest = mark.name, digest_of(session, draft, mark.name)
    data = taken(session, mark, digest)
    return save_data(session, draft, person, path, data, base={path: digest}, what="restore", note=note)


def taken(session: Session, mark: Mark, digest: str | None) -> Any:
    """Return the data of a file, as it stands under a digest, with the parts that were kept aside put into it."""
    kept = data_of(session, str(mark.digest), mark.name)
    if digest is None:
        return kept
    places = [tuple(place.split(".")) if place else () for place in mark.note.split("\n")]
    return take(data_of(session, digest, mark.name), kept, places)


def opened(session: Session, digest: str, path: str) -> Any:
    """Return the data of a file as it was when a form was opened. Raises Conflict when that is not known."""
    try:
        return data_of(session, digest, path)
    except NotFound:
        raise Stale(path, None) from None


def text_of(session: Session, draft: Draft, path: str, data: Any) -> str:
    """Return the text of a YAML file with this data: the file as it is when it says so already."""
    try:
        text, digest = read_text(session, draft, path)
        before = data_of(session, digest, path)
    except (NotFound, Invalid):
        return dump(data)
    return text if equal(before, data) else rewrite(text, data)


def _looked_at(path: str, content: bytes | str | Stored | None) -> tuple[str | None, bytes | None]:
    """Return the digest of what is to be written, and its bytes when it is a text. Raises Invalid."""
    if content is None:
        return None, None
    if not (is_media(path) if isinstance(content, Stored) else is_text(path)):
        raise Invalid(_("A course has no file of this name: %(name)s", name=path))
    if isinstance(content, Stored):
        return content.digest, None
    raw = content.encode("utf-8") if isinstance(content, str) else content
    if len(raw) > MAX_FILE:
        raise Invalid(_("%(name)s is larger than 4 MB. Split it.", name=path))
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid(_("%(name)s is not UTF-8. Save it as UTF-8.", name=path)) from None
    return hashlib.sha256(raw).hexdigest(), raw


def head(session: Session, draft: Draft) -> Revision:
    """Return the last revision."""
    return session.scalars(
        select(Revision).where(Revision.draft_id == draft.id, Revision.n == draft.head)
    ).one()


def _joined(
    session: Session, draft: Draft, person: Person | None, after: Mapping[str, str | None], what: What
) -> Revision | None:
    """Return the last revision when this autosave goes on with it: nothing was said of that one meanwhile."""
    if what != "autosave" or draft.head == 0 or person is None:
        return None
    last = head(session, draft)
    if (
        last.what != "autosave"
        or last.person_id != person.id
        or now() - last.began > JOIN
        or {change.path for change in last.changes} != set(after)
        or draft.due_revision == last.n
    ):
        return None
    marked = session.scalar(select(Mark.id).where(Mark.draft_id == draft.id, Mark.n == last.n).limit(1))
    return last if marked is None else None


def _new_revision(session: Session, draft: Draft, person: Person | None, what: What, note: str) -> Revision:
    draft.head += 1
    revision = Revision(
        draft_id=draft.id, n=draft.head, person_id=None if person is None else person.id, what=what,
        note=note[:500],
    )  # fmt: skip
    session.add(revision)
    session.flush()
    return revision


def _write_tree(session: Session, draft: Draft, after: Mapping[str, str | None]) -> None:
    gone = [path for path, digest in after.items() if digest is None]
    if gone:
        session.execute(delete(DraftFile).where(DraftFile.draft_id == draft.id, DraftFile.path.in_(gone)))
    rows = [
        {"draft_id": draft.id, "path": path, "digest": digest}
        for path, digest in after.items()
        if digest is not None
    ]
    if rows:
        made = insert_into(session.connection().dialect, DraftFile.__table__)
        session.execute(
            made.on_conflict_do_update(
                index_elements=["draft_id", "path"], set_={"digest": made.excluded.digest}
            ),
            rows,
        )


def _tell(draft: Draft, head: Any) -> None:
    """Keep in the row what course.yaml says. Raises Invalid when it is another course, or none."""
    if not isinstance(head, dict):
        raise Invalid(_("course.yaml must say what the course is, in 'name: value' lines."))
    title = head.get("title")
    if isinstance(title, dict):
        title = next(iter(title.values()), None)
    if isinstance(title, str) and title.strip():
        draft.title = title.strip()[:300]
    slug = head.get("slug")
    # it names files and addresses: what is none stands in course.yaml alone, where the checker says so
    draft.slug = slug if isinstance(slug, str) and SLUG.fullmatch(slug) else "course"
    if isinstance(head.get("kind"), str):
        draft.kind = head["kind"][:20]
    try:
        found = UUID(str(head.get("uuid")))
    except ValueError:
        found = None
    if draft.head > 1 and found != draft.course_uuid:
        raise Invalid(_("A course keeps its id. To begin another course, import it as a new one."))
    if found is None:
        raise Invalid(
            _("course.yaml has no 'uuid' that can be read. A course needs one, made once and never changed.")
        )
    draft.course_uuid = found
