"""Pictures and sounds of a course: uploads made anew, their words, what they weigh, what may go."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from flask import Flask
from PIL import Image

from headstart_lms.authoring import store
from headstart_lms.kernel.db import session

from ..browsing import Browser, Page
from .drafts import draft_of, make_draft
from .uploads import jpeg, picture_in, sound

AsPerson = Callable[[str], Browser]
DOOR = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h5v7z"/></svg>'
MEDIA = """# pictures of this course
- {id: pic-door, file: door.svg, kind: picture, alt: A door, licence: CC0-1.0, source: own drawing}
- {id: pic-free, file: free.svg, kind: picture, alt: A window, licence: CC0-1.0, source: own drawing}
"""


@pytest.fixture
def uuid(app: Flask, folder: Path) -> UUID:
    (folder / "media").mkdir()
    for name in ("door", "free"):
        (folder / f"media/{name}.svg").write_text(DOOR, "utf-8")
    (folder / "media.yaml").write_text(MEDIA, "utf-8")
    unit = folder / "units/first.yaml"
    block = "blocks:\n  - {id: first-door, type: picture, media: pic-door}\n"
    unit.write_text(unit.read_text("utf-8").replace("blocks:\n", block), "utf-8")
    return make_draft(app, folder)


@pytest.fixture
def rows(app: Flask, uuid: UUID) -> Callable[[], dict[str, Any]]:
    def read() -> dict[str, Any]:
        with app.app_context():
            found = store.read_data(session(), draft_of(uuid), "media.yaml")[0]
            session().rollback()
            return {row["id"]: row for row in found}

    return read


def address(uuid: UUID, more: str = "") -> str:
    return f"/teach/courses/{uuid}/media{more}"


def upload(browser: Browser, uuid: UUID, *files: tuple[str, bytes], **values: str) -> Page:
    """Send files with the form of the page, as a browser without scripts does."""
    form = browser.open(address(uuid)).form(to="/media", method="post")
    data: dict[str, Any] = {**form.data(values), "file": [(io.BytesIO(raw), name) for name, raw in files]}
    response = browser.client.post(
        form.action, data=data, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=True
    )
    return Page(response, response.request.url)


def stored(app: Flask, uuid: UUID, file: str) -> bytes:
    with app.app_context():
        digest = store.tree(session(), draft_of(uuid))[f"media/{file}"]
        session().rollback()
    found: bytes = app.extensions["headstart"].storage.path(digest).read_bytes()
    return found


@pytest.mark.every_app
def test_the_page_shows_every_picture_with_its_words_rights_use_and_size(
    uuid: UUID, as_person: AsPerson
) -> None:
    page = as_person("bruno").open(address(uuid))
    assert page.status == 200
    for words in (
        "A door",
        "A window",
        "CC0-1.0",
        "own drawing",
        "Say hello",
        "Nothing uses this",
        "25.0 MB",
    ):
        assert words in page.text, words
    assert sum(1 for asset in page.assets if "/media/" in asset) == 2
    assert as_person("bruno").open(address(uuid, "?show=unused")).text.count("own drawing") == 1


@pytest.mark.both_databases
def test_a_photo_comes_in_small_and_turned_the_right_way_and_without_where_and_who(
    app: Flask, uuid: UUID, as_person: AsPerson, rows: Callable[[], Any]
) -> None:
    photo = jpeg(1600, 1200, turned=True)
    assert b"Secret Author" in photo
    page = upload(
        as_person("bruno"), uuid, ("My Photo.JPG", photo), said="A yellow bus at a stop",
        licence="CC-BY-4.0", source="own photo",
    )  # fmt: skip
    assert page.status == 200
    row = rows()["pic-a-yellow-bus-at"]
    assert row == {
        "id": "pic-a-yellow-bus-at", "file": "pic-a-yellow-bus-at.webp", "kind": "picture",
        "alt": "A yellow bus at a stop", "licence": "CC-BY-4.0", "source": "own photo",
    }  # fmt: skip
    made = stored(app, uuid, row["file"])
    picture = picture_in(made)
    assert len(made) <= 25_000
    assert picture.width <= 480
    assert picture.height > picture.width  # it was turned
    assert not picture.getexif()
    assert b"Secret" not in made
    assert b"EXIF" not in made


def test_several_files_at_once_are_asked_for_their_words_next_and_nothing_is_published_before(
    app: Flask, uuid: UUID, as_person: AsPerson, rows: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    page = upload(bruno, uuid, ("one.jpg", jpeg()), ("two.png", jpeg(kind="PNG")), ("hello.ogg", sound()))
    assert page.status == 200
    new = rows()
    assert {"pic-one", "pic-two", "clip-hello"} <= set(new)
    assert "alt" not in new["pic-one"]
    assert "needs 'alt'" in bruno.open(f"/teach/courses/{uuid}").text
    form = page.form(to="/media-words")
    values = {
        "pic-one-said": "A red house", "pic-two-said": "A tree", "clip-hello-said": "Hello",
        **{f"{name}-source": "own" for name in ("pic-one", "pic-two", "clip-hello")},
        **{f"{name}-licence": "CC0-1.0" for name in ("pic-one", "pic-two")},
        "clip-hello-licence": "+", "clip-hello-licence_other": "FAL-1.3",
    }  # fmt: skip
    page = bruno.send(form, values)
    assert "Every picture and sound has its words" in page.text
    assert rows()["pic-one"]["alt"] == "A red house"
    assert rows()["clip-hello"]["licence"] == "FAL-1.3"
    assert rows()["clip-hello"]["transcript"] == "Hello"
    with app.app_context():
        assert store.read_text(session(), draft_of(uuid), "media.yaml")[0].startswith("# pictures of this")
        session().rollback()


def test_what_cannot_be_taken_is_named_and_the_rest_is_kept(
    uuid: UUID, as_person: AsPerson, rows: Callable[[], Any]
) -> None:
    page = upload(as_person("bruno"), uuid, ("good.jpg", jpeg()), ("bad.png", b"PK\x03\x04" + b"x" * 50))
    assert page.status == 422
    assert "<bdi>bad.png</bdi>: This is no picture and no sound." in page.body
    assert "1 other file was taken" in page.text
    assert "pic-good" in rows()
    assert "pic-bad" not in rows()


def test_a_picture_in_use_is_not_deleted_and_says_where_it_is_used(
    uuid: UUID, as_person: AsPerson, rows: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(address(uuid, "/pic-door"))
    assert page.link(to="/units/first") is not None
    assert not [form for form in page.forms if form.action.endswith("/delete")]
    refused = bruno.client.post(
        bruno._address(address(uuid, "/pic-door/delete")), headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert refused.status_code == 422
    assert "This is used in the course." in refused.text
    assert "pic-door" in rows()
    page = bruno.open(address(uuid, "/pic-free"))
    assert bruno.send(page.form(to="/delete"), {}).status == 200
    assert "pic-free" not in rows()


def test_a_licence_of_ones_own_and_other_words_are_saved_and_the_rest_of_the_row_stays(
    uuid: UUID, as_person: AsPerson, rows: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    form = bruno.open(address(uuid, "/pic-door")).form(to="/pic-door", method="post")
    bruno.send(form, {"said": "An open door", "licence": "+", "licence_other": "Free Art 1.3"})
    assert rows()["pic-door"] == {
        "id": "pic-door", "file": "door.svg", "kind": "picture", "alt": "An open door",
        "licence": "Free Art 1.3", "source": "own drawing",
    }  # fmt: skip
    form = bruno.open(address(uuid, "/pic-door")).form(to="/pic-door", method="post")
    bruno.send(form, {"said": "A green door"})
    assert rows()["pic-door"]["licence"] == "Free Art 1.3"


def test_two_people_who_change_one_picture_lose_nothing(
    uuid: UUID, as_person: AsPerson, rows: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    form = bruno.open(address(uuid, "/pic-door")).form(to="/pic-door", method="post")
    bruno.send(form, {"said": "An open door"})
    page = bruno.send(form, {"said": "A shut door"})
    assert page.status == 409
    assert "A shut door" in page.body
    assert rows()["pic-door"]["alt"] == "An open door"


def test_words_that_two_people_wrote_for_one_picture_are_both_kept(
    uuid: UUID, as_person: AsPerson, rows: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    form = upload(bruno, uuid, ("one.jpg", jpeg())).form(to="/media-words")
    more = {"pic-one-licence": "CC0-1.0", "pic-one-source": "own"}
    bruno.send(form, {"pic-one-said": "A red house", **more})
    page = bruno.send(form, {"pic-one-said": "A green house", **more})
    assert page.status == 409
    assert "Theirs stand here" in page.text
    assert rows()["pic-one"]["alt"] == "A red house"


def test_a_part_of_a_picture_is_kept_by_four_numbers(
    app: Flask, uuid: UUID, as_person: AsPerson, rows: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    half = Image.new("RGB", (400, 400), "white")
    half.paste((200, 0, 0), (100, 100, 300, 300))
    raw = io.BytesIO()
    half.save(raw, "PNG")
    upload(
        bruno, uuid, ("square.png", raw.getvalue()), said="Red", licence="CC0-1.0", source="own",
        left="25", top="25", width="50", height="50",
    )  # fmt: skip
    picture = picture_in(stored(app, uuid, rows()["pic-red"]["file"])).convert("RGB")
    assert picture.size == (200, 200)
    assert all(value > 150 for value in [picture.getpixel((100, 100))[0], picture.getpixel((4, 4))[0]])  # type: ignore[index]
    assert picture.getpixel((100, 100))[1] < 60  # type: ignore[index]
    form = bruno.open(address(uuid, "/pic-red")).form(to="/pic-red", method="post")
    bruno.send(form, {"width": "50"})
    assert picture_in(stored(app, uuid, rows()["pic-red"]["file"])).size == (100, 200)


def test_a_new_file_takes_the_place_of_the_old_one_and_another_kind_does_not(
    app: Flask, uuid: UUID, as_person: AsPerson, rows: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    form = bruno.open(address(uuid, "/pic-door")).form(to="/pic-door", method="post")

    def send(name: str, raw: bytes) -> Any:
        data: dict[str, Any] = {**form.data({}), "file": (io.BytesIO(raw), name)}
        return bruno.client.post(form.action, data=data, headers={"Sec-Fetch-Site": "same-origin"})

    assert send("word.ogg", sound()).status_code == 422
    assert rows()["pic-door"]["file"] == "door.svg"
    assert send("door.jpg", jpeg()).status_code == 303
    assert rows()["pic-door"]["file"] == "pic-door.webp"
    with app.app_context():
        assert "media/door.svg" not in store.tree(session(), draft_of(uuid))
        session().rollback()


def test_a_picture_of_a_course_we_ship_is_found_and_comes_with_its_licence_and_source(
    uuid: UUID, as_person: AsPerson, rows: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(f"/teach/courses/{uuid}/pictures?q=bread")
    picture = bruno.open(
        next(asset for asset in page.assets if "/teach/pictures/" in asset)[len("http://localhost") :]
    )
    assert picture.response.mimetype == "image/svg+xml"
    assert "sandbox" in picture.response.headers["Content-Security-Policy"]
    ours = {("course", "it-italiano-a1"), ("picture", "pic-bread")}
    forms = [form for form in page.forms if ours <= set(form.filled)]
    assert bruno.send(forms[0], {}).status == 200
    row = rows()["pic-bread"]
    assert "bread" in row["alt"].lower()
    assert row["licence"] == "CC-BY-4.0"
    assert row["source"].startswith("own drawing")
    assert bruno.send(forms[0], {}).status == 200  # the same again is the same
    assert len(rows()) == 3
    arabic = bruno.open(f"/teach/courses/{uuid}/pictures?lang=ar&q=bread").body
    assert re.search(r'<p id="s-[^"]+" dir="auto">[؀-ۿ ]+', arabic)


def test_the_form_says_when_nothing_was_chosen(uuid: UUID, as_person: AsPerson) -> None:
    page = upload(as_person("bruno"), uuid)
    assert page.status == 422
    assert "Choose a picture or a sound first." in page.text


def test_the_exported_course_says_all_of_it(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    bruno = as_person("bruno")
    upload(bruno, uuid, ("bus.jpg", jpeg()), said="A bus", licence="CC0-1.0", source="own photo")
    with app.app_context():
        text = store.read_text(session(), draft_of(uuid), "media.yaml")[0]
        session().rollback()
    assert [row["id"] for row in yaml.safe_load(text)] == ["pic-door", "pic-free", "pic-a-bus"]
