"""A course that is written out is the same course when it comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from headstart_lms.cli import headstart
from headstart_lms.courses.export import dump_yaml
from headstart_lms.courses.services import Published
from headstart_lms.courses.source import read_yaml
from headstart_lms.kernel.db import session
from headstart_lms.paths import bundled_courses

from . import tiny
from .conftest import editions

Publish = Callable[[Path], Published]
BUNDLED = sorted(folder.name for folder in bundled_courses().iterdir() if (folder / "course.yaml").is_file())


def export(slug: str, target: Path) -> None:
    session().rollback()
    done = CliRunner().invoke(headstart, ["course", "export", slug, str(target)])
    assert (done.exit_code, done.output) == (0, f"{slug}: written to {target}\n")


def test_export_check_publish_changes_nothing(folder: Path, publish_folder: Publish, tmp_path: Path) -> None:
    first = publish_folder(folder)
    export("little", tmp_path / "out")
    assert tiny.check(tmp_path / "out").findings == []
    assert publish_folder(tmp_path / "out") == Published("same", "little", "1.0", first.digest)
    assert editions() == [("1.0", first.digest)]


@pytest.mark.parametrize("slug", BUNDLED)
def test_a_bundled_course_survives_the_way_out_and_back(
    slug: str, publish_folder: Publish, in_app: Flask, tmp_path: Path
) -> None:
    first = publish_folder(bundled_courses() / slug)
    export(slug, tmp_path / "out")
    again = publish_folder(tmp_path / "out")
    assert (again.outcome, again.digest) == ("same", first.digest)


def test_the_exported_folder_has_the_files_a_writer_expects(
    folder: Path, publish_folder: Publish, tmp_path: Path
) -> None:
    publish_folder(folder)
    export("little", tmp_path / "out")
    names = sorted(
        str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()
    )
    assert names == [
        "bank.yaml", "blueprints.yaml", "course.yaml", "entries.yaml", "facts.yaml", "media.yaml", "media/door.svg",
        "media/hello.ogg", "translations/ar.po", "units/first.yaml", "units/second.yaml",
    ]  # fmt: skip
    assert "sha256" not in (tmp_path / "out" / "media.yaml").read_text()


def test_a_half_done_translation_survives(folder: Path, publish_folder: Publish, tmp_path: Path) -> None:
    tiny.replace(folder, "facts.yaml", "within 8 working days", "within 8 days")
    publish_folder(folder)
    export("little", tmp_path / "out")
    assert publish_folder(tmp_path / "out").outcome == "same"


def test_words_that_look_like_something_else_survive(
    folder: Path, publish_folder: Publish, tmp_path: Path
) -> None:
    tiny.replace(
        folder,
        "units/second.yaml",
        "answers: [porta, la porta]",
        'answers: [8:30, "No", "1.0", "~", "1e3", "=", "<<"]',
    )
    tiny.replace(folder, "course.yaml", "title: A tiny course", 'title: "true"')
    tiny.replace(folder, "bank/all.yaml", "answer: 3.5", "answer: 3.5\n  tolerance: 0.00001")
    tiny.write_arabic(folder)
    publish_folder(folder)
    export("little", tmp_path / "out")
    assert publish_folder(tmp_path / "out").outcome == "same"


def test_a_folder_that_holds_something_is_left_alone(
    folder: Path, publish_folder: Publish, tmp_path: Path
) -> None:
    publish_folder(folder)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    session().rollback()
    done = CliRunner().invoke(headstart, ["course", "export", "little", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert done.stderr == f"headstart: {tmp_path / 'out'} is not empty. Choose a new folder.\n"
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_course_that_is_not_there_is_refused(in_app: Flask, tmp_path: Path) -> None:
    done = CliRunner().invoke(headstart, ["course", "export", "nothing", str(tmp_path / "out")])
    assert (done.exit_code, done.stderr) == (1, "headstart: There is no such course.\n")
    assert not (tmp_path / "out").exists()


SCALARS = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
    | st.integers(-(10**15), 10**15)
    | st.floats(-1e9, 1e9).filter(lambda number: number == 0 or abs(number) > 1e-9)
    | st.booleans()
    | st.none()
    | st.sampled_from(
        ["No", "8:30", "null", "~", "true", "1.0", "1e5", "<<", "=", "2026-01-02", "0x1f", ".5", "+1"]
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True), SCALARS | st.lists(SCALARS), min_size=1
    )
)
@example(data={"a": 1e-07, "b": 1e12, "c": -0.0, "d": "\x85\u2028\ufeff", "e": " x ", "f": "a: b # c"})
def test_whatever_we_write_we_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]
) -> None:
    file = tmp_path_factory.getbasetemp() / "written.yaml"
    file.write_text(dump_yaml(data), "utf-8")
    assert read_yaml(file, "written.yaml").data == data


def test_the_file_is_yaml_for_others_too(folder: Path, publish_folder: Publish, tmp_path: Path) -> None:
    publish_folder(folder)
    export("little", tmp_path / "out")
    head = yaml.safe_load((tmp_path / "out" / "course.yaml").read_text("utf-8"))
    assert (head["version"], head["destination"]) == ("1.0", {"country": "IT"})
