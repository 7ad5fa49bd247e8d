"""Translations as files of other tools: PO and XLIFF 2.0, out and in."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import polib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart_lms.builtin import item_types
from headstart_lms.courses import catalogue, xliff
from headstart_lms.courses.catalogue import Held, Offered, Written
from headstart_lms.courses.check import check_folder
from headstart_lms.courses.document import Course
from headstart_lms.courses.texts import texts
from headstart_lms.courses.translations import kept
from headstart_lms.kernel.errors import Invalid
from headstart_lms.paths import bundled_courses

from ..make import write_course

NS = {"x": xliff.NAMESPACE}
AIM = "first/first-aim/text"
TITLE = "course//title"


@pytest.fixture
def course(folder: Path) -> Course:
    return course_of(folder)


def course_of(folder: Path) -> Course:
    found = check_folder(folder, item_types(), on=date(2026, 12, 1)).course
    assert found is not None
    return found


def held(course: Course, **texts_: str) -> dict[str, Held]:
    source = dict(texts(course))
    return {name: Held(source[name], text) for name, text in texts_.items()}


def read(raw: bytes) -> dict[str, Offered]:
    return {one.context: one for one in xliff.read(raw, source_language="en", language="ar")}


#: Anything a person or a spreadsheet may put into a text, controls too; the marks of the source in it.
TEXT = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
        st.sampled_from(["[Buongiorno]{it}", "[[gap]]", "&amp;", "<mrk>", "]]>", "\r\n", "\u202e", "\x0b"]),
    ),
    min_size=1, max_size=6,
).map("".join).filter(str.strip)  # fmt: skip


@given(text=TEXT, fuzzy=st.booleans())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_goes_out_as_xliff_and_comes_back_the_same(course: Course, text: str, fuzzy: bool) -> None:
    source = dict(texts(course))
    have = {AIM: Held(source[AIM], text, fuzzy)}
    found = read(xliff.write(course, "ar", have))
    assert {name: one.source for name, one in found.items()} == source
    assert found[AIM].text == text
    assert found[AIM].finished == (not fuzzy and kept(source[AIM]) == kept(text))


@given(text=TEXT.filter(lambda text: not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]", text)))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_text_goes_into_a_po_file_and_comes_back_the_same(course: Course, text: str) -> None:
    raw = catalogue.rewritten(None, course, "ar", {AIM: Written(text)})
    assert catalogue.held_in(catalogue.parse(raw))[AIM].text == text
    assert catalogue.rewritten(raw, course, "ar", {}) == raw


def test_the_bundled_course_goes_through_xliff_and_nothing_in_it_changes() -> None:
    folder = bundled_courses() / "it-lavoro"
    course = course_of(folder)
    raw = (folder / "translations" / "ar.po").read_bytes()
    have = catalogue.held_in(catalogue.parse(raw))
    offered = xliff.read(xliff.write(course, "ar", have), source_language="en", language="ar")
    changes, said = catalogue.take(course, have, offered)
    assert not changes
    assert {one.fate for one in said} <= {"same", "empty"}
    assert sum(one.fate == "same" for one in said) > 500


def test_the_file_says_what_other_tools_need_to_know(course: Course) -> None:
    raw = xliff.write(
        course, "ar", held(course, **{AIM: "قل [Buongiorno]{it}"}), notes={AIM: ["Text › 1 < 2"]},
        titles={"first": 'Say "hello"'},
    )  # fmt: skip
    root = ElementTree.fromstring(raw)  # noqa: S314 - we wrote it
    assert (root.get("version"), root.get("srcLang"), root.get("trgLang")) == ("2.0", "en", "ar")
    units = {unit.get("name"): unit for unit in root.iterfind(".//x:unit", NS)}
    assert set(units) == {context for context, _text in texts(course)}
    assert len({unit.get("id") for unit in units.values()}) == len(units)
    assert all(re.fullmatch(r"[\w.:-]+", unit.get("id", "")) for unit in units.values())  # NMTOKEN
    aim = units[AIM]
    segment = aim.find("x:segment", NS)
    assert segment is not None
    assert segment.get("state") == "translated"
    for part in ("source", "target"):
        mark = aim.find(f".//x:{part}/x:mrk", NS)
        assert mark is not None
        assert (mark.text, mark.get("translate"), mark.get("id")) == ("[Buongiorno]{it}", "no", "m1")
    assert aim.findtext("x:notes/x:note", namespaces=NS) == "Text › 1 < 2"
    assert units[TITLE].find("x:segment/x:target", NS) is None


def wrapped(inner: str, *, attributes: str = 'srcLang="en" trgLang="ar"', head: str = "") -> bytes:
    return (
        f'{head}<xliff xmlns="{xliff.NAMESPACE}" version="2.0" {attributes}><file id="f">{inner}</file></xliff>'
    ).encode()


def test_files_of_other_tools_are_read_in_any_order_cut_and_marked_in_their_ways() -> None:
    found = read(
        wrapped(
            '<unit id="u9" name="b"><notes><note>source</note></notes>'
            '<x:matches xmlns:x="urn:oasis:names:tc:xliff:matches:2.0"><x:match><source>no</source>'
            "<target>no</target></x:match></x:matches>"
            '<segment state="final"><source>One. </source><target>١. </target></segment>'
            "<ignorable><source> </source></ignorable>"
            '<segment state="reviewed"><source>Two <pc id="1">big</pc><ph id="2"/></source>'
            '<target>٢ <mrk id="m1" type="term">كبير</mrk></target></segment></unit>'
            '<group id="g"><unit id="c:c:d"><segment><source>x</source><target/></segment></unit></group>'
            '<unit id="e" name="e"><segment state="final"><source>a</source><target>ا</target></segment>'
            "<segment><source>b</source></segment></unit>"
        )
    )
    assert list(found) == ["b", "c/c/d", "e"]
    assert (found["b"].source, found["b"].text, found["b"].finished) == ("One.  Two big", "١.  ٢ كبير", True)
    assert (found["c/c/d"].text, found["c/c/d"].finished) == ("", False)
    assert found["e"].problem


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "raw, sentence",
    [
        (wrapped("&b;", head=LAUGHS), "has no DTD"),
        (wrapped("", head='<!DOCTYPE x SYSTEM "http://example.org/x.dtd">'), "has no DTD"),
        (wrapped("<unit"), "Look at line 1"),
        (wrapped("<group>" * 60 + "</group>" * 60), "not readable as XLIFF"),
        (wrapped("", attributes='srcLang="en" trgLang="cs"'), "into cs, not into ar"),
        (wrapped("", attributes='srcLang="it" trgLang="ar"'), "translates from it"),
        (b'<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2"/>', "another version of XLIFF"),
        (b'<?xml version="1.0" encoding="no-such"?><xliff/>', "not readable as XLIFF"),
        (b"<html/>", "not an XLIFF file"),
    ],
)
def test_files_that_are_no_xliff_for_here_are_refused_with_a_sentence(raw: bytes, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(raw)
    assert sentence in refused.value.message


@given(raw=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: wrapped(text))))
@settings(max_examples=200)
def test_no_file_breaks_the_reader(raw: bytes) -> None:
    try:
        read(raw)
    except Invalid:
        pass


def test_the_report_says_what_became_of_each_text(course: Course) -> None:
    source = dict(texts(course))
    have = held(course, **{TITLE: "دورة", "course//summary": "ملخص"})
    offered = [
        Offered(TITLE, source[TITLE], "دورة", True, 1),
        Offered("course//summary", source["course//summary"], "مسودة", False, 2),
        Offered(AIM, source[AIM], "بلا علامة", True, 3),
        Offered("first//title", "Another title", "عنوان", True, 4),
        Offered("first/gone/text", "x", "y", True, 5),
        Offered("second//title", source["second//title"], "", True, 6),
        Offered("first/first-hello/prompt", source["first/first-hello/prompt"], "ماذا؟", True, 7),
        Offered("first/first-hello/prompt", source["first/first-hello/prompt"], "غيره", True, 8),
    ]
    changes, said = catalogue.take(course, have, offered)
    assert [(one.fate, one.line) for one in said] == [
        ("same", 1), ("refused", 2), ("working", 3), ("differs", 4), ("unknown", 5), ("empty", 6), ("taken", 7),
        ("refused", 8),
    ]  # fmt: skip
    assert all(one.reason for one in said if one.fate not in ("same", "empty", "taken"))
    assert changes == {
        AIM: Written("بلا علامة", True),
        "first//title": Written("عنوان", True, "Another title"),
        "first/first-hello/prompt": Written("ماذا؟"),
    }
    after = catalogue.held_in(catalogue.parse(catalogue.rewritten(None, course, "ar", changes)))
    assert catalogue.state_of(after["first//title"], source["first//title"]) == "stale"
    assert catalogue.state_of(after[AIM], source[AIM]) == "working"


def test_a_po_file_of_others_keeps_its_comments_and_header(course: Course) -> None:
    po = polib.POFile()
    po.metadata = {"Last-Translator": "Somebody", "Content-Type": "text/plain; charset=UTF-8"}
    po.append(
        polib.POEntry(msgctxt=TITLE, msgid=dict(texts(course))[TITLE], msgstr="دورة", tcomment="formal")
    )
    raw = catalogue.rewritten(str(po).encode(), course, "ar", {AIM: Written("قل [Buongiorno]{it}")})
    after = catalogue.parse(raw)
    assert after.metadata["Last-Translator"] == "Somebody"
    assert {entry.msgctxt: entry.tcomment for entry in after}[TITLE] == "formal"


def test_a_tiny_course_has_every_text_in_reading_order(tmp_path: Path) -> None:
    course = course_of(write_course(tmp_path / "c"))
    names = [
        one.context for one in xliff.read(xliff.write(course, "ar", {}), source_language="en", language="ar")
    ]
    assert names.index("first//title") < names.index(AIM) < names.index("second//title")


@given(
    text=TEXT.filter(lambda text: not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]", text)),
    fuzzy=st.booleans(),
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_few_entries_written_anew_are_what_a_whole_new_file_would_be(
    course: Course, text: str, fuzzy: bool
) -> None:
    raw = catalogue.rewritten(
        None, course, "ar", {TITLE: Written("دورة"), AIM: Written("x", True, "old\n\nsource")}
    )
    names = [context for context, _text in texts(course)]
    for context in (AIM, names[0], names[-1]):
        changes = {context: Written(text, fuzzy, "before" if fuzzy else "")}
        found = catalogue.spliced(raw, catalogue.held_in(catalogue.parse(raw)), changes)
        assert found == catalogue.rewritten(raw, course, "ar", changes)
