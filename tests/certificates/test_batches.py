"""A graduation day: who is ready, issue all of a group at once, take the papers, leave nothing behind."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.certificates import batches, jobs, log, pdf, services
from headstart_lms.certificates import services as certificates
from headstart_lms.certificates.cli import certificate
from headstart_lms.certificates.models import Batch, Certificate
from headstart_lms.certificates.reading import read
from headstart_lms.cohorts import services as cohorts
from headstart_lms.cohorts.models import Cohort, Enrolment
from headstart_lms.courses.library import get_course
from headstart_lms.kernel import clock
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.kernel.errors import Conflict
from headstart_lms.kernel.jobs import Job, run_all, run_one
from headstart_lms.privacy import erased
from tests import cast
from tests.browsing import Browser

from .conftest import facts

NAMES = ["AMINA SENTINEL", "NADIA SENTINEL", "RAVI SENTINEL"]


@pytest.fixture
def group(app: Flask) -> Iterator[UUID]:
    """A group of Centre North: three who passed with their names known, one without a name, one not finished."""
    with app.app_context():
        with transaction() as current:
            north = accounts.get_centre(current, "north")
            bruno = cast.find_person(current, "bruno")
            accounts.grant_role(current, bruno, "manager", north)
            course = get_course(current, "tiny")
            made = cohorts.make_cohort(
                current, centre=north, course=course, title="Graduation", teacher=bruno
            )
            for number in range(5):
                person = Person(
                    centre_id=north.id, language="ar" if number == 1 else "en", host_id=f"g:{number}"
                )
                current.add(person)
                current.flush()
                enrolment = Enrolment(
                    person=person, course=course, edition=1, language=person.language, cohort_id=made.id
                )
                current.add(enrolment)
                current.flush()
                if number < 4:
                    certificates.award(current, enrolment=enrolment, facts=facts(), at=now())
                if number < 3:
                    certificates.state_identity(
                        current, person, passport_name=NAMES[number], own_name="", year_of_birth=1990 + number,
                        at=now(),
                    )  # fmt: skip
            uuid = made.uuid
        yield uuid
        db.session.remove()


@pytest.fixture
def manager(group: UUID, as_person: Callable[[str], Browser]) -> Browser:
    return as_person("bruno")


def get_group(uuid: UUID) -> Cohort:
    return session().scalars(select(Cohort).where(Cohort.uuid == uuid)).one()


def begin(uuid: UUID) -> UUID:
    with transaction() as current:
        return batches.start(current, get_group(uuid), now()).uuid


def papers_on_disk(app: Flask) -> list[Path]:
    return sorted((Path(app.config["HEADSTART_INSTANCE"]) / "batches").rglob("*.pdf"))


def test_the_page_says_who_is_ready_and_what_is_missing(group: UUID, manager: Browser) -> None:
    page = manager.open(f"/centre/groups/{group}/certificates")
    for name in NAMES:
        assert name in page.text
    assert "3 certificates can be issued now" in page.text
    assert "Write the name and the year of birth first." in page.text
    assert "The course is not finished." in page.text
    assert manager.open(f"/teach/groups/{group}").link(f"/centre/groups/{group}/certificates")


@pytest.mark.both_databases
def test_all_that_are_ready_are_issued_drawn_and_taken_in_one_file(
    app: Flask, group: UUID, manager: Browser
) -> None:
    page = manager.open(f"/centre/groups/{group}/certificates")
    page = manager.send(page.form(to="/certificates"))
    assert "Certificates are being made" in page.text
    assert page.link(f"/centre/groups/{group}/certificates", **{"class": "hs-button hs-button-main"})
    assert manager.client.get(f"/centre/groups/{group}/certificates.zip").status_code == 404
    assert run_one()
    assert "Certificates are being made" in manager.open(f"/centre/groups/{group}/certificates").text
    run_all()
    page = manager.open(f"/centre/groups/{group}/certificates")
    assert "3 papers in one file" in page.text
    answer = manager.client.get(f"/centre/groups/{group}/certificates.zip")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        documents = [read(archive.read(name)).document for name in names]
    assert [document["credentialSubject"]["name"] for document in documents] == NAMES
    codes = [row.code for row in batches.list_rows(session(), get_group(group), now()) if row.code]
    assert names == [f"{number:03d}-{code}.pdf" for number, code in enumerate(codes, 1)]
    assert "certificates-" in answer.headers["Content-Disposition"]
    assert "Graduation" not in answer.headers["Content-Disposition"]
    assert [report.problems for report in log.check(session())] == [[]]


def test_papers_lie_sealed_and_only_for_this_user(app: Flask, group: UUID) -> None:
    begin(group)
    run_all()
    files = papers_on_disk(app)
    assert len(files) == 3
    for file in files:
        assert not file.read_bytes().startswith(b"%PDF")
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        assert "SENTINEL" not in file.name


def test_pressing_twice_is_one_batch_and_every_award_gets_one_certificate(
    group: UUID, manager: Browser
) -> None:
    page = manager.open(f"/centre/groups/{group}/certificates")
    form = page.form(to="/certificates")
    manager.send(form)
    manager.send(form)
    assert session().query(Batch).count() == 1
    run_all()
    assert session().query(Certificate).count() == 3


@pytest.mark.both_databases
def test_two_people_who_press_at_the_same_moment_make_no_doubles(app: Flask, group: UUID) -> None:
    db.session.remove()
    gate, problems = threading.Barrier(4), []

    def press(is_worker: bool) -> None:
        with app.app_context():
            try:
                gate.wait(10)
                if is_worker:
                    for row in [
                        r for r in batches.list_rows(session(), get_group(group), now()) if r.award_id
                    ]:
                        jobs.issue_now(row.award_id or 0)
                else:
                    begin(group)
            except Exception as error:
                problems.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=press, args=(number > 1,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    run_all()
    assert session().query(Batch).count() == 1
    found = session().scalars(select(Certificate)).all()
    assert len(found) == len({one.award_id for one in found}) == 3
    assert [report.problems for report in log.check(session())] == [[]]
    [batch] = session().query(Batch).all()
    assert (batch.state, batch.issued, batch.drawn, batch.failed) == ("done", 3, 3, 0)


def test_a_batch_goes_on_where_it_stopped(app: Flask, group: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SLICE", 1)
    begin(group)
    steps = 0
    while session().query(Job).filter(Job.kind == batches.WORK).count():
        session().rollback()
        assert run_one()
        steps += 1
    assert steps >= 6, "one at a time, other jobs have their turn between"
    assert session().query(Batch).one().drawn == 3


def test_one_that_cannot_be_drawn_does_not_keep_the_others(
    group: UUID, manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pdf.make

    def make(found: Certificate, **more: Any) -> bytes:
        if found.person is not None and found.person.host_id == "g:1":
            raise ValueError("a letter that no font has")
        return real(found, **more)

    monkeypatch.setattr(pdf, "make", make)
    begin(group)
    run_all()
    page = manager.open(f"/centre/groups/{group}/certificates")
    assert "2 papers in one file" in page.text
    assert "1 paper could not be drawn" in page.text


@pytest.mark.both_databases
def test_an_erasure_makes_the_papers_unreadable_at_once_and_a_job_deletes_them(
    app: Flask, group: UUID, manager: Browser
) -> None:
    begin(group)
    run_all()
    assert len(papers_on_disk(app)) == 3
    state = app.extensions["headstart"]
    with transaction() as current:
        person = current.scalars(select(Person).where(Person.host_id == "g:0")).one()
        erased.erase(current, person, state.folder)
    assert manager.client.get(f"/centre/groups/{group}/certificates.zip").status_code == 404
    assert [batch.salt for batch in session().query(Batch)] == [None]
    run_all()
    assert papers_on_disk(app) == []
    page = manager.open(f"/centre/groups/{group}/certificates")
    assert NAMES[0] not in page.text
    assert "Make the papers" in page.text


def test_papers_are_deleted_after_a_day(app: Flask, group: UUID) -> None:
    begin(group)
    run_all()
    with clock.frozen(now() + timedelta(hours=25)):
        manager = cast.sign_in(app, "bruno")
        assert manager.client.get(f"/centre/groups/{group}/certificates.zip").status_code == 404
        run_all()
    assert papers_on_disk(app) == []
    assert [batch.state for batch in session().query(Batch)] == ["gone"]


def test_only_managers_of_the_centre_reach_a_group(
    app: Flask, group: UUID, as_person: Callable[[str], Browser]
) -> None:
    begin(group)
    run_all()
    for name in ("amina", "clara", "dmitri"):
        browser = as_person(name)
        for path in ("certificates", "certificates.zip"):
            assert browser.client.get(f"/centre/groups/{group}/{path}").status_code == 404


def test_a_teacher_who_manages_another_centre_issues_nothing_here(
    app: Flask, group: UUID, as_person: Callable[[str], Browser]
) -> None:
    with transaction() as current:
        made = accounts.make_staff(
            current, "tom", cast.PASSWORD, centre=accounts.get_centre(current, "north"), role="teacher"
        )
        accounts.grant_role(current, made, "manager", accounts.get_centre(current, "south"))
        get_group(group).teacher_id = made.id
        token = accounts.sign_in(current, made, timedelta(hours=1))
    browser = Browser(app)
    browser.set_cookie("hs", token)
    assert browser.client.get(f"/teach/groups/{group}").status_code == 200
    assert browser.client.get(f"/centre/groups/{group}/certificates").status_code == 404


def test_a_revoked_certificate_is_not_issued_again_by_a_batch(group: UUID) -> None:
    begin(group)
    run_all()
    with transaction() as current:
        services.revoke(current, current.scalars(select(Certificate)).first(), "fraud", now())  # type: ignore[arg-type]
    begin(group)
    run_all()
    assert session().query(Certificate).count() == 3
    states = [row.state for row in batches.list_rows(session(), get_group(group), now())]
    assert states == ["revoked", "issued", "issued", "missing", "unfinished"]


def test_a_group_in_which_nobody_is_ready_is_refused(app: Flask, group: UUID) -> None:
    with transaction() as current:
        empty = cohorts.make_cohort(
            current,
            centre=accounts.get_centre(current, "north"),
            course=get_course(current, "tiny"),
            title="Empty",
        )
        with pytest.raises(Conflict):
            batches.start(current, empty, now())


# --- the command -------------------------------------------------------------------------------------


def call(*arguments: str) -> Any:
    return CliRunner().invoke(certificate, ["issue", *arguments], obj={})


def test_the_command_issues_a_group_and_writes_the_papers_and_can_be_run_again(
    group: UUID, tmp_path: Path
) -> None:
    folder = tmp_path / "papers"
    first = json.loads(call("--cohort", str(group), "--pdf-dir", str(folder), "--json").stdout)
    assert (first["issued"], first["all"], first["papers"]) == (3, 3, 3)
    assert [one["number"] for one in first["missing"]] == [4]
    files = sorted(folder.iterdir())
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    files[0].unlink()
    again = json.loads(call("--cohort", "Graduation", "--pdf-dir", str(folder), "--json").stdout)
    assert (again["issued"], again["papers"]) == (0, 1)
    told = call("--cohort", "Graduation")
    assert told.exit_code == 0
    assert "SENTINEL" not in told.stdout
    assert "learner 4" in told.stdout


@pytest.mark.parametrize(
    "arguments, exit_code",
    [
        (("--cohort", "Nobody"), 1),
        (("--cohort", "00000000-0000-4000-8000-000000000000"), 1),
        ((), 2),
        (("--pdf-dir", "x"), 2),
        (("00000000-0000-4000-8000-000000000000", "--cohort", "Graduation"), 2),
    ],
)
def test_what_the_command_refuses(group: UUID, arguments: tuple[str, ...], exit_code: int) -> None:
    assert call(*arguments).exit_code == exit_code


def test_two_groups_of_one_name_are_told_apart_by_their_uuid(group: UUID) -> None:
    with transaction() as current:
        cohorts.make_cohort(
            current,
            centre=accounts.get_centre(current, "south"),
            course=get_course(current, "tiny"),
            title="Graduation",
        )
    refused = call("--cohort", "Graduation")
    assert (refused.exit_code, "2 groups" in refused.stderr) == (1, True)
