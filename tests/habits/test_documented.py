"""What can be set, run or plugged in stands in the documentation, and nothing that is gone does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from headstart_lms import hooks
from headstart_lms.certificates.presenting import word
from headstart_lms.certificates.reasons import REASONS, STATES
from headstart_lms.cli import headstart
from headstart_lms.config import SETTINGS, load

DOCS = Path(__file__).resolve().parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def commands(
    group: click.Command = headstart, path: tuple[str, ...] = ("headstart",)
) -> Iterator[tuple[str, click.Command]]:
    if isinstance(group, click.Group):
        for name, command in group.commands.items():
            yield from commands(command, (*path, name))
    else:
        yield " ".join(path), group


def test_every_hook_is_documented_and_no_other() -> None:
    known = {name for name in vars(hooks) if name.startswith("headstart_")}
    assert len(known) >= 4
    assert set(re.findall(r"^\| `(headstart_\w+)\(", page("hooks.md"), re.M)) == known


def test_a_hook_is_documented_with_its_arguments() -> None:
    for name, arguments in re.findall(r"^\| `(headstart_\w+)\(([^)]*)\)`", page("hooks.md"), re.M):
        code = getattr(hooks, name).__code__
        assert [part for part in arguments.split(", ") if part] == list(code.co_varnames[: code.co_argcount])


def test_every_setting_is_documented_with_its_default_and_no_other() -> None:
    rows = dict(re.findall(r"^\| `(HEADSTART_\w+)` \| (.+?) \|", page("configuration.md"), re.M))
    assert set(rows) == {setting.name for setting in SETTINGS}
    for setting in SETTINGS:
        if setting.default is not None:
            shown = str(int(setting.default)) if isinstance(setting.default, bool) else str(setting.default)
            assert rows[setting.name] == f"`{shown}`"


def test_every_setting_that_is_named_anywhere_exists() -> None:
    known = {setting.name for setting in SETTINGS}
    for file in [*DOCS.glob("*.md"), DOCS.parent / "README.md", DOCS.parent / "Makefile"]:
        named = set(re.findall(r"HEADSTART_[A-Z_]*[A-Z]", file.read_text("utf-8")))
        assert named <= known, file.name


@pytest.mark.parametrize("name, bad", [("HEADSTART_SESSION_DAYS", "many"), ("HEADSTART_ALLOW_HTTP_LAN", "perhaps"),
                                       ("HEADSTART_XAPI_UNVERSIONED_RESPONSE_VERSION", "3")])  # fmt: skip
def test_a_setting_that_cannot_be_read_is_named(name: str, bad: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}='{bad}': "):
        load({}, {name: bad})


def test_every_command_is_documented_and_no_other() -> None:
    known = {name for name, _command in commands()}
    assert set(re.findall(r"^\| `(headstart [a-z -]+)`", page("commands.md"), re.M)) == known


def test_every_option_of_a_command_stands_beside_it() -> None:
    missing = []
    lines = {
        match[1]: match[0]
        for match in re.finditer(r"^\| `(headstart [a-z -]+)`.*$", page("commands.md"), re.M)
    }
    for name, command in commands():
        for parameter in command.params:
            if (
                isinstance(parameter, click.Option)
                and "--json" not in parameter.opts
                and "--help" not in parameter.opts
            ):
                option = next(opt for opt in parameter.opts if opt.startswith("--"))
                if f"`{option}" not in lines[name]:
                    missing.append(f"{name} {option}")
    assert missing == []


def test_every_command_explains_itself_in_one_sentence() -> None:
    for name, command in commands():
        assert command.help, name
        assert command.help.strip().split("\n")[0].rstrip().endswith((".", ",")), name


def test_every_reason_of_a_check_is_documented_and_no_other() -> None:
    table = page("certificates.md").split("### Reason codes")[1].split("###")[0]
    rows = re.findall(r"^\| (`[^|]+) \| ([a-z, -]+) \|", table, re.M)
    named = {reason for reasons, _state in rows for reason in re.findall(r"`([a-z-]+)`", reasons)}
    assert named == REASONS
    states = {state for _reasons, given in rows for state in given.split(", ")} - {"-"}
    assert states == set(STATES)
    words = re.findall(r"^\| \*\*(.+?)\*\* \|", page("for-offices.md"), re.M)
    assert words == [word(state) for state in STATES]
