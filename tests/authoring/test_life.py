"""What must not be lost, and what must go: a crash while saving, an erased person; and the commands."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import inspect, select

from headstart_lms.authoring import store
from headstart_lms.authoring.models import Draft, Member, Revision
from headstart_lms.kernel import migrate
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.privacy import services as privacy

from ..commands import run, run_json
from .drafts import draft_of, make_draft, person_of, save

WRITER = """
import sys
from uuid import UUID
from headstart_lms import create_app
from headstart_lms.accounts.models import Person
from headstart_lms.authoring import drafts, store
from headstart_lms.kernel.db import session, transaction
from sqlalchemy import inspect, select

app = create_app({"HEADSTART_INSTANCE": sys.argv[1], "HEADSTART_DATABASE_URL": sys.argv[2]})
with app.app_context():
    for n in range(100000):
        with transaction() as current:
            person = current.scalars(select(Person).where(Person.login == "bruno")).one()
            draft = drafts.get_draft_for(current, person, UUID(sys.argv[3]), to="write")
            data, digest = store.read_data(current, draft, "units/first.yaml")
            data["title"] = f"Number {n}"
            store.save_data(current, draft, person, "units/first.yaml", data, base={"units/first.yaml": digest},
                            what="autosave" if n % 2 else "edit")
        print(n, flush=True)
"""


@pytest.mark.both_databases
def test_no_text_that_was_accepted_is_lost_when_the_program_is_killed(
    app: Flask, folder: Path, tmp_path: Path
) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        address = db.engine.url.render_as_string(hide_password=False)
        db.engine.dispose()
    instance = str(app.config["HEADSTART_INSTANCE"])
    for round_ in range(3):
        command = [sys.executable, "-c", WRITER, instance, address, str(uuid)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            last = -1
            while last < 5 + 3 * round_:
                last = int(writer.stdout.readline())
            time.sleep(0.01 * round_)
            os.kill(writer.pid, signal.SIGKILL)
            last = max([last, *(int(line) for line in writer.stdout.read().split())])
        with app.app_context():
            data, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
            number = int(data["title"].split()[1])
            assert last <= number <= last + 1, "what was said to be saved is there, or the one after it"
            draft = draft_of(uuid)
            assert store.tree_at(session(), draft, draft.head) == store.tree(session(), draft)
            for path in store.tree(session(), draft):
                store.read_text(session(), draft, path)
            session().rollback()


@pytest.mark.both_databases
def test_who_is_erased_is_out_of_every_history_and_the_course_stays(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
    data["title"] = "Another"
    save(app, uuid, "units/first.yaml", data)
    with app.app_context():
        told = privacy.export(session(), person_of("bruno"))["drafts"]
        assert told == [
            {"id": str(uuid), "title": "Tiny course", "roles": ["author"], "changes": 2, "marks": []}
        ]
        session().rollback()
        with transaction() as current:
            privacy.erase(current, person_of("bruno"))
        draft = session().scalars(select(Draft).where(Draft.uuid == uuid)).one()
        assert draft.head == 2
        assert set(session().scalars(select(Revision.person_id))) == {None}
        assert session().scalars(select(Member)).all() == []
        assert store.read_data(session(), draft, "units/first.yaml")[0]["title"] == "Another"


@pytest.mark.both_databases
def test_the_tables_of_drafts_go_and_come_again(app: Flask, folder: Path) -> None:
    make_draft(app, folder)
    with app.app_context():
        db.session.remove()
        migrate.downgrade(db.engine, "0007")
        assert not [name for name in inspect(db.engine).get_table_names() if name.startswith("lms_draft")]
        migrate.upgrade(db.engine)
        assert migrate.differences(db.engine) == []
    make_draft(app, folder)


@pytest.mark.both_databases
def test_many_people_write_one_unit_at_once_and_every_part_is_there(app: Flask, folder: Path) -> None:
    """Each has the unit open as it was at the beginning, and changes or adds a part of her own."""
    uuid = make_draft(app, folder)
    path = "units/first.yaml"
    with app.app_context():
        data, opened = store.read_data(session(), draft_of(uuid), path)
    refused: list[object] = []

    def write(number: int) -> None:
        mine = copy.deepcopy(data)
        mine["blocks"].append({"id": f"part-{number}", "type": "text", "text": f"Text {number}"})
        try:
            with app.app_context(), transaction() as current:
                saved = store.save_merged(
                    current, draft_of(uuid), person_of("bruno"), path, mine, base=opened, what="autosave"
                )
                refused.extend(saved.clashes)
        except Exception as error:
            refused.append(error)

    threads = [Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    with app.app_context():
        found, _digest = store.read_data(session(), draft_of(uuid), path)
        assert {b["id"] for b in found["blocks"]} >= {f"part-{number}" for number in range(12)}
        draft = draft_of(uuid)
        assert store.tree_at(session(), draft, 1)[path] == opened


# --- commands -----------------------------------------------------------------------------------


def test_a_folder_comes_in_and_goes_out_by_command(app: Flask, folder: Path, tmp_path: Path) -> None:
    made = run_json(app, "draft", "import", str(folder), "--centre", "north", "--author", "bruno")
    assert (made["slug"], made["left_out"]) == ("small", [])
    [row] = run_json(app, "draft", "list")
    assert (row["uuid"], row["centre"], row["published"]) == (made["uuid"], "north", None)
    assert run(app, "draft", "export", made["uuid"], str(tmp_path / "out")).exit_code == 0
    assert {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == {
        p.relative_to(tmp_path / "out"): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()
    }
    with app.app_context():
        assert draft_of(UUID(made["uuid"]), "bruno", "manage")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("import", "{folder}", "--centre", "nowhere"), "no such centre"),
        (("import", "{folder}", "--centre", "north", "--author", "dmitri"), "does not write courses at north"),
        (("import", "{folder}/units"), "course.yaml"),
        (("import", "{folder}/course.yaml"), "not a zip file"),
        (("export", "not-an-id", "{folder}/x"), "is not the id of a draft"),
        (("export", "8d1c7f0e-6a55-4b1e-9a3e-0d3c1b2a4f55", "{folder}/x"), "no such draft"),
    ],
)  # fmt: skip
def test_a_command_that_is_refused_says_why_in_one_line(
    app: Flask, folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(app, "draft", *(part.format(folder=folder) for part in arguments))
    assert result.exit_code == 1
    assert sentence in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_a_folder_that_is_not_empty_is_not_written_into(app: Flask, folder: Path) -> None:
    made = run_json(app, "draft", "import", str(folder), "--centre", "north")
    assert run(app, "draft", "export", made["uuid"], str(folder)).exit_code == 1
    assert "no course" not in run(app, "draft", "list").output
