"""headstart course move"""

from __future__ import annotations

from collections import Counter

import click
from flask import current_app
from sqlalchemy import select

from ..cohorts.models import Enrolment
from ..courses.cli import course
from ..courses.library import digest_of, get_course
from ..kernel.commands import print_json, progress, with_app
from ..kernel.db import session, transaction
from ..kernel.errors import Conflict
from . import moving
from .services import House


@course.command()
@click.argument("slug")
@click.option("--to", type=click.IntRange(1), help="The edition. Default: the newest.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--json", "as_json", is_flag=True)
@with_app
def move(slug: str, to: int | None, dry_run: bool, as_json: bool) -> None:
    """Move learners to a newer edition. What they did stays where the ids are the same; who has finished stays.

    May be stopped and run again: each learner is moved on her own. Who is in a test is left for the next run.
    """
    house = House.of(current_app.extensions["headstart"])
    row = get_course(session(), slug)
    edition = to or moving.newest_edition(session(), house, row)
    digest_of(session(), row.id, edition)  # refuses an edition that is not there before anybody is moved
    waiting = moving.open_enrolments(session(), row, edition)
    session().rollback()
    counts: Counter[str] = Counter(moved=0, finished=0, in_a_test=0, new_units=0)
    with progress("Moving", len(waiting), quiet=as_json) as advance:
        for enrolment_id in waiting:
            counts.update(_move_one(house, enrolment_id, edition, dry_run=dry_run))
            advance(1)
    if as_json:
        print_json({"course": slug, "edition": edition, "dry_run": dry_run, **counts})
    else:
        word = "would move" if dry_run else "moved"
        click.echo(
            f"{slug} edition {edition}: {word} {counts['moved']}, left {counts['finished']} who have finished and "
            f"{counts['in_a_test']} in a test; {counts['new_units']} of those moved have units to do again or anew"
        )


def _move_one(house: House, enrolment_id: int, edition: int, *, dry_run: bool) -> dict[str, int]:
    with transaction() as current:
        enrolment = current.scalar(select(Enrolment).where(Enrolment.id == enrolment_id).with_for_update())
        if enrolment is None or enrolment.closed is not None:
            return {}  # erased or closed since
        if moving.is_awarded(current, enrolment):
            return {"finished": 1}
        try:
            found = moving.move(current, house, enrolment, edition, dry_run=dry_run)
        except Conflict:
            return {"in_a_test": 1}
    return {"moved": 1, "new_units": int(found.after.units_missing > found.before.units_missing)}
