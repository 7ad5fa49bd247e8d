"""Many at once: tables, zip files, folders; every row gets an answer, nothing of it stays."""

from __future__ import annotations

import csv
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from headstart_lms.certificates import bulk, codes, services, status, uploads
from headstart_lms.certificates.asking import Asker, Entry
from headstart_lms.certificates.check_models import Check, CheckBatch, CheckItem
from headstart_lms.certificates.models import IssuerKey
from headstart_lms.cli import headstart
from headstart_lms.kernel import i18n, jobs
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import session, transaction
from headstart_lms.kernel.errors import Invalid, LMSError

from ..browsing import Browser, Page
from ..cast import sign_in
from ..conftest import Clock
from .office import NAMES, YEAR, Desk, make_desk, nothing_personal

GOOD = codes.show(codes.complete("7K3M92QFX4"))


@pytest.fixture
def desk(app: Flask, clock: Clock) -> Desk:
    return make_desk(app)


def table(raw: bytes | str) -> list[Entry]:
    return list(uploads.read_table(raw if isinstance(raw, bytes) else raw.encode(), "list.csv"))


def read(*files: tuple[str, bytes]) -> list[Entry]:
    return list(uploads.read_uploads((name, io.BytesIO(content)) for name, content in files))


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def send(browser: Browser, files: dict[str, bytes] | None = None, text: str = "") -> Page:
    data: dict[str, Any] = {"text": text, "files": [(io.BytesIO(c), n) for n, c in (files or {}).items()]}
    return browser.post("/verify/many", data)


def result(browser: Browser, page: Page) -> list[dict[str, str]]:
    answer = browser.open(page.path + "/result.csv").response
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def work(app: Flask) -> None:
    with app.app_context():
        jobs.run_all()


