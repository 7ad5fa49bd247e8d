"""Two installations: a centre that issues, and an office that believes it by its own choice."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from headstart_lms.app import create_app
from headstart_lms.certificates import (
    believed,
    fetching,
    imported,
    keys,
    proofs,
    services,
    signing,
    status,
    tokens,
    trust_list,
)
from headstart_lms.certificates.key_commands import key
from headstart_lms.certificates.models import Certificate, IssuerKey, Publisher, StatusList, StoredList
from headstart_lms.certificates.trust_commands import trust
from headstart_lms.kernel import clock
from headstart_lms.kernel.db import db, transaction
from headstart_lms.kernel.errors import Invalid, LMSError
from headstart_lms.kernel.rates import Buckets

from .conftest import NOON
from .offline import browser_page, check
from .test_pages import NAMES, Site

CENTRE, OFFICE = "https://learn.example.org", "https://office.example.at"
DID = "did:web:learn.example.org:centres:amman"
LIST = CENTRE + "/trust-list.json"


@dataclass
class Two:
    """The centre issues, the office verifies; what the office fetches is asked of the centre's own pages."""

    centre: Site
    office: Site
    folder: Path

    def at(self, site: Site, *arguments: str, group: Any = trust) -> Result:
        with site.app.app_context():
            result: Result = CliRunner().invoke(group, list(arguments), obj={})
            db.session.remove()
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def ok(self, site: Site, *arguments: str, group: Any = trust) -> str:
        result = self.at(site, *arguments, group=group)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, site: Site, *arguments: str) -> str:
        result = self.at(site, *arguments)
        assert result.exit_code == 1, result.output
        assert result.stderr.startswith("headstart: ")
        assert result.stderr.count("\n") == 1
        return result.stderr

    def publish(self, site: Site | None = None) -> Path:
        file = self.folder / "trust.json"
        self.printed = self.ok(site or self.centre, "publish", str(file))
        return file

    @property
    def fingerprint(self) -> str:
        return next(line for line in self.printed.splitlines() if "fingerprint" in line).split(": ")[1]

    def fingerprint_of(self, seed: bytes) -> str:
        return keys.fingerprint(signing.to_multikey(signing.public_key(seed)))

    def trusting(self, *more: str) -> str:
        """Issue a certificate and let the office accept the centre and fetch its lists; return the code."""
        code = self.centre.issue()
        self.publish()
        self.ok(self.office, "import", LIST, "--fingerprint", self.fingerprint, *more)
        self.ok(self.office, "refresh")
        return code

    def document(self, code: str) -> str:
        return self.centre.get(f"/certificates/{code}.json", "amina").text

    def token(self, code: str) -> str:
        with self.centre.app.app_context():
            found = tokens.make_token(
                db.session(),
                self.centre.certificate(code),
                keyring=self.centre.app.extensions["headstart"].keyring,
            )
            db.session.remove()
        return found or ""

    def ask(self, data: str) -> dict[str, Any]:
        found: dict[str, Any] = self.office.ask(data)
        return found

    def act(self, code: str, what: Callable[[Any, Certificate], object]) -> None:
        with self.centre.app.app_context(), transaction() as current:
            what(current, services.get_certificate(current, code))


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    with clock.frozen(NOON):
        sites = []
        for name, base_url in (("centre", CENTRE), ("office", OFFICE)):
            app = create_app(
                {"HEADSTART_INSTANCE": str(tmp_path / name), "HEADSTART_BASE_URL": base_url, "TESTING": True}
            )
            sites.append(Site(app, base_url))
        made = Two(sites[0], sites[1], tmp_path)

        def get(url: str) -> bytes:
            assert url.startswith(CENTRE), f"nothing else may be fetched: {url}"
            answer = made.centre.get(url.removeprefix(CENTRE))
            if answer.status_code != 200:
                raise Invalid(f"it answers {answer.status_code}")
            return bytes(answer.data)

        monkeypatch.setattr(fetching, "get", get)
        yield made
        for site in sites:
            with site.app.app_context():
                db.session.remove()
                db.engine.dispose()


# --- states, end to end ------------------------------------------------------------------------------


def test_an_office_believes_a_centre_after_it_accepted_its_list_and_not_before(two: Two) -> None:
    code = two.centre.issue()
    for data in (two.document(code), two.token(code)):
        assert two.ask(data)["state"] == "unknown"
    two.trusting()
    for data in (two.document(code), two.token(code)):
        found = two.ask(data)
        assert (found["state"], found["answers"]["issuer"]) == (
            "valid",
            {"said": "yes", "reason": "issuer-listed", "listed_by": "Amman Learning Centre"},
        )  # fmt: skip
        assert any(row["value"] == NAMES[0] for row in found["facts"])
    page = two.office.post("/verify", {"text": two.document(code)}).text
    assert "It is in the list of Amman Learning Centre:" in page


