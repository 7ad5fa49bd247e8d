"""One teacher, one course, from an empty page to a certificate's test; then out as a folder, elsewhere, and out again.

She has a browser with a microphone that beeps. What she writes stands in BLOCKS and QUESTIONS: every kind is there.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from headstart_lms.authoring.forms import kinds

from ..authoring.uploads import film, jpeg
from ..certificates.offline import find_chromium
from .conftest import HEADSTART, Site, running_site
from .keys import answer, sitting_keys, unit_keys
from .teacher import Teacher

TEACHER = "teacher-north"
DESK = {"viewport": {"width": 1280, "height": 800}}
MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

#: As they are copied from a spreadsheet: the columns in an order of their own.
WORDS = """gloss\tword\tkind\tgender\tplural
good morning\tbuongiorno\tphrase\t\t
good evening\tbuonasera\tphrase\t\t
thank you\tgrazie\tphrase\t\t
please\tper favore\tphrase\t\t
excuse me\tmi scusi\tphrase\t\t
bread\til pane\tnoun\tm\ti pani
milk\til latte\tnoun\tm\t-
water\tl'acqua\tnoun\tf\tle acque
pharmacy\tla farmacia\tnoun\tf\tle farmacie
station\tla stazione\tnoun\tf\tle stazioni
bus\tl'autobus\tnoun\tm\tgli autobus
ticket\til biglietto\tnoun\tm\ti biglietti
key\tla chiave\tnoun\tf\tle chiavi
house\tla casa\tnoun\tf\tle case
work\til lavoro\tnoun\tm\ti lavori
doctor\til medico\tnoun\tm\ti medici
office\tl'ufficio\tnoun\tm\tgli uffici
passport\til passaporto\tnoun\tm\ti passaporti
name\til nome\tnoun\tm\ti nomi
family name\til cognome\tnoun\tm\ti cognomi
"""
WORD_LINES = "\n".join(line.split("\t")[1] for line in WORDS.splitlines()[1:])

#: Each kind of part but the questions; ``@1`` is the first that a choice offers.
BLOCKS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("dialogue", {"title": "At the bus stop", "turns.+": "Amina: Buongiorno! = Good morning!\n"
                                                         "Marco: Buongiorno, signora. = Good morning, madam."}),
    ("grammar", {"title": "To be", "text": "Say **sono** for yourself and **sei** for a friend.",
                 "examples.+": "Sono Amina. = I am Amina.\nSei Marco? = Are you Marco?"}),
    ("picture", {"media": "@1", "caption": "A sign at the station."}),
    ("audio", {"media": "@1", "title": "How it sounds"}),
    ("video", {"media": "@1", "title": "How to buy a ticket"}),
    ("checklist", {"title": "Before you travel", "steps.+": "Take your passport.\nBuy a ticket."}),
    ("fact", {"fact": "@1"}),
    ("scenario", {"title": "Amina arrives", "text": "Amina comes out of the station. She looks for a pharmacy."}),
    ("link", {"url": "https://www.interno.gov.it/", "text": "The ministry of the interior", "language": "it"}),
)  # fmt: skip

#: Each kind of question, as forms that are filled in and saved one after the other.
QUESTIONS: tuple[tuple[str, tuple[Mapping[str, Any], ...]], ...] = (
    ("single", ({"prompt": "What do you say in the morning?", "options.+": "*Buongiorno!\nBuonanotte!\nArrivederci!",
                 "explain": "You say buongiorno until the afternoon."},)),
    ("multiple", ({"prompt": "What do you take with you?",
                   "options.+": "*il passaporto\n*il biglietto\nil pane", "explain": "The pass and the ticket."},)),
    ("truth", ({"stimulus": "La farmacia è chiusa il lunedì.", "statement": "The pharmacy is open on Monday.",
                "answer": "false", "explain": "Chiusa means closed."},)),
    ("match", ({"prompt": "What does it mean?", "pairs.+": "il pane = bread\nil latte = milk\nl'acqua = water",
                "explain": "Three things from the shop."},)),
    ("order", ({"prompt": "Make a sentence.", "parts.+": "Mi\nchiamo\nAmina.", "explain": "First mi, then chiamo."},)),
    ("gap-choice", ({"text": "Io [sono|sei] di Tunisi.", "explain": "Io goes with sono."},)),
    ("gap-type", ({"text": "Buongiorno, [mi] chiamo Amina.", "explain": "Mi chiamo says your name."},)),
    ("short", ({"prompt": "How do you say thank you?", "answers": "grazie\ngrazie mille", "explain": "Grazie."},)),
    ("form", (
        {"prompt": "Fill in the form for Amina.", "stimulus": "Amina Haddad was born on 3 May 1994.",
         "fields.+1.label": "Cognome", "fields.+1.kind": "name", "fields.+1.answers": "Haddad",
         "explain": "Cognome is the family name."},
        {"fields.+1.label": "Data di nascita", "fields.+1.kind": "date", "fields.+1.answers": "1994-05-03"},
    )),
    ("dictation", ({"audio": "@1", "answers": "buongiorno", "explain": "One word: buongiorno."},)),
    ("picture", (
        {"stimulus": "la stazione", "prompt": "Which picture is it?", "options.+1.picture": "@1",
         "options.right": ["+1"], "explain": "The first one."},
        {"options.+1.picture": "@2"},
    )),
    ("number", ({"prompt": "The bus costs 1.50 euros. You pay with 5. How much do you get back?", "answer": "3.5",
                 "unit": "euros", "explain": "5 less 1.50 is 3.50."},)),
    ("hotspot", (
        {"prompt": "Where is the door?", "picture": "@1", "spots.+1.label": "left side", "spots.+1.x": "5",
         "spots.+1.y": "10", "spots.+1.width": "30", "spots.+1.height": "60", "spots.right": ["+1"],
         "explain": "The door is on the left."},
        {"spots.+1.label": "right side", "spots.+1.x": "60", "spots.+1.y": "10", "spots.+1.width": "30",
         "spots.+1.height": "60"},
    )),
    ("scenario", (
        {"steps.+1.text": "Your employer keeps your passport. What do you do?",
         "steps.+1.choices.+1.text": "I ask for it back.", "steps.+1.choices.+1.result": "Good. It is yours.",
         "steps.+1.choices.+1.points": "2", "explain": "Nobody may keep your passport."},
        {"steps.s1.choices.+1.text": "I say nothing.", "steps.s1.choices.+1.result": "Now you cannot travel.",
         "steps.s1.choices.+1.points": "0"},
    )),
    ("can-do", ({"statement": "I can greet somebody."},)),
)  # fmt: skip

BANK = """What do you say in the evening?
*Buonasera!
Buongiorno!
Grazie!
> In the evening: buonasera.
# all

