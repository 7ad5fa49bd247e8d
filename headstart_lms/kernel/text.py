"""Text to HTML: words in their language and direction, Markdown, isolated numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markupsafe import Markup, escape

from . import i18n
from .languages import MARKED, direction


class _Words(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def lang(self) -> str | None: ...


def ltr(text: object) -> Markup:
    """Isolate what is always written left to right: numbers, phones, codes, addresses."""
    return Markup('<bdi dir="ltr">{}</bdi>').format(text)  # noqa: S704 - the value is escaped by format


def _marked(text: str, language: str) -> Markup:
    return Markup('<bdi class="hs-taught" lang="{}" dir="{}">{}</bdi>').format(  # noqa: S704
        language, direction(language), text
    )


@lru_cache(maxsize=20_000)
def _inline(text: str, lang: str | None, page: str) -> Markup:
    out = Markup("")
    at = 0
    for match in MARKED.finditer(text):
        out += escape(text[at : match.start()]) + _marked(match[1], match[2])
        at = match.end()
    out += escape(text[at:])
    out = Markup("<br>").join(Markup(line) for line in str(out).split("\n"))  # noqa: S704 - escaped above
    if lang is None or lang == page:
        return out
    return Markup('<bdi lang="{}" dir="{}">{}</bdi>').format(lang, direction(lang), out)  # noqa: S704


def words(value: _Words | str | None, taught: bool | None = None) -> Markup:
    """Write a text in the line: marked with its language when that is not the page's, isolated, escaped.

    Words that are never translated (the taught language) also get the class ``hs-taught``.
    """
    if value is None:
        return Markup("")
    if isinstance(value, str):
        return _inline(value, None, i18n.language())
    is_taught = (
        not getattr(value, "translated", False) and value.lang is not None if taught is None else taught
    )
    if is_taught and value.lang is not None:
        inner = _inline(value.text, value.lang, value.lang)
        return Markup('<bdi class="hs-taught" lang="{}" dir="{}">{}</bdi>').format(  # noqa: S704
            value.lang, direction(value.lang), inner
        )
    return _inline(value.text, value.lang, i18n.language())


def _mark_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[":
        return False
    match = MARKED.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        token = state.push("html_inline", "", 0)
        token.content = str(_marked(match[1], match[2]))
    state.pos = match.end()
    return True


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table").disable("image")
    parser.inline.ruler.before("link", "taught_words", _mark_rule)
    return parser


_markdown = _parser()
_TAGS = {
    "p", "br", "strong", "em", "ul", "ol", "li", "h2", "h3", "h4", "table", "thead", "tbody", "tr", "th", "td",
    "a", "bdi", "blockquote", "code", "hr",
}  # fmt: skip


@lru_cache(maxsize=5_000)
def _block(text: str) -> str:
    html = nh3.clean(
        _markdown.render(text),
        tags=_TAGS,
        attributes={"a": {"href"}, "bdi": {"class", "lang", "dir"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )
    # the empty corner of a table of forms heads nothing (WCAG 2.2, 1.3.1)
    return html.replace("<th></th>", "<td></td>")


def markdown(value: _Words | str | None) -> Markup:
    """Write a text as blocks; its language is marked when that is not the page's."""
    if value is None:
        return Markup("")
    text, lang = (value, None) if isinstance(value, str) else (value.text, value.lang)
    html = Markup(_block(text))  # noqa: S704 - made by the Markdown parser without HTML and cleaned
    if lang is None or lang == i18n.language():
        return html
    return Markup('<div lang="{}" dir="{}">{}</div>').format(lang, direction(lang), html)  # noqa: S704


def filters() -> dict[str, Any]:
    return {"ltr": ltr, "words": words, "markdown": markdown, "direction": direction}