@pytest.mark.parametrize("form", ["document", "token"])
def test_every_state_is_told_of_a_certificate_of_another_issuer(two: Two, form: str) -> None:
    code = two.trusting()
    data = getattr(two, form)(code)

    def state(at: timedelta = timedelta(0), *, refreshed: bool = False) -> tuple[str, str]:
        # who goes back in time has spent what the later hours gave
        two.office.app.extensions["headstart"].checks = Buckets()
        with clock.frozen(NOON + at):
            if refreshed:
                two.ok(two.office, "refresh")
            found = two.ask(data)
        return found["state"], found["reason"]

    assert state() == ("valid", "valid")
    assert state(-timedelta(hours=1)) == ("not-yet-valid", "not-yet")
    assert state(timedelta(days=365 * 3)) == ("expired", "expired")
    assert state(timedelta(days=8)) == ("could-not-check", "trust-list-old")
    assert state(timedelta(days=8), refreshed=True) == ("valid", "valid")
    middle = len(data) // 2
    changed = data[:middle] + ("7" if data[middle] != "7" else "8") + data[middle + 1 :]
    two.office.app.extensions["headstart"].checks = Buckets()
    assert two.ask(changed)["state"] in ("altered", "could-not-check", "unknown")
    assert two.ask(changed)["facts"] == []
    two.act(code, lambda current, found: services.suspend(current, found, "under-review", NOON))
    assert state(timedelta(days=9), refreshed=True) == ("valid", "valid"), (
        "a suspension is told by its issuer only"
    )
    two.act(code, lambda current, found: services.reinstate(current, found, NOON))
    two.act(code, lambda current, found: services.revoke(current, found, "fraud", NOON))
    assert state(timedelta(days=9)) == ("valid", "valid"), "the copy is of before"
    assert state(timedelta(days=9), refreshed=True) == ("revoked", "revoked")
    assert state(timedelta(days=99)) == ("revoked", "revoked"), "taken back stays taken back"


def test_a_replaced_certificate_is_taken_back_for_others_too(two: Two) -> None:
    code = two.trusting()
    keyring = two.centre.app.extensions["headstart"].keyring
    two.act(
        code,
        lambda current, found: services.replace(current, found, keyring=keyring, base_url=CENTRE, at=NOON),
    )
    two.ok(two.office, "refresh")
    assert two.ask(two.token(code))["state"] == "revoked"
    here = two.centre.ask(two.token(code))
    assert here["state"] == "replaced"


def test_without_a_copy_of_the_revocation_list_the_answer_is_not_known_and_says_what_is_missing(
    two: Two,
) -> None:
    code = two.centre.issue()
    two.publish()
    two.ok(two.office, "import", LIST, "--fingerprint", two.fingerprint)
    for data in (two.document(code), two.token(code)):
        found = two.ask(data)
        assert (found["state"], found["answers"]["standing"]) == (
            "could-not-check", {"said": "unknown", "reason": "list-missing"},
        )  # fmt: skip
        assert found["answers"]["genuine"]["said"] == "yes"


def test_an_old_copy_is_named_with_its_date(two: Two) -> None:
    code = two.trusting()
    with clock.frozen(NOON + timedelta(days=10)):
        file = two.publish()
        two.ok(two.office, "import", str(file))
        found = two.ask(two.token(code))
        assert (found["state"], found["reason"]) == ("could-not-check", "list-old")
        page = two.office.post("/verify", {"text": two.document(code)}).text
    assert "We have the list of" in page
    assert "November 21, 2026" in page or "21 November 2026" in page or "Nov 21, 2026" in page


def test_a_key_that_was_compromised_counts_from_that_day_no_more_at_the_office_too(two: Two) -> None:
    code = two.trusting()
    # the next key is named before it signs: the list that follows the loss is signed with one the office knows
    two.ok(two.centre, "new", "--from", "2026-11-22", group=key)
    two.ok(two.office, "refresh")
    with clock.frozen(NOON + timedelta(days=2)):
        two.ok(two.centre, "compromise", "2026q4", "--since", "2026-11-21", "--yes", group=key)
        two.ok(two.office, "refresh")
        for data in (two.document(code), two.token(code)):
            found = two.ask(data)
            assert (found["state"], found["reason"]) == ("altered", "key-compromised")


def test_the_office_follows_its_publisher_through_the_quarters(two: Two) -> None:
    code = two.trusting()
    for days in range(10, 240, 10):
        with clock.frozen(NOON + timedelta(days=days)):
            two.ok(two.office, "refresh")
            if days % 50 == 0:
                assert two.ask(two.token(code))["state"] == "valid"
    with two.office.app.app_context():
        assert len(json.loads(two.ok(two.office, "list", "--json"))[0]["issuers"][0]["lists"]) == 1
    with two.centre.app.app_context():
        assert db.session().query(IssuerKey).count() == 4


# --- accepting ---------------------------------------------------------------------------------------


def test_nothing_is_believed_before_somebody_compared_the_fingerprint(two: Two) -> None:
    two.centre.issue()
    file = two.publish()
    told = two.refused(two.office, "import", str(file))
    assert two.fingerprint in told
    assert keys.spoken(two.fingerprint) in told
    assert "Amman Learning Centre" in told
    assert "no list" in two.ok(two.office, "list")
    assert "another one" in two.refused(two.office, "import", str(file), "--fingerprint", "0123 4567")
    assert "z6Mk" in two.refused(two.office, "import", str(file), "--publisher-key", "nonsense")
    stranger = signing.to_multikey(signing.public_key(signing.new_seed()))
    assert "another key" in two.refused(two.office, "import", str(file), "--publisher-key", stranger)
    assert "accepted: Amman" in two.ok(
        two.office, "import", str(file), "--fingerprint", keys.spoken(two.fingerprint)
    )


