"""Make the sound a course lacks, clip by clip: the file, its row in media.yaml, the reference to it.

Every clip is whole before the next one is begun, so the work can be stopped and run again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ...kernel.errors import Conflict, Invalid
from ..check import Checked
from ..document import Course
from ..files import FolderFiles
from ..source import Loc
from .clip import PCM, BadSound, Clip, finish, read_sound
from .editing import append_row, list_indent, quoted, scalar, set_fields, write_atomically
from .needs import Need, Voice, needs
from .sheet import FILE, Sheet
from .voices import Provider

RECORDINGS = (".wav", ".flac", ".ogg", ".opus", ".m4a", ".mp3", ".webm")


@dataclass(frozen=True)
class Recordings:
    """A folder of recordings named by clip, by one speaker, with the licence they were given under."""

    folder: Path
    speaker: str
    licence: str | None = None

    def find(self, clip: str) -> Path | None:
        for suffix in RECORDINGS:
            file = self.folder / f"{clip}{suffix}"
            if file.is_file():
                return file
        return None


@dataclass(frozen=True)
class Tools:
    """What sound is made with: recordings first, then the voices in their order."""

    recordings: Recordings | None = None
    voices: Sequence[Provider] = ()

    def voice_for(self, language: str) -> Provider | None:
        return next((v for v in self.voices if v.languages is None or language in v.languages), None)


@dataclass(frozen=True)
class Task:
    """One clip to make: who says it, and the fields its row gets; without ``speak`` it is only linked."""

    need: Need
    by: str = "link"
    speak: Callable[[], PCM] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Plan:
    folder: Path
    course: Course
    sheet: Sheet
    all: list[Need]
    tasks: list[Task] = field(default_factory=list)
    #: What nobody can say here, and what a person has to record again, with the reason.
    left: list[tuple[Need, str]] = field(default_factory=list)
    silent: int = 0


def course_of(checked: Checked) -> tuple[Course, Sheet]:
    """Return the document and the sheet. Raises Invalid for errors of other kinds than missing sound."""
    sheet = checked.sheet or Sheet()
    wanted = {need.clip for need in needs(checked.document, sheet)} if checked.document else set()
    files = {row.file for row in checked.document.media if row.kind == "audio"} if checked.document else set()
    waiting = {no_media(clip) for clip in wanted} | {no_file(file) for file in files}
    errors = [
        f for f in checked.errors if f.message not in waiting and not f.file.startswith("translations/")
    ]
    if errors or checked.document is None:
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        raise Invalid(f"The course has errors; mend them first: {errors[0] if errors else ''}{more}")
    return checked.document, sheet


def folder_of(checked: Checked) -> Path:
    """Return the folder a course was read from: clips are written into one."""
    if not isinstance(checked.files, FolderFiles):
        raise TypeError("sound is built for a folder")
    return checked.files.path


def no_media(clip: str) -> str:
    return f"There is no media '{clip}' in media.yaml."


def no_file(name: str) -> str:
    return f"There is no file media/{name}."


def plan(checked: Checked, tools: Tools, *, only: str = "", again: bool = False) -> Plan:
    """Find what is to be done. ``only``: a part of a clip's name or of where it is used; ``again``: what is fine too.

    Raises Invalid for speakers and listening clips of which nobody said who speaks.
    """
    course, sheet = course_of(checked)
    made = Plan(folder_of(checked), course, sheet, needs(course, sheet))
    for need in made.all:
        if is_meant(need, only):
            _decide(made, need, tools, again)
    _refuse_strangers(made)
    return made


def is_meant(need: Need, only: str) -> bool:
    """Tell whether ``only`` (nothing means all) is in a clip's name or in a place where it is used."""
    return not only or only in need.clip or any(only in used for used in need.used)


def _decide(made: Plan, need: Need, tools: Tools, again: bool) -> None:
    recording = _new_recording(need, tools)
    is_human = need.row is not None and need.row.voice == "human"
    if recording is not None:
        made.tasks.append(_recorded(need, tools, recording))
    elif need.state == "unlinked":
        made.tasks.append(Task(need))
    elif need.state == "outdated":
        made.left.append((need, "a person recorded an older text; record it again"))
    elif need.state == "fine" and (is_human or not again):
        pass
    elif made.sheet.is_silent(need.clip):
        made.silent += 1
    elif provider := tools.voice_for(need.language):
        if need.state != "draft" or provider.name != "espeak-ng" or again:
            made.tasks.append(_spoken(need, provider))
    elif tools.voices and need.state != "draft":
        made.left.append((need, f"no voice here speaks '{need.language}'"))