What is il pane?
*bread
milk
water
> Il pane is bread.
# all

What is il latte?
*milk
bread
a key
> Il latte is milk.
# all

What is la chiave?
*a key
a house
a bus
> La chiave opens the door.
# all

What is la casa?
*a house
a ticket
work
> La casa is the house.
# all

What is il medico?
*a doctor
an office
a name
> Il medico helps the sick.
# all
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An installation of her own: a course more would be in the way of the other tests."""
    with running_site(tmp_path_factory.mktemp("school")) as site:
        yield site


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A browser whose microphone beeps once a second, and asks nobody."""
    started = playwright.chromium.launch(
        executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu", *MICROPHONE]
    )
    yield started
    started.close()


# --- her day ------------------------------------------------------------------------------------------------


def begin(teacher: Teacher) -> None:
    """Make a course from the language template; keep one of its units."""
    page = teacher.page
    page.goto("/teach/courses")
    page.get_by_role("link", name="New course").first.click()
    page.get_by_label("Title").fill("First words of Italian")
    page.get_by_label("A language module").check()
    page.locator("[name=country]").select_option("IT")
    page.locator("[name=taught]").select_option("it")
    teacher.press("Begin")
    teacher.course = re.sub(r"[?#].*", "", page.url)
    for unit in ("A conversation", "A rule and practice"):
        page.get_by_label(f"Change the unit: {unit}").focus()
        page.keyboard.press("Enter")
        with page.expect_navigation():
            page.get_by_label(f"Delete: {unit}").click()
    teacher.go("/settings")
    page.get_by_label("Summary").fill("You can greet people, and say a few words in shops and offices.")
    teacher.press("Save")
    teacher.go("/outcomes/o-1")
    teacher.fill({"text": "I can greet somebody and say who I am."})
    teacher.press("Save", nth=-1)


def paste_words(teacher: Teacher) -> None:
    """Paste twenty rows of a spreadsheet, look at them, write them; then the words of the template go."""
    page = teacher.page
    teacher.go("/paste/words")
    page.locator("[name=table]").fill(WORDS)
    teacher.press("Look at it first")
    expect(page.locator("main")).to_contain_text("20 words")
    teacher.press("Write the words")
    teacher.go("/units/first-words")
    teacher.save_block("words-list", {"entries": WORD_LINES})
    for word in ("word-1", "word-2", "word-3"):
        teacher.go(f"/words/{word}")
        teacher.press("Delete")