def test_a_newer_list_needs_no_second_comparing_and_an_older_one_is_refused(two: Two) -> None:
    two.trusting()
    old = two.folder / "old.json"
    old.write_bytes(two.publish().read_bytes())
    with clock.frozen(NOON + timedelta(days=2)):
        new = two.publish()
        assert "renewed" in two.ok(two.office, "import", str(new))
        assert "nothing new" in two.ok(two.office, "import", str(new))
        assert "older" in two.refused(two.office, "import", str(old))


def signed_by(
    document: dict[str, Any], seed: bytes, method: str, *, at: datetime = NOON, **changes: Any
) -> str:
    bare = {**proofs.without_proof(document), **changes}
    proof = proofs.sign(bare, seed=seed, method=method, at=at, suite=proofs.JCS)
    return json.dumps({**bare, "proof": proof})


def test_a_list_that_somebody_else_signed_is_refused(two: Two) -> None:
    two.trusting()
    document = json.loads(two.publish().read_text())
    seed = signing.new_seed()
    mine = signing.to_multikey(signing.public_key(seed))
    forged = two.folder / "forged.json"
    changes: dict[str, Any] = {"version": document["version"] + 1}
    forged.write_text(signed_by(document, seed, DID + "#2026q4", **changes))
    assert "does not fit" in two.refused(two.office, "import", str(forged))
    forged.write_text(signed_by(document, seed, DID + "#mine", **changes))
    assert "not known" in two.refused(two.office, "import", str(forged))
    issuer = document["issuers"][0]
    named = {**issuer["keys"][0], "method": DID + "#mine", "publicKeyMultibase": mine}
    changes["issuers"] = [{**issuer, "keys": [*issuer["keys"], named]}]
    forged.write_text(signed_by(document, seed, DID + "#mine", **changes))
    assert "not known" in two.refused(two.office, "import", str(forged)), "a list does not name its own key"
    assert "nothing new" in two.ok(two.office, "import", str(two.publish()))


def test_a_publisher_who_lost_all_keys_is_compared_again(two: Two) -> None:
    two.trusting()
    with clock.frozen(NOON + timedelta(hours=3)):
        two.ok(two.centre, "compromise", "2026q4", "--since", "2026-11-21", "--yes", group=key)
        file = two.publish()
        assert "not known" in two.refused(two.office, "import", str(file))
        two.ok(two.office, "import", str(file), "--fingerprint", two.fingerprint)
        assert json.loads(two.ok(two.office, "list", "--json"))[0]["fingerprint"] == two.fingerprint


def seed_of(two: Two, kid: str = "2026q4") -> bytes:
    with two.centre.app.app_context():
        found = db.session().query(IssuerKey).filter_by(kid=kid).one()
        seed = keys.open_seed(found, two.centre.app.extensions["headstart"].keyring)
        db.session.remove()
    return seed


def listed(method: str, seed: bytes) -> dict[str, Any]:
    """A key as lists have it, good for ever."""
    public = signing.to_multikey(signing.public_key(seed))
    return {"method": method, "publicKeyMultibase": public, "from": "2020-01-01T00:00:00Z",
            "until": "2040-01-01T00:00:00Z", "compromisedFrom": None}  # fmt: skip


def test_a_key_in_wrong_hands_signs_no_list_under_any_name_or_date(two: Two) -> None:
    two.trusting()
    stolen = seed_of(two)
    two.ok(two.centre, "new", "--from", "2026-11-22", group=key)
    two.ok(two.office, "refresh")
    day = NOON + timedelta(days=3)
    with clock.frozen(day):
        two.ok(two.centre, "compromise", "2026q4", "--since", "2026-11-23", "--yes", group=key)
        newest = json.loads(two.publish().read_text())
        two.ok(two.office, "refresh")
    issuer = newest["issuers"][0]
    good = [{**one, "compromisedFrom": None} for one in issuer["keys"]]
    evil = listed(DID + "#evil", signing.new_seed())
    again = listed(DID + "#again", stolen)
    forged = two.folder / "forged.json"
    later = day + timedelta(hours=1)
    for method, made, created in (
        ("#2026q4", later, later), ("#2026q4", later, NOON + timedelta(hours=1)),
        ("#2026q4", NOON + timedelta(hours=1), NOON + timedelta(hours=1)), ("#again", later, later),
        ("#again", NOON + timedelta(hours=1), NOON + timedelta(hours=1)),
    ):  # fmt: skip
        forged.write_text(
            signed_by(
                newest, stolen, DID + method, at=created, version=newest["version"] + 1_000_000,
                made=proofs.written(made), nextUpdate=proofs.written(made + timedelta(days=7)),
                issuers=[{**issuer, "keys": [*good, evil, again]}],
            )
        )  # fmt: skip
        with clock.frozen(later):
            two.refused(two.office, "import", str(forged))
            # a habit of giving the first fingerprint each time must not open the door either
            assert "wrong hands" in two.refused(
                two.office, "import", str(forged), "--fingerprint", two.fingerprint_of(stolen)
            )


