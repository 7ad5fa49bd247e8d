"""The colours are the designed ones, and people with weak eyes can read them (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = ("language", "workplace", "rights", "orientation")
STATES = ("right", "wrong", "careful")

#: The palette as it was designed; any other colour in tokens.css is derived from it.
PALETTE = {
    "light": {
        "paper": "#FBFAF6", "ink": "#1B2430", "muted": "#566070", "hairline": "#DDD8CC",
        "language": "#0B6E6E", "workplace": "#7A3E6D", "rights": "#3D4FA3", "orientation": "#47617A",
        "right": "#1E7B45", "wrong": "#B3261E", "careful": "#8A5A00",
    },
    "dark": {
        "paper": "#12161C", "ink": "#EDEBE4", "hairline": "#333B46", "language": "#5CC3BF",
        "workplace": "#D9A3CC", "rights": "#A3B1F5", "orientation": "#A9BFD4", "right": "#6FD08F",
        "wrong": "#F2948C", "careful": "#E3B45C",
    },
}  # fmt: skip


def _schemes() -> dict[str, dict[str, str]]:
    css = (ROOT / "static/css/tokens.css").read_text(encoding="utf-8")
    before, after = css.split("@media (prefers-color-scheme: dark)")
    found = [dict(re.findall(r"--hs-([\w-]+): (#[0-9A-F]{6});", part)) for part in (before, after)]
    return {"light": found[0], "dark": {**found[0], **found[1]}}


SCHEMES = _schemes()


def luminance(colour: str) -> float:
    """Return the relative luminance, 0 to 1 (WCAG 2.2, glossary)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _pairs() -> list[tuple[str, str, float]]:
    """Return (front, ground, least ratio): 7 for what is read, 4.5 for the rest of text, 3 for edges."""
    grounds = ("paper", "surface")
    washes = tuple(f"{name}-wash" for name in KINDS + STATES)
    pairs = [("ink", ground, 7.0) for ground in grounds + washes]
    pairs += [("muted", ground, 4.5) for ground in grounds + washes]
    pairs += [("edge", ground, 3.0) for ground in grounds]
    for kind in KINDS:
        own = f"{kind}-wash"
        state_washes = tuple(f"{state}-wash" for state in STATES)
        pairs += [(f"{kind}-deep", ground, 7.0) for ground in (*grounds, own, *state_washes)]
        pairs += [(kind, ground, 4.5) for ground in (*grounds, own)]
        pairs += [("on-accent", kind, 4.5), ("on-accent", f"{kind}-deep", 4.5)]
    pairs += [(state, ground, 4.5) for state in STATES for ground in grounds]
    pairs += [(state, f"{other}-wash", 4.5) for state, other in product(STATES, STATES)]
    return pairs


def test_the_ratio_is_computed_as_wcag_says() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_palette_is_the_designed_one(scheme: str) -> None:
    assert {name: SCHEMES[scheme][name] for name in PALETTE[scheme]} == PALETTE[scheme]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_and_edge_can_be_seen(scheme: str) -> None:
    colours = SCHEMES[scheme]
    weak = {
        f"{front} on {ground}": round(ratio, 2)
        for front, ground, least in _pairs()
        if (ratio := contrast(colours[front], colours[ground])) < least
    }
    assert not weak


def test_the_dark_scheme_replaces_every_colour() -> None:
    css = (ROOT / "static/css/tokens.css").read_text(encoding="utf-8").split("@media")[1].split("/*")[0]
    replaced = set(re.findall(r"--hs-([\w-]+): #", css))
    assert set(SCHEMES["light"]) <= replaced


def test_drawings_and_the_arrow_of_a_select_are_visible_in_both_schemes() -> None:
    """Drawings keep their ink, on a light ground in the dark scheme; the arrow is one grey for both."""
    assert contrast(SCHEMES["light"]["ink"], SCHEMES["dark"]["picture"]) >= 7
    drawing = (ROOT / "static/icons/chevron.svg").read_text(encoding="utf-8")
    arrow = re.search(r'stroke="(#[0-9A-F]{6})"', drawing)
    assert arrow is not None
    for scheme in SCHEMES.values():
        assert contrast(arrow[1], scheme["surface"]) >= 3


def test_the_browser_bar_has_the_colour_of_the_paper() -> None:
    frame = (ROOT / "headstart_lms/templates/headstart/base.html").read_text(encoding="utf-8")
    for scheme, colours in SCHEMES.items():
        assert f'media="(prefers-color-scheme: {scheme})" content="{colours["paper"]}"' in frame
