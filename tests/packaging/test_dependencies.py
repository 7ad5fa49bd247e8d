"""What the program imports is declared, and what is declared is used and explained."""

from __future__ import annotations

import ast
import sys
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
#: Declared but not imported by name: loaded by its user.
BY_NAME_ONLY = {"psycopg", "faster-whisper", "numpy", "onnxruntime"}


def declared() -> set[str]:
    """Return the packages of setup.cfg that users get: required ones and extras, without ``dev``."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options"]["install_requires"].splitlines()
    for extra, text in setup["options.extras_require"].items():
        lines += text.splitlines() if extra != "dev" else []
    return {canonicalize_name(Requirement(line).name) for line in lines if line}


def imported() -> set[str]:
    """Return the distributions that files of the package import."""
    owners = metadata.packages_distributions()
    found = set()
    for file in (ROOT / "headstart_lms").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names.append(str(node.module))
            found |= {name.split(".")[0] for name in names}
    known = found - set(sys.stdlib_module_names) - {"headstart_lms", "__future__"}
    return {canonicalize_name(owners[name][0]) for name in known}


def brought_along(names: set[str]) -> set[str]:
    """Return what packages require themselves without an extra: Flask brings Jinja2 and Werkzeug."""
    found: set[str] = set()
    for name in names:
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                found.add(canonicalize_name(requirement.name))
    return found


def test_everything_that_is_imported_is_installed_with_the_program() -> None:
    # what is loaded by name need not be installed where the tests run, and brings nothing that we import
    assert imported() - declared() - brought_along(declared() - BY_NAME_ONLY) == set()


def test_nothing_is_declared_that_is_not_used() -> None:
    assert declared() - imported() - BY_NAME_ONLY == set()


def test_every_dependency_is_explained() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = {cell.split("|")[1] for cell in page.splitlines() if cell.startswith("| ")}
    explained = {canonicalize_name(name.strip()) for row in rows for name in row.split(",")}
    assert declared() - explained == set()