def test_a_list_is_signed_when_it_was_made_and_good_for_a_month_at_most() -> None:
    document, public = signed_list()
    seed, method = bytes(range(32)), "did:web:a#1"
    for at, changes, said in (
        (NOON + timedelta(seconds=1), {}, "another time"),
        (NOON, {"made": "2026-11-21T13:00:00+01:00"}, None),
        (NOON, {"nextUpdate": proofs.written(NOON + timedelta(days=31))}, None),
        (NOON, {"nextUpdate": proofs.written(NOON + timedelta(days=31, seconds=1))}, "31 days"),
        (NOON, {"nextUpdate": proofs.written(NOON)}, "31 days"),
    ):
        read, found = trust_list.read(signed_by(document, seed, method, at=at, **changes))
        if said is None:
            assert trust_list.check_signature(read, found, (), {method: public}) == method
            continue
        with pytest.raises(Invalid, match=said):
            trust_list.check_signature(read, found, (), {method: public})


def test_a_newer_version_that_was_made_earlier_is_refused(two: Two) -> None:
    two.trusting()
    seed, earlier = seed_of(two), NOON + timedelta(hours=25)
    with clock.frozen(NOON + timedelta(hours=26)):
        document = json.loads(two.publish().read_text())
        two.ok(two.office, "refresh")
        file = two.folder / "earlier.json"
        more = {"made": proofs.written(earlier), "version": document["version"] + 1}
        file.write_text(signed_by(document, seed, DID + "#2026q4", at=earlier, **more))
        assert "earlier" in two.refused(two.office, "import", str(file))


def test_a_publisher_who_issues_nothing_itself_is_renewed_with_the_key_that_was_compared(two: Two) -> None:
    two.centre.issue()
    document, seed = json.loads(two.publish().read_text()), signing.new_seed()
    ministry = {"did": "did:web:ministry.example", "name": "Ministry", "url": "https://ministry.example"}
    method = ministry["did"] + "#1"
    public = signing.to_multikey(signing.public_key(seed))
    file = two.folder / "ministry.json"
    file.write_text(signed_by(document, seed, method, publisher=ministry))
    two.ok(two.office, "import", str(file), "--publisher-key", public)
    more: dict[str, Any] = {"publisher": ministry, "version": document["version"] + 1}
    file.write_text(signed_by(document, signing.new_seed(), method, **more))
    assert "does not fit" in two.refused(two.office, "import", str(file))
    file.write_text(signed_by(document, seed, method, **more))
    assert "renewed" in two.ok(two.office, "import", str(file))


@pytest.mark.parametrize("change", ["shorter", "gone", "other"])
def test_a_list_in_which_a_log_went_back_is_refused(two: Two, change: str) -> None:
    two.trusting()
    document, seed = json.loads(two.publish().read_text()), seed_of(two)
    issuer = document["issuers"][0]
    log = {
        "shorter": {**issuer["log"], "size": issuer["log"]["size"] - 1}, "gone": None,
        "other": {**issuer["log"], "head": "0" * 64},
    }[change]  # fmt: skip
    file = two.folder / "back.json"
    version = document["version"]
    file.write_text(
        signed_by(document, seed, DID + "#2026q4", version=version + 1, issuers=[{**issuer, "log": log}])
    )
    told = two.refused(two.office, "import", str(file))
    assert "log" in told
    assert DID in told
    longer = {**issuer["log"], "size": issuer["log"]["size"] + 1, "head": "1" * 64}
    file.write_text(
        signed_by(document, seed, DID + "#2026q4", version=version + 1, issuers=[{**issuer, "log": longer}])
    )
    assert "renewed" in two.ok(two.office, "import", str(file))


def second_list(two: Two, **changes: Any) -> str:
    """Let the office accept a second publisher, whose list names Amman too; return the file's name."""
    document, seed = json.loads(two.publish().read_text()), signing.new_seed()
    paris = "did:web:paris.example:centres:paris"
    own = {"did": paris, "name": "Paris", "country": "FR", "url": "https://paris.example", "demo": False,
           "keys": [listed(paris + "#1", seed)], "statusLists": [], "log": None}  # fmt: skip
    publisher = {"did": paris, "name": "Paris", "url": "https://paris.example"}
    file = two.folder / "paris.json"
    issuers = [own, {**document["issuers"][0], **changes}]
    file.write_text(signed_by(document, seed, paris + "#1", publisher=publisher, issuers=issuers))
    two.ok(two.office, "import", str(file), "--fingerprint", two.fingerprint_of(seed))
    return str(file)


def test_a_second_publisher_adds_no_key_to_an_issuer_that_another_names(two: Two) -> None:
    code = two.trusting()
    evil = signing.new_seed()
    second_list(two, keys=[listed(DID + "#evil", evil)])
    bare = proofs.without_proof(json.loads(two.document(code)))
    forged = json.dumps(proofs.with_proofs({**bare, "name": "C2"}, seed=evil, method=DID + "#evil", at=NOON))
    assert two.ask(two.document(code))["state"] == "valid"
    assert two.ask(forged)["reason"] == "key-not-listed"
    bundle = json.loads(two.office.get("/verifier/bundle.json").text)
    [issuer] = [one for one in bundle["issuers"] if one["did"] == DID]
    assert [one["method"] for one in issuer["keys"]] == [DID + "#2026q4"]


