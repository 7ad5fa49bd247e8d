"""Migrations and models say the same, and the way up and down keeps what people did."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import inspect, text

from headstart_lms.kernel import migrate
from headstart_lms.kernel.db import Base, db
from headstart_lms.paths import package_folder
from headstart_lms.privacy.services import PLAN


@pytest.mark.both_databases
def test_the_tables_are_what_the_models_say(app: Flask) -> None:
    with app.app_context():
        assert migrate.differences(db.engine) == []
        assert migrate.current(db.engine) == migrate.head()


def test_the_comparison_sees_a_difference(app: Flask) -> None:
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE lms_person ADD COLUMN nickname VARCHAR(10)"))
        assert "nickname" in str(migrate.differences(db.engine))


@pytest.mark.both_databases
def test_upgrading_twice_changes_nothing(app: Flask) -> None:
    with app.app_context():
        before = _contents()
        migrate.upgrade(db.engine)
        assert _contents() == before


@pytest.mark.both_databases
def test_down_and_up_again_leaves_empty_tables_and_other_peoples_alone(app: Flask) -> None:
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("CREATE TABLE host_thing (id INTEGER PRIMARY KEY)"))
            connection.execute(text("INSERT INTO host_thing VALUES (7)"))
        assert _contents()["lms_person"]
        db.session.remove()
        migrate.downgrade(db.engine, "base")
        assert [name for name in inspect(db.engine).get_table_names() if name.startswith("lms_")] in (
            [], [migrate.VERSION_TABLE],
        )  # fmt: skip
        assert migrate.current(db.engine) is None
        migrate.upgrade(db.engine)
        assert migrate.differences(db.engine) == []
        with db.engine.connect() as connection:
            assert connection.execute(text("SELECT id FROM host_thing")).scalars().all() == [7]


@pytest.mark.both_databases
def test_every_step_down_and_up_keeps_what_both_revisions_know(app: Flask) -> None:
    """With data in every table of the cast: one revision back and forth loses no row of a table that stays."""
    with app.app_context():
        before = {name: len(rows) for name, rows in _contents().items()}
        db.session.remove()
        revisions = _revisions()
        if len(revisions) > 1:
            migrate.downgrade(db.engine, revisions[-2])
            kept = set(inspect(db.engine).get_table_names())
            migrate.upgrade(db.engine)
            after = {name: len(rows) for name, rows in _contents().items()}
            assert {name: after[name] for name in kept & set(before)} == {
                name: before[name] for name in kept & set(before)
            }
        assert before["lms_person"] >= 4


def test_revisions_are_numbered_without_gaps() -> None:
    assert [int(name[:4]) for name in _revisions()] == list(range(1, len(_revisions()) + 1))


def test_all_tables_are_ours_by_name_and_their_constraints_have_names() -> None:
    for table in Base.metadata.sorted_tables:
        assert table.name.startswith("lms_")
        for constraint in table.constraints:
            assert constraint.name, f"{table.name}: {constraint}"


#: Tables that hold nothing about a person; a new table belongs here or in the plan.
ABOUT_NOBODY = {
    "lms_centre", "lms_course", "lms_edition", "lms_setting", "lms_issuer_key", "lms_status_list",  # the house itself
    "lms_credential", "lms_tenant", "lms_forward_target", "lms_statement_head",  # programs
    "lms_job", "lms_limit",  # ids and hashes, for hours
    "lms_log", "lms_published_list", "lms_publisher", "lms_stored_list",  # issuers, ours and others'
    "lms_check_head",  # a number and a hash
    "lms_draft_text", "lms_draft_file", "lms_draft_change",  # words of courses
    "lms_refusal",  # counts of what programs were refused
}  # fmt: skip


def test_every_table_about_a_person_has_a_plan_to_erase_and_export_it() -> None:
    tables = {table.name for table in Base.metadata.sorted_tables}
    assert tables - set(PLAN) - ABOUT_NOBODY == set(), (
        "add them to privacy.services.PLAN, to erase() and to export()"
    )
    assert set(PLAN) | ABOUT_NOBODY <= tables
    assert not set(PLAN) & ABOUT_NOBODY


def _revisions() -> list[str]:
    folder = package_folder() / "migrations" / "versions"
    return sorted(path.stem.split("_")[0] for path in folder.glob("[0-9]*.py"))


def _contents() -> dict[str, list[tuple[object, ...]]]:
    with db.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select())]
            for table in Base.metadata.sorted_tables
        }
