from __future__ import annotations

from typing import Any

from headstart_lms.assessments.items import ITEM_TYPES
from headstart_lms.assessments.items.lexicon import Lexicon
from headstart_lms.courses.document import Course
from headstart_lms.courses.texts import localised

from .samples import make_item


def make_course(**more: Any) -> Course:
    data = {
        "format": 1, "uuid": "6f0c6f0e-2c0e-4c53-9a57-2f1b3a9c7d10", "slug": "it-a1", "version": "1.0",
        "kind": "language", "title": "T", "summary": "S", "destination": {"country": "IT"},
        "taught": {"language": "it", "level": "A1"}, "source_language": "en", "support_languages": ["en"],
        "hours": 1, "authors": ["A"], "licence": "CC-BY-4.0",
        "modules": [{"id": "m", "title": "M", "units": ["u"]}],
        "units": [
            {
                "id": "u", "title": "U", "minutes": 8,
                "blocks": [
                    {"id": "t", "type": "text", "text": "Words: [buongiorno a tutti]{it}, [merci]{fr}."},
                    {"id": "d", "type": "dialogue", "turns": [
                        {"id": "a", "speaker": "A", "text": {"it": "Mi chiamo Amina."}, "gloss": "My name."},
                        {"id": "b", "speaker": "Ugo", "text": {"it": "Come ti chiami?"}},
                    ]},
                    {"id": "i", "type": "items", "items": [
                        {"id": "q", "type": "single", "options": [
                            {"id": "a", "text": {"it": "sbagliatissimo"}},
                            {"id": "b", "text": "B", "right": True},
                        ]},
                    ]},
                ],
            }
        ],
        "entries": [
            {"id": "acqua", "kind": "noun", "word": "acqua", "article": "l'", "gender": "f", "plural": "-",
             "gloss": "water", "example": {"text": "L'acqua è fredda.", "gloss": "The water is cold."}},
        ],
        **more,
    }  # fmt: skip
    return Course.model_validate(data, context={"item_types": ITEM_TYPES})


def test_a_lexicon_knows_what_the_course_says_in_its_language_and_no_wrong_options() -> None:
    lexicon = Lexicon.from_course(make_course())
    for word in ("acqua", "L'", "fredda", "Buongiorno", "tutti", "chiamo", "CHIAMI"):
        assert lexicon.knows(word)
    for word in ("sbagliatissimo", "merci", "water", "name", "-"):
        assert not lexicon.knows(word)
    assert lexicon.is_noun("Acqua")
    assert not lexicon.is_noun("fredda")


def test_a_translated_course_has_the_same_lexicon() -> None:
    course = make_course()
    assert Lexicon.from_course(localised(course, "en", {})) == Lexicon.from_course(course)


def test_a_course_that_teaches_no_language_has_an_empty_lexicon() -> None:
    assert Lexicon.from_course(make_course(kind="rights", taught=None)) == Lexicon()


def test_the_lexicon_protects_another_verb_form_in_a_gap() -> None:
    lexicon = Lexicon.from_course(make_course())
    gap = make_item(
        {
            "id": "g",
            "type": "gap-type",
            "text": {"it": "Io mi [[a]] Amina."},
            "gaps": [{"id": "a", "answers": ["chiamo"]}],
        }
    )
    assert gap.grade({"texts": {"a": "chiami"}}, lexicon).score == 0.0
    assert gap.grade({"texts": {"a": "chiammo"}}, lexicon).score == 1.0