def test_what_others_write_in_their_own_way_spoils_no_bundle(two: Two) -> None:
    code = two.trusting()
    other = "did:web:learn.example.org:centres:beirut"
    odd = {**listed(other + "#1", signing.new_seed()), "from": 1_577_836_800, "more": 1}
    del odd["compromisedFrom"]
    second_list(two, did=other, keys=[odd], statusLists=[], listedUntil="never", demo="no")
    text = two.office.get("/verifier/bundle.json").text
    [issuer] = [one for one in json.loads(text)["issuers"] if one["did"] == other]
    del odd["more"]
    assert issuer["keys"] == [{**odd, "from": "2020-01-01T00:00:00Z", "compromisedFrom": None}]
    assert (issuer["demo"], issuer["listedUntil"]) == (False, "2026-11-28T12:00:00Z")
    with browser_page() as page:
        assert check(page, text, [two.token(code)], NOON)[0]["state"] == "valid"


def test_a_compromise_that_a_second_publisher_reports_counts_with_and_without_a_network(two: Two) -> None:
    code = two.trusting()
    given_in: list[str | bytes] = [two.document(code), two.token(code)]
    [mine] = json.loads(two.publish().read_text())["issuers"][0]["keys"]
    second_list(
        two, keys=[{**mine, "method": DID + "#other-name", "compromisedFrom": "2026-11-20T00:00:00Z"}]
    )
    with browser_page() as page:
        found = check(page, two.office.get("/verifier/bundle.json").text, given_in, NOON)
    for one in (*map(two.ask, map(str, given_in)), *found):
        assert (one["state"], one["reason"]) == ("altered", "key-compromised")


def test_a_new_bundle_does_not_make_an_old_trust_list_new(two: Two) -> None:
    code = two.trusting()
    given_in: list[str | bytes] = [two.document(code), two.token(code)]
    day = NOON + timedelta(days=9)
    url = f"{CENTRE}/status/amman/2026"
    with clock.frozen(day):
        copy = two.centre.get("/status/amman/2026").data
        with two.office.app.app_context(), transaction() as current:
            imported.keep_list(current, current.query(Publisher).one().id, DID, url, copy, day)
        text = two.office.get("/verifier/bundle.json").text
        online = [two.ask(str(one)) for one in given_in]
    [issuer] = [one for one in json.loads(text)["issuers"] if one["did"] == DID]
    assert issuer["listedUntil"] == "2026-11-28T12:00:00Z"
    with browser_page() as page:
        offline = check(page, text, given_in, day)
    for one, other in zip(online, offline, strict=True):
        assert (one["state"], one["reason"]) == ("could-not-check", "trust-list-old")
        assert (other["state"], other["reason"]) == (one["state"], one["reason"])
        assert other["answers"]["issuer"] == ["unknown", "trust-list-old"]
        assert other["answers"]["standing"][0] == one["answers"]["standing"]["said"] == "yes"


def test_an_office_chooses_which_issuers_it_believes(two: Two) -> None:
    with two.centre.app.app_context(), transaction() as current:
        from headstart_lms.accounts import services as accounts

        second = accounts.make_centre(current, "beirut", "Beirut Centre", country="LB")
        keyring = two.centre.app.extensions["headstart"].keyring
        keys.signing_key(current, second, keyring=keyring, base_url=CENTRE, at=NOON)
    code = two.trusting("--only", "did:web:learn.example.org:centres:beirut")
    assert two.ask(two.token(code))["state"] == "unknown"
    assert two.at(two.office, "import", LIST, "--only", DID, "--all").exit_code == 2
    assert "not on this list" in two.refused(two.office, "import", LIST, "--only", "did:web:nobody")
    two.ok(two.office, "import", LIST, "--all")
    two.ok(two.office, "refresh")
    assert two.ask(two.token(code))["state"] == "valid"
    two.ok(two.office, "remove", DID)
    assert two.ask(two.token(code))["state"] == "unknown"
    assert "no list" in two.refused(two.office, "remove", DID)
    with two.office.app.app_context():
        assert (db.session().query(Publisher).count(), db.session().query(StoredList).count()) == (0, 0)
        db.session.remove()


def test_the_issuer_of_a_demo_is_never_believed_by_an_installation_that_is_none(two: Two) -> None:
    two.centre.issue()
    document = json.loads(two.publish().read_text())
    with two.centre.app.app_context():
        seed = keys.open_seed(
            db.session().query(IssuerKey).one(), two.centre.app.extensions["headstart"].keyring
        )
        db.session.remove()
    file = two.folder / "demo.json"
    issuers = [{**document["issuers"][0], "demo": True}]
    file.write_text(signed_by(document, seed, DID + "#2026q4", issuers=issuers))
    two.ok(two.office, "import", str(file), "--fingerprint", two.fingerprint)
    assert "no, a demo" in two.ok(two.office, "list")
    assert two.ask(two.token(two.centre.issue()))["state"] == "unknown"


