"""What a phone must fetch before the first word: gzip bytes, as sent (1 kB = 1000 bytes)."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"


def _sent(*files: Path) -> int:
    return sum(len(gzip.compress(file.read_bytes(), 9, mtime=0)) for file in files)


def _modules(entry: Path) -> set[Path]:
    """Return a module and all it imports."""
    found, open_ = set(), [entry]
    while open_:
        module = open_.pop()
        if module not in found:
            found.add(module)
            source = module.read_text(encoding="utf-8")
            imports = re.findall(r"""^import\b[^"']*["'](\./[^"']+)["']""", source, re.MULTILINE)
            open_ += [module.parent / name for name in imports]
    return found


def test_the_style_sheets_of_learner_pages_are_small() -> None:
    assert _sent(*(STATIC / "css" / name for name in ("tokens.css", "base.css", "lesson.css"))) <= 10_000


def test_the_style_sheets_of_staff_pages_are_small() -> None:
    assert _sent(*(STATIC / "css" / name for name in ("tokens.css", "base.css", "desk.css"))) <= 8_000


def test_the_script_of_learner_pages_is_small() -> None:
    modules = _modules(STATIC / "js/headstart.js")
    assert {"speaker.js", "phone.js", "answers.js", "here.js"} <= {module.name for module in modules}
    assert _sent(*modules) <= 8_000


def test_icons_are_drawings_of_a_few_hundred_bytes() -> None:
    for icon in [*(STATIC / "icons").glob("*.svg"), STATIC / "favicon.svg"]:
        assert icon.stat().st_size <= 800, icon.name


def test_style_sheets_and_scripts_fetch_nothing_from_elsewhere() -> None:
    for file in [*(STATIC / "css").glob("*.css"), *_modules(STATIC / "js/headstart.js")]:
        text = file.read_text(encoding="utf-8")
        urls = re.findall(r"""url\(["']?([^"')]+)|@import|["'](https?://[^"']+)""", text)
        for in_css, in_script in urls:
            assert in_css.startswith("../icons/") or in_script == "http://www.w3.org/2000/svg", file.name
            if in_css:
                assert (file.parent / in_css).is_file()