def add_media(teacher: Teacher, folder: Path) -> None:
    """Take in two photos and a film; say what they show, whose they are; record a word."""
    page = teacher.page
    for name, content, said in (
        ("station.jpg", jpeg(), "A station with a large door"), ("shop.png", jpeg(kind="PNG"), "A shop with bread"),
        ("ticket.mp4", film(folder / "ticket.mp4"), "Vorrei un biglietto, per favore."),
    ):  # fmt: skip
        teacher.go("/media")
        adding = page.locator(".hs-upload")
        if adding.get_attribute("open") is None:
            adding.locator("> summary").click()
        given: Any = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        page.get_by_label("Files").set_input_files(given)
        page.locator("#said").fill(said)
        adding.locator("[name=licence]").select_option("CC-BY-4.0")
        adding.locator("[name=source]").fill("made by me")
        teacher.press("Add")
    teacher.go("/record")
    page.get_by_label("Who speaks").fill("Giulia")
    first = page.locator("#say").inner_text()
    page.locator("#say").focus()
    page.keyboard.press("r")
    expect(page.get_by_role("status")).to_have_text("Speak now.")
    page.wait_for_timeout(1600)
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Listen", exact=True)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#say")).not_to_have_text(first)


def add_fact(teacher: Teacher) -> None:
    teacher.go("/facts/+")
    teacher.fill({
        "claim": "You ask for the residence permit within 8 working days.", "country": "IT",
        "source.title": "D.Lgs. 286/1998, art. 5(2)", "source.url": "https://www.normattiva.it/",
        "owner": "Language school North",
    })  # fmt: skip
    teacher.press("Save", nth=-1)


def write_unit(teacher: Teacher) -> None:
    """Write every kind of part and every kind of question."""
    page = teacher.page
    teacher.go("/units/first-words")
    teacher.open_block("words-aim")
    text = page.get_by_role("textbox", name="Text", exact=True)
    text.fill("")
    text.press_sequentially("After this unit you can say buongiorno")
    page.keyboard.press("Control+Shift+ArrowLeft")
    page.keyboard.press("Alt+l")
    expect(text).to_have_value("After this unit you can say [buongiorno]{it}")
    expect(page.locator("[data-hs-saved]")).to_contain_text("Saved at", timeout=10_000)
    page.get_by_role("link", name="Close", exact=True).click()
    for kind, fields in BLOCKS:
        teacher.add_block(kind, fields)
    teacher.add_block("items")
    page.locator("[data-hs-do] button[value='delete:words-practice']").click()
    expect(page.locator("#part-words-practice")).to_have_count(0)
    for kind, steps in QUESTIONS:
        name = teacher.add_item(kind, *steps)
        expect(page.locator(f"#part-{name} .hs-error")).to_have_count(0)


def write_the_test(teacher: Teacher) -> None:
    """Paste six questions for the test, throw the four of the template away, and say how it is drawn."""
    page = teacher.page
    teacher.go("/paste/questions?to=bank:bank/final.yaml")
    page.locator("[name=text]").fill(BANK)
    teacher.press("Look at them first")
    teacher.press("Write 6 questions")
    for number in range(1, 5):
        teacher.go(f"/bank/items/final-{number}")
        teacher.press("Delete this question")
    teacher.go("/tests/final")
    teacher.fill({"title": "Can you greet?", "minutes": "10", "sections.all.draw": "all: 3"})
    teacher.press("Save", nth=-1)
    expect(page.locator("main")).to_contain_text("Learners read: To pass you need:")


def translate(teacher: Teacher) -> None:
    """Offer it in Arabic: every text side by side, the marked words kept, until nothing is open."""
    page = teacher.page
    teacher.go("/translations")
    page.locator("main [name=language]").fill("ar")
    teacher.press("Add")
    for _page in range(40):
        teacher.go("/translations/ar?only=open")
        lines = page.locator("[data-hs-line]:not([data-state=done])")
        if not lines.count():
            onward = page.locator(".hs-translate-main").get_by_role("button", name="Next open text")
            if not onward.count():
                break
            with page.expect_navigation():
                onward.click()
        for line in lines.all():
            marks = [mark.get_attribute("data-hs-mark") for mark in line.locator("[data-hs-mark]").all()]
            line.locator("textarea").fill(" ".join(["نص بالعربية", *filter(None, marks)]))
        teacher.press("Save", nth=-1)
    teacher.go("/translations")
    expect(page.locator("main table")).to_contain_text("100 %")


