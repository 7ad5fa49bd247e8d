"""Quality gates: each one finds the course that it is there for, and a sound one passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import tiny

LONG = "You go to the office and " + "you wait and " * 10 + "then you ask for the paper"
TRUTHS = "\n".join(
    f"      - {{id: i-t{n}, type: truth, statement: Number {n} is right., answer: true}}" for n in range(12)
)


@pytest.mark.parametrize(
    "file, old, new, says",
    [
        ("units/first.yaml", "prompt: What do you say in the morning?", f"prompt: {LONG}?", "hard to read"),
        ("facts.yaml", "You ask for the permit within 8 working days.", f"{LONG}.", "hard to read"),
        ("units/second.yaml", 'How do you say "door" in Italian?', "Do you write porta?", "stands in the question"),
        (
            "units/first.yaml", "      - {id: i-truth, type: truth, statement: The office is open., answer: false}",
            TRUTHS, "true-or-false items have the answer",
        ),
    ],
    ids=["a long sentence", "a long fact", "an answer in the question", "always true"],
)  # fmt: skip
def test_a_gate_warns_and_strict_refuses(file: str, old: str, new: str, says: str, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(folder, file, old, new)
    found = [f for f in tiny.check(folder).warnings if says in f.message]
    assert found
    assert found[0].file == file
    assert found[0].line


def test_a_long_sentence_in_a_taught_language_is_the_authors_choice(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(folder, "units/first.yaml", 'text: {it: "Buongiorno, signora!"}', f'text: {{it: "{LONG}."}}')
    assert not [f for f in tiny.check(folder).findings if "hard to read" in f.message]
