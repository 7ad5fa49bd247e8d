"""Every test of this folder has a course folder to begin with."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from ..make import write_course

SMALL = UUID("8d1c7f0e-6a55-4b1e-9a3e-0d3c1b2a4f55")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tiny course as a folder, under an id and an address of its own."""
    return write_course(tmp_path / "small", uuid=SMALL, slug="small")
