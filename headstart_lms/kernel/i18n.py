"""Interface texts: gettext, domain ``headstart``, with or without a request."""

from __future__ import annotations

import gettext as gettext_module
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Literal

from babel import Locale, UnknownLocaleError
from babel.support import LazyProxy

from ..paths import package_folder

#: Languages of the whole interface, each by its own name; a language appears here when its catalogue is complete.
UI_LANGUAGES: dict[str, str] = {"en": "English", "ar": "العربية"}
#: Languages of every page but those of staff: what a learner, or an office that checks her certificate, reads.
LEARNER_LANGUAGES: dict[str, str] = {**UI_LANGUAGES, "sq": "Shqip", "tr": "Türkçe", "uk": "Українська"}
#: Languages of the pages where offices of the destination countries check certificates.
OFFICE_LANGUAGES: dict[str, str] = {
    "en": "English", "cs": "Čeština", "de": "Deutsch", "hu": "Magyar", "it": "Italiano", "nl": "Nederlands",
    "pt": "Português", "sk": "Slovenčina",
}  # fmt: skip
_KNOWN = LEARNER_LANGUAGES | OFFICE_LANGUAGES

#: Whom a page is for: it decides the languages it can be read in.
Readers = Literal["staff", "learners", "offices"]

_language: ContextVar[str] = ContextVar("headstart_language", default="en")
_reading: ContextVar[str] = ContextVar("headstart_reading", default="")


@lru_cache
def _catalogue(language: str) -> gettext_module.NullTranslations:
    if language == "en":
        return gettext_module.NullTranslations()
    return gettext_module.translation(
        "headstart", str(package_folder() / "translations"), [language.replace("-", "_")], fallback=True
    )


def has_catalogue(tag: str) -> bool:
    """Tell whether texts can be written in a language: English, or one whose catalogue is there."""
    return tag == "en" or (tag in _KNOWN and type(_catalogue(tag)) is gettext_module.GNUTranslations)


def language() -> str:
    """Return the language of the page: a BCP 47 tag out of those that are ``offered`` to its readers."""
    return _language.get()


def offered(readers: Readers) -> dict[str, str]:
    """Return the languages a page can be read in, each by its own name."""
    return {"staff": UI_LANGUAGES, "learners": LEARNER_LANGUAGES, "offices": _KNOWN}[readers]


def reading() -> str:
    """Return the language in which course texts are read: that of the page, unless the learner chose one in which
    there are courses but no pages.
    """
    return _reading.get() or language()


def set_language(tag: str, reading: str = "") -> None:
    _language.set(tag if tag in _KNOWN else "en")
    _reading.set(reading)


@contextmanager
def in_language(tag: str) -> Iterator[None]:
    """Write in another language for a while: a certificate, a job."""
    token, read = _language.set(tag if tag in _KNOWN else "en"), _reading.set("")
    try:
        yield
    finally:
        _language.reset(token)
        _reading.reset(read)


def _(message: str, **params: Any) -> str:
    """Translate; named placeholders as in ``_("Hello %(name)s", name=...)``."""
    text = _catalogue(language()).gettext(message)
    return text % params if params else text


def pgettext(context: str, message: str, **params: Any) -> str:
    text = _catalogue(language()).pgettext(context, message)
    return text % params if params else text


def ngettext(singular: str, plural: str, n: int, **params: Any) -> str:
    """Translate with the plural of the language; ``%(num)d`` is ``n``."""
    return _catalogue(language()).ngettext(singular, plural, n) % {"num": n, **params}


def _l(message: str) -> LazyProxy:
    """Translate when it is shown: for form labels made at import."""
    return LazyProxy(_, message, enable_cache=False)


def locale() -> Locale:
    return Locale.parse(language().replace("-", "_"))


def country(code: str) -> str:
    """Return the name of a country (ISO 3166-1 alpha-2) in the language of the interface."""
    return str(locale().territories.get(code, code))


def date(value: Any) -> str:
    """Write a date out: 21 November 2026, whatever the order of day and month is elsewhere in English."""
    from babel.dates import format_date  # loads the locale data only where dates are shown

    return format_date(value, format="long", locale="en_GB" if language() == "en" else locale())


def listed(items: Iterable[object]) -> str:
    """Write a list in the line, as the language does it: "a, b and c"."""
    from babel.lists import format_list  # as in date()

    return format_list([str(item) for item in items], locale="en_GB" if language() == "en" else locale())


def language_name(tag: str) -> str:
    """Return a language by its own name, as its readers know it."""
    try:
        found = Locale.parse(tag.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return tag
    name = found.get_language_name(found.language) or tag
    return name[:1].upper() + name[1:]
