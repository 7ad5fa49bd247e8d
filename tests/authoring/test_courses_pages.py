"""My courses in a browser without script: begin, copy, bring in, outline, settings, people, history."""

from __future__ import annotations

import copy
import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from headstart_lms.authoring import archives, store
from headstart_lms.authoring.house import House
from headstart_lms.authoring.models import Draft
from headstart_lms.builtin import item_types
from headstart_lms.courses.check import check_folder
from headstart_lms.kernel.db import session, transaction
from headstart_lms.kernel.errors import Invalid

from ..browsing import Browser, Page
from ..conftest import ROOT
from ..make import CHECKED_ON
from .conftest import SMALL
from .drafts import draft_of, make_draft, person_of, save, staff
from .test_metadata import told

AsPerson = Callable[[str], Browser]


@pytest.fixture
def bruno(as_person: AsPerson) -> Browser:
    return as_person("bruno")


def uuid_of(page: Page) -> UUID:
    """Return the draft a page is about."""
    return UUID(page.path.split("/teach/courses/")[1].split("/")[0])


def zipped(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(file, f"{folder.name}/{file.relative_to(folder)}")
    return out.getvalue()


def files_in(app: Flask, uuid: UUID) -> dict[str, str]:
    with app.app_context():
        return store.tree(session(), draft_of(uuid, to="read"))


# --- begin --------------------------------------------------------------------------------------


@pytest.mark.every_app
def test_a_teacher_finds_her_courses_from_the_desk_and_begins_an_empty_one(
    app: Flask, bruno: Browser
) -> None:
    page = bruno.follow(bruno.open("/teach"), "/teach/courses")
    assert "No course is written here yet" in page.text
    page = bruno.follow(page, "/new")
    page = bruno.send(page.form(having="title"), title="Arrive in Italy", country="IT")
    assert page.status == 200, page.text
    assert "Arrive in Italy" in page.text
    with app.app_context():
        draft = draft_of(uuid_of(page))
        assert (draft.slug, draft.kind) == ("arrive-in-italy", "orientation")


@pytest.mark.parametrize("start", ["blank", "language", "orientation", "occupation"])
def test_no_course_of_a_start_can_be_published_before_it_is_written(
    app: Flask, bruno: Browser, tmp_path: Path, start: str
) -> None:
    form = bruno.open("/teach/courses/new").form(having="title")
    page = bruno.send(form, title="A course", country="IT", start=start, taught="it", source="en")
    uuid = uuid_of(page)
    page = bruno.open(f"/teach/courses/{uuid}/publish")
    assert "This is not written yet." in page.text
    assert "Mend the errors first." in page.text
    answer = bruno.post(f"/teach/courses/{uuid}/publish", {"do": "now", "n": "1"})
    assert answer.status == 422
    zip_file = bruno.open(f"/teach/courses/{uuid}/export").response.get_data()
    with zipfile.ZipFile(io.BytesIO(zip_file)) as archive:
        archive.extractall(tmp_path / "out")
    checked = check_folder(next((tmp_path / "out").iterdir()), item_types(), on=CHECKED_ON)
    assert {f.message for f in checked.errors} <= {
        "This is not written yet.", "The unit asks nothing. Add at least one item that is marked.",
    }  # fmt: skip


def test_a_language_course_needs_its_language(bruno: Browser) -> None:
    form = bruno.open("/teach/courses/new").form(having="title")
    page = bruno.send(form, title="A course", country="IT", start="language")
    assert page.status == 422
    assert "Choose the language you teach" in page.text


def test_two_courses_of_one_title_get_two_addresses(app: Flask, bruno: Browser) -> None:
    slugs = []
    for _number in range(2):
        form = bruno.open("/teach/courses/new").form(having="title")
        uuid = uuid_of(bruno.send(form, title="Tiny", country="IT"))
        with app.app_context():
            slugs.append(draft_of(uuid).slug)
    assert slugs == ["tiny-2", "tiny-3"], "the published course is called tiny"


# --- in and out ---------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_zip_file_comes_in_and_goes_out_byte_for_byte(app: Flask, bruno: Browser, folder: Path) -> None:
    (folder / "course.yaml").write_text("# ours, with care\n" + (folder / "course.yaml").read_text())
    form = bruno.open("/teach/courses/import").form(having="how")
    page = bruno.send(form, files={"file": zipped(folder)})
    assert page.status == 200, page.text
    out = bruno.open(f"/teach/courses/{uuid_of(page)}/export").response.get_data()
    with zipfile.ZipFile(io.BytesIO(out)) as archive:
        found = {name.removeprefix("small/"): archive.read(name) for name in archive.namelist()}
    assert found == {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_a_photo_in_a_zip_file_comes_in_without_what_it_says_of_its_maker(
    bruno: Browser, folder: Path
) -> None:
    (folder / "media").mkdir(exist_ok=True)
    (folder / "media" / "me.jpg").write_bytes(told(".jpg"))
    page = bruno.send(bruno.open("/teach/courses/import").form(having="how"), files={"file": zipped(folder)})
    out = bruno.open(f"/teach/courses/{uuid_of(page)}/export").response.get_data()
    with zipfile.ZipFile(io.BytesIO(out)) as archive:
        assert b"Secret" not in archive.read("small/media/me.jpg")


@pytest.mark.parametrize("slug", ["it-diritti", "it-lavoro", "it-italiano-a1"])
def test_a_bundled_course_opens_in_the_editor_and_goes_out_as_it_was(app: Flask, slug: str) -> None:
    folder = ROOT / "course_content" / slug
    uuid = make_draft(app, folder)
    with app.app_context():
        draft = draft_of(uuid)
        for path in store.tree(session(), draft):
            if path.endswith(".yaml"):
                with transaction() as current:
                    data, digest = store.read_data(current, draft_of(uuid), path)
                    store.save_data(
                        current, draft_of(uuid), None, path, data, base={path: digest}, what="edit"
                    )
        assert draft_of(uuid).head == 1
    with app.app_context():
        storage = app.extensions["headstart"].storage
        found = dict(archives.contents(session(), storage, store.tree(session(), draft_of(uuid))))
    assert found == {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_a_course_that_is_here_already_comes_in_as_a_copy_only(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    make_draft(app, folder)
    form = bruno.open("/teach/courses/import").form(having="how")
    page = bruno.send(form, files={"file": zipped(folder)})
    assert page.status == 409
    assert "written here already" in page.text
    page = bruno.send(form, how="copy", files={"file": zipped(folder)})
    assert page.status == 200
    with app.app_context():
        draft = draft_of(uuid_of(page))
        assert draft.course_uuid != SMALL
        assert draft.slug == "small-2"


def test_a_folder_that_was_worked_on_elsewhere_comes_back_as_a_version(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    unit = folder / "units" / "first.yaml"
    unit.write_text(unit.read_text().replace("Say hello", "Say good morning"))
    (folder / "units" / "second.yaml").unlink()
    form = bruno.open(f"/teach/courses/{uuid}").form(to="/import")
    assert bruno.send(form, files={"file": zipped(folder)}).status == 200
    assert "units/second.yaml" not in files_in(app, uuid)
    head = folder / "course.yaml"
    head.write_text(head.read_text().replace(str(SMALL), "0d1c7f0e-6a55-4b1e-9a3e-0d3c1b2a4f55"))
    page = bruno.send(form, files={"file": zipped(folder)})
    assert page.status == 422
    assert "A course keeps its id" in page.text


def test_a_copy_of_a_published_course_is_ones_own(app: Flask, bruno: Browser) -> None:
    page = bruno.open("/teach/courses")
    assert "Next version" not in page.text, "tiny belongs to the installation"
    page = bruno.send(page.form(to="/open"))
    with app.app_context():
        draft = draft_of(uuid_of(page))
        assert draft.slug == "tiny-2"
        assert {"course.yaml", "units/first.yaml", "bank.yaml"} <= set(store.tree(session(), draft))


def test_a_teacher_cannot_open_a_course_of_the_installation(app: Flask, bruno: Browser) -> None:
    page = bruno.post("/teach/courses/open", {"slug": "tiny", "centre": "north", "how": "next"})
    assert page.status == 403


def test_a_course_is_put_away_and_taken_out_again(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    page = bruno.send(bruno.open(f"/teach/courses/{uuid}").form(to="/away"))
    assert "1 course was put away" in page.text
    assert bruno.post(f"/teach/courses/{uuid}/outline", {"do": "add-module", "title": "x"}).status == 403
    page = bruno.send(page.form(to="/away"))
    assert "put away" not in page.text


# --- hostile zip files --------------------------------------------------------------------------


def _zip(*members: tuple[str, bytes], link: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
        if link:
            entry = zipfile.ZipInfo(link)
            entry.external_attr = 0o120777 << 16
            archive.writestr(entry, "/etc/passwd")
    return out.getvalue()


HEAD = ("course.yaml", b"format: 1\nuuid: 8d1c7f0e-6a55-4b1e-9a3e-0d3c1b2a4f55\n")


def _drawing(of: int, times: int) -> bytes:
    rows = "".join(f'<g id="a{n}">' + f'<use href="#a{n + 1}"/>' * times + "</g>" for n in range(of))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{rows}<g id="a{of}"/></svg>'.encode()


USES, CHAIN = _drawing(8, 10), _drawing(3000, 1)
HOSTILE = {
    "no zip": b"%PDF-1.7 nothing",
    "cut off": _zip(HEAD)[:-30],
    "leads out": _zip(HEAD, ("../../units/a.yaml", b"id: a")),
    "absolute": _zip(HEAD, ("/etc/cron.d/x", b"")),
    "drive": _zip(HEAD, ("C:\\x.yaml", b"")),
    "backslashes": _zip(HEAD, ("..\\..\\x.yaml", b"")),
    "link": _zip(HEAD, link="units/a.yaml"),
    "bomb": _zip(HEAD, ("facts.yaml", b"a" * 30_000_000)),
    "bomb of pictures": _zip(HEAD, *((f"media/p{n}.png", b"\x89PNG\r\n\x1a\n" + bytes(7_900_000)) for n in range(14))),
    "too many": _zip(HEAD, *((f"{n}", b"") for n in range(5001))),
    "no course": _zip(("units/a.yaml", b"id: a")),
    "script in a picture": _zip(HEAD, ("media/x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")),
    "page as a sound": _zip(HEAD, ("media/x.ogg", b"<html>")),
    "latin 1": _zip(HEAD, ("facts.yaml", "- claim: perché".encode("latin-1"))),
    "no id": _zip(("course.yaml", b"format: 1\n")),
    "a drawing of drawings": _zip(HEAD, ("media/x.svg", USES)),
    "a long chain of drawings": _zip(HEAD, ("media/x.svg", CHAIN)),
    "no yaml": _zip(("course.yaml", b"a: [")),
    "very much yaml": _zip(HEAD, *((f"bank/b{n}.yaml", b"- " + b"a" * 3_500_000) for n in range(6))),
    "a po file of one endless text": _zip(HEAD, ("translations/ar.po", b'msgid ""\n' + b'"a"\n' * 190_000)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_zip_file_is_refused_in_one_sentence(app: Flask, bruno: Browser, name: str) -> None:
    form = bruno.open("/teach/courses/import").form(having="how")
    page = bruno.send(form, files={"file": HOSTILE[name]})
    assert page.status == 422, page.text
    assert "Please look at this again" in page.text
    with app.app_context():
        assert session().query(Draft).count() == 0


def test_a_name_twice_in_a_zip_file_is_refused(bruno: Browser) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = _zip(HEAD, HEAD)
    form = bruno.open("/teach/courses/import").form(having="how")
    assert bruno.send(form, files={"file": twice}).status == 422


def test_an_address_that_leads_elsewhere_names_no_folder_and_no_file(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    head = folder / "course.yaml"
    head.write_text(head.read_text().replace("slug: small", 'slug: "../../etc/x"'))
    form = bruno.open("/teach/courses/import").form(having="how")
    page = bruno.send(form, files={"file": zipped(folder)})
    answer = bruno.open(f"/teach/courses/{uuid_of(page)}/export").response
    assert answer.headers["Content-Disposition"] == "attachment; filename=course.zip"
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as archive:
        assert all(name.startswith("course/") for name in archive.namelist())
    page = bruno.send(bruno.open(f"/teach/courses/{uuid_of(page)}").form(to="/copy"))
    with app.app_context():
        assert draft_of(uuid_of(page)).slug == "course-2"


def test_what_no_course_has_is_left_out(app: Flask, bruno: Browser, folder: Path) -> None:
    (folder / "run.exe").write_bytes(b"MZ")
    (folder / "README.md").write_text("about")
    form = bruno.open("/teach/courses/import").form(having="how")
    page = bruno.send(form, files={"file": zipped(folder)})
    assert not {"run.exe", "README.md"} & set(files_in(app, uuid_of(page)))


# --- the outline --------------------------------------------------------------------------------


def act(browser: Browser, uuid: UUID, **fields: str) -> Page:
    return browser.post(f"/teach/courses/{uuid}/outline", fields)


def order(app: Flask, uuid: UUID) -> list[tuple[str, list[str]]]:
    with app.app_context():
        head, _digest = store.read_data(session(), draft_of(uuid, to="read"), "course.yaml")
        return [(m["id"], m["units"]) for m in head["modules"]]


@pytest.mark.both_databases
def test_modules_and_units_are_added_named_moved_doubled_and_deleted(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    page = bruno.open(f"/teach/courses/{uuid}")
    assert "Say hello" in page.text
    act(bruno, uuid, do="add-module", title="Later on")
    assert order(app, uuid)[1] == ("m-later-on", [])
    act(bruno, uuid, do="add-unit", id="m-later-on", title="Words")
    assert order(app, uuid)[1] == ("m-later-on", ["words-2"]), "'words' is an address of the course"
    act(bruno, uuid, do="move-unit", id="second", by="down")
    assert order(app, uuid) == [("all", ["first"]), ("m-later-on", ["second", "words-2"])]
    act(bruno, uuid, do="move-unit", id="second", by="up")
    act(bruno, uuid, do="move-unit", id="second", by="up")
    assert order(app, uuid)[0] == ("all", ["second", "first"])
    act(bruno, uuid, do="put-unit", id="first", module="m-later-on")
    act(bruno, uuid, do="move-module", id="m-later-on", by="up")
    assert order(app, uuid) == [("m-later-on", ["words-2", "first"]), ("all", ["second"])]
    act(bruno, uuid, do="double-unit", id="first")
    assert order(app, uuid)[0] == ("m-later-on", ["words-2", "first", "first-2"])
    act(bruno, uuid, do="rename-unit", id="first-2", title="Once more")
    act(bruno, uuid, do="rename-module", id="all", title="The end")
    page = act(bruno, uuid, do="delete-unit", id="first")
    assert "Once more" in page.text
    assert "The end" in page.text
    assert "units/first.yaml" not in files_in(app, uuid)
    assert act(bruno, uuid, do="delete-module", id="all").status == 409
    with app.app_context():
        checked = app.extensions["headstart"]
        found = House.of(checked).check(draft_of(uuid), CHECKED_ON)
        assert "twice" not in " ".join(str(f) for f in found.findings)


def test_what_was_deleted_comes_back_with_an_earlier_version(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    before = files_in(app, uuid)
    act(bruno, uuid, do="delete-unit", id="first")
    page = bruno.open(f"/teach/courses/{uuid}/history")
    assert "Unit deleted: Say hello" in page.text
    bruno.send(page.form(to="/restore"))
    assert files_in(app, uuid) == before
    with app.app_context():
        assert draft_of(uuid).head == 3


def test_the_last_step_is_taken_back_by_one_press(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    before = files_in(app, uuid)
    page = act(bruno, uuid, do="delete-unit", id="second")
    undo = page.form(to="/restore", having="head")
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
    data["title"] = "Meanwhile"
    save(app, uuid, "units/first.yaml", data)
    assert bruno.send(undo).status == 409, "it would take back the change of somebody else too"
    bruno.post(f"/teach/courses/{uuid}/restore", {"n": "2"})
    act(bruno, uuid, do="move-unit", id="first", by="down")
    page = act(bruno, uuid, do="delete-unit", id="first")
    page = bruno.send(page.form(to="/restore", having="head"))
    assert page.path.endswith(str(uuid))
    assert files_in(app, uuid)["units/first.yaml"] == before["units/first.yaml"]


def test_a_title_that_is_empty_is_refused_and_nothing_changes(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    for title in ("", "   ", "x" * 300):
        assert act(bruno, uuid, do="add-unit", id="all", title=title).status == 422
    with app.app_context():
        assert draft_of(uuid).head == 1


def test_a_course_yaml_that_cannot_be_read_is_said_and_can_be_taken_back(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    with app.app_context(), transaction() as current:
        draft = draft_of(uuid)
        text, digest = store.read_text(current, draft, "course.yaml")
        broken = text.replace("modules:\n", "modules: none\nold:\n")
        store.save(current, draft, None, {"course.yaml": broken}, base={"course.yaml": digest}, what="edit")
    page = bruno.open(f"/teach/courses/{uuid}")
    assert "cannot be read as it is now" in page.text
    assert act(bruno, uuid, do="add-module", title="x").status == 422
    bruno.post(f"/teach/courses/{uuid}/restore", {"n": "1"})
    assert "cannot be read" not in bruno.open(f"/teach/courses/{uuid}").text


# --- settings and people ------------------------------------------------------------------------


def test_settings_change_what_was_touched_and_leave_the_rest_as_it_is_written(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    head = folder / "course.yaml"
    head.write_text(head.read_text().replace("hours: 1", "hours: 1   # measured"))
    uuid = make_draft(app, folder)
    form = bruno.open(f"/teach/courses/{uuid}/settings").form(having="licence")
    page = bruno.send(form)
    assert page.status == 200, page.text
    assert files_in(app, uuid)["course.yaml"] == hashlib.sha256(head.read_bytes()).hexdigest()
    bruno.send(
        form,
        {"audiences": ["labour", "student"], "support": ["en", "ar"]},
        title="A better title",
        valid="24",
    )
    with app.app_context():
        text, _digest = store.read_text(session(), draft_of(uuid), "course.yaml")
        data, _digest = store.read_data(session(), draft_of(uuid), "course.yaml")
        assert draft_of(uuid).title == "A better title"
    assert "hours: 1   # measured" in text
    assert data["certificate"] == {"units": "all", "blueprint": "final", "valid_months": 24}
    assert data["audiences"] == ["labour", "student"]
    assert data["support_languages"] == ["en", "ar"]


def test_two_people_change_different_settings_and_both_stay(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    one = bruno.open(f"/teach/courses/{uuid}/settings").form(having="licence")
    two = bruno.open(f"/teach/courses/{uuid}/settings").form(having="licence")
    bruno.send(one, title="Of the first")
    bruno.send(two, licence="CC0-1.0")
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), "course.yaml")
    assert (data["title"], data["licence"]) == ("Of the first", "CC0-1.0")


def test_settings_that_are_wrong_are_named_at_their_field(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    form = bruno.open(f"/teach/courses/{uuid}/settings").form(having="licence")
    page = bruno.send(form, hours="many", slug="Not Good")
    assert page.status == 422
    assert "Write a number of hours" in page.text
    assert "small Latin letters" in page.text


def test_a_colleague_reads_becomes_a_reviewer_and_writes_nothing(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    rita = staff(app, "rita")
    assert rita.open(f"/teach/courses/{uuid}").status == 200
    assert act(rita, uuid, do="add-module", title="x").status == 403
    page = bruno.open(f"/teach/courses/{uuid}/people")
    page = bruno.send(page.form(having="login"), login="rita", role="reviewer")
    assert "rita" in page.text
    assert act(rita, uuid, do="add-module", title="x").status == 403
    bruno.send(bruno.open(f"/teach/courses/{uuid}/people").form(having="login"), login="rita", role="author")
    assert act(rita, uuid, do="add-module", title="x").status == 200


@pytest.mark.parametrize("login", ["dmitri", "clara", "amina", "nobody", ""])
def test_only_those_who_write_courses_at_the_centre_can_be_added(
    app: Flask, bruno: Browser, folder: Path, login: str
) -> None:
    uuid = make_draft(app, folder)
    page = bruno.open(f"/teach/courses/{uuid}/people")
    assert bruno.send(page.form(having="login"), login=login, role="author").status == 422


def test_the_last_author_stays(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    page = bruno.open(f"/teach/courses/{uuid}/people")
    assert bruno.send(page.form(having="out")).status == 409


# --- history ------------------------------------------------------------------------------------


def test_differences_are_said_in_words(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
    data["blocks"][0]["text"] = "You learn to say [Buonasera]{it}."
    data["blocks"][1]["items"][0]["options"][1]["text"] = {"it": "Arrivederci"}
    data["blocks"].append({"id": "more", "type": "text", "text": "A new part."})
    save(app, uuid, "units/first.yaml", data)
    page = bruno.open(f"/teach/courses/{uuid}/compare")
    assert "From version 1 to version 2" in page.text
    assert "Unit: Say hello" in page.text
    assert "[Buongiorno]{it}." in page.text
    assert "[Buonasera]{it}." in page.text
    assert "A new part." in page.text
    assert "Arrivederci" in page.text
    assert "blocks" not in page.text


def test_what_was_kept_of_two_people_can_be_taken(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    path = "units/first.yaml"
    with app.app_context():
        data, opened = store.read_data(session(), draft_of(uuid), path)
    data["title"] = "Of the first"
    save(app, uuid, path, data)
    data["title"] = "Of the second"
    with app.app_context(), transaction() as current:
        store.save_merged(current, draft_of(uuid), person_of("bruno"), path, data, base=opened, what="edit")
    page = bruno.open(f"/teach/courses/{uuid}")
    assert "What was not taken is kept." in page.text
    href = next(link["href"] for link in page.links if "/kept/" in link["href"])
    page = bruno.open(href)
    assert "Of the first" in page.text
    assert "Of the second" in page.text
    bruno.post(href, {"do": "take"})
    with app.app_context():
        assert store.read_data(session(), draft_of(uuid), path)[0]["title"] == "Of the second"


def test_taking_what_was_kept_leaves_what_others_wrote_elsewhere(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    path = "units/first.yaml"
    with app.app_context():
        data, opened = store.read_data(session(), draft_of(uuid), path)
    first = copy.deepcopy(data)
    first["title"] = "Of the first"
    first["blocks"][0]["text"] = "A text of the first."
    save(app, uuid, path, first)
    with app.app_context(), transaction() as current:
        second = {**data, "title": "Of the second"}
        store.save_merged(current, draft_of(uuid), person_of("bruno"), path, second, base=opened, what="edit")
    first["minutes"] = 17
    save(app, uuid, path, first)
    page = bruno.open(f"/teach/courses/{uuid}")
    href = next(link["href"] for link in page.links if "/kept/" in link["href"])
    page = bruno.open(href)
    assert "Of the second" in page.text
    assert "A text of the first." not in page.text, "it stays, so it is no difference"
    bruno.post(href, {"do": "take"})
    with app.app_context():
        assert store.read_data(session(), draft_of(uuid), path)[0] == {**first, "title": "Of the second"}


def test_nothing_takes_a_course_back_to_no_files_at_all(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    before = files_in(app, uuid)
    refused = bruno.post(f"/teach/courses/{uuid}/undo", {"n": "1"})
    assert refused.status == 409
    assert "the first version" in refused.text
    assert bruno.post(f"/teach/courses/{uuid}/restore", {"n": "0"}).status == 404
    with app.app_context(), transaction() as current:
        draft, bare = draft_of(uuid), {"course.yaml": None}
        with pytest.raises(Invalid, match="a course starts with it"):
            store.save(current, draft, person_of("bruno"), bare, base=before, what="edit")
    assert files_in(app, uuid) == before


def test_the_step_of_somebody_else_or_an_earlier_one_is_not_taken_back(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
        other, _digest = store.read_data(session(), draft_of(uuid), "units/second.yaml")
    save(app, uuid, "units/first.yaml", {**data, "title": "Of the first step"})
    save(app, uuid, "units/second.yaml", {**other, "title": "Of the second step"})
    staff(app, "mira", "manager")
    with app.app_context(), transaction() as current:
        draft = draft_of(uuid, "mira")
        base = {"units/first.yaml": store.digest_of(current, draft, "units/first.yaml")}
        mine = {**data, "title": "Of somebody else"}
        store.save_data(current, draft, person_of("mira"), "units/first.yaml", mine, base=base, what="edit")
    for n in ("3", "4"):
        assert bruno.post(f"/teach/courses/{uuid}/undo", {"n": n}).status == 409
    with app.app_context():
        assert draft_of(uuid).head == 4


def test_the_step_that_replaced_a_picture_is_taken_back(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context(), transaction() as current:
        storage = app.extensions["headstart"].storage
        old, new = (store.Stored(storage.put(raw)) for raw in (b"the old picture", b"the new picture"))
        for before, after in ((None, old), (old, new)):
            base = {"media/a.jpg": before.digest if before is not None else None}
            store.save(
                current, draft_of(uuid), person_of("bruno"), {"media/a.jpg": after}, base=base, what="media"
            )
    bruno.post(f"/teach/courses/{uuid}/undo", {"n": "3"})
    assert files_in(app, uuid)["media/a.jpg"] == old.digest


def test_a_browser_lets_the_settings_go_with_one_language_ticked(
    bruno: Browser, app: Flask, folder: Path
) -> None:
    """A box that is ``required`` must be ticked: with one language of many, no browser would ever send the form."""
    page = bruno.open(f"/teach/courses/{make_draft(app, folder)}/settings")
    boxes = re.findall(r"<input[^>]*type=\"checkbox\"[^>]*>", page.body)
    assert len(boxes) > 50
    assert [box for box in boxes if "required" in box] == []
