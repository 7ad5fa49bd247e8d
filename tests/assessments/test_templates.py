from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from headstart_lms.assessments.items.base import Lexicon
from headstart_lms.courses.words import Words
from headstart_lms.kernel import i18n, text

from .samples import ITEMS, KEYS, TOKENS, make_item, sent

LANGUAGES = ["en", "ar"]


@dataclass
class Clip:
    url: str
    alt: Words | None = None
    width: int | None = None
    height: int | None = None
    plays_left: int | None = None


MEDIA = {
    name: Clip(f"/media/{name}.svg", Words(f"picture of {name}"), 400, 300)
    for name in ("pic-bread", "pic-milk", "pic-water", "pic-form")
} | {"clip-come": Clip("/media/clip-come.ogg")}


@pytest.fixture
def pages() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("headstart_lms"), PackageLoader("headstart_lms.assessments")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(text.filters())
    environment.globals.update({"_": i18n._, "ngettext": i18n.ngettext})
    return environment


class Page(HTMLParser):
    """What of a page matters here: fields with their values, tags, labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.fields: dict[str, list[str]] = {}
        self.checked: dict[str, list[str]] = {}
        self.depth: list[str] = []
        self.unlabelled: list[str] = []
        self._select = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag == "input":
            self._field(attributes)
        elif tag == "select":
            self._select = attributes["name"] or ""
            self.fields[self._select] = []
        elif tag == "option" and attributes["value"]:
            self.fields[self._select].append(attributes["value"])
            if "selected" in attributes:
                self.checked[self._select] = [attributes["value"]]
        if tag in {"input", "select"} and attributes.get("type") != "hidden":
            if "label" not in self.depth and not attributes.get("aria-label"):
                self.unlabelled.append(attributes["name"] or "")
        if tag not in {"input", "img", "br", "rect", "circle", "path"}:
            self.depth.append(tag)

    def _field(self, attributes: dict[str, str | None]) -> None:
        name, value = attributes["name"] or "", attributes["value"] or ""
        self.fields.setdefault(name, []).append(value)
        if "checked" in attributes or (attributes["type"] == "text" and value):
            self.checked.setdefault(name, []).append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"rect", "circle", "path"}:
            return
        assert self.depth, f"</{tag}> closes nothing"
        assert self.depth.pop() == tag

    def close(self) -> None:
        super().close()
        assert self.depth == [], f"not closed: {self.depth}"


def render(pages: Environment, name: str, **context: Any) -> str:
    form = context.pop("form", None) or ITEMS[name].form(TOKENS)
    given = context.pop("given", None)
    return pages.get_template(form.template).render(
        form=form, item=ITEMS.get(name), media=MEDIA, given=given, **context
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(ITEMS))
def test_the_page_before_the_answer_has_all_fields_and_no_hint(
    pages: Environment, name: str, language: str
) -> None:
    item = ITEMS[name]
    with i18n.in_language(language):
        form = item.form(TOKENS)
        html = render(pages, name)
    page = Page(html)
    assert set(page.fields) == {field.name for field in form.fields}
    for field in form.fields:
        if field.choices:
            assert page.fields[field.name] == [choice.value for choice in field.choices]
    assert page.unlabelled == []
    assert page.checked == {}
    tags = {tag for tag, _attributes in page.tags}
    assert {"fieldset", "legend"} <= tags
    assert not tags & {"style", "script", "form"}
    assert not [a for _tag, a in page.tags if any(n == "style" or n.startswith("on") for n in a)]
    for secret in ("SECRET", "hs-option-right", "hs-option-wrong", "points", "1994-05-03", "3.75", "3,75"):
        assert secret not in html
    for word in ("right", "true"):
        assert not re.search(rf'(?:value|data-[a-z]+|class)="{word}"', html) or item.type == "truth"
    values = sent(item, KEYS[name])
    assert all(
        set(given) <= set(page.fields[n])
        for n, given in values.items()
        if n in page.fields and page.fields[n][0]
    )


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_what_was_given_stands_in_the_form_again(pages: Environment, name: str) -> None:
    item = ITEMS[name]
    given = sent(item, KEYS[name])
    response = item.read(given, TOKENS)
    page = Page(render(pages, name, given=given, form=item.form(TOKENS, response)))
    hidden = {n: v for n, v in given.items() if n not in page.checked}
    again = {**page.checked, **hidden}
    assert {n: sorted(v) for n, v in again.items()} == {n: sorted(v) for n, v in given.items()}
    assert (hidden == {}) or item.type == "scenario"


def test_fields_of_the_taught_language_say_so_also_on_an_arabic_page(pages: Environment) -> None:
    with i18n.in_language("ar"):
        gaps, short, number = (Page(render(pages, name)) for name in ("i-gap-type", "i-short", "i-number"))
    for page in (gaps, short):
        fields = [a for tag, a in page.tags if tag == "input"]
        assert all(
            (a["lang"], a["dir"], a["spellcheck"], a["autocomplete"]) == ("it", "ltr", "false", "off")
            for a in fields
        )
        assert all(a["autocapitalize"] == "none" for a in fields)
    assert [a["dir"] for tag, a in number.tags if tag == "input"] == ["ltr"]
    # the sentence round the gaps runs left to right as a whole
    assert [(a["lang"], a["dir"]) for tag, a in gaps.tags if a.get("class") == "hs-sentence"] == [
        ("it", "ltr")
    ] * 2


def test_texts_are_escaped(pages: Environment) -> None:
    item = make_item(
        {
            "id": "x", "type": "single", "prompt": "<script>1</script>",
            "options": [{"id": "a", "text": "<b>", "right": True}, {"id": "b", "text": '" onclick="'}],
        }
    )  # fmt: skip
    html = render(pages, "x", form=item.form(TOKENS))
    assert "<script" not in html
    assert "<b>" not in html
    short = ITEMS["i-short"]
    html = render(pages, "i-short", form=short.form(TOKENS), given={"response": ['"><script>']})
    assert "<script" not in html


def test_a_match_with_pictures_shows_them_with_letters(pages: Environment) -> None:
    page = Page(render(pages, "i-match-pictures"))
    sources = [a["src"] or "" for tag, a in page.tags if tag == "img"]
    assert sorted(sources) == ["/media/pic-bread.svg", "/media/pic-milk.svg", "/media/pic-water.svg"]


def test_places_of_a_hotspot_are_drawn_to_scale_and_name_their_radio(pages: Environment) -> None:
    page = Page(render(pages, "i-hotspot"))
    spots = [a for tag, a in page.tags if tag == "rect"]
    assert [(a["x"], a["y"], a["width"], a["height"]) for a in spots] == [
        ("20.0", "30.0", "240.0", "36.0"),
        ("20.0", "120.0", "240.0", "36.0"),
    ]
    radios = {a["id"] for tag, a in page.tags if tag == "input"}
    assert {a["data-hs-for"] for a in spots} == radios == {"i-hotspot-A", "i-hotspot-B"}


def test_a_sound_that_was_played_out_is_gone(pages: Environment) -> None:
    played = {**MEDIA, "clip-come": Clip("/media/clip-come.ogg", plays_left=0)}
    form = ITEMS["i-dictation"].form(TOKENS)
    html = pages.get_template(form.template).render(form=form, item=None, media=played, given=None)
    assert "<audio" not in html
    assert "clip-come" not in html


def test_the_second_step_of_a_scenario_carries_the_first_one(pages: Environment) -> None:
    item = ITEMS["i-scenario"]
    half = item.read(sent(item, {"path": {"s1": "b"}}), TOKENS)
    html = render(pages, "i-scenario", form=item.form(TOKENS, half))
    page = Page(html)
    assert "RESULT-SECRET Good." in html
    assert page.fields["response-s1"] == [TOKENS.token(item.id, "s1/b")]
    values = {"response-s1": page.fields["response-s1"], "response-s2": page.fields["response-s2"][:1]}
    assert item.read(values, TOKENS)["complete"] is True


# --- after the answer --------------------------------------------------------------------------


def feedback(pages: Environment, name: str, response: dict[str, Any], **context: Any) -> str:
    item = ITEMS[name]
    return pages.get_template("headstart/assessments/items/feedback.html").render(
        form=item.form(TOKENS), item=item, media=MEDIA, given=sent(item, response),
        grade=item.grade(response, Lexicon("it")), solution=item.solution(), **context,
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(ITEMS))
def test_a_right_answer_is_called_right_and_explained(pages: Environment, name: str, language: str) -> None:
    with i18n.in_language(language):
        html = feedback(pages, name, KEYS[name], continue_href="/next")
    page = Page(html)
    assert ("hs-band-right" in html) is ITEMS[name].is_marked
    assert 'role="status"' in html
    assert [a["href"] for tag, a in page.tags if tag == "a"] == ["/next"]
    if ITEMS[name].explain:
        assert "EXPLAIN-SECRET" in html


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "i-single": ({"choice": "b"}, "Buongiorno!"),
    "i-multiple": ({"choices": ["c"]}, "Four photos"),
    "i-truth": ({"choice": "true"}, "False"),
    "i-match": ({"pairs": {"a": "b", "b": "a", "c": "x"}}, "water"),
    "i-match-pictures": ({"pairs": {"a": "b", "b": "a", "c": "c"}}, "pic-bread.svg"),
    "i-order": ({"order": ["p4", "p3", "p2", "p1"]}, "Haddad"),
    "i-gap-choice": ({"gaps": {"a": "b", "b": "a"}}, "sono"),
    "i-gap-type": ({"texts": {"a": "tu", "b": "vado"}}, "chiamiSECRET"),
    "i-short": ({"text": "prego"}, "grazieSECRET"),
    "i-form": ({"texts": {"surname": "X", "birth": "1", "phone": "2", "price": "3"}}, "03/05/1994"),
    "i-dictation": ({"text": "bo"}, "Come ti chiamiSECRET?"),
    "i-picture": ({"choice": "b"}, "pic-bread.svg"),
    "i-number": ({"text": "4"}, "3.75"),
    "i-hotspot": ({"choice": "b"}, "top field"),
    "i-scenario": ({"path": {"s1": "a", "s2": "b"}, "complete": True}, "A union or the police"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_answer_shows_what_is_right_and_why(pages: Environment, name: str) -> None:
    response, solution = WRONG[name]
    html = feedback(pages, name, response)
    Page(html)
    assert "hs-band-right" not in html
    assert solution in html
    if name in {"i-single", "i-multiple", "i-gap-choice"}:
        assert "WHY-SECRET" in html
    if name == "i-scenario":
        assert html.count("RESULT-SECRET") == 2


def test_a_slip_is_shown_letter_by_letter_in_its_language(pages: Environment) -> None:
    html = feedback(pages, "i-short", {"text": "graziSECRET"})
    assert "One letter is different." in html
    assert '<span class="hs-diff-missing">e</span>' in html
    assert '<bdi lang="it"' in html


def test_the_chosen_row_shows_whether_it_was_right(pages: Environment) -> None:
    item = ITEMS["i-single"]
    for choice, css in (("a", "hs-option-right"), ("b", "hs-option-wrong")):
        response = {"choice": choice}
        html = render(pages, "i-single", given=sent(item, response), grade=item.grade(response, Lexicon()))
        assert html.count(css) == 1