# --- tables ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tables_are_read_as_spreadsheets_write_them(separator: str, encoding: str, end: str) -> None:
    lines = [
        separator.join(row) for row in (["Büro", "Code", "Geburtsjahr"], ["Mü", GOOD, "1990"], ["", GOOD, ""])
    ]
    entries = table(end.join([*lines, ""]).encode(encoding))
    assert [(entry.row, entry.code, entry.year) for entry in entries] == [
        (2, codes.parse_code(GOOD), 1990), (3, codes.parse_code(GOOD), None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "header",
    ["code;year", "Kód;Rok narození", "Code;Geburtsjahr", "Kód;Születési év", "Codice;Anno di nascita",
     "Code;Geboortejaar", "Código;Ano de nascimento", "Kód;Rok narodenia", "CODE ;Year_of_birth"],
)  # fmt: skip
def test_columns_are_found_by_their_names_in_the_languages_of_offices(header: str) -> None:
    name, year = header.split(";")
    for order in ((name, year), (year, name)):
        cells = {name: GOOD, year: "1990"}
        entry = table(f"{';'.join(order)}\n{';'.join(cells[word] for word in order)}\n")[0]
        assert (entry.code, entry.year, entry.row) == (codes.parse_code(GOOD), 1990, 2)


def test_columns_are_found_by_what_stands_in_them_when_the_names_are_others() -> None:
    entries = table(f"Akte;Nachweis;Jg\nA1;{GOOD};1990\nA2;{GOOD};1991\n")
    assert [(entry.row, entry.year) for entry in entries] == [(2, 1990), (3, 1991)]


def test_a_single_column_needs_no_name_and_lines_keep_their_numbers() -> None:
    entries = table(f"{GOOD}\n\n{GOOD.lower().replace('-', '')}\n   \nnonsense\n")
    assert [(entry.row, entry.problem) for entry in entries] == [(1, None), (3, None), (5, "code-form")]


def test_addresses_and_qr_texts_of_a_scanner_are_read_too() -> None:
    first, second = table(f"code\nhttps://x.example/verify/{GOOD}\nhttps://x.example/verify/{GOOD}#HS1:ABC\n")
    assert (first.code, first.form) == (codes.parse_code(GOOD), "code")
    assert second.form == "qr"


@pytest.mark.parametrize(
    "year, problem",
    [("1990", None), ("1990.0", None), ("1990,0", None), ("١٩٩٠", None), ("90", "year-form"),
     ("1.1.1990", "year-form"), ("x", "year-form")],
)  # fmt: skip
def test_years_are_read_as_people_and_spreadsheets_write_them(year: str, problem: str | None) -> None:
    entry = table(f"code;year\n{GOOD};{year}\n")[0]
    assert entry.problem == problem
    assert entry.year == (None if problem else 1990)


def test_a_wrong_character_is_pointed_at_in_its_row() -> None:
    wrong = ("B" if GOOD[0] != "B" else "C") + GOOD[1:]
    entry = table(f"code\n{wrong}\n")[0]
    assert entry.problem == "code-form"
    assert "character 1 " in (entry.remark or "")


def test_a_table_without_codes_is_refused_with_what_to_do() -> None:
    with pytest.raises(Invalid, match="Write “code” above the column"):
        table("name;town\nA;B\nC;D\n")


def test_a_table_of_too_many_rows_is_refused() -> None:
    with pytest.raises(Invalid, match="at most 2000 at once"):
        read(("list.csv", b"code\n" + (GOOD + "\n").encode() * 2001))


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_whatever_is_sent_gives_entries_or_one_sentence(data: bytes) -> None:
    for name in ("x", "x.csv", "x.zip", "x.pdf"):
        try:
            entries = read((name, data))
        except LMSError:
            continue
        else:
            assert all(entry.problem or entry.code or entry.data for entry in entries)


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=8), st.sampled_from(",;\t"))
@settings(max_examples=200, deadline=None)
def test_rows_of_any_text_are_answered_by_their_line(cells: list[tuple[str, str]], separator: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerows([("code", "other"), *cells])
    for entry in table(out.getvalue().encode("utf-8", "replace")):
        assert entry.row is not None
        assert entry.row >= 2


# --- zip files ---------------------------------------------------------------------------------------


def test_files_of_a_zip_are_entries_and_rubbish_of_computers_is_not() -> None:
    entries = read(("all.zip", zipped({
        "a/one.json": b"{}", "__MACOSX/a/._one.json": b"x", ".DS_Store": b"x", "../../etc/two.pdf": b"%PDF-",
        "list.csv": f"code\n{GOOD}\n".encode(), "empty.json": b"",
    })))  # fmt: skip
    assert [(entry.label, entry.form, entry.problem) for entry in entries] == [
        ("one.json", "file", None), ("two.pdf", "file", None), ("list.csv", "code", None),
        ("empty.json", "none", "empty"),
    ]  # fmt: skip


def test_a_zip_inside_a_zip_and_a_bomb_are_answered_in_their_row() -> None:
    bomb = b"\0" * 50_000_000
    found = read(
        ("all.zip", zipped({"in.zip": zipped({"a.json": b"{}"}), "bomb.pdf": bomb, "ok.json": b"{}"}))
    )
    assert [entry.problem for entry in found] == ["zip-inside", "too-big", None]


def test_a_file_that_lies_about_its_size_is_counted_by_what_comes_out() -> None:
    raw = bytearray(zipped({"bomb.pdf": b"\0" * 50_000_000}))
    place = raw.index(b"PK\x01\x02")
    raw[place + 24 : place + 28] = struct.pack("<I", 10)  # its directory says: 10 bytes
    entries = read(("all.zip", bytes(raw)))
    assert [entry.problem for entry in entries] in (["damaged"], ["too-big"])


def test_a_zip_with_too_many_files_is_refused_at_once() -> None:
    with pytest.raises(Invalid, match="at most 2000 at once"):
        read(("all.zip", zipped({f"{number}.json": b"{}" for number in range(2001)}, zipfile.ZIP_STORED)))


def test_a_locked_file_and_a_damaged_zip_say_so() -> None:
    raw = bytearray(zipped({"a.json": b"{}"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.index(mark) + offset
        raw[place] |= 1
    assert read(("all.zip", bytes(raw)))[0].problem == "locked"
    with pytest.raises(Invalid, match="damaged"):
        read(("all.zip", b"PK\x03\x04" + b"x" * 50))


@pytest.mark.parametrize("name", ["list.xlsx", "list.ods"])
def test_a_spreadsheet_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(Invalid, match="Save it as CSV"):
        read((name, zipped({"xl/workbook.xml": b"<x/>"})))
    with pytest.raises(Invalid, match="Save it as CSV"):
        read(("renamed.zip", zipped({"xl/workbook.xml": b"<x/>"})))


# --- the page ----------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_forty_on_a_monday(app: Flask, desk: Desk) -> None:
    """A table and a zip file together: each row its answer, progress, a result without a name, then nothing."""
    olga = desk.officer("olga")
    unknown = codes.show(codes.complete("0000000000"))
    rows = [
        f"{desk.code};{YEAR}",
        f"{desk.code};1991",
        f"{desk.code};",
        f"{unknown};{YEAR}",
        "nonsense;",
        f"{desk.code};90",
    ]
    altered = desk.document.replace(NAMES[0], "SOMEBODY ELSE").encode()
    files = {
        "monday.csv": ("code;year\n" + "\n".join(rows)).encode(),
        "papers.zip": zipped({"good.json": desk.document.encode(), "altered.json": altered, "=1+1.pdf": b"%PDF-"}),
    }  # fmt: skip
    page = send(olga, files)
    assert page.path.startswith("/verify/many/")
    assert "0 / 9" in page.text
    assert olga.open(page.path, accept="application/json").json == {"done": 0, "all": 9, "is_done": False}
    work(app)
    done = olga.open(page.path)
    assert 'data-state="valid"' in done.body
    assert nothing_personal(done.body)
    found = result(olga, page)
    assert [(row["row"], row["input"], row["state"], row["reason"]) for row in found] == [
        ("2", "monday.csv", "valid", "valid"),
        ("3", "monday.csv", "unknown", "no-such-pair"),
        ("4", "monday.csv", "valid", "valid"),
        ("5", "monday.csv", "unknown", "no-such-pair"),
        ("6", "monday.csv", "could-not-check", "code-form"),
        ("7", "monday.csv", "could-not-check", "year-form"),
        ("", "good.json", "valid", "valid"),
        ("", "altered.json", "altered", "signature"),
        ("", "'=1+1.pdf", "could-not-check", "no-attachment"),
    ]  # fmt: skip
    assert tuple(found[0]) == bulk.COLUMNS
    assert found[0]["course"] == "Tiny course"
    assert found[4]["remark"].startswith("A code has 12 letters and numbers")
    with app.app_context():
        kept = session().scalars(select(CheckItem)).all()
        assert len(kept) == 9
        assert all(item.is_done for item in kept)
        # what could not even be read as a question is no check of anybody
        assert session().scalar(select(func.count(Check.id))) == 7


@pytest.mark.every_app
def test_what_is_sent_is_kept_sealed_and_gone_when_it_is_checked(app: Flask, desk: Desk) -> None:
    send(desk.officer("olga"), {"amina.json": desk.document.encode()})
    with app.app_context():
        keyring = app.extensions["headstart"].keyring
        item = session().scalars(select(CheckItem)).one()
        assert NAMES[0].encode() not in item.sealed
        assert bulk.open_entry(item, keyring).data == desk.document.encode()
        jobs.run_all()
        session().expire_all()
        item = session().scalars(select(CheckItem)).one()
        assert nothing_personal(keyring.open(bulk.PURPOSE, item.sealed).decode())


def test_a_changed_second_signature_is_seen_though_what_we_issued_is_not_canonicalised_again(
    app: Flask, desk: Desk
) -> None:
    document = json.loads(desk.document)
    rdfc = next(proof for proof in document["proof"] if proof["cryptosuite"] == "eddsa-rdfc-2022")
    first = rdfc["proofValue"]
    rdfc["proofValue"] = next(p["proofValue"] for p in document["proof"] if p is not rdfc)
    with app.app_context():
        asker = Asker(session(), now())
        assert asker.ask(Entry("x", data=desk.document.encode())).verdict.is_valid
        assert asker.ask(Entry("x", data=json.dumps(document).encode())).verdict.reason == "signature"
        rdfc["proofValue"] = first
        document["proof"].reverse()  # still ours, in another order: checked in full
        assert asker.ask(Entry("x", data=json.dumps(document).encode())).verdict.is_valid


def test_after_a_day_nothing_is_left(app: Flask, desk: Desk, clock: Clock) -> None:
    olga = desk.officer("olga")
    page = send(olga, text=desk.code)
    work(app)
    assert olga.open(page.path).status == 200
    clock.move(hours=24)
    olga = desk.officer("olga")
    assert olga.open(page.path).status == 404
    work(app)
    with app.app_context():
        assert session().scalar(select(func.count(CheckBatch.id))) == 0
        assert session().scalar(select(func.count(CheckItem.id))) == 0
        assert session().scalar(select(func.count(Check.id))) == 1


def test_the_officer_may_delete_the_result_before(app: Flask, desk: Desk) -> None:
    olga = desk.officer("olga")
    page = send(olga, text=desk.code)
    work(app)
    olga.send(olga.open(page.path).form("/delete"))
    assert olga.open(page.path).status == 404


def test_only_the_office_sees_a_result(app: Flask, desk: Desk, browser: Browser) -> None:
    page = send(desk.officer("olga"), text=desk.code)
    work(app)
    for path in (page.path, page.path + "/result.csv"):
        assert desk.officer("otto").open(path).status == 200
        assert desk.officer("petra").open(path).status == 404
        assert sign_in(app, "bruno").open(path).status == 404
    assert browser.open(page.path).path == "/sign-in"
    assert browser.post("/verify/many", {"text": desk.code}).status == 401


@pytest.mark.parametrize(
    "files, text, sentence",
    [
        ({}, "", "Choose a file"),
        ({"x.csv": b"name;town\na;b\n"}, "", "Write “code” above"),
        ({"x.xlsx": b"PK\x03\x04"}, "", "Save it as CSV"),
        ({"x.zip": b"PK\x03\x04xx"}, "", "damaged"),
    ],
)
def test_an_upload_that_cannot_be_read_keeps_nothing(
    app: Flask, desk: Desk, files: dict[str, bytes], text: str, sentence: str
) -> None:
    page = send(desk.officer("olga"), files, text)
    assert page.status == 422
    assert sentence in page.text
    with app.app_context():
        assert session().scalar(select(func.count(CheckBatch.id))) == 0
        assert session().scalar(select(func.count(CheckItem.id))) == 0


def test_the_years_tried_with_a_code_are_limited_in_a_table_too(app: Flask, desk: Desk) -> None:
    """And a code that does not exist runs into the limit in the same way."""
    unknown = codes.show(codes.complete("0000000000"))
    for code in (desk.code, unknown):
        olga = desk.officer("olga")
        page = send(
            olga, {"x.csv": ("code;year\n" + "".join(f"{code};{1930 + n}\n" for n in range(61))).encode()}
        )
        work(app)
        reasons = [row["reason"] for row in result(olga, page)]
        assert reasons == ["no-such-pair"] * 20 + ["try-later"] * 41


def test_a_job_that_was_interrupted_goes_on_where_it_stopped(
    app: Flask, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    olga = desk.officer("olga")
    page = send(olga, text="\n".join([desk.code] * 60))
    real, calls = bulk.waiting, []

    def breaks(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the power went")
        return real(*args)

    monkeypatch.setattr(bulk, "waiting", breaks)
    work(app)
    assert olga.open(page.path, accept="application/json").json["done"] == 25
    clock.move(minutes=1)
    with app.app_context():
        jobs.run_all()
        assert session().scalar(select(func.count(Check.id))) == 60
    assert olga.open(page.path, accept="application/json").json == {"done": 60, "all": 60, "is_done": True}


def test_the_template_is_a_table_that_is_read_again(desk: Desk) -> None:
    answer = desk.officer("olga").open("/verify/many/template.csv").response
    entries = table(answer.get_data())
    assert [entry.year for entry in entries] == [1990, None]


# --- the result --------------------------------------------------------------------------------------


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_no_cell_is_taken_for_a_formula(value: str) -> None:
    shown = bulk.harmless(value)
    assert not shown.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
    assert shown in (value, "'" + value)


def test_the_separator_is_the_one_that_the_offices_spreadsheet_expects() -> None:
    assert bulk.write_csv([]).startswith("\ufeffrow,input,")
    with i18n.in_language("de"):
        assert bulk.write_csv([]).startswith("\ufeffrow;input;")
        assert bulk.write_csv([], separator=",").startswith("\ufeffrow,input,")


# --- the command -------------------------------------------------------------------------------------


def run(*arguments: str, input: bytes | None = None) -> Any:
    return CliRunner().invoke(headstart, ["certificate", *arguments], obj={}, input=input)


def trust_of(app: Flask, tmp_path: Path, **changes: Any) -> Path:
    """Write a trust list of the installation's own keys and lists, as another computer gets it."""
    with app.app_context():
        state = app.extensions["headstart"]
        with transaction() as current:
            found = current.scalars(select(IssuerKey)).all()
            listed = json.loads(
                status.signed_list(
                    current,
                    "north",
                    2026,
                    keyring=state.keyring,
                    base_url=state.installation.base_url,
                    at=now(),
                )
            )
            issuers = [
                {"did": key.did, "name": key.issuer_name, "country": key.country, "keys": [
                    {"method": key.method, "publicKeyMultibase": key.public, "from": key.valid_from.isoformat(),
                     "until": key.valid_until.isoformat(), "compromisedFrom": None}]}
                for key in found
            ]  # fmt: skip
    file = tmp_path / "trust-list.json"
    file.write_text(
        json.dumps(
            {
                "type": "HeadstartTrustList",
                "issuers": issuers,
                "statusLists": [listed],
                "version": 3,
                **changes,
            }
        )
    )
    return file


def test_a_folder_is_checked_without_a_database_and_without_an_application(
    app: Flask, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = trust_of(app, tmp_path)
    folder = tmp_path / "papers"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.json").write_text(desk.document)
    (folder / "inner" / "b.json").write_text(desk.document.replace("Tiny", "Huge"))
    (folder / "c.csv").write_text(f"code\n{desk.code}\n")
    monkeypatch.setenv("HEADSTART_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setattr("headstart_lms.kernel.commands.app_factory", [])
    good = run("verify", str(folder / "a.json"), "--trust", str(trust), "--unsigned", "--json")
    assert good.exit_code == 0, good.output
    answer = json.loads(good.stdout)
    assert (answer["state"], answer["certificate"]["passport_name"]) == ("valid", NAMES[0])
    assert {one["kind"] for one in answer["lists"]} == {"trust-list", "status-list"}
    many = run("verify", str(folder), "--trust", str(trust), "--unsigned", "--csv")
    assert many.exit_code == 1
    rows = {row["input"]: row["reason"] for row in csv.DictReader(io.StringIO(many.stdout))}
    assert rows == {"a.json": "valid", "b.json": "signature", "c.csv": "code-elsewhere"}


def test_a_table_that_another_site_sends_for_an_officer_is_refused(desk: Desk) -> None:
    answer = desk.officer("olga").post("/verify/many", {"text": desk.code}, Sec_Fetch_Site="cross-site")
    assert answer.status == 403
    with desk.app.app_context():
        assert session().scalar(select(func.count()).select_from(CheckBatch)) == 0


def test_the_list_of_the_verifier_is_enough_for_files_and_qr_codes(
    app: Flask, desk: Desk, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "bundle.json"

    def states() -> set[tuple[str, str]]:
        clock.move(minutes=6)  # the server makes it anew after five
        file.write_bytes(app.test_client().get("/verifier/bundle.json").data)
        found = set()
        for given_in in (desk.document, desk.token):
            done = run("verify", "-", "--trust", str(file), "--json", input=given_in.encode())
            answer = json.loads(done.stdout)
            found.add((answer["state"], answer["reason"]))
        return found

    assert states() == {("valid", "valid")}
    with app.app_context(), transaction() as current:
        services.suspend(current, services.get_certificate(current, desk.code), "under-review", now())
    assert states() == {("suspended", "suspended")}
    desk.revoke()
    assert states() == {("revoked", "revoked")}
    clock.move(days=8)  # taken back stays taken back
    done = run("verify", "-", "--trust", str(file), "--json", input=desk.document.encode())
    assert json.loads(done.stdout)["state"] == "revoked"


def test_an_old_list_of_the_verifier_makes_nothing_valid(
    app: Flask, desk: Desk, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "bundle.json"
    file.write_bytes(app.test_client().get("/verifier/bundle.json").data)
    clock.move(days=8)
    done = run("verify", "-", "--trust", str(file), "--json", input=desk.document.encode())
    assert (done.exit_code, json.loads(done.stdout)["reason"]) == (1, "list-old")


def test_a_revocation_in_the_list_of_the_file_is_seen_offline(app: Flask, desk: Desk, tmp_path: Path) -> None:
    desk.revoke()
    trust = trust_of(app, tmp_path)
    done = run("verify", "-", "--trust", str(trust), "--unsigned", "--json", input=desk.document.encode())
    assert (done.exit_code, json.loads(done.stdout)["state"]) == (1, "revoked")


def test_without_the_list_of_revocations_it_could_not_be_checked(
    app: Flask, desk: Desk, tmp_path: Path
) -> None:
    trust = trust_of(app, tmp_path, statusLists=[])
    done = run("verify", "-", "--trust", str(trust), "--unsigned", "--json", input=desk.document.encode())
    assert (done.exit_code, json.loads(done.stdout)["reason"]) == (1, "list-missing")


@pytest.mark.parametrize(
    "content, sentence",
    [("no", "is not JSON"), ("{}", "is no trust list"), ('{"type": "HeadstartTrustList"}', "names no issuers"),
     ('{"type": "HeadstartTrustList", "issuers": [{"did": "did:web:a"}]}', "issuer 1 is not written"),
     ('{"type": "HeadstartTrustList", "issuers": [7]}', "issuer 1 is not written")],
)  # fmt: skip
def test_a_trust_file_that_cannot_be_read_is_refused_in_one_line(
    tmp_path: Path, content: str, sentence: str
) -> None:
    (tmp_path / "trust.json").write_text(content)
    (tmp_path / "a.json").write_text("{}")
    done = run("verify", str(tmp_path / "a.json"), "--trust", str(tmp_path / "trust.json"))
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_key_listed_under_a_strange_issuer_is_not_believed(app: Flask, desk: Desk, tmp_path: Path) -> None:
    trust = trust_of(app, tmp_path)
    found = json.loads(trust.read_text())
    found["issuers"][0]["did"] = "did:web:evil.example"
    trust.write_text(json.dumps(found))
    done = run("verify", "-", "--trust", str(trust), "--unsigned", input=desk.document.encode())
    assert (done.exit_code, "issuer 1 is not written" in done.stderr) == (1, True)


def test_wrong_usage_exits_with_two(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    assert run("verify").exit_code == 2
    assert run("verify", "/nowhere").exit_code == 2
    assert run("verify", str(tmp_path / "a.json"), "--json", "--csv").exit_code == 2


def test_the_own_register_answers_codes_with_the_year(app: Flask, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"{desk.code}\n")
    with app.app_context():
        done = run("verify", str(tmp_path / "list.csv"), "--year", str(YEAR), "--json")
        assert json.loads(done.stdout)["certificate"]["passport_name"] == NAMES[0]
        assert done.exit_code == 0
        alone = run("verify", str(tmp_path / "list.csv"))
        assert nothing_personal(alone.stdout)
        assert alone.exit_code == 0
