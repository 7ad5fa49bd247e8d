"""Statements in words: ours, those of cmi5, and whatever others send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from headstart_lms.kernel import i18n
from headstart_lms.lrs.sentences import Name, Sentence, seconds, sentence, tail
from headstart_lms.xapi import vocabulary as v

from .lrs_strategies import statement, statements

HELLO = {"id": "https://learn.example/courses/1/hello", "definition": {"name": {"it": "Buongiorno"}}}


def tell(verb: str, result: dict[str, Any] | None = None, **changes: Any) -> str:
    return sentence(statement(verb={"id": verb}, object=HELLO, result=result, **changes)).plain


@pytest.mark.parametrize("result, said", [
    ({"success": True, "score": {"scaled": 1}}, "Answered “Buongiorno” correctly"),
    ({"success": False, "score": {"scaled": 0.5}}, "Answered “Buongiorno” partly right"),
    ({"success": False, "score": {"scaled": 0}}, "Answered “Buongiorno”: not yet right"),
    ({"response": "a"}, "Answered “Buongiorno”"),
    (None, "Answered “Buongiorno”"),
])  # fmt: skip
def test_an_answer_says_how_it_was_without_shaming(result: dict[str, Any] | None, said: str) -> None:
    assert tell(v.ANSWERED, result) == said


@pytest.mark.parametrize("verb", v.VERB_DISPLAY)
def test_every_verb_of_ours_has_a_sentence_of_its_own(verb: str) -> None:
    said = tell(verb)
    assert "“Buongiorno”" in said
    assert not said.startswith(f"{tail(verb)}:")


def test_a_failed_test_is_not_passed_yet() -> None:
    assert tell(v.FAILED, {"success": False, "score": {"scaled": 0.3}}) == "Took “Buongiorno”: not passed yet"


def test_while_a_test_runs_nothing_tells_what_an_answer_was_worth() -> None:
    told = sentence(
        statement(verb={"id": v.ANSWERED}, object=HELLO, result={"success": True, "score": {"scaled": 1}}),
        is_open=True,
    )
    assert (told.plain, told.facts, told.tone) == ("Answered “Buongiorno”", (), "plain")


def test_a_verb_of_others_is_shown_as_they_say_it_in_the_language_of_the_page() -> None:
    verb = {
        "id": "http://example.com/verbs/cast-a-vote",
        "display": {"de": "stimmte ab", "ar": "صوّت", "en": "voted"},
    }
    one = statement(verb=verb, object={"id": "http://example.com/polls/favourite-word_2026"})
    assert sentence(one).plain == "voted: “favourite word 2026”"
    with i18n.in_language("ar"):
        assert sentence(one).before.startswith("صوّت")
    assert sentence(statement(verb={"id": verb["id"]})).plain == "cast a vote: “one”"


def test_names_come_from_above_first_then_from_the_definition_then_from_the_address() -> None:
    one = statement(verb={"id": v.PASSED}, object=HELLO)
    assert sentence(one, lambda iri, _s: Name("Say hello")).name == Name("Say hello")
    assert sentence(one).name == Name("Buongiorno", "it")
    assert sentence(statement(verb={"id": v.PASSED}, object={"id": HELLO["id"]})).name.text == "hello"


def test_results_are_short_words() -> None:
    result = {"score": {"raw": 8, "max": 10}, "duration": "PT3M20S"}
    assert sentence(statement(result=result)).facts == ("8 of 10", "3 minutes")
    assert sentence(statement(result={"score": {"scaled": 0.755}})).facts == ("76 %",)


@pytest.mark.parametrize("text, length", [
    ("PT3M20S", 200), ("P1DT1H", 90_000), ("P2W", 1_209_600), ("PT0.5S", 0.5), ("P1Y", None), ("P1M", None),
    ("PT", None), ("", None), ("P400D", None),
])  # fmt: skip
def test_a_duration_in_seconds(text: str, length: float | None) -> None:
    assert seconds(text) == length


def test_people_and_groups_of_others_are_not_named() -> None:
    person = {"objectType": "Agent", "name": "Mary Miller", "mbox": "mailto:mary@example.org"}
    assert sentence(statement(verb={"id": "urn:x:praised"}, object=person)).plain == "praised: a person"


def test_a_long_name_is_cut_and_marks_of_other_languages_go() -> None:
    long = Name("[Buongiorno]{it} " * 40)
    told = sentence(statement(object=HELLO), lambda _iri, _statement: long)
    assert told.name.text.endswith("…")
    assert len(told.name.text) <= 90
    assert "{it}" not in told.name.text


def test_a_text_of_others_cannot_turn_the_line_round_or_use_our_marks() -> None:
    bad = {"id": "urn:x:y", "definition": {"name": {"en": "a\u202eb\n[c]{it}"}}}
    assert sentence(statement(verb={"id": v.PASSED}, object=bad)).plain == "Passed “a b c”"


@given(statements)
def test_every_valid_statement_can_be_said(one: dict[str, Any]) -> None:
    for language in ("en", "ar"):
        with i18n.in_language(language):
            told = sentence(one)
            assert isinstance(told, Sentence)
            assert told.plain.strip()
            assert "\x00" not in told.plain
            assert "\n" not in told.plain
