"""One style sheet serves both directions: no property says left or right; no rule needs a newer browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHEETS = sorted((ROOT / "static/css").glob("*.css"))

PHYSICAL = re.compile(
    r"""(?<![\w-])(?:
        (?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right|top|bottom)[\w-]*\s*:
      | border-(?:top|bottom)-(?:left|right)-radius\s*:
      | (?:left|right|top|bottom)\s*:
      | (?:min-|max-)?(?:width|height)\s*:
      | (?:float|clear|text-align|caption-side)\s*:\s*(?:left|right)
      | (?:background-position|transform-origin|object-position)[^;}]*\b(?:left|right)\b
    )""",
    re.VERBOSE,
)
#: `margin: 1px 2px 3px 4px` says top, right, bottom, left: the second and fourth value must be the same.
FOUR_VALUES = re.compile(r"(?<![\w-])(?:margin|padding|inset|border-width)\s*:\s*([^;}]+)")
MEDIA = re.compile(r"@media[^{]*\{")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def _rules(css: str) -> str:
    """Return the sheet without comments and media conditions (a condition names width by right)."""
    return MEDIA.sub("@media {", COMMENT.sub("", css))


def _values(text: str) -> list[str]:
    """Split at spaces that are not inside brackets."""
    return re.findall(r"(?:[^\s()]+\([^()]*(?:\([^()]*\)[^()]*)*\)|[^\s()]+)", text)


def faults(css: str) -> list[str]:
    """Return everything in a sheet that knows left from right."""
    css = _rules(css)
    found = [match[0] for match in PHYSICAL.finditer(css)]
    for match in FOUR_VALUES.finditer(css):
        values = _values(match[1])
        if len(values) == 4 and values[1] != values[3]:
            found.append(match[0])
    return found


@pytest.mark.parametrize(
    "rule",
    [
        "a{margin-left:1px}", "a{padding-right : 0}", "a{left:0}", "a{float:left}", "a{text-align: right}",
        "a{width:3px}", "a{max-width:3px}", "a{border-top-left-radius:2px}", "a{margin:0 1px 0 2px}",
        "a{background-position: left 3px center}", "a{border-bottom-color:red}",
    ],
)  # fmt: skip
def test_the_test_finds_physical_properties(rule: str) -> None:
    assert faults(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "a{margin-inline-start:1px}", "a{inset-inline-end:0}", "a{text-align:start}",
        "a{max-inline-size:2px}",
        "@media (max-width: 3rem){a{color:red}}", "a{margin:0 calc(1px + (2px * 3)) 0 calc(1px + (2px * 3))}",
        ".hs-band-right{color:var(--hs-right)}", "/* width: 3px */",
    ],
)  # fmt: skip
def test_the_test_leaves_logical_properties_alone(rule: str) -> None:
    assert not faults(rule)


def test_there_are_sheets() -> None:
    assert {"tokens.css", "base.css", "lesson.css", "desk.css"} <= {sheet.name for sheet in SHEETS}


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_the_sheet_knows_no_left_and_right(sheet: Path) -> None:
    assert faults(sheet.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_the_sheet_works_in_the_oldest_browser_we_promise(sheet: Path) -> None:
    """Chrome 95: no nesting (120), :has() (105), :dir() (120), layers (99) or container queries (105)."""
    css = _rules(sheet.read_text(encoding="utf-8"))
    assert re.findall(r":has\(|:dir\(|@layer|@container|(?<![\w\"'])&", css) == []
    open_rules: list[str] = []
    for head in re.findall(r"([^{};]*)\{|(\})", css):
        if head[1]:
            open_rules.pop()
        else:
            assert not open_rules or open_rules[-1].startswith("@"), f"nested: {head[0].strip()}"
            open_rules.append(head[0].strip())
    assert open_rules == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_only_a_right_to_left_page_mirrors_a_drawing(sheet: Path) -> None:
    mirrored = re.findall(r"([^{}]+)\{[^{}]*scaleX\(-1\)", COMMENT.sub("", sheet.read_text()))
    assert [rule.strip() for rule in mirrored if '[dir="rtl"]' not in rule] == []
