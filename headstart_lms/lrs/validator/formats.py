"""The formats of strings in xAPI: one compiled expression each."""

from __future__ import annotations

import calendar
import re
from typing import Final

#: RFC 3987, absolute: a scheme, then no spaces, controls or characters that must be escaped.
_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f]+")
_MAILTO: Final = re.compile(r"mailto:[^\s@<>\"(),:;\[\]\\]+@[^\s@<>\"(),:;\[\]\\]+", re.IGNORECASE)
_SHA1: Final = re.compile(r"[0-9a-fA-F]{40}")
#: SHA-224, 256, 384, 512 in hex (1.0.3 Data 2.4.11 asks for SHA-2, FIPS 180-2).
_SHA2: Final = re.compile(r"[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}")
#: RFC 4122, any version and either case: the store writes them in lower case.
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TIMESTAMP: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|[+-](\d\d):?(\d\d)|[+-](\d\d))",
    re.ASCII,
)
_NEGATIVE_ZERO: Final = re.compile(r"-00(?::?00)?")
#: ISO 8601:2004 4.4.3.2: weeks alone, or the parts in order, a fraction only in the last one.
_DURATION: Final = re.compile(
    r"P(?:\d+(?:[.,]\d+)?W|(?=.)(?:\d+(?:[.,]\d+)?Y)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?D)?"
    r"(?:T(?=.)(?:\d+(?:[.,]\d+)?H)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?S)?)?)",
    re.ASCII,
)
_FRACTION_INSIDE: Final = re.compile(r"[.,]\d+[YMDHW](?=.)")
#: RFC 5646 2.1, with the private-use-only form; the irregular tags of RFC 5646 are listed.
_LANGUAGE: Final = re.compile(
    r"(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+|en-gb-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)"
    r"|sgn-(?:be-fr|be-nl|ch-de))",
    re.IGNORECASE | re.ASCII,
)
#: RFC 2046, with parameters.
_MEDIA_TYPE: Final = re.compile(
    r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+"
    r"(?:\s*;\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|\"[^\"]*\"))*"
)
_VERSION: Final = {
    "1": re.compile(r"1\.0(?:\.\d+)?", re.ASCII),
    "2": re.compile(r"(?:1\.0|2\.0)(?:\.\d+)?", re.ASCII),
}

MAX_LENGTH: Final = 8_000


def is_iri(text: str) -> bool:
    """An absolute IRI (RFC 3987) of at most 8,000 characters."""
    return len(text) <= MAX_LENGTH and _IRI.fullmatch(text) is not None


def is_mailto(text: str) -> bool:
    return len(text) <= MAX_LENGTH and _MAILTO.fullmatch(text) is not None


def is_sha1(text: str) -> bool:
    return _SHA1.fullmatch(text) is not None


def is_sha2(text: str) -> bool:
    return _SHA2.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def is_timestamp(text: str) -> bool:
    """RFC 3339 (the offset also in the short forms of ISO 8601) on a day that exists.

    ``-00:00`` is refused: it says that the offset is not known (RFC 3339 4.3).
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return False
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    offset_hour, offset_minute = int(found[7] or found[9] or 0), int(found[8] or 0)
    if text[-1] not in "Zz" and not offset_hour and not offset_minute:
        tail = re.split(r"(?=[+-])", text[10:], maxsplit=1)[-1]
        if _NEGATIVE_ZERO.fullmatch(tail):
            return False
    return (
        year > 0
        and 1 <= month <= 12
        and 1 <= day <= calendar.monthrange(year, month)[1]
        and hour <= 23
        and minute <= 59
        and second <= 60
        and offset_hour <= 23
        and offset_minute <= 59
    )


def is_duration(text: str) -> bool:
    return len(text) <= 200 and _DURATION.fullmatch(text) is not None and not _FRACTION_INSIDE.search(text)


def is_language(text: str) -> bool:
    return len(text) <= 200 and _LANGUAGE.fullmatch(text) is not None


def is_media_type(text: str) -> bool:
    return len(text) <= 500 and _MEDIA_TYPE.fullmatch(text) is not None


def is_version(text: str, request_version: str) -> bool:
    """``1.0`` and ``1.0.x``; in a 2.0 request also ``2.0`` and ``2.0.x``."""
    return _VERSION[request_version[0]].fullmatch(text) is not None


_SECONDS: Final = re.compile(r"([.,]\d\d)\d+(?=S\Z)")


def truncated_duration(text: str) -> str:
    """Return a duration cut to 0.01 s, the precision they are compared in (1.0.3 Data 4.6, 2.0 4.2.7)."""
    return _SECONDS.sub(r"\1", text)