def test_no_list_can_say_anything_of_our_own_issuers(two: Two) -> None:
    """A list that names the office's own centre with a stranger's key changes nothing there."""
    code = two.office.issue()
    two.centre.issue()
    document = json.loads(two.publish().read_text())
    with two.centre.app.app_context():
        seed = keys.open_seed(
            db.session().query(IssuerKey).one(), two.centre.app.extensions["headstart"].keyring
        )
        db.session.remove()
    own = "did:web:office.example.at:centres:amman"
    mine = signing.to_multikey(signing.public_key(signing.new_seed()))
    entry = {**document["issuers"][0], "did": own, "statusLists": [], "log": None}
    entry["keys"] = [
        {**document["issuers"][0]["keys"][0], "method": f"{own}#{kid}", "publicKeyMultibase": mine,
         "compromisedFrom": "2020-01-01T00:00:00Z"}
        for kid in ("2026q4", "evil")
    ]  # fmt: skip
    file = two.folder / "own.json"
    file.write_text(signed_by(document, seed, DID + "#2026q4", issuers=[*document["issuers"], entry]))
    two.ok(two.office, "import", str(file), "--fingerprint", two.fingerprint)
    text = two.office.get(f"/certificates/{code}.json", "amina").text
    assert two.ask(text)["state"] == "valid"
    assert "itself" in two.refused(two.office, "import", str(two.publish(two.office)))


# --- refreshing --------------------------------------------------------------------------------------


