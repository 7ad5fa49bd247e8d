"""The names a file of a draft may have: those of docs/content-format.md, and no others."""

from __future__ import annotations

import re

from ..courses.source import MEDIA_TYPES

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
_TEXT = re.compile(
    rf"(?:course|entries|facts|bank|blueprints|media|sound)\.yaml"
    rf"|(?:units|entries|facts|bank|blueprints|media)/{_NAME}\.yaml"
    r"|translations/[a-z]{2,3}(?:-[A-Za-z]{2,4}){0,2}\.po"
)
_MEDIA = re.compile(rf"media/({_NAME})")


def is_text(path: str) -> bool:
    return _TEXT.fullmatch(path) is not None


def is_media(path: str) -> bool:
    """Tell whether a path is a media file; one with a suffix that the checker refuses is none."""
    return (
        _MEDIA.fullmatch(path) is not None
        and not is_text(path)
        and ("." + path.rsplit(".", 1)[-1]) in MEDIA_TYPES
    )


def unit_path(unit_id: str) -> str:
    return f"units/{unit_id}.yaml"
