"""What of a draft a person should still say, and a recording put in its place. No Flask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..courses.check import UNWRITTEN
from ..courses.document import Course, Entry, Media, Taught
from ..courses.parts import DialogueBlock, Part, Turn, Unit, VocabularyBlock
from ..courses.sound.needs import Need, needs
from ..courses.sound.sheet import FILE, Sheet
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from . import media_edit, store
from .content import Content, content_of
from .forms.context import ids_in, rows_of, text_at
from .models import Draft
from .paths import unit_path

Data = dict[str, Any]
#: What is listed: without any sound; with a computer's voice or sound of older words; all.
Which = Literal["missing", "computer", "all"]
WHICH: tuple[Which, ...] = ("missing", "computer", "all")
RECORDED = "recorded by "
OWN = "own recording"


@dataclass(frozen=True)
class Wanted:
    """One text to be said."""

    need: Need
    which: Which

    @property
    def clip(self) -> str:
        return self.need.clip

    @property
    def unit(self) -> str:
        """The unit it stands in; "" for a word no unit shows, and for a sound of a question."""
        first = self.need.used[0].split("/") if self.need.used else [""]
        return "" if first[0] in ("entries", "media") else first[0]


def wanted(now: Content, sheet: Sheet, files: Mapping[str, str]) -> list[Wanted]:
    """Return all texts that no person has said as they stand, in the order in which learners meet them.

    It reads a draft as it is: what is unfinished in it is left out, never an error. ``files``: the tree.
    """
    found = []
    for need in needs(_course(now, files), sheet):
        row = need.row
        if need.text.lstrip().startswith(UNWRITTEN):
            continue
        if (
            row is not None
            and row.sha256
            and row.voice == "human"
            and need.state not in ("outdated", "missing")
        ):
            continue
        has_none = row is None or row.sha256 is None
        found.append(Wanted(need, "missing" if has_none else "computer"))
    return found


def _course(now: Content, files: Mapping[str, str]) -> Course:
    """Return as much of a draft as is needed to know its texts; each part stands alone."""
    data = now.data
    media = [{**row, "sha256": files.get(f"media/{text_at(row, 'file')}")} for row in rows_of(data, "media")]
    return Course.model_construct(
        source_language=text_at(data, "source_language") or "en", taught=_one(Taught, data.get("taught")),
        units=tuple(
            Unit.model_construct(id=unit["id"], blocks=tuple(_blocks(unit))) for unit in rows_of(data, "units")
        ),
        entries=tuple(_valid(Entry, rows_of(data, "entries"))), media=tuple(_valid(Media, media)),
    )  # fmt: skip


def _blocks(unit: Data) -> Iterator[Part]:
    """Yield what is said and shown in a unit, line by line: a dialogue that is half written has its lines too."""
    for block in rows_of(unit, "blocks"):
        if block.get("type") == "dialogue":
            turns = tuple(_valid(Turn, rows_of(block, "turns")))
            yield DialogueBlock.model_construct(id=block["id"], type="dialogue", turns=turns)
        elif block.get("type") == "vocabulary":
            entries = tuple(ids_in(block, "entries"))
            yield VocabularyBlock.model_construct(id=block["id"], type="vocabulary", entries=entries)


def _valid(kind: type[Any], rows: Any) -> Iterator[Any]:
    for row in rows:
        found = _one(kind, row)
        if found is not None:
            yield found


def _one(kind: type[Any], row: Any) -> Any:
    try:
        return kind.model_validate(row)
    except ValidationError:
        return None


def sheet_of(session: Session, now: Content) -> Sheet:
    """Return who speaks in a course; an empty sheet while it cannot be read."""
    if FILE not in now.tree:
        return Sheet()
    try:
        return Sheet.model_validate(store.data_of(session, now.tree[FILE], FILE))
    except (Invalid, ValidationError):
        return Sheet()


def list_wanted(session: Session, draft: Draft) -> list[Wanted]:
    now = content_of(session, draft)
    return wanted(now, sheet_of(session, now), store.tree(session, draft))


def shown(found: Sequence[Wanted], which: Which) -> list[Wanted]:
    return [one for one in found if which in ("all", one.which)]


def find(found: Sequence[Wanted], clip: str) -> Wanted:
    """Return one of the list. Raises NotFound: it was recorded meanwhile, or its text is gone."""
    for one in found:
        if one.clip == clip:
            return one
    raise NotFound(_("This is not on the list any more. Go on with the next one."))


def source_of(by: str) -> str:
    """Return what media.yaml says of who spoke: only what was given, and nothing when it was left out."""
    name = " ".join(by.split())[:80]
    return f"{RECORDED}{name}" if name else OWN


def speaker_before(now: Content) -> str:
    """Return who recorded last, to be offered again."""
    for row in reversed(list(rows_of(now.data, "media"))):
        source = text_at(row, "source")
        if row.get("voice") == "human" and source.startswith(RECORDED):
            return source.removeprefix(RECORDED)
    return ""


def place(
    session: Session, draft: Draft, person: Person, one: Wanted, digest: str, *, licence: str, by: str
) -> None:
    """Put a recording in its place, as one revision: its file, its row, and the name at the word or the turn.

    Raises Conflict when the text is another one by now: the recording would say something else.
    """
    store.lock(session, draft)
    now = content_of(session, draft)
    need = one.need
    fresh = next((w for w in list_wanted(session, draft) if w.clip == one.clip), None)
    if fresh is None or fresh.need.text != need.text:
        raise Conflict(_("Somebody else recorded or changed this meanwhile. Go on with the next one."))
    changes = _row_changes(session, draft, now, one, digest, licence, source_of(by))
    if need.kind == "word":
        path, entry = now.row("entries", need.part_id)
        if entry.get("audio") != one.clip:
            rows = store.data_of(session, now.tree[path], path)
            new = [
                {**row, "audio": one.clip} if isinstance(row, dict) and row.get("id") == need.part_id else row
                for row in rows
            ]
            changes[path] = store.text_of(session, draft, path, new)
    elif need.kind == "turn":
        unit_id, block_id, turn_id = need.used[0].split("/")
        path = unit_path(unit_id)
        unit = store.data_of(session, now.tree[path], path)
        if _link_turn(unit, block_id, turn_id, one.clip):
            changes[path] = store.text_of(session, draft, path, unit)
    media_edit.save(session, draft, person, changes, note=_("Recorded: %(text)s", text=need.text[:80]))


def _link_turn(unit: Any, block_id: str, turn_id: str, clip: str) -> bool:
    for block in rows_of(unit, "blocks"):
        for turn in rows_of(block, "turns") if block["id"] == block_id else ():
            if turn["id"] == turn_id and turn.get("audio") != clip:
                turn["audio"] = clip
                return True
    return False


def _row_changes(
    session: Session, draft: Draft, now: Content, one: Wanted, digest: str, licence: str, source: str
) -> dict[str, bytes | str | store.Stored | None]:
    need = one.need
    about = {"licence": licence, "source": source, "voice": "human"}
    said: Any = {need.language: need.text}
    before = next((row for row in rows_of(now.data, "media") if row["id"] == one.clip), None)
    if before is None:
        path, file = media_edit.home_of(now), f"{one.clip}.ogg"
        row: Data = {"id": one.clip, "file": file, "kind": "audio", "transcript": said, **about}
        rows = [*media_edit.rows_at(session, now, path), row]
    else:
        path, _row = now.row("media", one.clip)
        file = text_at(before, "file")
        if not file.endswith((".ogg", ".opus")):
            file = f"{one.clip}.ogg"
        if isinstance(before.get("transcript"), str):
            said = need.text  # a text of the source language, which is translated
        row = {key: value for key, value in before.items() if key != "recipe"}
        row |= {"file": file, "transcript": said, **about}
        rows = [row if isinstance(r, dict) and r.get("id") == one.clip else r
                for r in media_edit.rows_at(session, now, path)]  # fmt: skip
    return {f"media/{file}": store.Stored(digest), path: store.text_of(session, draft, path, rows)}
