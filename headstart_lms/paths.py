"""Where our files are: beside the package (wheel) or in the checkout's root (editable install)."""

from __future__ import annotations

from pathlib import Path


def package_folder() -> Path:
    return Path(__file__).resolve().parent


def _data_folder(name: str) -> Path:
    inside = package_folder() / name
    if inside.is_dir():
        return inside
    beside = package_folder().parent / name
    if beside.is_dir():
        return beside
    raise FileNotFoundError(f"the folder '{name}' is missing: install the package again")


def static_folder() -> Path:
    """Return the folder of style sheets, scripts and icons."""
    return _data_folder("static")


def bundled_courses() -> Path:
    """Return the folder that holds the courses we ship, one folder each."""
    return _data_folder("course_content")
