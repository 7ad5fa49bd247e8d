"""YAML as writers expect it: no surprises of YAML 1.1, no bombs, every refusal with file and line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart_lms.courses.source import MAX_FILE, BrokenFile, read_yaml

from . import tiny


def read(folder: Path, text: str | bytes) -> Any:
    file = folder / "x.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_yaml(file, "x.yaml").data


def refusal(folder: Path, text: str | bytes) -> tuple[int, str]:
    with pytest.raises(BrokenFile) as caught:
        read(folder, text)
    assert caught.value.finding.level == "error"
    assert caught.value.finding.file == "x.yaml"
    return caught.value.finding.line, caught.value.finding.message


@pytest.mark.parametrize(
    "written, meant",
    [
        ("No", "No"), ("no", "no"), ("yes", "yes"), ("On", "On"), ("off", "off"), ("y", "y"),
        ("True", "True"), ("true", True), ("false", False),
        ("8:30", "8:30"), ("12:30:45", "12:30:45"), ("1_000", "1_000"), ("0x1F", "0x1F"), ("0o17", "0o17"),
        ("017", "017"), ("112", 112), ("-3", -3), ("1.5", 1.5), ("1e3", "1e3"), (".5", ".5"), ("1.", "1."),
        (".inf", ".inf"), (".nan", ".nan"), ("2026-01-02", "2026-01-02"), ("null", None), ("~", None),
        ("Null", "Null"), ("+39 06 1234", "+39 06 1234"), ("<<", "<<"), ("=", "="),
    ],
)  # fmt: skip
def test_a_word_is_a_word(written: str, meant: object, tmp_path: Path) -> None:
    found = read(tmp_path, f"a: {written}\nb: 1")["a"]
    assert found == meant
    assert type(found) is type(meant)


def test_the_country_code_of_norway_stays_a_text(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(folder, "course.yaml", "{country: IT}", "{country: NO}")
    assert tiny.course_of(folder).destination.country == "NO"


def test_a_time_of_day_stays_a_text(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path, translated=False)
    tiny.replace(folder, "units/second.yaml", "answers: [porta, la porta]", "answers: [8:30, No]")
    item = tiny.course_of(folder).units[1].items[0]
    assert getattr(item, "answers") == ("8:30", "No")  # noqa: B009 - the field of one type of item


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1") == {"a": 1}


def test_windows_line_ends_count_as_lines(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a: 1\r\nb: 2\r\na: 3\r\n") == (3, "'a' stands twice here; keep one.")


@pytest.mark.parametrize(
    "written",
    ["!!int foo", "!!int 0x1F", "!!timestamp 2001-99-99", "!!timestamp 2001-01-01", "!!float x", "!!float .nan",
     "!!float 1_0", "!!bool maybe", '!!bool "true\\n"', "!!null x", "!!set {a}", "!!binary aGk=", "!!omap [a: 1]",
     "!!python/name:os.system x", "!mine x", "!!map [a]", "!!seq {a: 1}", "!!str [a]"],
)  # fmt: skip
def test_a_tag_that_makes_something_else_of_a_value_is_refused_with_its_line(
    written: str, tmp_path: Path
) -> None:
    refused = refusal(tmp_path, f"a: 1\nb:\n- id: x\n  n: {written}\n")
    assert refused == (4, "Leave out what begins with '!' here: tags are not allowed in a course.")


@pytest.mark.parametrize("written", ["!!int foo", "!!timestamp 2001-01-01", "!!merge <<"])
def test_a_tag_of_a_key_is_refused_too(written: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, f"a: 1\n{written}: {{b: 1}}\n")[0] == 2


def test_a_tag_that_says_what_a_value_is_anyway_is_read(tmp_path: Path) -> None:
    text = "a: !!str 1\nb: !!int 2\nc: !!seq [!!map {d: !!bool true}]\ne: ! x\n"
    assert read(tmp_path, text) == {"a": "1", "b": 2, "c": [{"d": True}], "e": "x"}


@pytest.mark.parametrize("text", ['a: 1\nb: "x\\0y"\n', 'a: 1\n"x\\0y": 1\n'])
def test_the_character_that_ends_a_text_in_a_database_is_refused(text: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, text) == (2, "A character is not allowed here: \\0. Leave it out.")


@pytest.mark.parametrize("text", ["", "# only a remark\n", "---\n", "~\n"])
def test_an_empty_file_says_so(text: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, text)[1] == "The file is empty."


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a: 1\nb: citt\xe0\n".encode("latin-1")) == (
        2, "The file is not UTF-8. Save it as UTF-8."
    )  # fmt: skip


@pytest.mark.parametrize("text", ["a: \x00", "a: \x07", "a: \ud800".encode("utf-8", "surrogatepass")])
def test_characters_that_are_none_are_refused(text: str | bytes, tmp_path: Path) -> None:
    assert refusal(tmp_path, text)[1].endswith(".")


def test_thirty_levels_are_read_and_more_are_refused(tmp_path: Path) -> None:
    assert read(tmp_path, "[" * 30 + "]" * 30)
    assert refusal(tmp_path, "a:\n" + " b: " + "[" * 30 + "]" * 30) == (2, "This is nested too deeply.")


BOMBS = {
    "open brackets": "[" * 200_000,
    "brackets": "[" * 200_000 + "]" * 200_000,
    "braces": "{a: " * 200_000,
    "dashes": "- " * 200_000 + "x",
    "keys of keys": "? " * 200_000,
    "many anchors": "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(50)),
    "a long number": "a: " + "9" * 100_000,
    "a long fraction": "a: 1." + "9" * 100_000,
    "very many small parts": "- a\n" * 999_000,
    "a long line without an end": 'a: "' + "x" * 1_000_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_in_a_moment(text: str, tmp_path: Path) -> None:
    begin = time.process_time()
    line, message = refusal(tmp_path, text)
    assert line >= 1
    assert message.endswith(".")
    assert time.process_time() - begin < 2


def test_a_huge_file_is_not_even_read(tmp_path: Path) -> None:
    with (tmp_path / "x.yaml").open("wb") as file:
        file.truncate(MAX_FILE + 1)
    with pytest.raises(BrokenFile, match="larger than 4 MB"):
        read_yaml(tmp_path / "x.yaml", "x.yaml")


def test_a_folder_with_the_name_of_a_file_is_a_finding(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    (folder / "units" / "third.yaml").mkdir()
    assert [(f.file, f.message) for f in tiny.check(folder).errors] == [
        ("units/third.yaml", "This is not a file.")
    ]


WORDS = st.sampled_from(
    ["id", "type", "single", "[", "]", "{", "}", ":", " ", "\n", "- ", "text", "it", "null", "true", "1", "1.5",
     "'", '"', "&a", "*a", "!!set", "options", "\t", "#", "|", ">", "é", "ا", "\u2028", "\x85", "%", "@", "`"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([*tiny.FILES, "translations/ar.po"]),
    where=st.floats(0, 1),
    length=st.integers(0, 40),
    new=st.lists(WORDS, max_size=6).map("".join),
)
def test_no_change_of_a_file_breaks_the_checker(
    tmp_path_factory: pytest.TempPathFactory, name: str, where: float, length: int, new: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    if not folder.exists():
        tiny.write(folder)
    text = (folder / name).read_text("utf-8")
    at = int(where * len(text))
    (folder / name).write_text(text[:at] + new + text[at + length :], "utf-8")
    try:
        checked = tiny.check(folder)
    finally:
        (folder / name).write_text(text, "utf-8")
    assert (checked.course is None) == bool(checked.errors)
    for finding in checked.findings:
        assert finding.message
        assert finding.file
        assert finding.line >= 0
