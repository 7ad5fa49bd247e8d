"""The files of a draft: what comes in comes out, every change stands in the history, nothing is overwritten unseen."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.accounts import services as accounts
from headstart_lms.authoring import checking, drafts, store
from headstart_lms.authoring.models import Revision
from headstart_lms.builtin import item_types
from headstart_lms.courses.check import check_folder
from headstart_lms.kernel import jobs
from headstart_lms.kernel.db import session, transaction
from headstart_lms.kernel.errors import Invalid, NotAllowed, NotFound

from ..cast import find_person
from ..conftest import ROOT, Clock
from ..make import CHECKED_ON
from .drafts import draft_of, make_draft, save

UNIT = "units/first.yaml"


@pytest.mark.both_databases
def test_a_file_comes_out_byte_for_byte_as_it_came_in(app: Flask, folder: Path) -> None:
    (folder / UNIT).write_bytes("\ufeff# mine\r\n".encode() + (folder / UNIT).read_bytes())
    uuid = make_draft(app, folder)
    with app.app_context():
        text, digest = store.read_text(session(), draft_of(uuid), UNIT)
        assert text.encode() == (folder / UNIT).read_bytes()
        assert digest == store.tree(session(), draft_of(uuid))[UNIT]
        draft = draft_of(uuid)
        assert (draft.slug, draft.title, draft.kind, draft.head) == ("small", "Tiny course", "orientation", 1)


@pytest.mark.both_databases
def test_saving_makes_a_revision_only_when_something_changed(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), UNIT)
    assert save(app, uuid, UNIT, data) == 1
    data["title"] = "Say good morning"
    assert save(app, uuid, UNIT, data, note="a better title") == 2
    with app.app_context():
        assert store.read_data(session(), draft_of(uuid), UNIT)[0]["title"] == "Say good morning"
        revision = session().scalars(select(Revision).where(Revision.n == 2)).one()
        assert (revision.what, revision.note) == ("edit", "a better title")
        assert [change.path for change in revision.changes] == [UNIT]


def test_data_that_was_read_is_a_copy_of_ones_own(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        store.read_data(session(), draft_of(uuid), UNIT)[0]["blocks"].clear()
        assert store.read_data(session(), draft_of(uuid), UNIT)[0]["blocks"]


@pytest.mark.both_databases
def test_who_saves_over_a_change_of_somebody_else_is_told_and_overwrites_nothing(
    app: Flask, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        data, opened = store.read_data(session(), draft_of(uuid), UNIT)
    data["title"] = "Of the first"
    save(app, uuid, UNIT, data)
    data["title"] = "Of the second"
    with app.app_context():
        with pytest.raises(store.Stale) as refused, transaction() as current:
            store.save_data(
                current, draft_of(uuid), find_person(current, "bruno"), UNIT, data, base={UNIT: opened}, what="edit"
            )  # fmt: skip
        assert refused.value.path == UNIT
        assert refused.value.digest_now == store.digest_of(session(), draft_of(uuid), UNIT)
        assert store.read_data(session(), draft_of(uuid), UNIT)[0]["title"] == "Of the first"


@pytest.mark.both_databases
def test_autosaves_within_ten_minutes_are_one_revision(app: Flask, folder: Path, clock: Clock) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), UNIT)
        second, _digest = store.read_data(session(), draft_of(uuid), "units/second.yaml")
    numbers = []
    for minutes, title in ((0, "One"), (4, "Two"), (4, "Three"), (4, "Four")):
        clock.move(minutes=minutes)
        data["title"] = title
        numbers.append(save(app, uuid, UNIT, data, what="autosave"))
    assert numbers == [2, 2, 2, 3]
    second["title"] = "Another file"
    assert save(app, uuid, "units/second.yaml", second, what="autosave") == 4
    data["title"] = "Five"
    assert save(app, uuid, UNIT, data, what="edit") == 5
    with app.app_context():
        assert (
            store.data_of(session(), store.tree_at(session(), draft_of(uuid), 2)[UNIT], UNIT)["title"]
            == "Three"
        )


@pytest.mark.both_databases
def test_texts_between_two_versions_go_after_a_day_and_no_other(
    app: Flask, folder: Path, clock: Clock
) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), UNIT)
    digests = []
    for title in ("One", "Two", "Three"):
        data["title"] = title
        save(app, uuid, UNIT, data, what="autosave")
        with app.app_context():
            digests.append(store.tree(session(), draft_of(uuid))[UNIT])
    clock.move(hours=23)
    with app.app_context():
        assert jobs.run_all() == 0
        assert store.body(session(), digests[0]), "a form that is open may still need it"
    clock.move(hours=2)
    with app.app_context():
        assert jobs.run_all() == 1
        for digest in digests[:2]:
            with pytest.raises(NotFound):
                store.body(session(), digest)
        for n in (1, 2):
            for digest in store.tree_at(session(), draft_of(uuid), n).values():
                assert store.body(session(), digest)


@pytest.mark.both_databases
def test_the_tree_of_every_revision_can_be_read_again(app: Flask, folder: Path, clock: Clock) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        trees = [store.tree(session(), draft_of(uuid))]
        for number in range(5):
            clock.move(seconds=1)
            with transaction() as current:
                draft, person = draft_of(uuid), find_person(current, "bruno")
                now = store.tree(current, draft)
                changes: dict[str, str | bytes | store.Stored | None] = {
                    UNIT: f"id: first\ntitle: Number {number}\n" if number != 3 else None,
                    f"bank/b{number}.yaml": f"- {{id: b{number}}}\n",
                }
                base = {path: now.get(path) for path in changes}
                store.save(current, draft, person, changes, base=base, what="edit")
            trees.append(store.tree(session(), draft_of(uuid)))
        for number, tree in enumerate(trees, 1):
            assert store.tree_at(session(), draft_of(uuid), number) == tree
        with pytest.raises(NotFound):
            store.tree_at(session(), draft_of(uuid), 7)


@pytest.mark.parametrize(
    "path",
    ["../course.yaml", "units/../course.yaml", "/etc/passwd", "units/a/b.yaml", "readme.md", "media/x.yaml/y",
     "units/.x.yaml", "translations/evil.pot", "units/first.yaml\n", "media/x.exe"],
)  # fmt: skip
def test_a_file_that_no_course_has_is_refused(app: Flask, folder: Path, path: str) -> None:
    uuid = make_draft(app, folder)
    with app.app_context(), pytest.raises(Invalid), transaction() as current:
        store.save(
            current, draft_of(uuid), find_person(current, "bruno"), {path: "x"}, base={path: None}, what="edit"
        )  # fmt: skip


def test_a_text_that_is_too_large_or_no_utf_8_is_refused(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    for content in (b"a" * 4_000_001, b"\xff\xfe"):
        with app.app_context(), transaction() as current, pytest.raises(Invalid):
            store.save(
                current, draft_of(uuid), None, {"facts.yaml": content}, base={"facts.yaml": None}, what="edit"
            )


@pytest.mark.parametrize("slug", ["it-diritti", "it-lavoro", "it-italiano-a1"])
def test_the_checker_says_of_a_draft_what_it_says_of_its_folder(app: Flask, slug: str) -> None:
    folder = ROOT / "course_content" / slug
    uuid = make_draft(app, folder)
    with app.app_context():
        draft = draft_of(uuid)
        checked = checking.check(
            session(), app.extensions["headstart"].storage, draft, item_types(), CHECKED_ON
        )
        wanted = check_folder(folder, item_types(), on=CHECKED_ON)
        assert checked.findings == wanted.findings
        assert checked.course == wanted.course
        assert checked.translations == wanted.translations


def test_a_problem_is_found_by_the_part_it_belongs_to(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), UNIT)
    data["blocks"][1]["items"][0]["options"][0]["right"] = False
    save(app, uuid, UNIT, data)
    with app.app_context():
        storage = app.extensions["headstart"].storage
        checked = checking.check(session(), storage, draft_of(uuid), item_types(), CHECKED_ON)
        found = checking.problems_of(
            checked, ("units", "first", "blocks", "first-practice", "items", "first-hello")
        )
        assert found
        assert checking.problems_of(checked, ("units", "second")) == []


@pytest.mark.both_databases
def test_colleagues_read_authors_write_and_other_centres_see_nothing(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder, login="dmitri", centre="south")
    with app.app_context():
        for stranger in ("bruno", "clara", "amina"):
            with pytest.raises(NotFound):
                drafts.get_draft_for(session(), find_person(session(), stranger), uuid, to="read")
        assert draft_of(uuid, "dmitri", "manage").uuid == uuid


@pytest.mark.both_databases
def test_each_role_may_do_its_part(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        with transaction() as current:
            north = accounts.get_centre(current, "north")
            for login, role in (
                ("rita", "teacher"),
                ("tom", "teacher"),
                ("nina", "teacher"),
                ("max", "manager"),
            ):
                accounts.make_staff(current, login, "quiet-harbour-sings-42", centre=north, role=role)
            draft = draft_of(uuid, "bruno", "manage")
            drafts.add_member(current, draft, "rita", "reviewer")
            drafts.add_member(current, draft, "tom", "translator")
        allowed = {
            "bruno": {"read", "write", "translate", "manage"},
            "rita": {"read", "review"},
            "tom": {"read", "translate"},
            "nina": {"read"},
            "max": {"read", "write", "review", "translate", "manage"},
        }
        wishes: list[drafts.To] = ["read", "write", "review", "translate", "manage"]
        for login, may in allowed.items():
            for to in wishes:
                if to in may:
                    assert draft_of(uuid, login, to)
                else:
                    with pytest.raises(NotAllowed):
                        draft_of(uuid, login, to)


def test_an_examiner_of_the_centre_sees_no_drafts(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context(), pytest.raises(NotFound):
        draft_of(uuid, "clara", "read")


def test_a_copy_has_everything_but_an_id_and_an_address_of_its_own(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        with transaction() as current:
            draft = draft_of(uuid)
            copy = drafts.copy_draft(current, find_person(current, "bruno"), draft, draft.centre).uuid
        old, new = store.tree(session(), draft_of(uuid)), store.tree(session(), draft_of(copy))
        assert {p: d for p, d in old.items() if p != "course.yaml"} == {
            p: d for p, d in new.items() if p != "course.yaml"
        }
        head = drafts.head_of(session(), draft_of(copy))
        assert head["slug"] == "small-2"
        assert head["uuid"] != drafts.head_of(session(), draft_of(uuid))["uuid"]
        assert draft_of(copy).slug == "small-2"
