"""What must not stand in our code, wherever it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "headstart_lms"

#: Who may call what is written as HTML by hand, and why it is safe there.
MARKUP = {
    "kernel/text.py": "words and Markdown: escaped or cleaned by nh3",
    "kernel/qr.py": "a picture of numbers and one escaped label",
    "kernel/web.py": "what our own templates, which escape, have written",
    "certificates/rosette.py": "a picture of numbers and one escaped label",
    "learning/units.py": "what our own templates, which escape, have written",
}
#: The one place each of these may stand.
ONLY = {
    "commit": {"kernel/db.py"},
    "now": {"kernel/clock.py"},
    "utcnow": set(),
    "today": {"kernel/clock.py"},
}
#: What a line of a log may not hold: names of things that name a person or open a door.
PERSONAL = re.compile(
    r"passport|own_name|\bname\b|login|password|secret|token|\bcode\b|birth|email|phone|address|remote_addr|response|answer\b|"
    r"cookie|form\b"
)


@cache
def sources() -> dict[str, ast.Module]:
    files = sorted(path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts)
    return {str(path.relative_to(PACKAGE)): ast.parse(path.read_text("utf-8")) for path in files}


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield (file, call) of every call of a function or method of that name."""
    for file, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func
                found = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
                if found == name:
                    yield file, node


def places(found: Iterator[tuple[str, ast.Call]]) -> set[str]:
    return {f"{file}:{call.lineno}" for file, call in found}


def test_there_is_code_to_look_at() -> None:
    assert len(sources()) > 80
    assert len(list(PACKAGE.rglob("*.html"))) > 20


def test_only_the_transaction_commits() -> None:
    assert {file for file, _call in calls("commit")} == ONLY["commit"]


@pytest.mark.parametrize("name", ["now", "utcnow", "today"])
def test_only_the_clock_asks_for_the_time(name: str) -> None:
    asked = {
        file for file, call in calls(name)
        if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in ("datetime", "date", "dt")
    }  # fmt: skip
    assert asked <= ONLY[name]
    assert not places((file, call) for file, call in calls("time") if isinstance(call.func, ast.Attribute))


def test_nothing_prints() -> None:
    assert places(calls("print")) == set()


@pytest.mark.parametrize(
    "name", ["eval", "exec", "compile_command", "extract", "unpack_archive", "loads_pickle"]
)
def test_nothing_runs_what_it_read(name: str) -> None:
    assert places(calls(name)) == set()


def test_archives_are_unpacked_with_a_filter() -> None:
    for file, call in calls("extractall"):
        assert any(keyword.arg == "filter" for keyword in call.keywords), f"{file}:{call.lineno}"


def test_html_by_hand_stands_only_where_it_is_known_to_be_safe() -> None:
    assert {file for file, _call in calls("Markup")} == set(MARKUP)


def test_logs_hold_no_names_and_no_keys() -> None:
    found = []
    for level in ("debug", "info", "warning", "error", "exception", "critical"):
        for file, call in calls(level):
            for argument in call.args:
                words = ast.unparse(argument)
                if PERSONAL.search(words) and not isinstance(argument, ast.Constant):
                    found.append(f"{file}:{call.lineno}: {words}")
    assert found == []


TEMPLATES = sorted(PACKAGE.rglob("*.html"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_template_escapes_everything_and_holds_no_script_or_style(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not re.search(r"\|\s*safe\b", text)
    assert "autoescape" not in text
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:", text)
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", text), "nothing comes from another host"


def test_every_form_that_changes_something_says_where_it_is_from() -> None:
    without = []
    for template in TEMPLATES:
        for form in re.findall(
            r"<form\b[^>]*method=[\"']post[\"'].*?</form>", template.read_text("utf-8"), re.S
        ):
            if "csrf" not in form:
                without.append(f"{template.name}: {form[:80]}")
    # a check of a certificate changes nothing, so its forms need not say it
    assert [one for one in without if "verify" not in one and "data-hs-scanned" not in one] == []


def test_nothing_is_left_to_do() -> None:
    left = []
    mark = re.compile("TO" + r"DO|FIX" + r"ME|HA" + "CK|X" + r"XX\b")
    folders = ("headstart_lms", "static/js", "static/css", "docs", "tools", "tests", "benchmarks", "examples")
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".html", ".js", ".css", ".md", ".yaml", ".cfg", "") and path.is_file():
                if {"vendor", "__pycache__", "node_modules"} & set(path.parts):
                    continue
                for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
                    if mark.search(line) and "X" * 4 not in line:
                        left.append(f"{path.relative_to(ROOT)}:{number}")
    assert left == []


def test_texts_of_the_interface_are_whole_sentences_without_names_filled_in_by_hand() -> None:
    """A translator must see the whole sentence: no f-strings, no joined pieces inside ``_()``."""
    for name in ("_", "_l", "ngettext", "pgettext"):
        for file, call in calls(name):
            assert call.args, f"{file}:{call.lineno}"
            first = call.args[0]
            if file in ("kernel/i18n.py",):
                continue
            assert isinstance(first, ast.Constant | ast.Name | ast.Subscript | ast.Attribute | ast.Call), (
                f"{file}:{call.lineno}: {ast.unparse(first)[:60]}"
            )
