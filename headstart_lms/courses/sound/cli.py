"""headstart audio build | listen"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...kernel.clock import today
from ...kernel.commands import Commands, print_json, print_table, progress
from ...kernel.errors import Invalid
from ..check import Checked, check_folder
from . import build as building
from . import listen as listening
from . import needs, queue
from .build import Plan, Recordings, Tools
from .sheet import Sheet
from .voices import Espeak, Kokoro, Piper, Provider

#: In the order in which they are asked (people first, a robot last).
NAMES = ("files", "record", "piper", "kokoro", "espeak-ng")

_folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(cls=Commands)
def audio() -> None:
    """Give courses sound, and hear whether it can be understood."""


@audio.command()
@click.argument("folder", type=_folder)
@click.option(
    "--provider", "names", multiple=True, type=click.Choice(NAMES), help="Only this; may be repeated."
)
@click.option("--recordings", type=_folder, help="A folder of recordings named by clip: clip-w-pane.wav.")
@click.option("--recorded-by", help="Who speaks in them, as the course should say it.")
@click.option("--recording-licence", help="Their licence. Default: that of the course.")
@click.option("--queue", "list_file", type=click.Path(dir_okay=False, path_type=Path),
              help="Write or refresh the list 'record this': .csv or .json.")  # fmt: skip
@click.option("--kokoro", type=_folder, help="The folder of the Kokoro model.")
@click.option("--piper", type=_folder, help="The folder of your Piper voices.")
@click.option("--only", default="", help="Only clips with this in their name, unit, block or entry.")
@click.option("--again", is_flag=True, help="Make clips anew that are there; never a person's recording.")
@click.option("--draft", is_flag=True, help="Allow espeak-ng, a robot: to try a course, not to publish it.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1, 32), help="Clips made at once.")
@click.option("--dry-run", is_flag=True, help="Only say what would be made.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def build(ctx: click.Context, /, folder: Path, names: tuple[str, ...], only: str, again: bool, draft: bool,
          jobs: int, dry_run: bool, as_json: bool, list_file: Path | None, **given: Any) -> None:  # fmt: skip
    """Make the clips a course lacks, and those whose text or voice changed. May be stopped and run again."""
    checked = check_folder(folder, ctx.meta["headstart.item_types"](), on=today())
    building.course_of(checked)
    if "record" in names and list_file is None:
        raise click.UsageError("record needs --queue FILE.")
    tools = _tools(checked.sheet or Sheet(), names, draft, given)
    if not (tools.voices or tools.recordings or list_file or dry_run):
        raise Invalid(
            "Nothing here can speak. Name --kokoro, --piper, --recordings or --queue (docs/sound.md)."
        )
    plan = building.plan(checked, tools, only=only, again=again)
    if dry_run:
        _say_plan(plan, as_json)
        return
    report = _run(plan, checked, jobs, as_json)
    if list_file is not None:
        after = check_folder(folder, ctx.meta["headstart.item_types"](), on=today())
        rows = queue.rows(needs.needs(*building.course_of(after)), plan.sheet)
        queue.write(list_file, rows)
        report["to_record"] = len(rows)
    _say(report, as_json)
    if report["failed"] or (report["left"] and list_file is None):
        ctx.exit(1)


def _tools(sheet: Sheet, names: tuple[str, ...], draft: bool, given: dict[str, Any]) -> Tools:
    """Choose who speaks: those named, else all for whom something was given. Raises Invalid when one named cannot."""
    if "espeak-ng" in names and not draft:
        raise Invalid(
            "espeak-ng is a robot and no model of pronunciation. Add --draft to try a course with it."
        )
    recordings = None
    if given["recordings"] and (not names or "files" in names):
        if not given["recorded_by"]:
            raise click.UsageError(
                "--recordings needs --recorded-by: who speaks, as the course should say it."
            )
        recordings = Recordings(given["recordings"], given["recorded_by"], given["recording_licence"])
    elif "files" in names:
        raise click.UsageError("files needs --recordings FOLDER.")
    every: list[Provider] = [
        Piper(given["piper"], sheet.voices.get("piper")),
        Kokoro(given["kokoro"], sheet.voices.get("kokoro")),
        Espeak(sheet.voices.get("espeak-ng")),
    ]
    wanted = [
        v
        for v in every
        if (v.name in names if names else given.get(v.name) or (draft and v.name == "espeak-ng"))
    ]
    for voice in wanted:
        if lack := voice.missing():
            raise Invalid(f"{voice.name} cannot be used: {lack}.")
    return Tools(recordings, wanted)


def _run(plan: Plan, checked: Checked, jobs: int, quiet: bool) -> dict[str, Any]:
    made, failed, linked = [], [], 0
    with progress("Making sound", len(plan.tasks), quiet=quiet) as advance:
        for done in building.build(checked, plan, jobs=jobs, advance=advance):
            need = done.task.need
            if done.why:
                failed.append({"clip": need.clip, "text": need.text, "why": done.why})
            elif done.clip is None:
                linked += 1
            else:
                made.append({"clip": need.clip, "kind": need.kind, "text": need.text, "by": done.task.by,
                             "seconds": round(done.clip.seconds, 2), "bytes": len(done.clip.content),
                             "kbit": done.clip.kbit})  # fmt: skip
    return {
        "folder": plan.folder.name, "made": made, "linked": linked, "failed": failed, "silent": plan.silent,
        "left": [{"clip": need.clip, "text": need.text, "why": why} for need, why in plan.left],
    }  # fmt: skip


def _say(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    for row in report["failed"]:
        click.echo(f"{row['clip']}: not made, {row['why']}", err=True)
    for why in dict.fromkeys(row["why"] for row in report["left"]):
        names = [row["clip"] for row in report["left"] if row["why"] == why]
        click.echo(
            f"{len(names)} clips left, {why}: {', '.join(names[:5])}{' ...' if len(names) > 5 else ''}",
            err=True,
        )
    size, seconds = (sum(row[key] for row in report["made"]) for key in ("bytes", "seconds"))
    click.echo(
        f"{report['folder']}: {len(report['made'])} clips made ({seconds:.0f} s, {size / 1000:.0f} kB), "
        f"{report['linked']} linked, {len(report['failed'])} failed, {len(report['left'])} left, "
        f"{report['silent']} silent"
    )
    if "to_record" in report:
        click.echo(f"{report['to_record']} clips to record")


def _say_plan(plan: Plan, as_json: bool) -> None:
    rows = [
        {"clip": t.need.clip, "kind": t.need.kind, "state": t.need.state, "by": t.by, "speaker": t.need.speaker,
         "voice": f"{t.need.voice.sex}{t.need.voice.pitch:+d}" if t.need.voice else "", "say": t.need.say}
        for t in plan.tasks
    ]  # fmt: skip
    rows += [
        {"clip": need.clip, "kind": need.kind, "state": need.state, "by": "-", "speaker": need.speaker,
         "voice": "", "say": why}
        for need, why in plan.left
    ]  # fmt: skip
    if as_json:
        print_json(rows)
    elif rows:
        print_table(rows, ["clip", "kind", "state", "by", "speaker", "voice", "say"])
    else:
        click.echo("nothing to make")


@audio.command()
@click.argument("folder", type=_folder)
@click.option("--whisper", type=_folder, required=True, help="The folder of the model.")
@click.option("--only", default="", help="Only clips with this in their name, unit, block or entry.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path),
              help="Keep here what was heard; a second run hears only what is new.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def listen(
    ctx: click.Context, folder: Path, whisper: Path, only: str, report: Path | None, as_json: bool
) -> None:
    """Hear the clips of a course with a speech recogniser: wrong letters by kind, and the doubtful clips."""
    checked = check_folder(folder, ctx.meta["headstart.item_types"](), on=today())
    found = needs.needs(*building.course_of(checked))
    there = [
        need for need in found if need.row is not None and need.row.sha256 and building.is_meant(need, only)
    ]
    known = listening.read_report(report) if report else {}
    heard = []
    try:
        with progress("Listening", len(there), quiet=as_json) as advance:
            for one in listening.listen(folder, there, listening.Whisper(whisper), known, advance):
                heard.append(one)
    finally:
        if report is not None and heard:
            fresh = {one.sha256 for one in heard}
            kept = (
                [one for key, one in known.items() if key not in fresh]
                if len(heard) < len(there) or only
                else []
            )
            listening.write_report(report, [*kept, *heard])
    if as_json:
        print_json({"kinds": listening.summary(heard), "doubtful": listening.doubtful(heard)})
        return
    print_table(listening.summary(heard), ["kind", "clips", "seconds", "wrong_letters", "without_fault"])
    for row in listening.doubtful(heard):
        click.echo(f"{row['clip']}: '{row['text']}' was heard as '{row['heard']}' ({row['wrong']} % wrong)")