def test_refreshing_names_what_could_not_be_had_and_keeps_what_was_there(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = two.trusting()

    def broken(url: str) -> bytes:
        raise Invalid("it cannot be reached")

    with monkeypatch.context() as patched:
        patched.setattr(fetching, "get", broken)
        result = two.at(two.office, "refresh")
        assert result.exit_code == 1
        assert result.stdout.count("it cannot be reached") == 2
    assert two.ask(two.token(code))["state"] == "valid"
    rows = json.loads(two.at(two.office, "refresh", "--json").stdout)
    assert [row["problem"] for row in rows] == [None, None]


def test_copies_are_checked_before_they_are_kept(two: Two) -> None:
    two.trusting()
    url = f"{CENTRE}/status/amman/2026"
    good = two.centre.get("/status/amman/2026").data
    seed = signing.new_seed()
    stranger = proofs.with_proofs(
        proofs.without_proof(json.loads(good)), seed=seed, method=DID + "#2026q4", at=NOON
    )
    bad = [
        json.dumps(stranger).encode(), b"{}", b"\xff", good.replace(b"revocation", b"suspension"),
        good.replace(b"/2026", b"/2025"),
    ]  # fmt: skip
    with two.office.app.app_context():
        publisher = db.session().query(Publisher).one()
        for data in bad:
            with pytest.raises(LMSError):
                imported.keep_list(db.session(), publisher.id, DID, url, data, NOON)
        for other, at in (
            (url + "x", NOON),
            (url, NOON + timedelta(days=8)),
            (url, NOON - timedelta(days=1)),
        ):
            with pytest.raises(LMSError):
                imported.keep_list(db.session(), publisher.id, DID, other, good, at)
        with pytest.raises(LMSError):
            imported.keep_list(db.session(), publisher.id, "did:web:other", url, good, NOON)
        imported.keep_list(db.session(), publisher.id, DID, url, good, NOON)
        kept = db.session().query(StoredList).one()
        kept.made = NOON + timedelta(minutes=1)
        db.session().flush()
        with pytest.raises(LMSError, match="older"):
            imported.keep_list(db.session(), publisher.id, DID, url, good, NOON)
        db.session().rollback()
        db.session.remove()


def test_a_copy_that_no_bundle_could_hold_is_refused_and_one_from_before_is_left_out(two: Two) -> None:
    two.trusting()
    url = f"{CENTRE}/status/amman/2026"
    good = proofs.without_proof(json.loads(two.centre.get("/status/amman/2026").data))
    seed, subject = seed_of(two), good["credentialSubject"]
    changes: tuple[dict[str, Any], ...] = (
        {"validUntil": None}, {"validUntil": proofs.written(NOON + timedelta(days=32))},
        {"validUntil": "2026-11-28"}, {"validFrom": "today"},
        {"credentialSubject": [subject]}, {"credentialSubject": {**subject, "statusPurpose": "message"}},
        {"credentialSubject": {**subject, "encodedList": "uAAAA"}},
        {"credentialSubject": {k: v for k, v in subject.items() if k != "encodedList"}},
    )  # fmt: skip
    documents = [{k: v for k, v in {**good, **change}.items() if v is not None} for change in changes]
    with two.office.app.app_context(), transaction() as current:
        publisher = current.query(Publisher).one()
        for document in documents:
            made = proofs.sign(document, seed=seed, method=DID + "#2026q4", at=NOON, suite=proofs.JCS)
            data = json.dumps({**document, "proof": made}).encode()
            with pytest.raises(LMSError):
                imported.keep_list(current, publisher.id, DID, url, data, NOON)
        kept = current.query(StoredList).one()
        kept.document = json.dumps(documents[0])
    answer = two.office.get("/verifier/bundle.json")
    assert answer.status_code == 200
    assert url not in json.loads(answer.text)["statusLists"]


@pytest.mark.parametrize(
    "did, url, is_fetched",
    [
        (DID, f"{CENTRE}/status/amman/2026", True),
        (DID, "http://learn.example.org/status/amman/2026", False),
        (DID, "https://learn.example.org:444/status", False),
        (DID, "https://elsewhere.example.org/status", False),
        (DID, "https://learn.example.org@elsewhere.example/status", False),
        (DID, "file:///etc/passwd", False),
        ("did:web:learn.example.org%3A8443:a", "https://learn.example.org:8443/status", True),
        ("did:key:z6Mk", "https://anywhere.example/status", True),
    ],
)  # fmt: skip
def test_lists_are_fetched_from_the_issuers_own_host_over_https_only(
    did: str, url: str, is_fetched: bool
) -> None:
    assert imported.is_at_home(did, url) is is_fetched


# --- the published list ------------------------------------------------------------------------------


def test_the_list_is_published_signed_and_says_what_the_contract_says(two: Two) -> None:
    two.centre.issue()
    answer = two.centre.get("/trust-list.json")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    found = two.centre.read("/trust-list.json")
    assert list(found) == ["type", "version", "publisher", "made", "nextUpdate", "issuers", "proof"]
    assert found["publisher"] == {"did": DID, "name": "Amman Learning Centre", "url": CENTRE}
    [issuer] = found["issuers"]
    assert list(issuer) == ["did", "name", "country", "url", "demo", "keys", "statusLists", "log"]
    assert (issuer["country"], issuer["demo"], issuer["statusLists"]) == (
        "JO",
        False,
        [f"{CENTRE}/status/amman/2026"],
    )
    assert issuer["keys"][0]["compromisedFrom"] is None
    assert list(issuer["log"]) == ["size", "head", "at"]
    assert found["proof"]["cryptosuite"] == "eddsa-jcs-2022"
    again = two.centre.get("/trust-list.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def version(two: Two) -> int:
    found: int = two.centre.read("/trust-list.json")["version"]
    return found


def test_the_list_is_made_anew_when_it_says_something_new_or_is_a_day_old(two: Two) -> None:
    first = version(two)
    assert version(two) == first
    code = two.centre.issue()  # a first list of revocations
    second = version(two)
    assert second > first
    two.act(code, lambda current, found: services.revoke(current, found, "error", NOON))
    assert version(two) == second, "a new end of the log alone waits"
    with clock.frozen(NOON + timedelta(hours=2)):
        third = version(two)
        assert third > second
        two.ok(two.centre, "rotate", group=key)
        fourth = version(two)
        assert fourth > third
    with clock.frozen(NOON + timedelta(hours=27)):
        assert version(two) > fourth


def test_the_next_key_is_named_a_month_before_it_signs(two: Two) -> None:
    two.centre.issue()
    with clock.frozen(NOON + timedelta(days=12)):
        found = two.centre.read("/trust-list.json")
    assert [one["method"].split("#")[1] for one in found["issuers"][0]["keys"]] == ["2026q4", "2027q1"]
    assert found["proof"]["verificationMethod"].endswith("#2026q4")


def test_the_next_key_of_every_centre_is_known_before_it_signs(two: Two) -> None:
    """A certificate of the first hour of a quarter verifies at an office whose list is of the night before."""
    two.trusting()
    with two.centre.app.app_context(), transaction() as current:
        from headstart_lms.accounts import services as accounts

        second = accounts.make_centre(current, "beirut", "Beirut Centre", country="LB")
        keyring = two.centre.app.extensions["headstart"].keyring
        keys.signing_key(current, second, keyring=keyring, base_url=CENTRE, at=NOON)
    with clock.frozen(NOON + timedelta(days=30)):
        found = two.centre.read("/trust-list.json")
    names = {issuer["did"].rsplit(":", 1)[1]: [key["method"].split("#")[1] for key in issuer["keys"]]
             for issuer in found["issuers"]}  # fmt: skip
    assert names == {"amman": ["2026q4", "2027q1"], "beirut": ["2026q4", "2027q1"]}


def test_a_key_that_is_not_on_our_copy_of_the_list_may_be_new(two: Two) -> None:
    two.centre.issue()
    two.publish()
    two.ok(two.office, "import", LIST, "--fingerprint", two.fingerprint)
    with clock.frozen(NOON + timedelta(hours=1)):
        two.ok(two.centre, "rotate", group=key)
        with two.centre.app.app_context(), transaction() as current:
            old = current.query(Certificate).one()
            keyring = two.centre.app.extensions["headstart"].keyring
            code = services.replace(current, old, keyring=keyring, base_url=CENTRE, at=clock.now()).code
        found = two.ask(two.document(code))
        assert (found["state"], found["reason"]) == ("could-not-check", "key-not-listed")
        assert found["facts"] == []
        two.ok(two.office, "refresh")
        assert two.ask(two.document(code))["state"] == "valid"


def test_known_issuers_are_our_own_and_those_we_accepted(two: Two) -> None:
    two.trusting()
    two.office.issue()
    with two.office.app.app_context():
        found = believed.known_issuers(db.session(), OFFICE)
        assert [issuer["did"] for issuer in found] == ["did:web:office.example.at:centres:amman", DID]
        members = {"did", "name", "country", "url", "demo", "keys", "statusLists", "log"}
        assert [set(issuer) for issuer in found] == [members, members | {"listedBy", "listedUntil"}]
        assert list(imported.stored_lists(db.session())) == [f"{CENTRE}/status/amman/2026"]
        db.session.remove()


def test_a_verifier_without_a_network_believes_whom_its_installation_accepted(two: Two) -> None:
    code = two.trusting()
    given_in: list[str | bytes] = [two.document(code), two.token(code)]
    with browser_page() as page:
        for found in check(page, two.office.get("/verifier/bundle.json").text, given_in, NOON):
            assert (found["state"], found["answers"]["issuer"]) == ("valid", ["yes", "issuer-listed"])
        two.act(code, lambda session, certificate: services.revoke(session, certificate, "fraud", NOON))
        two.ok(two.office, "refresh")
        with clock.frozen(NOON + timedelta(minutes=6)):
            bundle = two.office.get("/verifier/bundle.json").text
        for found in check(page, bundle, given_in, NOON + timedelta(minutes=7)):
            assert found["state"] == "revoked"


def test_revocation_lists_are_large_zipped_signed_and_cacheable(two: Two) -> None:
    two.centre.issue()
    answer = two.centre.get("/status/amman/2026")
    found = two.centre.read("/status/amman/2026")
    packed = found["credentialSubject"]["encodedList"][1:]
    assert base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))[:2] == b"\x1f\x8b"
    assert len(status.decode("u" + packed)) * 8 == 131_072
    assert (found["validFrom"], found["validUntil"]) == ("2026-11-21T12:00:00Z", "2026-11-28T12:00:00Z")
    again = two.centre.get("/status/amman/2026", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    with clock.frozen(NOON + timedelta(days=1, minutes=1)):
        assert two.centre.read("/status/amman/2026")["validFrom"] == "2026-11-22T12:01:00Z"
    with two.centre.app.app_context():
        assert db.session().query(StatusList).count() == 1
        db.session.remove()


# --- hostile lists -----------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "type": "HeadstartTrustList", "version": 1, "publisher": {"did": "did:web:a", "name": "A", "url": "https://a"},
    "made": "2026-11-21T12:00:00Z", "nextUpdate": "2026-11-28T12:00:00Z",
    "issuers": [{"did": "did:web:a", "name": "A", "country": None, "url": "https://a", "demo": False, "keys": [],
                 "statusLists": [], "log": None}],
    "proof": {},
}  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff", b"[]", b"{}", b"[" * 100_000, b'{"type": NaN}', b'{"a": 1, "a": 1}', b" " * 5_000_001,
        json.dumps({**GOOD, "type": "Other"}).encode(), json.dumps({**GOOD, "version": 0}).encode(),
        json.dumps({**GOOD, "made": "2026-11-21T12:00:00"}).encode(),
        json.dumps({**GOOD, "issuers": GOOD["issuers"] * 2}).encode(),
        json.dumps({**GOOD, "issuers": [{**GOOD["issuers"][0], "did": "not a did"}]}).encode(),
        json.dumps({**GOOD, "issuers": [{**GOOD["issuers"][0], "country": "Austria"}]}).encode(),
        json.dumps({**GOOD, "issuers": [{**GOOD["issuers"][0], "keys": [{
            "method": "did:web:b#1", "publicKeyMultibase": "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
            "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z", "compromisedFrom": None}]}]}).encode(),
    ],
    ids=range(15),
)  # fmt: skip
def test_what_is_no_trust_list_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(Invalid, match="trust list"):
        trust_list.read(data)
    assert trust_list.read(json.dumps(GOOD))[1].version == 1


