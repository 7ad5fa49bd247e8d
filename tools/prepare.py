"""What comes before serving, in one process: ``prepare.py http://HOST:PORT INSTANCE``.

Does what ``headstart init``, ``course publish --bundled`` and, once on a new demo instance, ``demo`` do; the
secrets of the demo's people are kept in INSTANCE/demo.json.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from headstart_lms.app import create_app
from headstart_lms.cli import headstart
from headstart_lms.kernel.commands import app_factory
from headstart_lms.paths import bundled_courses


def run(*arguments: str) -> int:
    """Run a command as the shell would; return its exit code."""
    code = headstart.main(arguments, prog_name="headstart", standalone_mode=False)
    return code if isinstance(code, int) else 0


def ask(*arguments: str) -> Any:
    """Return what a command prints as JSON; ``doctor`` does so also when it finds trouble."""
    out = io.StringIO()
    with redirect_stdout(out):
        code = run(*arguments, "--json")
    if code and not out.getvalue():
        sys.exit(code)
    return json.loads(out.getvalue())


def publish() -> None:
    """Publish the bundled courses one by one: one that is refused must not keep people from the others."""
    folders = sorted(file.parent for file in bundled_courses().glob("*/course.yaml"))
    refused = [folder.name for folder in folders if run("course", "publish", str(folder))]
    if refused and not ask("course", "list"):
        sys.exit(1)
    for name in refused:
        print(f"{name} was refused; what was published of it before stays", file=sys.stderr)


def fill_demo(file: Path) -> None:
    """Do nothing on an instance that is no demo, or whose database has the demo's people already."""
    has_people = any(person["login"] == "admin-north" for person in ask("person", "list", "--staff"))
    if has_people and not file.exists():  # somebody made the demo by hand, or the secrets are lost
        print("demo people are there already; 'headstart demo' gives them new secrets")
        return
    if not has_people:
        if any(check["name"] == "demo" and check["message"] == "no demo" for check in ask("doctor")):
            return
        made = ask("demo")
        aside = file.with_suffix(".new")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(made, out, ensure_ascii=False, indent=2)
        aside.rename(file)
    print(f"demo people and their secrets: {file}")


def main(demo_url: str, instance: Path) -> None:
    app = create_app()
    app_factory.append(lambda: app)
    if code := run("init", "--demo-url", demo_url):
        sys.exit(code)
    publish()
    fill_demo(instance / "demo.json")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
