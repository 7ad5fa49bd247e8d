"""What a graduation day costs: the certificates of a whole group, issued, drawn, sealed, and taken in one zip.

    python -m benchmarks.graduation [--learners 300]

One process, the job loop as ``headstart serve`` runs it. Prints seconds of wall clock and of CPU, the same as multiples
of one raw Ed25519 signature, the bytes of the zip, and the most memory this process had. Memory must not grow with
the group: the zip is streamed. Aim: a paper at most 40 ms of CPU on a machine of one's own.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from flask import Flask

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.certificates import batches, log, pdf, services, signing
from headstart_lms.certificates.rules import Assessed, AwardFacts
from headstart_lms.cohorts import services as cohorts
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.library import get_course
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import session, transaction
from headstart_lms.kernel.jobs import run_all
from tests.trust.classroom import SLUG, make_instance

NAMES = (("AMINA HADDAD", "أمينة حداد"), ("OLENA KOVALENKO", "Олена Коваленко"), ("RAVI KUMAR", "रवि कुमार"))


def make_group(app: Flask, learners: int, *, nameless: int = 0, unfinished: int = 0) -> UUID:
    """Make a group at a centre in which ``learners`` can have their certificate. Call in an application context."""
    with transaction() as current:
        centre = accounts.make_centre(current, "amman", "Amman Learning Centre", country="JO")
        course = get_course(current, SLUG)
        cohort = cohorts.make_cohort(current, centre=centre, course=course, title="Graduation")
        for number in range(learners + nameless + unfinished):
            person = Person(centre_id=centre.id, language="ar" if number % 3 == 0 else "en")
            current.add(person)
            current.flush()
            enrolment = Enrolment(
                person=person, course=course, edition=1, language=person.language, cohort_id=cohort.id
            )
            current.add(enrolment)
            current.flush()
            if number >= learners + nameless:
                continue
            facts = AwardFacts(
                course_uuid=course.uuid, slug=SLUG, kind="rights", version="1.0", hours=12, country="IT",
                titles={"en": "Rights and duties in Italy", "ar": "الحقوق والواجبات في إيطاليا"},
                outcomes=("Can say who helps with a wage that was not paid", "Can call for help"),
                assessed=Assessed(mode="supervised", blueprint_id="final", score=0.82, passed_at=now()),
            )  # fmt: skip
            services.award(current, enrolment=enrolment, facts=facts, at=now())
            if number < learners:
                passport, own = NAMES[number % len(NAMES)]
                services.state_identity(
                    current, person, passport_name=passport, own_name=own, year_of_birth=1970 + number % 35,
                    at=now(),
                )  # fmt: skip
        return cohort.uuid


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of wall clock and of CPU of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def raw_signature() -> float:
    """Return the CPU seconds of one Ed25519 signature over 64 bytes, the cheapest of some rounds."""
    seed, found = signing.new_seed(), []
    for _round in range(5):
        begin = time.process_time()
        for _call in range(300):
            signing.sign(seed, b"x" * 64)
        found.append((time.process_time() - begin) / 300)
    return min(found)


def memory() -> int:
    """Return the most memory this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--learners", type=int, default=300)
    count = parser.parse_args().learners
    if not pdf.is_available():
        sys.stderr.write("install the extra “pdf” first\n")
        return 1
    with tempfile.TemporaryDirectory() as name:
        app = make_instance(Path(name) / "instance", 8000)
        with app.app_context():
            measure(app, make_group(app, count), count)
    return 0


def measure(app: Flask, group: UUID, count: int) -> None:
    state = app.extensions["headstart"]
    cohort = session().get_one(cohorts.Cohort, _id(group))
    rows: list[batches.Row] = []
    listing = timed(lambda: rows.extend(batches.list_rows(session(), cohort, now())))
    session().rollback()
    with transaction() as current:
        uuid = batches.start(current, current.get_one(cohorts.Cohort, _id(group)), now()).uuid
    base = memory()
    everything = timed(run_all)
    batch = batches.get_batch(session(), uuid)
    papers = batches.kept_papers(state.folder, uuid)
    before_zip, size = memory(), 0

    def take() -> None:
        nonlocal size
        size = sum(
            len(p) for p in batches.stream_zip(papers, batches.purpose_of(batch), state.keyring, now())
        )

    taking, checking = timed(take), timed(lambda: log.check(session()))
    raw = raw_signature()
    out = sys.stdout.write
    out(f"{count} learners; one raw Ed25519 signature: {raw * 1e6:.0f} us of CPU\n")
    for label, (wall, cpu), each in (
        ("list who is ready", listing, count), ("issue, sign, draw, seal", everything, count),
        ("take the zip", taking, count), ("check the log", checking, count),
    ):  # fmt: skip
        out(f"{label:25}{wall:8.2f} s wall{cpu:8.2f} s CPU")
        out(f"{cpu / each * 1000:9.2f} ms each{cpu / each / raw:9.0f} x raw\n")
    out(f"papers: {len(papers)}, could not be drawn: {batch.failed}, zip: {size / 1e6:.1f} MB\n")
    out(f"memory: {base} MB before, {before_zip} MB after the job, {memory()} MB after the zip\n")


def _id(group: UUID) -> int:
    found = session().query(cohorts.Cohort.id).filter(cohorts.Cohort.uuid == group).scalar()
    session().rollback()
    return int(found)


if __name__ == "__main__":
    raise SystemExit(main())