def signed_list() -> tuple[dict[str, Any], str]:
    seed = bytes(range(32))
    public = signing.to_multikey(signing.public_key(seed))
    method = "did:web:a#1"
    listed = {
        "method": method, "publicKeyMultibase": public, "from": "2026-10-01T00:00:00Z",
        "until": "2027-01-01T00:00:00Z", "compromisedFrom": None,
    }  # fmt: skip
    issuers = [{**GOOD["issuers"][0], "keys": [listed]}]
    return json.loads(signed_by(GOOD, seed, method, issuers=issuers)), public


@given(st.data())
def test_one_changed_character_anywhere_is_refused(data: st.DataObject) -> None:
    document, public = signed_list()
    text = json.dumps(document)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda c: c != text[at]))
    changed = text[:at] + other + text[at + 1 :]
    try:
        read, found = trust_list.read(changed)
        trust_list.check_signature(read, found, found.listed_keys, {"did:web:a#1": public})
    except Invalid:
        return
    assert read == document, "only space between the parts may differ"


def test_a_signature_outside_the_time_of_its_key_is_refused() -> None:
    document, public = signed_list()
    read, found = trust_list.read(json.dumps(document))
    method = "did:web:a#1"
    [good] = found.listed_keys
    assert trust_list.check_signature(read, found, [good], {method: public}) == method
    for changes in (
        {"until": NOON}, {"start": NOON + timedelta(1)}, {"compromisedFrom": NOON - timedelta(1)},
        {"compromisedFrom": NOON + timedelta(1)}, {"compromisedFrom": NOON, "method": "did:web:a#other"},
    ):  # fmt: skip
        with pytest.raises(Invalid):
            trust_list.check_signature(read, found, [good.model_copy(update=changes)], {method: public})
