"""The wheel is the whole program: built from a clean copy, it serves where there is no checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Put into the empty environment: writes down every file of the checkout that is opened or listed.
WATCH = """
import os, sys
_out = os.open({log!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def _watch(event, args):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(args[0], (str, bytes, os.PathLike)):
        path = os.path.abspath(os.fsdecode(args[0]))
        if (path + "/").startswith({checkout!r}) and not path.startswith({allowed!r}):
            os.write(_out, (path + "\\n").encode())
sys.addaudithook(_watch)
"""


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def tracked_files() -> list[str]:
    """Return what a clean checkout has: tracked files, and new ones that git does not ignore."""
    listed = run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=ROOT)
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def files_in(folder: Path) -> set[str]:
    """Return the files of the copy that were not made by building in it."""
    made = {"build", "headstart_lms.egg-info"}
    files = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return {str(file) for file in files if file.parts[0] not in made}


def build(source: Path, target: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", target, ".", cwd=source)
    (wheel,) = target.glob("*.whl")
    return wheel


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def clean_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("checkout")
    for name in tracked_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(clean_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(clean_copy, tmp_path_factory.mktemp("dist"))


class Installed:
    """An environment with the wheel and, by a path file, the libraries of this one."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        self.log = folder / "read-from-the-checkout"
        environment = folder / "environment"
        run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=folder)
        python = environment / "bin" / "python"
        run(
            sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install",
            "--no-deps", "--no-index", wheel, cwd=folder,
        )  # fmt: skip
        paths = sysconfig.get_paths()
        libraries = sorted({paths["purelib"], paths["platlib"]})
        site = environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        # read as a path file would be, but for the path files in there: one of them leads into the checkout
        (site / "libraries.pth").write_text("\n".join(["import watch_the_checkout", *libraries]))
        (site / "watch_the_checkout.py").write_text(
            WATCH.format(log=str(self.log), checkout=f"{ROOT}/", allowed=(*libraries, sys.prefix))
        )
        self.python = python
        self.command = environment / "bin" / "headstart"
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.env = {**kept, "HEADSTART_BASE_URL": self.address}

    def headstart(self, *arguments: str) -> str:
        return run(self.command, *arguments, cwd=self.elsewhere, env=self.env)

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=20) as answer:  # noqa: S310 - our own server
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def page(self, path: str) -> str:
        status, body = self.get(path)
        assert status == 200, (path, status, body[:500])
        return body.decode()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Set up as the documentation says, in an empty folder, and serve."""
    here = Installed(tmp_path_factory.mktemp("installed"), wheel)
    here.headstart("init")
    here.headstart("course", "publish", "--bundled")
    with (here.folder / "server.log").open("w") as log:
        server = subprocess.Popen(  # noqa: S603
            [here.command, "serve", "--port", str(here.port)], cwd=here.elsewhere, env=here.env, stderr=log
        )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                here.get("/healthz")
                break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None, (here.folder / "server.log").read_text()
                assert time.monotonic() < until, "the server did not answer within a minute"
                time.sleep(0.1)
        yield here
    finally:
        server.terminate()
        assert server.wait(timeout=30) == 0, (here.folder / "server.log").read_text()


def test_every_data_file_of_the_checkout_is_in_the_wheel(wheel: Path, clean_copy: Path) -> None:
    expected = set()
    for name in files_in(clean_copy):
        if name.startswith(("course_content/", "static/")):
            expected.add(f"headstart_lms/{name}")
        elif name.startswith("headstart_lms/") and not name.endswith((".po", ".pot")):
            expected.add(name)
        elif name.startswith("headstart_lms/translations/") and name.endswith(".po"):
            expected.add(name.removesuffix(".po") + ".mo")
    assert expected
    assert names_in(wheel) == expected


def test_the_source_distribution_builds_the_same_wheel(clean_copy: Path, wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "-o", tmp_path, ".", cwd=clean_copy)
    (archive,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert names_in(build(source, tmp_path / "dist")) == names_in(wheel)
    for name in ("LICENSE", "Makefile", "CHANGELOG.md", "tools/test", "docs/index.md", "tests/conftest.py"):
        assert (source / name).is_file(), name


def test_pages_speak_both_languages(installed: Installed, clean_copy: Path) -> None:
    english, arabic = installed.page("/?lang=en"), installed.page("/?lang=ar")
    assert 'dir="rtl"' in arabic
    source = clean_copy / "headstart_lms" / "translations" / "ar" / "LC_MESSAGES" / "headstart.po"
    catalogue = polib.pofile(source.read_text(encoding="utf-8"))
    shown = {
        entry.msgid: entry.msgstr
        for entry in catalogue
        if entry.msgstr and re.search(rf">\s*{re.escape(entry.msgid)}\s*<", english)
    }
    assert len(shown) >= 3, "the first page should show texts of the interface"
    assert [text for text in shown.values() if text not in arabic] == []


def test_courses_are_there_with_their_translations(installed: Installed, clean_copy: Path) -> None:
    listed = json.loads(installed.headstart("course", "list", "--json"))
    shipped = {file.parent.name for file in clean_copy.glob("course_content/*/course.yaml")}
    assert {row["slug"] for row in listed} == shipped
    catalogue = installed.page("/?lang=ar")
    assert any("ar" in row["languages"] for row in listed)
    for row in listed:
        assert installed.get(f"/courses/{row['slug']}")[0] == 200
        if "ar" not in row["languages"]:
            continue
        texts = polib.pofile(str(clean_copy / "course_content" / row["slug"] / "translations" / "ar.po"))
        (title,) = [entry.msgstr for entry in texts if entry.msgctxt == "course//title"]
        assert title in catalogue


def test_style_sheets_come_from_the_package(installed: Installed, clean_copy: Path) -> None:
    found = re.findall(r'href="([^"]+\.css)"', installed.page("/"))
    assert found
    for address in found:
        status, body = installed.get(address)
        assert status == 200
        assert body == (clean_copy / "static" / address.split("/static/", 1)[1].split("/", 1)[1]).read_bytes()


@pytest.mark.parametrize("path", ["/start", "/sign-in", "/verify", "/privacy", "/.well-known/did.json"])
def test_pages_of_every_module_are_rendered(installed: Installed, path: str) -> None:
    assert installed.page(path)


def test_a_certificate_is_made_verified_and_printed(installed: Installed) -> None:
    made = json.loads(installed.headstart("demo", "--json"))
    (valid,) = [one for one in made["certificates"] if one["state"] == "valid"]
    owner = f"?year={valid['year_of_birth']}"
    status, signed = installed.get(f"/certificates/{valid['code']}.json{owner}")
    assert status == 200
    file = installed.folder / "certificate.json"
    file.write_bytes(signed)
    assert json.loads(installed.headstart("certificate", "verify", str(file), "--json"))["state"] == "valid"
    status, printed = installed.get(f"/certificates/{valid['code']}.pdf{owner}")
    assert (status, printed[:5]) == (200, b"%PDF-")


def test_nothing_was_read_from_the_checkout(installed: Installed) -> None:
    """Runs last in this file: everything above was written down."""
    ask = "import headstart_lms; print(headstart_lms.__file__)"
    where = run(installed.python, "-c", ask, cwd=installed.elsewhere)
    assert Path(where.strip()).is_relative_to(installed.folder)
    assert installed.log.read_text() == ""
    # the watch itself works
    run(installed.python, "-c", f"open({str(ROOT / 'setup.cfg')!r}).close()", cwd=installed.elsewhere)
    assert installed.log.read_text() == f"{ROOT / 'setup.cfg'}\n"


def test_an_editable_install_finds_the_folders_in_the_checkout() -> None:
    from headstart_lms import paths

    assert paths.static_folder() == ROOT / "static"
    assert paths.bundled_courses() == ROOT / "course_content"
