"""Text as it is compared: what never counts in an answer is taken out here (DOMAIN 4.2).

Pure functions on strings; nothing here decides whether an answer is right.
"""

from __future__ import annotations

import re
import unicodedata

#: Bidi embeddings, overrides, isolates and marks; zero-width space, joiners and no-break space.
_INVISIBLE = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C, *range(0x200B, 0x2010), 0x2060, 0xFEFF, 0x00AD]
)
_APOSTROPHES = dict.fromkeys(map(ord, "’‘‛ʼʹ′`´＇ʾʿ"), "'")
_QUOTES = dict.fromkeys(map(ord, "“”„‟«»‹›＂"), '"')
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
_SIGNS: dict[int, str | None] = {**_APOSTROPHES, **_QUOTES, **_DASHES}

#: Arabic and Persian letters that are typed in several ways: alef, ya and kaf forms.
_ARABIC: dict[int, str | None] = {
    ord("أ"): "ا", ord("إ"): "ا", ord("آ"): "ا", ord("ٱ"): "ا", ord("ى"): "ي", ord("ی"): "ي", ord("ک"): "ك",
    0x0640: None, 0x0670: None, **dict.fromkeys([*range(0x064B, 0x0660), *range(0x06D6, 0x06EE)]),
}  # fmt: skip

#: Punctuation that is dropped where a word ends or begins; inside a word or number it stays (3,50; e-mail).
_PUNCTUATION = r".,;:!?…·¿¡،؛؟。！？，\"()\[\]"
_AFTER_WORD = re.compile(rf"[{_PUNCTUATION}]+(?=\s|$)")
_BEFORE_WORD = re.compile(rf"(?:(?<=\s)|^)[{_PUNCTUATION}]+")

#: Letters that Unicode does not take apart into a base letter and a sign.
_BASE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "ħ": "h"})
_ACCENTED_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC")

#: How a letter is written on a keyboard without it; per language, and for all.
_KEYBOARD: dict[str, dict[str, tuple[str, ...]]] = {
    "": {"ß": ("ss",), "æ": ("ae",), "œ": ("oe",), "ĳ": ("ij",)},
    "de": {"ä": ("ae",), "ö": ("oe",), "ü": ("ue",)},
    "sv": {"ä": ("ae",), "ö": ("oe",), "å": ("aa",)},
    "fi": {"ä": ("ae",), "ö": ("oe",), "å": ("aa",)},
    "da": {"ø": ("oe",), "å": ("aa",)},
    "nb": {"ø": ("oe",), "å": ("aa",)},
    "hu": {"ő": ("õ", "ö", "o~", "o:"), "ű": ("û", "ü", "u~", "u:")},
}

#: Languages in which a capital letter belongs to the spelling of a word: nouns of German.
_CAPITALS = frozenset({"de", "lb"})


def base_language(language: str | None) -> str:
    return (language or "").split("-")[0]


def digits(text: str) -> str:
    """Write the digits of any script as 0 to 9."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() and not c.isascii() else c for c in text)


def plain(text: str) -> str:
    """Return the text without what never counts.

    Unicode form, invisible signs, spaces, kinds of quotes, apostrophes and dashes, script of the digits,
    punctuation round the words. Case and accents stay. ``plain(plain(x)) == plain(x)``.
    """
    text = unicodedata.normalize("NFC", text).translate(_INVISIBLE).translate(_SIGNS)
    text = "".join(" " if unicodedata.category(c) in {"Cc", "Zs", "Zl", "Zp"} else c for c in text)
    text = " ".join(digits(text).split())
    stripped = _BEFORE_WORD.sub("", _AFTER_WORD.sub("", text))
    if stripped.startswith("'") and stripped.endswith("'") and len(stripped) > 2:
        stripped = stripped[1:-1]
    stripped = " ".join(unicodedata.normalize("NFC", stripped).split())
    return stripped if stripped in {"", text} else plain(stripped)


def words_of(text: str) -> list[str]:
    """Return the words of a text; an elided word keeps its apostrophe: ``l'acqua`` is ``l'``, ``acqua``."""
    return re.sub(r"(?<=\w')(?=\w)", " ", plain(text)).split()


def fold(text: str, language: str | None) -> str:
    """Return the text as compared for meaning: case of the language, one form of Arabic letters."""
    text = unicodedata.normalize("NFC", text).translate(_SIGNS)
    if base_language(language) in {"tr", "az"}:
        text = text.replace("I", "ı").replace("İ", "i")
    else:
        text = text.replace("İ", "I")  # a Turkish keyboard writes it where other languages have I: İzmir
    folded = text.lower().replace("ς", "σ").replace("ẞ", "ß").translate(_ARABIC)
    return unicodedata.normalize("NFC", folded)


def without_accents(word: str) -> str:
    """Take the signs off Latin, Greek and Cyrillic letters; in other scripts a sign is part of the word."""
    out = ""
    for character in unicodedata.normalize("NFC", word):
        if unicodedata.name(character, "").startswith(_ACCENTED_SCRIPTS):
            decomposed = unicodedata.normalize("NFD", character)
            character = "".join(c for c in decomposed if not unicodedata.combining(c))
        out += character
    return out.translate(_BASE)


def is_keyboard_form(given: str, expected: str, language: str | None) -> bool:
    """Tell whether ``given`` is ``expected`` typed without its special letters (ae for ä, ss for ß).

    Both folded. Only the expected word is opened up: ``neü`` is no way to write ``neue``.
    """
    substitutes = _KEYBOARD[""] | _KEYBOARD.get(base_language(language), {})
    pattern = "".join("(?:" + "|".join(map(re.escape, (c, *substitutes.get(c, ())))) + ")" for c in expected)
    return given != expected and re.fullmatch(pattern, given) is not None


def capitals_count(language: str | None) -> bool:
    """Tell whether capital letters are part of the spelling (not of the meaning) in this language."""
    return base_language(language) in _CAPITALS
