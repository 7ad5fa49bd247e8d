"""The building blocks of pages: what they say, to the eye and to the ear; nothing in them is inline code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "headstart_lms").rglob("templates/headstart/**/*.html"))


def _say(message: str, **params: Any) -> str:
    return message % params if params else message


@pytest.fixture
def pages() -> Environment:
    loader = FileSystemLoader(ROOT / "headstart_lms/templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.globals["_"] = _say
    return environment


def _render(pages: Environment, component: str, call: str, **values: Any) -> str:
    names = re.findall(r"\b([a-z_]+)\(", call)[0]
    source = '{% from "headstart/components/' + component + '.html" import ' + names + " %}{{ " + call + " }}"
    return pages.from_string(source).render(**values)


def _stop(level: str, title: str, state: str, note: str | None, href: str | None = None) -> dict[str, Any]:
    here = state == "next"
    return {"level": level, "title": title, "state": state, "note": note, "href": href, "here": here}


STOPS = [
    _stop("station", "Hello", "next", None) | {"here": False},
    _stop("stop", "Greetings", "done", None, "/a"),
    _stop("stop", "Names <b>", "next", "12 minutes", "/b"),
    _stop("stop", "Numbers", "open", "9 minutes", "/c"),
    _stop("terminus", "Final test", "locked", "2 more"),
]


def test_the_standing_line_is_a_list_of_links_that_says_each_state_in_words(pages: Environment) -> None:
    html = _render(pages, "line", "line(stops, 'language', label='Italian')", stops=STOPS)
    assert 'aria-label="Italian"' in html
    assert re.findall(r'<a href="([^"]+)"', html) == ["/a", "/b", "/c"]
    assert html.count("<li ") == 5
    assert 'href="/b" aria-current="step"' in html
    for word in ("Done", "Next: 12 minutes", "9 minutes", "2 more"):
        assert word in html
    assert "Names &lt;b&gt;" in html
    assert html.count('<svg class="hs-stop" aria-hidden="true"') == 5


def test_the_lying_line_has_one_sentence_for_the_ear_and_shows_how_far(pages: Environment) -> None:
    html = _render(pages, "line", "line(stops, 'rights', 'row', label='Unit 2 of 3')", stops=STOPS)
    assert 'role="img" aria-label="Unit 2 of 3"' in html
    assert 'class="hs-rail hs-rail-done" x1="2%" x2="50.0%"' in html
    assert len(html) < 1200


def test_a_long_line_lying_down_draws_stations_only(pages: Environment) -> None:
    stops = [{**STOPS[3], "here": n == 7} for n in range(40)] + [STOPS[4]]
    html = _render(pages, "line", "line(stops, orientation='row', label='x')", stops=stops)
    assert html.count("<circle") == 3  # where she is, and the terminus with its core


def test_a_field_joins_its_hint_and_error_to_the_control(pages: Environment) -> None:
    call = "field('code', 'Your code', hint='8 letters', error='Unknown', dir='ltr', autocomplete='off')"
    html = _render(pages, "field", call)
    assert '<label class="hs-label" for="f-code">' in html
    assert 'aria-describedby="f-code-hint f-code-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'dir="ltr"' in html
    assert 'id="f-code-hint"' in html
    assert 'id="f-code-error"' in html


def test_the_error_summary_leads_to_the_fields_and_takes_the_focus(pages: Environment) -> None:
    html = _render(pages, "field", "error_summary(errors)", errors=[("f-code", "Unknown")])
    assert '<a href="#f-code">Unknown</a>' in html
    assert "data-hs-focus" in html
    assert _render(pages, "field", "error_summary(errors)", errors=[]) == ""


def test_the_band_shows_the_difference_and_reads_the_words_whole(pages: Environment) -> None:
    diff = [
        {"kind": "same", "given": "perch", "expected": "perch"},
        {"kind": "wrong", "given": "e", "expected": "é"},
        {"kind": "extra", "given": "h", "expected": ""},
    ]
    call = "band('wrong', why='Look.', diff=diff, written='percheh', solution='perché', lang='it')"
    html = _render(pages, "band", call, diff=diff)
    assert "Not yet" in html
    assert '<span class="hs-diff-extra">e</span><span class="hs-diff-missing">é</span>' in html
    assert '<bdi lang="it" aria-hidden="true">' in html
    assert '<bdi class="hs-taught" lang="it">percheh</bdi>' in html
    assert '<bdi class="hs-taught" lang="it">perché</bdi>' in html


def test_the_states_of_an_answer_differ_in_shape_and_word(pages: Environment) -> None:
    outcomes = ("right", "wrong", "partly", "note")
    answers = [_render(pages, "band", f"band('{outcome}')") for outcome in outcomes]
    assert len({re.sub(r"hs-band-\w+", "", html.split("<span>")[0]) for html in answers}) == 4
    assert len({re.findall(r"<span>([^<]+)</span>", html)[0] for html in answers}) == 4


def test_a_sound_is_a_plain_player_that_fetches_nothing_before_it_is_wanted(pages: Environment) -> None:
    html = _render(pages, "speaker", "speaker('/a.ogg', 'Listen', plays=2)")
    assert '<audio controls preload="none" src="/a.ogg" aria-label="Listen">' in html
    assert 'data-plays="2" data-left="Plays left: {n}"' in html


def test_the_next_step_is_the_main_action_only_when_nothing_is_open(pages: Environment) -> None:
    done = _render(pages, "pager", "next_step('Go on', '/next', back='/back')")
    assert 'class="hs-sticky-action"' in done
    assert '<a class="hs-button hs-button-main" rel="next" href="/next">' in done
    open_ = _render(pages, "pager", "next_step('Go on', '/n', main=False, note='2 questions are still open')")
    assert 'class="hs-end-action"' in open_
    assert "2 questions are still open" in open_
    assert '<a class="hs-button" rel="next" href="/n">' in open_


def test_the_small_line_shows_how_far_the_journey_is(pages: Environment) -> None:
    whole = _render(pages, "line", "line_sketch(4, 'rights')")
    half = _render(pages, "line", "line_sketch(4, 'rights', 0.5)")
    assert 'hs-rail-done" x1="10" x2="98"' in whole
    assert 'hs-rail-done" x1="10" x2="54"' in half
    assert half.count("hs-dot-core") == 2


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_inline_style_script_or_handler(template: Path) -> None:
    """The content security policy allows none; such a thing would silently not work."""
    text = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.findall(r"<[^>]+\sstyle=|<style\b|<[a-z][^>]*\son[a-z]+=|javascript:", text)
    assert all("src=" in tag or "json" in tag for tag in re.findall(r"<script[^>]*>", text))
