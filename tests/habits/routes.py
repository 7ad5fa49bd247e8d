"""The list of all addresses; as a program, it writes ``routes.txt`` anew."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Flask

from headstart_lms import create_app
from headstart_lms.kernel.access import rule_of

FILE = Path(__file__).with_name("routes.txt")


def listing(app: Flask) -> str:
    """Return one line for each address: path, methods, endpoint, who may come in."""
    rows = []
    for rule in app.url_map.iter_rules():
        methods = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        found = rule_of(app.view_functions[rule.endpoint])
        who = ((found.__doc__ or "") if found else "").split(":")[0].rstrip(".")
        roles = " ".join(getattr(found, "roles", ()))
        rows.append(
            f"{rule.rule:52} {methods:20} {rule.endpoint.removeprefix('headstart.'):30} {who} {roles}".rstrip()
        )
    return "\n".join(sorted(rows)) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        FILE.write_text(listing(create_app({"HEADSTART_INSTANCE": folder})), "utf-8")
