"""headstart verifier build | check, and what the site publishes for devices without a network."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headstart_lms.certificates import bundle as bundles
from headstart_lms.certificates import keys, offline_words, services, static_verifier, status
from headstart_lms.certificates.models import IssuerKey
from headstart_lms.certificates.verifier_cli import verifier
from headstart_lms.kernel import clock, i18n
from headstart_lms.kernel.db import transaction
from headstart_lms.paths import static_folder

from .conftest import BASE_URL, NOON, World
from .test_pages import DEMO, HTTPS, NAMES, Site, site

__all__ = ["site"]


@pytest.fixture
def run(site: Site) -> Iterator[CliRunner]:
    with site.app.app_context():
        yield CliRunner()


def call(run: CliRunner, *arguments: str) -> Result:
    return run.invoke(verifier, list(arguments), obj={})


def fetch(site: Site) -> dict[str, Any]:
    answer = site.get("/verifier/bundle.json")
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.data)
    return found


# --- the signed list ---------------------------------------------------------------------------------


def test_the_list_names_issuers_keys_lists_and_courses_and_nobody(world: World) -> None:
    certificate = world.issue()
    services.suspend(world.session, certificate, "under-review", NOON)
    found = bundles.build(world.session, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    issuer = found["issuers"][0]
    assert set(issuer) == {"did", "name", "country", "url", "demo", "keys", "statusLists", "log"}
    assert set(issuer["keys"][0]) == {"method", "publicKeyMultibase", "from", "until", "compromisedFrom"}
    assert list(found["statusLists"]) == issuer["statusLists"] == [status.list_url(BASE_URL, "amman", 2026)]
    assert found["suspended"] == [{"issuer": issuer["did"], "year": 2026, "index": certificate.status_index}]
    assert found["courses"]["it-italiano-a1"]["titles"]["ar"] == "الإيطالية A1"
    assert found["courses"]["it-italiano-a1"]["country"] == "IT"
    # sentences name examples, hashes hold any digits
    text = bundles.text({**found, "texts": {}, "issuers": [{**one, "log": None} for one in found["issuers"]]})
    payload = world.document(certificate)
    subject = payload["credentialSubject"]
    for personal in (*NAMES, "1990", certificate.code, certificate.digest, payload["id"], subject["id"]):
        assert personal not in text


def test_the_list_speaks_every_language_of_offices_and_pages(world: World) -> None:
    found = bundles.build(world.session, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    assert set(found["texts"]) == set(found["languages"]) == set(i18n.OFFICE_LANGUAGES | i18n.UI_LANGUAGES)
    keys = {frozenset(texts) for texts in found["texts"].values()}
    assert len(keys) == 1
    assert found["texts"]["ar"]["state.valid"] != found["texts"]["en"]["state.valid"]


def test_every_text_that_the_scripts_and_the_page_ask_for_is_there() -> None:
    root = static_folder() / "js/verifier"
    known = set(offline_words.words())
    asked = set()
    for file in root.glob("*.js"):
        source = file.read_text("utf-8")
        asked |= set(re.findall(r'"((?:page|reason|state|question|label|code|name)\.[a-z-]+)"', source))
        raised = re.findall(
            r'(?:notRead|couldNotCheck|altered|unknownIssuer|NotKnown)\("([a-z-]+)"\)', source
        )
        asked |= {f"reason.{reason}" for reason in raised}
    assert len(asked) > 30
    assert asked <= known, asked - known


def test_the_list_is_published_compressed_and_for_everybody(site: Site) -> None:
    answer = site.get("/verifier/bundle.json")
    packed = site.app.test_client().get("/verifier/bundle.json", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == answer.data
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "public" in answer.headers["Cache-Control"]
    found = json.loads(answer.data)
    assert [proof["cryptosuite"] for proof in found["proof"]] == ["eddsa-jcs-2022"]


def test_what_is_taken_back_stands_in_the_list_within_minutes(site: Site) -> None:
    before = fetch(site)
    code = site.issue()
    with site.app.app_context(), transaction() as current:
        services.revoke(current, services.get_certificate(current, code), "fraud", clock.now())
        place = services.get_certificate(current, code).status_index
    with clock.frozen(NOON + timedelta(minutes=6)):
        after = fetch(site)
    assert after["version"] > before["version"]
    listed = next(iter(after["statusLists"].values()))
    assert status.is_set(status.decode(listed["encodedList"]), place)


def test_earlier_keys_of_the_publisher_sign_too_so_that_devices_find_the_new_one(world: World) -> None:
    first = bundles.build(world.session, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    later = NOON + timedelta(days=60)
    second = bundles.build(world.session, keyring=world.keyring, base_url=BASE_URL, at=later)
    methods = [proof["verificationMethod"] for proof in second["proof"]]
    assert len(methods) == 2
    assert first["proof"][0]["verificationMethod"] == methods[1] != methods[0]


def test_the_page_the_worker_and_the_manifest_name_files_that_are_there(site: Site) -> None:
    page = site.get("/verifier/")
    worker = site.get("/verifier/worker.js")
    files = json.loads(re.search(r"const FILES = (\[.*?\]);", worker.text)[1])  # type: ignore[index]
    assert worker.headers["Cache-Control"] == "no-cache"
    assert files[0] == "./"
    addresses = re.findall(r'(?:href|src|data-reader|data-wasm)="(/[^"]+)"', page.text)
    for address in (*files[2:], *addresses):
        with site.get(address) as answer:
            assert answer.status_code == 200, address
    described = json.loads(site.get("/verifier/manifest.webmanifest").data)
    assert (described["start_url"], described["scope"]) == ("./", "./")
    for icon in described["icons"]:
        with site.get(icon["src"]) as answer:
            assert answer.status_code == 200
    assert "'wasm-unsafe-eval'" in page.headers["Content-Security-Policy"]
    assert "'wasm-unsafe-eval'" not in site.get("/").headers["Content-Security-Policy"]


def test_a_new_key_of_the_publisher_makes_devices_fetch_the_page_anew(site: Site) -> None:
    before = site.get("/verifier/worker.js").text
    assert site.get("/verifier/worker.js").text == before
    with site.app.app_context(), transaction() as current:
        key = current.query(IssuerKey).order_by(IssuerKey.id.desc()).first()
        assert key is not None
        keys.mark_compromised(current, key, clock.now())
        public = key.public
    with clock.frozen(NOON + timedelta(minutes=6)):
        assert site.get("/verifier/worker.js").text != before
        pinned = re.search(r'data-keys="([^"]+)"', site.get("/verifier/").text)
        assert pinned is not None
        assert public not in pinned[1]


def test_a_first_visit_is_light_also_on_a_phone(world: World) -> None:
    """gzip bytes; docs/certificates.md says the figures."""
    static = static_folder()
    joined = static_verifier.join_modules(static, static_verifier.ENTRY).encode()
    assert len(gzip.compress(joined, 9)) <= 50_000
    assert (
        sum(len(gzip.compress((static / name).read_bytes(), 9)) for name in static_verifier.STYLES) <= 9_000
    )
    revoked = status.encode(random.Random(5).sample(range(status.LENGTH), 5_000))
    assert len(revoked) <= 11_000


# --- the folder ------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", [DEMO, HTTPS], indirect=True)
def test_a_folder_is_built_checked_and_built_again(run: CliRunner, site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "a stick" / "verifier"
    first = call(run, "build", str(folder), "--json")
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert told["files"] == len([file for file in folder.rglob("*") if file.is_file()])
    checked = call(run, "check", str(folder))
    assert checked.exit_code == 0, checked.output
    assert "unchanged" in checked.stdout
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert site.base_url in (folder / "README.txt").read_text("utf-8")
    again = call(run, "build", str(folder))
    assert again.exit_code == 0, again.output
    assert call(run, "check", str(folder)).exit_code == 0


def test_a_folder_of_somebody_else_is_not_written_into(run: CliRunner, tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    refused = call(run, "build", str(folder))
    assert refused.exit_code == 1
    assert "holds other files" in refused.output
    assert [file.name for file in folder.iterdir()] == ["letter.txt"]
    refused = call(run, "build", str(folder / "letter.txt"))
    assert (refused.exit_code, (folder / "letter.txt").read_text()) == (1, "dear")


def test_building_again_removes_old_files_of_its_own_and_nothing_else(run: CliRunner, tmp_path: Path) -> None:
    folder, outside = tmp_path / "verifier", tmp_path / "outside.txt"
    assert call(run, "build", str(folder)).exit_code == 0
    outside.write_text("mine")
    (folder / "notes.txt").write_text("mine")
    (folder / "old.js").write_text("old")
    signed = json.loads((folder / "MANIFEST.json").read_text())
    signed["files"] |= {"old.js": "0", "../outside.txt": "0"}
    (folder / "MANIFEST.json").write_text(json.dumps(signed))
    assert call(run, "build", str(folder)).exit_code == 0
    assert not (folder / "old.js").exists()
    assert (outside.read_text(), (folder / "notes.txt").read_text()) == ("mine", "mine")


@pytest.mark.parametrize("harm", ["change", "remove", "add", "manifest", "unsigned"])
def test_a_harmed_folder_is_found_out(run: CliRunner, tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "verifier"
    call(run, "build", str(folder))
    script, manifest = folder / "verifier.js", folder / "MANIFEST.json"
    if harm in ("change", "manifest"):
        script.write_text(script.read_text() + "// more\n")
    if harm == "manifest":
        signed = json.loads(manifest.read_text())
        signed["files"]["verifier.js"] = hashlib.sha256(script.read_bytes()).hexdigest()
        manifest.write_text(json.dumps(signed))
    if harm == "remove":
        script.unlink()
    if harm == "add":
        (folder / "more.js").write_text("")
    if harm == "unsigned":
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "proof": []}))
    found = call(run, "check", str(folder))
    assert found.exit_code == 1
    assert found.output.startswith("headstart: ")


def test_the_folder_that_cannot_be_written_is_one_clear_line(run: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = call(run, "build", str(tmp_path / "file" / "verifier"))
    assert found.exit_code == 1
    assert "Traceback" not in found.output


def test_the_joined_script_is_the_same_every_time_and_has_no_modules_left() -> None:
    joined = static_verifier.join_modules(static_folder(), static_verifier.ENTRY)
    assert joined == static_verifier.join_modules(static_folder(), static_verifier.ENTRY)
    assert not re.search(r"^\s*(import|export)\s", joined, re.M)
    assert "noble-ed25519 - MIT License" in joined


def test_modules_that_cannot_be_joined_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import b from "./b.js";\n')
    with pytest.raises(ValueError, match="import b"):
        static_verifier.join_modules(tmp_path, "a.js")
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\n')
    with pytest.raises(ValueError, match="imports itself"):
        static_verifier.join_modules(tmp_path, "a.js")


def test_no_file_of_the_folder_names_another_host(run: CliRunner, site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "verifier"
    call(run, "build", str(folder))
    for name in ("index.html", *static_verifier.STYLES):
        text = (folder / name).read_text("utf-8")
        for address in re.findall(r'(?:src|href|url)[=(]["\']?(https?://[^"\')\s]+)', text):
            assert address.startswith(site.base_url), name
    page = (folder / "index.html").read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=", page)
