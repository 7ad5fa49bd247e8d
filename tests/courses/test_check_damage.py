"""The publish gate: every damage is found, at its file and line, and nothing of it reaches learners."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from headstart_lms.cli import headstart
from headstart_lms.courses.source import MEDIA_TYPES, Finding
from headstart_lms.paths import bundled_courses

from . import tiny
from .damage import DAMAGE, Damage

RESERVED = {"words", "tests", "items", "enrol", "review", "move"}


def damaged(folder: Path, damage: Damage) -> Path:
    tiny.write(folder)
    if damage.named.startswith("units/") and Path(damage.named).stem in RESERVED:
        name = Path(damage.named).stem
        (folder / "units" / "second.yaml").rename(folder / damage.named)
        tiny.replace(folder, damage.named, "id: second", f"id: {name}")
    tiny.replace(folder, damage.file, damage.old, damage.new)
    return folder


def test_the_tiny_course_is_right_in_everything(tmp_path: Path) -> None:
    assert tiny.check(tiny.write(tmp_path)).findings == []


@pytest.mark.parametrize("damage", DAMAGE, ids=str)
def test_damage_is_found_at_its_place(damage: Damage, tmp_path: Path) -> None:
    folder = damaged(tmp_path / "tiny", damage)
    checked = tiny.check(folder)
    assert checked.course is None
    name = damage.named or damage.file
    found = [f for f in checked.errors if damage.says in f.message and f.file == name]
    assert found, "\n".join(map(str, checked.findings))
    finding = found[0]
    assert finding.path == damage.path
    if damage.at:
        assert finding.line == tiny.line_of(folder, name, damage.at), str(finding)
    assert finding.message.endswith((".", "!", "?"))


def test_there_are_at_least_thirty_kinds_of_damage() -> None:
    assert len({damage.what for damage in DAMAGE}) == len(DAMAGE) >= 30


@pytest.mark.parametrize("damage", [DAMAGE[0], DAMAGE[20], DAMAGE[-1]], ids=str)
def test_the_command_refuses_with_one_and_names_the_place(damage: Damage, tmp_path: Path) -> None:
    folder = damaged(tmp_path / "tiny", damage)
    for options in ([], ["--json"]):
        result = CliRunner().invoke(headstart, ["course", "check", str(folder), *options])
        assert result.exit_code == 1
        assert damage.says in result.output
    (report,) = json.loads(result.output)
    assert report["errors"] >= 1
    assert {"level", "file", "line", "path", "message"} == set(report["findings"][0])


#: (what, file, old, new, part of the sentence) on a course that we ship, which is a thousand times larger.
LARGE = [
    ("a key that is gone", "units/permit.yaml", "right: true", "right: false", "right"),
    ("a fact that is gone", "facts.yaml", "- id: ", "- id: gone-", "There is no fact"),
    ("a field that is spelt wrong", "units/health.yaml", "minutes:", "minuts:", "There is no field 'minuts'"),
    ("a bank that shrank", "bank/papers.yaml", "tags: [", "tags: [old-", "are drawn"),
    ("a unit without a title", "units/police.yaml", "title: ", "titel: ", "'title' is missing"),
    ("a translation file that is broken", "translations/ar.po", 'msgctxt "', 'msgctx "', "Not readable as PO"),
]  # fmt: skip


@pytest.mark.parametrize("what, file, old, new, says", LARGE, ids=[row[0] for row in LARGE])
def test_damage_is_found_in_a_course_that_we_ship(
    what: str, file: str, old: str, new: str, says: str, tmp_path: Path
) -> None:
    folder = shutil.copytree(bundled_courses() / "it-diritti", tmp_path / "it-diritti")
    text = (folder / file).read_text("utf-8")
    head, found, tail = text.partition(old)
    assert found
    if what == "a bank that shrank":  # one item would not be missed
        tail = tail.replace(old, new)
    (folder / file).write_text(head + new + tail, "utf-8")
    result = CliRunner().invoke(headstart, ["course", "check", "--json", str(folder)])
    assert result.exit_code == 1
    (report,) = json.loads(result.output)
    findings = [one for one in report["findings"] if one["level"] == "error" and says in one["message"]]
    assert findings
    assert all(one["line"] > 0 for one in findings if one["file"] == file), findings[:3]


def test_warnings_are_refused_only_when_asked(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "tiny")
    tiny.replace(folder, "units/first.yaml", "minutes: 10", "minutes: 20")
    assert CliRunner().invoke(headstart, ["course", "check", str(folder)]).exit_code == 0
    assert CliRunner().invoke(headstart, ["course", "check", "--strict", str(folder)]).exit_code == 1


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "tiny")
    tiny.replace(folder, "units/first.yaml", "minutes: 10", "minutes: ten")
    tiny.replace(folder, "facts.yaml", "  owner: Test writers\n", "")
    tiny.replace(folder, "media.yaml", "door.svg", "gate.svg")
    (folder / "units" / "second.yaml").write_bytes(b"id: [second\n")
    files = {finding.file for finding in tiny.check(folder).errors}
    assert {"units/first.yaml", "facts.yaml", "media.yaml", "units/second.yaml"} <= files


def test_a_folder_without_a_course_says_so(tmp_path: Path) -> None:
    (finding,) = tiny.check(tmp_path).errors
    assert finding == Finding(
        "error", "course.yaml", 0, "", "There is no course.yaml in this folder; a course starts with it."
    )


SCRIPTS = {
    "a script": "<script>alert(1)</script>",
    "a script with a prefix": '<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>',
    "an event": '<path onload="alert(1)" d="M0 0"/>',
    "an event with a slash": '<path/onload="alert(1)"/>',
    "a link": '<a href="https://evil.example/"><path d="M0 0"/></a>',
    "a link to a script": '<g xlink:href="javascript:alert(1)"/>',
    "another picture": '<image href="https://evil.example/x.png"/>',
    "HTML inside": "<foreignObject><p>x</p></foreignObject>",
    "a style sheet": "<style>@import 'https://evil.example/x.css'</style>",
    "an animation": '<set attributeName="href" to="javascript:alert(1)"/>',
    "a remote fill": '<path fill="url(https://evil.example/x)" d="M0 0"/>',
}


@pytest.mark.parametrize("inside", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_picture_that_could_act_is_refused(inside: str, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    (folder / "media" / "door.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')
    (finding,) = tiny.check(folder).errors
    assert (finding.file, finding.line, finding.path) == ("media.yaml", 1, "media.pic-door.file")


HEADS = {
    "a document type": '<!DOCTYPE svg [<!ENTITY x "y">]><svg xmlns="http://www.w3.org/2000/svg"/>',
    "a style sheet from elsewhere": '<?xml-stylesheet href="https://evil.example/x.css"?><svg/>',
    "no picture": "<html><body>hello</body></html>",
    "another encoding": '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'.encode("utf-16").decode(
        "latin-1"
    ),
}


@pytest.mark.parametrize("content", HEADS.values(), ids=HEADS.keys())
def test_a_file_that_is_no_plain_svg_is_refused(content: str, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    (folder / "media" / "door.svg").write_text(content, "latin-1")
    assert [f.path for f in tiny.check(folder).errors] == ["media.pic-door.file"]


@pytest.mark.parametrize("suffix", sorted(set(MEDIA_TYPES) - {".svg"}))
def test_a_file_must_be_what_its_name_says(suffix: str, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    (folder / "media" / "hello.ogg").rename(folder / "media" / f"hello{suffix}")
    (folder / "media" / f"hello{suffix}").write_bytes(b"<html><script>alert(1)</script></html>")
    tiny.replace(folder, "media.yaml", "hello.ogg", f"hello{suffix}")
    (finding,) = tiny.check(folder).errors
    assert (finding.file, finding.path) == ("media.yaml", "media.clip-hello.file")


def test_a_picture_behind_a_link_is_refused(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "tiny")
    secret = tmp_path / "secret.svg"
    (folder / "media" / "door.svg").rename(secret)
    (folder / "media" / "door.svg").symlink_to(secret)
    assert [f.path for f in tiny.check(folder).errors] == ["media.pic-door.file"]


def test_a_picture_larger_than_eight_megabytes_is_refused(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    with (folder / "media" / "hello.ogg").open("ab") as file:
        file.truncate(8_000_001)
    (finding,) = tiny.check(folder).errors
    assert "8 MB" in finding.message