def _recorded(need: Need, tools: Tools, file: Path) -> Task:
    given = tools.recordings
    fields = {"voice": "human", "recipe": quoted(_digest(file))}
    if given is not None:
        fields["source"] = quoted(given.speaker)
        if given.licence:
            fields["licence"] = scalar(given.licence)
    return Task(need, "files", lambda: read_sound(file), fields)


def _spoken(need: Need, provider: Provider) -> Task:
    voice = need.voice or Voice("female")  # a need without a voice is refused before anybody speaks
    fields = {
        "source": quoted(provider.source(need.language, voice)), "voice": "synthetic",
        "recipe": quoted(need.recipe or ""),
    }  # fmt: skip
    return Task(need, provider.name, lambda: provider.say(need.say, need.language, voice), fields)


def _new_recording(need: Need, tools: Tools) -> Path | None:
    file = tools.recordings.find(need.clip) if tools.recordings else None
    if file is None:
        return None
    row = need.row
    is_known = row is not None and row.sha256 and row.voice == "human" and row.recipe == _digest(file)
    return None if is_known else file


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _refuse_strangers(made: Plan) -> None:
    spoken = [task.need for task in made.tasks if task.by not in ("link", "files")]
    unknown = dict.fromkeys(name for need in spoken for name in need.unknown)
    if unknown:
        names = ", ".join(unknown)
        raise Invalid(
            f"{FILE} does not say who these speakers are: {names}. "
            f"Add each under 'speakers', for example {next(iter(unknown))}: {{voice: female}}."
        )
    voiceless = [need.clip for need in spoken if need.voice is None]
    if voiceless:
        raise Invalid(
            f"Nobody said who speaks these clips: {', '.join(voiceless)}. "
            "Write female or male in the 'source' of their rows in media.yaml."
        )


@dataclass
class Done:
    """What became of one task: the clip, or the reason why there is none."""

    task: Task
    clip: Clip | None = None
    why: str = ""


def build(
    checked: Checked,
    made: Plan,
    *,
    jobs: int = 1,
    advance: Callable[[int], None] = lambda _: None,
) -> Iterator[Done]:
    """Make the clips of a plan, ``jobs`` at a time, and yield each when it stands in the folder."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        waiting: list[tuple[Task, Future[Clip]]] = []
        try:
            waiting = [(task, pool.submit(_sound, task)) for task in made.tasks]
            for task, future in waiting:
                try:
                    clip = future.result() if task.speak else None
                    _place(checked, made, task, clip)
                    yield Done(task, clip)
                except (BadSound, ValueError) as error:
                    yield Done(task, why=str(error))
                advance(1)
        finally:
            for _, future in waiting:
                future.cancel()


def _sound(task: Task) -> Clip:
    if task.speak is None:
        raise BadSound("nobody says it")
    need = task.need
    return finish(task.speak(), need.text if task.by == "files" else need.say)


def _place(checked: Checked, made: Plan, task: Task, clip: Clip | None) -> None:
    need, row = task.need, task.need.row
    if clip is not None:
        name = row.file if row else f"{need.clip}.ogg"
        if not name.endswith((".ogg", ".opus")):
            raise BadSound(f"its row in media.yaml names {name}; a clip is an .ogg file")
        if row is None:
            list_indent(made.folder / "media.yaml")  # before anything is written
        write_atomically(made.folder / "media" / name, clip.content)
        fields = {"transcript": _words(need), **task.fields}
        if row is None:
            licence = scalar(made.sheet.licence or made.course.licence)
            about = {"id": need.clip, "file": name, "kind": "audio", "transcript": fields.pop("transcript")}
            append_row(made.folder / "media.yaml", {**about, "licence": licence, **fields})
        else:
            place = ("media", [media.id for media in made.course.media].index(row.id))
            _set(checked, place, row.id, fields)
    if need.kind != "listening":
        _set(checked, need.place, need.part_id, {"audio": need.clip})


def _words(need: Need) -> str:
    row = need.row
    if row is not None and row.transcript is not None and row.transcript.lang is None:
        return quoted(need.text)  # a text of the source language, which is translated
    return f"{{{need.language}: {quoted(need.text)}}}"


def _set(checked: Checked, place: Loc, name: str, fields: dict[str, str]) -> None:
    if checked.source is None:
        raise TypeError("a check of a folder keeps where its parts stand")
    file, inside = checked.source.locate(place)
    try:
        set_fields(folder_of(checked) / file, inside, fields, expected_id=name)
    except LookupError as error:
        raise Conflict(f"{file} was changed while this ran. Run it again.") from error
