"""Vocabulary: genders and the language of words."""

from __future__ import annotations

from pathlib import Path

from . import tiny


def test_a_noun_can_be_neuter(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(folder, "entries.yaml", "  gender: f\n", "  gender: n\n")
    (entry,) = tiny.course_of(folder).entries
    assert entry.gender == "n"
    assert tiny.check(folder).findings == []


def test_a_gender_that_no_language_has_is_refused(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(folder, "entries.yaml", "  gender: f\n", "  gender: x\n")
    (finding,) = tiny.check(folder).errors
    assert finding.path.endswith("gender")


def test_words_are_in_the_taught_language_or_that_of_the_destination(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    course = tiny.course_of(folder)
    assert course.words_language == "it"
    rights = course.model_copy(update={"kind": "rights", "taught": None})
    assert rights.words_language == "it"
    austria = course.destination.model_copy(update={"country": "AT"})
    assert rights.model_copy(update={"destination": austria}).words_language == "de"
