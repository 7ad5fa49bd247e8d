"""What of a course should have sound, how each clip is said, and in what state it is. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..document import Course, Entry, Media
from ..parts import DialogueBlock, Turn
from ..source import Loc
from ..words import Words
from .sheet import Saying, Sex, Sheet, Speaker

Kind = Literal["word", "turn", "listening"]
#: ``fine``; ``missing``: no file or no row; ``unlinked``: only the reference is missing; ``changed``: made for another
#: text or another voice; ``draft``: a robot's voice; ``outdated``: a person recorded another text.
State = Literal["fine", "missing", "unlinked", "changed", "draft", "outdated"]

#: The second person of one sex in a dialogue, in per cent; the third goes the other way. So far a listener still
#: hears the same person kind, and a recogniser no more wrong letters (docs/sound.md).
OTHER_PITCH: Mapping[Sex, tuple[int, ...]] = {"female": (0, -10, 9), "male": (0, 9, -10)}

DRAFT = "espeak-ng"
LONGEST_ID = 40


@dataclass(frozen=True)
class Voice:
    """How a clip is said; ``pitch`` in per cent, ``speed`` as a factor, ``phonemes`` in IPA instead of the text."""

    sex: Sex
    pitch: int = 0
    speed: float = 0.9
    phonemes: str | None = None


@dataclass(frozen=True)
class Need:
    """One clip a course should have: ``text`` is what stands in the course, ``say`` what is read aloud."""

    clip: str
    kind: Kind
    text: str
    say: str
    language: str
    voice: Voice | None
    state: State
    speaker: str = ""
    #: Where it is used, for people: the unit and the block, or the entry.
    used: tuple[str, ...] = ()
    #: The place in the document that should name the clip; () for a row of media.yaml itself.
    place: Loc = ()
    #: The id of the entry, turn or row that stands there.
    part_id: str = ""
    row: Media | None = None
    #: Speakers of this dialogue of whom the sheet says nothing.
    unknown: tuple[str, ...] = field(default=(), compare=False)

    @property
    def recipe(self) -> str | None:
        """A short hash of everything that shapes the sound; None while it is not known who speaks."""
        return recipe(self.say, self.language, self.voice) if self.voice else None


def recipe(say: str, language: str, voice: Voice) -> str:
    """Return 12 hex digits of the SHA-256 over what is said and how."""
    parts = [language, say, voice.phonemes, voice.sex, voice.pitch, voice.speed]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:12]


def clip_id(name: str) -> str:
    """Return ``clip-<name>``, cut to the 40 characters an id may have; a cut one ends with a hash of the whole."""
    whole = f"clip-{name}"
    if len(whole) <= LONGEST_ID:
        return whole
    return f"{whole[: LONGEST_ID - 7].rstrip('-')}-{hashlib.sha256(whole.encode()).hexdigest()[:6]}"


def taught_language(course: Course, sheet: Sheet) -> str | None:
    return sheet.language or (course.taught.language if course.taught else None)


def is_same_language(one: str | None, other: str | None) -> bool:
    """Tell whether two tags name one language: ``de`` and ``de-AT`` do."""
    return one is not None and other is not None and one.split("-")[0] == other.split("-")[0]


def needs(course: Course, sheet: Sheet) -> list[Need]:
    """Return all clips of a course in the order in which a learner meets them, then listening clips."""
    language = taught_language(course, sheet)
    media = {row.id: row for row in course.media}
    found: list[Need] = []
    if language is not None:
        found += _turns(course, sheet, language, media)
        found += _words(course, sheet, language, media)
    taken = {need.clip for need in found}
    for index, row in enumerate(course.media):
        if row.kind == "audio" and row.id not in taken and row.transcript is not None:
            found.append(_listening(course, sheet, index, row, row.transcript))
    return found


def _turns(course: Course, sheet: Sheet, language: str, media: Mapping[str, Media]) -> Iterator[Need]:
    for u, unit in enumerate(course.units):
        for b, block in enumerate(unit.blocks):
            if not isinstance(block, DialogueBlock):
                continue
            spoken = [(t, turn) for t, turn in enumerate(block.turns)
                      if is_same_language(turn.text.lang, language)]  # fmt: skip
            cast, unknown = cast_of(sheet, block.id, [turn.speaker for _, turn in spoken])
            for t, turn in spoken:
                clip = turn.audio or clip_id(f"{block.id}-{turn.id}")
                yield _need(
                    course, sheet, clip, "turn", turn, turn.text.text, language, media,
                    voice=cast.get(turn.speaker), speaker=turn.speaker, unknown=unknown,
                    used=(f"{unit.id}/{block.id}/{turn.id}",),
                    place=("units", u, "blocks", b, "turns", t),
                )  # fmt: skip


def cast_of(sheet: Sheet, scene: str, names: Sequence[str]) -> tuple[dict[str, Speaker], tuple[str, ...]]:
    """Give every speaker of a dialogue a voice of her own, in order of appearance; and name those nobody knows.

    Who has a pitch in the sheet keeps it. The others of one sex take the first pitch that is free.
    """
    order = list(dict.fromkeys(names))
    known = {name: found for name in order if (found := sheet.speaker(scene, name)) is not None}
    taken = {(s.voice, s.pitch) for s in known.values() if s.pitch is not None}
    cast: dict[str, Speaker] = {}
    for name, speaker in known.items():
        pitch = speaker.pitch
        if pitch is None:
            ways = OTHER_PITCH[speaker.voice]
            pitch = next((way for way in ways if (speaker.voice, way) not in taken), ways[-1])
            taken.add((speaker.voice, pitch))
        cast[name] = Speaker(voice=speaker.voice, pitch=pitch)
    return cast, tuple(name for name in order if name not in known)


def _words(course: Course, sheet: Sheet, language: str, media: Mapping[str, Media]) -> Iterator[Need]:
    shown: dict[str, str] = {}
    for unit in course.units:
        for block in unit.blocks:
            for entry_id in getattr(block, "entries", ()):
                shown.setdefault(entry_id, unit.id)
    for n, entry in enumerate(course.entries):
        clip = entry.audio or clip_id(f"w-{entry.id}")
        # both voices in turn, and the same one for a word wherever it stands in the file
        sex: Sex = "female" if hashlib.sha256(entry.id.encode()).digest()[0] % 2 else "male"
        used = tuple(name for name in (shown.get(entry.id), f"entries/{entry.id}") if name)
        yield _need(
            course, sheet, clip, "word", entry, entry.headword, language, media,
            voice=Speaker(voice=sex), used=("/".join(used),), place=("entries", n),
        )  # fmt: skip


def _need(
    course: Course,
    sheet: Sheet,
    clip: str,
    kind: Kind,
    part: Entry | Turn,
    text: str,
    language: str,
    media: Mapping[str, Media],
    *,
    voice: Speaker | None,
    used: tuple[str, ...],
    place: Loc,
    speaker: str = "",
    unknown: tuple[str, ...] = (),
) -> Need:
    wish = sheet.clips.get(clip, Saying())
    row = media.get(clip)
    need = Need(
        clip, kind, text, _aloud(sheet, wish, kind, text), language, _voice(sheet, wish, voice), "fine",
        speaker, used, place, part.id, row, () if wish.voice else unknown,
    )  # fmt: skip
    return _stated(need, is_linked=part.audio is not None)


def _voice(sheet: Sheet, wish: Saying, speaker: Speaker | None) -> Voice | None:
    sex = wish.voice or (speaker.voice if speaker else None)
    if sex is None:
        return None
    pitch = wish.pitch if wish.pitch is not None else (speaker.pitch if speaker else None)
    return Voice(sex, pitch or 0, wish.speed or sheet.speed, wish.phonemes)


def _aloud(sheet: Sheet, wish: Saying, kind: Kind, text: str) -> str:
    """Return the text as it is read: names as they sound, and a word as a sentence, which gives it its melody."""
    if wish.say is not None:
        return wish.say
    text = " ".join(text.split())
    if sheet.names:
        names = "|".join(re.escape(name) for name in sorted(sheet.names, key=len, reverse=True))
        text = re.sub(rf"(?<!\w)(?:{names})(?!\w)", lambda found: sheet.names[found[0]], text)
    if kind == "word":
        text = text[0].upper() + text[1:]
        text += "" if text.endswith((".", "?", "!", "…")) else "."
    return text


def _stated(need: Need, *, is_linked: bool) -> Need:
    """Return the need with its state, as the row of media.yaml has it."""
    row = need.row
    state: State = "fine"
    if row is None or row.sha256 is None or row.transcript is None:
        state = "missing"
    elif not is_same_text(row.transcript.text, need.text):
        state = "outdated" if row.voice == "human" else "changed"
    elif row.voice != "human" and row.recipe and need.voice and row.recipe != need.recipe:
        state = "changed"
    elif not is_linked:
        state = "unlinked"
    elif row.voice != "human" and row.source.startswith(DRAFT):
        state = "draft"
    return replace(need, state=state)


def is_same_text(one: str, other: str) -> bool:
    return " ".join(one.split()) == " ".join(other.split())


#: Names of Kokoro's voices say language and sex in their first letters: if_sara, im_nicola.
_SEX = re.compile(r"\b(?:[a-z](?P<letter>[fm])_[a-z]+|(?P<word>female|woman|male|man))\b", re.IGNORECASE)


def voice_in(source: str) -> Speaker | None:
    """Read from the ``source`` of a row which voice its writer asks for; None when it names none."""
    match = _SEX.search(source)
    if match is None:
        return None
    said = (match["letter"] or match["word"]).lower()
    sex: Sex = "female" if said in ("f", "female", "woman") else "male"
    lower, higher = "made lower" in source, "made higher" in source
    return Speaker(voice=sex, pitch=-10 if lower else 9 if higher else 0)


def _listening(course: Course, sheet: Sheet, index: int, row: Media, words: Words) -> Need:
    wish = sheet.clips.get(row.id, Saying())
    language, text = words.lang or course.source_language, words.text
    need = Need(
        row.id, "listening", text, _aloud(sheet, wish, "listening", text), language,
        _voice(sheet, wish, voice_in(row.source)), "fine", used=(f"media/{row.id}",),
        place=("media", index), part_id=row.id, row=row,
    )  # fmt: skip
    return _stated(need, is_linked=True)