def preview(teacher: Teacher) -> None:
    """Look at the unit on the phone beside it, answer a question there, read it in Arabic."""
    page = teacher.page
    teacher.go("/units/first-words")
    expect(page.locator(".hs-unfinished")).to_have_count(0)
    phone = page.frame_locator("[data-hs-phone]")
    expect(phone.locator("body")).to_contain_text("After this unit you can say")
    page.locator("#language").select_option("ar")
    expect(page.frame_locator("[data-hs-phone]").locator("html[dir=rtl]")).to_have_count(1)


def publish(teacher: Teacher) -> None:
    page = teacher.page
    teacher.go("/publish")
    expect(page.locator(".hs-finding-error")).to_have_count(0)
    warnings = page.locator("[name=warnings]")
    if warnings.count():
        warnings.check()
    page.get_by_role("button", name=re.compile("Publish as version")).focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("published as 1.0")


# --- the learner ----------------------------------------------------------------------------------------------


def learn(page: Page, site: Site, slug: str) -> set[str]:
    """Take the course from its first screen to the test; return the kinds of questions that were answered."""
    page.goto("/start?step=route&to=IT")
    page.locator("button[name=route]").first.click()
    page.goto(f"/courses/{slug}")
    page.get_by_role("button", name="Start this course").click()
    keys = unit_keys(site.app, slug)
    answered: set[str] = set()
    for _screen in range(40):
        if "/tests/" in page.url:
            break
        for form in page.locator("form[data-item]").all():
            item = form.get_attribute("data-item") or ""
            answer(page, item, keys[item])
            expect(page.locator(f"[id='{item}-feedback'] .hs-band-head")).to_have_text(
                re.compile("Right|Saved")
            )
            answered.add(item)
        page.locator("a[rel=next]").click()
    assert answered == set(keys)
    page.get_by_role("button", name="Start the test").click()
    sitting = sitting_keys(site.app, page.url.split("?")[0].rsplit("/", 1)[1])
    assert len(sitting) == 3
    for _question in sitting:
        item = page.locator("form[data-item]").get_attribute("data-item") or ""
        answer(page, item, sitting[item])
    expect(page.get_by_role("heading", level=1)).to_have_text("You have passed")
    return answered


# --- out and in -----------------------------------------------------------------------------------------------


def headstart(instance: Path, *words: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADSTART_")}
    done = subprocess.run(  # noqa: S603
        [*HEADSTART, *words], env={**clean, "HEADSTART_INSTANCE": str(instance)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tree(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*")) if file.is_file()
    }  # fmt: skip


def test_a_teacher_writes_a_course_a_learner_passes_it_and_it_travels_byte_for_byte(
    site: Site, visit: Callable[..., Page], tmp_path: Path
) -> None:
    teacher = Teacher(visit(TEACHER, **DESK))
    begin(teacher)
    paste_words(teacher)
    add_media(teacher, tmp_path)
    add_fact(teacher)
    write_unit(teacher)
    write_the_test(teacher)
    translate(teacher)
    preview(teacher)
    publish(teacher)

    learner = visit(java_script_enabled=False)
    answered = learn(learner, site, "first-words-of-italian")
    assert len(answered) == len(QUESTIONS)
    for language, words in (("en", "After this unit"), ("ar", "نص بالعربية")):
        learner.goto(f"/courses/first-words-of-italian/first-words?lang={language}")
        expect(learner.locator("main")).to_contain_text(words)

    teacher.go()
    with teacher.page.expect_download() as download:
        teacher.page.get_by_role("link", name="Download as a zip file").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "first-words-of-italian"
    elsewhere = tmp_path / "elsewhere"
    headstart(elsewhere, "init")
    assert "0 errors" in headstart(elsewhere, "course", "check", str(folder))
    headstart(elsewhere, "draft", "import", str(folder))
    uuid = headstart(elsewhere, "draft", "list").splitlines()[-1].split()[0]
    headstart(elsewhere, "draft", "export", uuid, str(tmp_path / "again"))
    assert tree(tmp_path / "again") == tree(folder)


def test_she_writes_every_kind_there_is() -> None:
    blocks = {"text", "vocabulary", "items", *(kind for kind, _fields in BLOCKS)}
    assert blocks == {form.kind for form in kinds("block")}
    assert {kind for kind, _steps in QUESTIONS} == {form.kind for form in kinds("item")}
    assert len(WORDS.splitlines()) == 21
