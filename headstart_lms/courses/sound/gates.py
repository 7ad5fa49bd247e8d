"""What `course check` says about sound and weight: each gate one warning with its figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..document import Course
from ..parts import DialogueBlock, ItemBase, PictureBlock, RecordingBlock, ScenarioBlock, Unit
from ..source import Finding, Folder
from .needs import Need, cast_of, needs, taught_language
from .sheet import FILE, Sheet

#: What a phone loads for one unit, and all media of a course, in bytes (issue 5: 300 kB and 25 MB).
UNIT, COURSE = 300_000, 25_000_000


def sound_gates(folder: Folder, course: Course, sheet: Sheet | None) -> Iterator[Finding]:
    """Yield what is doubtful about the sound of a course and about its weight."""
    known = sheet or Sheet()
    found = needs(course, known)
    yield from _lacking(course, sheet, found)
    yield from _stale(folder, found)
    if sheet is not None:
        yield from _sheet(course, sheet, found)
    yield from _weight(folder, course)


def _lacking(course: Course, sheet: Sheet | None, found: list[Need]) -> Iterator[Finding]:
    """A language has sound when somebody began to give it: a sheet, or one clip."""
    asked = [need for need in found if need.kind != "listening"]
    if sheet is None and not any(need.row for need in asked):
        return
    known = sheet or Sheet()
    lacking = [need for need in asked if need.state == "missing" and not known.is_silent(need.clip)]
    words = sum(1 for need in lacking if need.kind == "word")
    if lacking:
        yield Finding(
            "warning", FILE if sheet else "course.yaml", 0, "",
            f"{words} words and {len(lacking) - words} turns have no sound; run 'headstart audio build', "
            f"or name them in {FILE} under 'silent'.",
        )  # fmt: skip
    drafts = sum(1 for need in found if need.state == "draft")
    if drafts:
        yield Finding(
            "warning", "media.yaml", 0, "",
            f"{drafts} clips are drafts in a robot's voice; make or record them before you publish.",
        )  # fmt: skip


def _stale(folder: Folder, found: list[Need]) -> Iterator[Finding]:
    for need in found:
        if need.state == "outdated" or (need.state == "changed" and need.row and need.row.recipe is None):
            yield folder.finding(
                "warning", (*need.place, "audio"), f"'{need.clip}' says another text than this."
            )
        elif need.state == "changed":
            yield folder.finding(
                "warning", (*need.place, "audio"),
                f"'{need.clip}' was made for another text or voice; run 'headstart audio build'.",
            )  # fmt: skip


def _sheet(course: Course, sheet: Sheet, found: list[Need]) -> Iterator[Finding]:
    strangers: dict[str, None] = {}
    scenes = {}
    language = taught_language(course, sheet)
    for unit in course.units:
        for block in unit.blocks:
            if isinstance(block, DialogueBlock):
                names = [turn.speaker for turn in block.turns]
                scenes[block.id] = set(names)
                spoken = [need for need in found if need.kind == "turn" and f"/{block.id}/" in need.used[0]]
                if language and spoken:
                    strangers |= dict.fromkeys(cast_of(sheet, block.id, [n.speaker for n in spoken])[1])
    if strangers:
        yield Finding(
            "warning", FILE, 0, "speakers", f"It does not say who these are: {', '.join(strangers)}."
        )
    for scene, cast in sheet.scenes.items():
        for name in cast:
            if name not in scenes.get(scene, ()):
                yield Finding("warning", FILE, 0, f"scenes.{scene}", f"'{name}' does not speak there.")
    clips = {need.clip for need in found}
    named = [("clips", clip) for clip in sheet.clips]
    named += [("silent", clip) for clip in sheet.silent] if sheet.silent != "all" else []
    for where, clip in named:
        if clip not in clips:
            yield Finding("warning", FILE, 0, where, f"There is no clip '{clip}' in this course.")


def _weight(folder: Folder, course: Course) -> Iterator[Finding]:
    sizes = {row.id: _size(folder.path / "media" / row.file) for row in course.media}
    whole = sum(sizes.values())
    if whole > COURSE:
        yield Finding(
            "warning", "media.yaml", 0, "",
            f"The media of the course have {whole / 1e6:.1f} MB, more than {COURSE / 1e6:.0f}; make them smaller.",
        )  # fmt: skip
    entries = {entry.id: (entry.picture, entry.audio) for entry in course.entries}
    for n, unit in enumerate(course.units):
        names = {name for name in _media_of(unit, entries) if name in sizes}
        size = sum(sizes[name] for name in names) + len(unit.model_dump_json(exclude_defaults=True).encode())
        if size > UNIT:
            yield folder.finding(
                "warning", ("units", n),
                f"The unit has {size / 1000:.0f} kB with its pictures and sound, more than {UNIT // 1000}; split it.",
            )  # fmt: skip


def _media_of(unit: Unit, entries: dict[str, tuple[str | None, str | None]]) -> Iterator[str | None]:
    for item in unit.items:
        yield from item.media_ids() if isinstance(item, ItemBase) else ()
    for block in unit.blocks:
        if isinstance(block, PictureBlock | RecordingBlock):
            yield block.media
        elif isinstance(block, ScenarioBlock):
            yield block.picture
        elif isinstance(block, DialogueBlock):
            yield from (turn.audio for turn in block.turns)
        for entry in getattr(block, "entries", ()):
            yield from entries.get(entry, ())


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0
