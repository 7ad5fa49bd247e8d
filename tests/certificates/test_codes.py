"""The code on the paper: typed by tired people, read over the telephone."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headstart_lms.certificates import codes
from headstart_lms.certificates.codes import (
    ALPHABET,
    CodeError,
    complete,
    is_code,
    new_code,
    parse_code,
    show,
)

made = st.text(ALPHABET, min_size=10, max_size=10).map(complete)
place = st.integers(0, 11)


def test_a_new_code_reads_and_shows_as_three_groups() -> None:
    code = new_code()
    assert parse_code(code) == code
    assert parse_code(show(code)) == code
    assert [len(group) for group in show(code).split("-")] == [4, 4, 4]


def test_the_code_is_the_one_that_was_fixed_when_papers_were_first_printed() -> None:
    # changing the field, the roots or the alphabet would make printed papers unreadable
    assert complete("0000000001") == "0000000001KJ"
    assert complete("7K3M92QFX4") == "7K3M92QFX4QY"


@pytest.mark.parametrize(
    "written", ["{0} {1} {2}", "{0}{1}{2}", " {0}-{1}-{2}. ", "{0}\u2013{1}\u2014{2}", "{0}_{1}_{2}"]
)
def test_spaces_and_hyphens_do_not_matter(written: str) -> None:
    code = complete("7K3M92QFX4")
    assert parse_code(written.format(code[:4], code[4:8], code[8:]).lower()) == code


def test_letters_that_look_like_digits_and_digits_of_other_scripts_are_read() -> None:
    code = complete("0110A7K3M9")
    assert parse_code(code.replace("0", "O").replace("1", "l")) == code
    assert parse_code(code.translate({ord(str(n)): 0x0660 + n for n in range(10)})) == code
    assert parse_code(code.translate({ord(str(n)): 0xFF10 + n for n in range(10)})) == code


@given(made, place, st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found_and_named(code: str, at: int, wrong: str) -> None:
    assume(code[at] != wrong)
    with pytest.raises(CodeError) as caught:
        parse_code(code[:at] + wrong + code[at + 1 :])
    assert caught.value.position == at + 1


@given(made, place, place, st.sampled_from(ALPHABET), st.sampled_from(ALPHABET))
def test_two_wrong_characters_are_found(code: str, first: int, second: int, a: str, b: str) -> None:
    assume(first != second and code[first] != a and code[second] != b)
    letters = list(code)
    letters[first], letters[second] = a, b
    assert not is_code("".join(letters))


@given(made, place, place)
def test_two_exchanged_characters_are_found(code: str, first: int, second: int) -> None:
    assume(code[first] != code[second])
    letters = list(code)
    letters[first], letters[second] = letters[second], letters[first]
    assert not is_code("".join(letters))


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        code = parse_code(text)
    except CodeError as error:
        sentence = error.message
    else:
        sentence = code
        assert len(code) == codes.LENGTH
    assert sentence


def test_a_character_that_no_code_has_is_named() -> None:
    with pytest.raises(CodeError) as caught:
        parse_code("7K3M-U2QF-X4TD")
    assert caught.value.position == 5
