"""Text in a course: either in the source language (translated) or in a named language (never translated)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

#: BCP 47, as far as courses need it: language, optional script, optional region.
LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")


@dataclass(frozen=True, slots=True)
class Words:
    """A text and its language; ``lang`` is None while it is the source text that translations replace.

    In YAML and JSON: a plain string, or a mapping with one key, ``{it: Buongiorno}``.
    """

    text: str
    lang: str | None = None
    translated: bool = False

    def __str__(self) -> str:
        return self.text

    @property
    def is_source(self) -> bool:
        """True when a translation may replace this text."""
        return self.lang is None or self.translated

    @classmethod
    def parse(cls, value: Any) -> Words:
        if isinstance(value, Words):
            return value
        if isinstance(value, dict) and len(value) == 1:
            [(lang, text)] = value.items()
            if isinstance(lang, str) and LANGUAGE.match(lang) and isinstance(text, str):
                return cls(_clean(text), lang)
        if isinstance(value, str):
            return cls(_clean(value))
        raise PydanticCustomError(
            "words", "Write a text, or {{language: text}} for words that are not translated."
        )

    def dump(self) -> str | dict[str, str]:
        return self.text if self.is_source else {str(self.lang): self.text}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda words: words.dump()),
        )


def _clean(text: str) -> str:
    text = text.strip()
    if not text:
        raise PydanticCustomError("empty", "The text is empty; write it or leave the field out.")
    return text
