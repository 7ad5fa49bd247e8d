"""The verifier without a network gives the answer that the one with the register gives."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from headstart_lms.certificates import bundle as bundles
from headstart_lms.certificates import (
    cbor,
    codes,
    contexts,
    keys,
    pdf,
    presenting,
    rosette,
    services,
    signed_files,
    signing,
    tokens,
)  # fmt: skip
from headstart_lms.certificates.contexts import CREDENTIALS_V2
from headstart_lms.certificates.errors import NotRead
from headstart_lms.certificates.lookup import by_document
from headstart_lms.certificates.models import Certificate, IssuerKey
from headstart_lms.certificates.reading import parse
from headstart_lms.certificates.trust import trust_store
from headstart_lms.certificates.verdict import Verdict
from headstart_lms.certificates.verify import verify
from headstart_lms.kernel import i18n

from .conftest import BASE_URL, EXAMPLES, NOON, VECTORS, World
from .offline import browser_page, check, page_at
from .test_vectors import EXPECTED, THEN, trust_of


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser_page() as opened:
        yield opened


def bundle_of(world: World, at: datetime = NOON) -> str:
    return bundles.text(bundles.build(world.session, keyring=world.keyring, base_url=BASE_URL, at=at))


def token_of(world: World, certificate: Certificate) -> str:
    made = tokens.make_token(world.session, certificate, keyring=world.keyring)
    assert made is not None
    return made


def payload_of(certificate: Certificate) -> str:
    assert certificate.payload is not None
    return certificate.payload


def told(verdict: Verdict) -> dict[str, Any]:
    """What a verdict says, in the shape of the script's."""
    return {
        "state": verdict.state,
        "reason": verdict.reason,
        "answers": {answer.question: [answer.said, answer.reason] for answer in verdict.answers},
    }


def differences(
    page: Page, world: World, cases: list[str | bytes], at: datetime = NOON, made: datetime = NOON
) -> list[Any]:
    """Return the cases that the two verifiers answer differently."""
    found = check(page, bundle_of(world, made), cases, at)
    store = trust_store(world.session)
    wrong = []
    for case, offline in zip(cases, found, strict=True):
        online = told(verify(case, trust=store, at=at))
        if {name: offline[name] for name in online} != online:
            wrong.append((case[:80], online, offline))
    return wrong


def forms(world: World, certificate: Certificate) -> dict[str, str | bytes]:
    """Every form in which a certificate can be handed in."""
    token = token_of(world, certificate)
    return {
        "json": payload_of(certificate),
        "jwt": signed_files.make_jwt(world.session, certificate, keyring=world.keyring),
        "svg": signed_files.make_svg(certificate).encode(),
        "token": token,
        "address": f"{BASE_URL}/verify/{certificate.code}#{token}",
        "pdf": pdf.make(certificate, address=f"{BASE_URL}/verify/{certificate.code}", scanned=token),
    }


def test_every_form_is_valid_and_tells_the_same(page: Page, world: World) -> None:
    certificate = world.issue()
    given_in = forms(world, certificate)
    assert differences(page, world, list(given_in.values())) == []
    for name, found in zip(
        given_in, check(page, bundle_of(world), list(given_in.values()), NOON), strict=True
    ):
        assert found["state"] == "valid", name
        assert found["issuer"] == "Amman Learning Centre"
        assert found["facts"]["passportName"] == "AMINA AL-HASSAN"
        assert certificate.digest.startswith(found["digest"])


# --- changed in one place --------------------------------------------------------------------------


def changed(text: str, step: int = 1, first: int = 0) -> Iterator[str]:
    """Yield the text with one character changed, at every ``step``-th place."""
    for place in range(first, len(text), step):
        yield text[:place] + ("B" if text[place] != "B" else "C") + text[place + 1 :]


def _is_other_signature(before: str, after: str) -> bool:
    """The value of the RDF proof is the one thing that only the verifier with the network looks at."""
    return before != after and _without_rdfc_value(before) == _without_rdfc_value(after)


def _without_rdfc_value(text: str) -> str:
    return re.sub(
        r'("cryptosuite":\s*"eddsa-rdfc-2022"[^}]*"proofValue":\s*")z[1-9A-HJ-NP-Za-km-z]+"', r"\1", text
    )


def test_one_changed_character_anywhere_in_the_file_is_answered_alike(page: Page, world: World) -> None:
    text = payload_of(world.issue())
    cases = [one for one in changed(text) if not _is_other_signature(text, one)]
    assert len(cases) > 4000
    assert differences(page, world, list(cases)) == []


def test_one_changed_character_anywhere_in_the_qr_code_is_answered_alike(page: Page, world: World) -> None:
    token = token_of(world, world.issue())
    assert differences(page, world, list(changed(token))) == []
    found = check(page, bundle_of(world), list(changed(token, first=len("HS1:"))), NOON)
    assert {one["state"] for one in found} <= {"altered", "unknown", "could-not-check"}
    assert all(one["facts"] is None for one in found)


def test_one_changed_character_anywhere_in_the_token_is_answered_alike(page: Page, world: World) -> None:
    jwt = signed_files.make_jwt(world.session, world.issue(), keyring=world.keyring)
    assert differences(page, world, list(changed(jwt, step=3))) == []


def test_a_changed_picture_or_pdf_is_never_valid(page: Page, world: World) -> None:
    given_in = forms(world, world.issue())
    picture, paper = given_in["svg"], given_in["pdf"]
    assert isinstance(picture, bytes)
    assert isinstance(paper, bytes)
    svg = picture.decode()
    inside = svg.index("<![CDATA["), svg.index("]]>")
    heads = changed(svg[: inside[1]], step=7, first=inside[0] + 9)
    pictures = [head + svg[inside[1] :] for head in heads]
    same = [one.encode() for one in pictures if not _is_other_signature(svg, one)]
    assert differences(page, world, list(same)) == []
    start = paper.index(b"stream", paper.index(b"/EmbeddedFile"))
    papers = [
        paper[:at] + bytes([paper[at] ^ 1]) + paper[at + 1 :] for at in range(start + 20, start + 900, 40)
    ]
    assert "valid" not in {one["state"] for one in check(page, bundle_of(world), papers, NOON)}


# --- what the issuer says, and time ----------------------------------------------------------------


def test_what_the_issuer_took_back_is_known_from_the_list(page: Page, world: World) -> None:
    certificate = world.issue()
    given_in = list(forms(world, certificate).values())
    services.suspend(world.session, certificate, "under-review", NOON)
    assert differences(page, world, given_in) == []
    assert {one["state"] for one in check(page, bundle_of(world), given_in, NOON)} == {"suspended"}
    services.reinstate(world.session, certificate, NOON)
    assert differences(page, world, given_in) == []
    services.revoke(world.session, certificate, "fraud", NOON)
    assert differences(page, world, given_in) == []
    assert {one["state"] for one in check(page, bundle_of(world), given_in, NOON)} == {"revoked"}


def test_a_replaced_certificate_counts_as_taken_back(page: Page, world: World) -> None:
    certificate = world.issue()
    services.state_identity(
        world.session,
        world.person,
        passport_name="AMINA ALHASSAN",
        own_name="أمينة",
        year_of_birth=1990,
        at=NOON,
    )
    services.replace(world.session, certificate, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    found = check(page, bundle_of(world), [payload_of(certificate)], NOON)[0]
    # the list has one bit for both; which certificate took its place, only the register knows
    assert (found["state"], found["answers"]["standing"]) == ("revoked", ["no", "revoked"])


@pytest.mark.parametrize("days", [-1, 0, 3, 729, 731])
def test_dates_are_answered_alike(page: Page, world: World, days: int) -> None:
    given_in = list(forms(world, world.issue()).values())
    at = NOON + timedelta(days=days, minutes=3)
    made = min(at, at)
    assert differences(page, world, given_in, at=at, made=made) == []


def test_keys_count_only_in_their_time_and_not_when_they_are_in_other_hands(page: Page, world: World) -> None:
    certificate = world.issue()
    given_in = list(forms(world, certificate).values())
    key = world.session.query(IssuerKey).one()
    key.valid_from = NOON + timedelta(hours=1)
    later = NOON + timedelta(hours=2)
    assert differences(page, world, given_in, at=later, made=later) == []
    key.valid_from = NOON - timedelta(days=1)
    keys.mark_compromised(world.session, key, NOON - timedelta(hours=1))
    assert differences(page, world, given_in, at=later, made=later) == []
    found = check(page, bundle_of(world, later), given_in, later)
    assert {one["reason"] for one in found} == {"key-compromised"}


def test_a_list_that_is_old_says_less_and_a_very_old_one_nothing(page: Page, world: World) -> None:
    certificate = world.issue()
    given_in = list(forms(world, certificate).values())
    fresh = bundle_of(world)
    services.revoke(world.session, certificate, "fraud", NOON)
    revoked = bundle_of(world)

    def answers(text: str, days: float) -> set[tuple[str, str]]:
        at = NOON + timedelta(days=days)
        return {(one["state"], one["reason"]) for one in check(page, text, given_in, at)}

    assert answers(fresh, 6.99) == {("valid", "valid")}
    assert answers(fresh, 7.01) == {("could-not-check", "list-stale")}
    assert answers(revoked, 7.01) == {("revoked", "revoked")}
    assert answers(fresh, 30.01) == {("could-not-check", "bundle-refused")}
    assert answers(revoked, 30.01) == {("could-not-check", "bundle-refused")}
    late = check(page, fresh, given_in, NOON + timedelta(days=30.01))
    assert all(one["facts"] is None and one["answers"]["genuine"][0] == "unknown" for one in late)


def test_a_clock_that_stands_before_the_list_was_made_is_named(page: Page, world: World) -> None:
    given_in = list(forms(world, world.issue()).values())
    for one in check(page, bundle_of(world), given_in, NOON - timedelta(days=400)):
        assert (one["state"], one["reason"]) == ("could-not-check", "clock")
        assert one["answers"]["time"] == ["unknown", "clock"]
        assert one["answers"]["standing"] == ["unknown", "clock"]
        assert one["answers"]["genuine"][0] == "yes"
    # the list was made after the certificate's end: that is sure, whatever the clock says
    late = NOON + timedelta(days=800)
    found = check(page, bundle_of(world, late), given_in, NOON)
    assert {one["state"] for one in found} == {"expired"}


def test_a_certificate_of_a_stranger_and_one_in_a_stranger_s_name(page: Page, world: World) -> None:
    certificate = world.issue()
    given_in = list(forms(world, certificate).values())
    known = json.loads(bundle_of(world))
    other = {**known, "issuers": [{**known["issuers"][0], "did": "did:web:other.example:centres:x"}]}
    other["issuers"][0]["keys"] = []
    found = check_unsigned(page, other, given_in, NOON)
    assert {(one["state"], one["reason"]) for one in found} == {("unknown", "issuer-unknown")}
    assert all(one["facts"] is None for one in found)


def check_unsigned(page: Page, bundle: dict[str, Any], cases: list[str | bytes], at: datetime) -> list[Any]:
    """Check with a list whose signature is left out: its content is the test's."""
    page.evaluate("() => { self.signedBy = List.prototype.signedBy; List.prototype.signedBy = () => [{key: {"
                  "compromisedFrom: null, from: null, until: null}, created: 0, hex: ''}]; }")  # fmt: skip
    try:
        return check(page, json.dumps(bundle), cases, at)
    finally:
        page.evaluate("() => { List.prototype.signedBy = self.signedBy; }")


def test_what_was_taken_back_stays_taken_back_however_old_the_copy_of_a_list_is(
    page: Page, world: World
) -> None:
    taken = world.issue()
    before = json.loads(bundle_of(world))
    services.revoke(world.session, taken, "error", NOON)
    after = json.loads(bundle_of(world))
    given_in: list[str | bytes] = [payload_of(taken), token_of(world, taken)]
    for bundle, expected in ((before, ("could-not-check", "list-old")), (after, ("revoked", "revoked"))):
        for one in bundle["statusLists"].values():
            one["validUntil"] = one["validFrom"]
        for found in check_unsigned(page, bundle, given_in, NOON):
            assert (found["state"], found["reason"]) == expected


def test_a_key_that_a_second_issuer_shows_too_stays_the_first_ones(page: Page, world: World) -> None:
    certificate = world.issue()
    bundle = json.loads(bundle_of(world))
    other = "did:web:copy.example:centres:amman"
    [key] = bundle["issuers"][0]["keys"]
    copied = {**bundle["issuers"][0], "did": other, "name": "Copy", "keys": [{**key, "method": other + "#1"}]}
    bundle["issuers"].append(copied)
    [found] = check_unsigned(page, bundle, [token_of(world, certificate)], NOON)
    assert (found["state"], found["issuer"]) == ("valid", "Amman Learning Centre")


# --- hostile input ---------------------------------------------------------------------------------


def hostile(world: World) -> Iterator[str | bytes]:
    document = world.document(world.issue())
    text = json.dumps(document)
    yield ""
    yield "   "
    yield b"\x00\x01"
    yield b"\xff\xfe{"
    yield b"%PDF-1.7 nothing"
    yield b"\x89PNG\r\n\x1a\n" + bytes(40)
    yield "{" * 30
    yield "[]"
    yield '"text"'
    yield "<svg/>"
    yield "x" * 200_001
    yield '{"a": [' + "1," * 6000 + "1]}"
    yield '{"a":' * 25 + "1" + "}" * 25
    yield text.replace('"type"', '"type": 1, "type"', 1)
    yield text.replace('"validUntil"', '"https://www.w3.org/2018/credentials#validUntil"')
    yield text.replace('"validUntil"', '"@validUntil"')
    yield text.replace('"name"', '""', 1)
    yield text.replace(CREDENTIALS_V2, "https://example.org/mine")
    yield json.dumps({**document, "@context": {}})
    yield json.dumps({**document, "@context": [*document["@context"], {"name": "https://example.org/x"}]})
    yield json.dumps({**document, "@context": [*document["@context"], "https://example.org/x"]})
    yield json.dumps({name: value for name, value in document.items() if name != "proof"})
    yield json.dumps({**document, "proof": []})
    yield json.dumps({**document, "proof": 5})
    yield json.dumps({**document, "proof": document["proof"] * 3})
    yield json.dumps({**document, "issuer": "did:web:somebody.example"})
    yield json.dumps({**document, "issuer": 7})
    yield json.dumps({**document, "more": 2**60})
    yield json.dumps({**document, "more": "\ud800"})
    yield json.dumps({**document, "__proto__": {"validUntil": None}})
    for change in (
        {"verificationMethod": "did:key:z6Mk"}, {"proofPurpose": "authentication"}, {"cryptosuite": "none"},
        {"created": "yesterday"}, {"created": None}, {"proofValue": "z111"}, {"proofValue": 5}, {"more": 1},
        {"type": "Other"}, {"@context": [CREDENTIALS_V2]},
    ):  # fmt: skip
        yield json.dumps({**document, "proof": [document["proof"][0], {**document["proof"][1], **change}]})
    yield "HS1:"
    yield "HS1:000"
    yield "HS1:%%%"
    yield f"HS1:{'0' * 1800}"
    yield "https://example.org/verify/ABC#HS1:ABC"
    yield "e30.e30.e30"
    yield "eyJhbGciOiJub25lIn0.e30."
    header, body, tail = signed_files.make_jwt(world.session, world.issue(), keyring=world.keyring).split(".")
    for alg in ("none", "HS256", "EdDSA"):
        forged = base64.urlsafe_b64encode(json.dumps({"alg": alg, "kid": "x"}).encode()).rstrip(b"=").decode()
        yield f"{forged}.{body}.{tail}"


def test_hostile_input_is_answered_alike_and_never_valid(page: Page, world: World) -> None:
    cases = list(hostile(world))
    # a PNG is a baked badge or a photo: the page with the network has its own reader for it
    same = [one for one in cases if not (isinstance(one, bytes) and one.startswith(b"\x89PNG"))]
    assert differences(page, world, same) == []
    alone = json.dumps({**world.document(world.issue()), "proof": world.document(world.issue())["proof"][1]})
    assert check(page, bundle_of(world), [alone], NOON)[0]["state"] == "valid"
    assert "valid" not in {one["state"] for one in check(page, bundle_of(world), cases, NOON)}


def test_a_bomb_is_stopped(page: Page, world: World) -> None:
    import zlib

    bomb = zlib.compress(b'{"@context"' + bytes(300_000_000), 9)
    paper = b"%PDF-1.7\n" + b"".join(b"stream\n" + bomb + b"\nendstream\n" for _n in range(3))
    found = check(page, bundle_of(world), [paper], NOON)
    assert found[0]["state"] == "could-not-check"


# --- the parts -------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=12)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.text(max_size=6), json_values, max_size=5), min_size=30, max_size=60))
@settings(max_examples=25, deadline=None)
def test_canonical_json_is_the_same_as_in_python(values: list[dict[str, Any]]) -> None:
    page = PAGES[-1]
    found = page.evaluate(
        "texts => texts.map((text) => canonical(parse(text)))", [json.dumps(v) for v in values]
    )
    assert found == [rfc8785.dumps(value).decode() for value in values]


@given(
    st.lists(
        st.text(st.sampled_from('{}[]",:\\ \n0123456789.eE+-tnuflsar\x00é\ud83d'), max_size=14), min_size=99
    )
)
@settings(max_examples=25, deadline=None)
def test_json_is_read_as_python_reads_it(texts: list[str]) -> None:
    texts = [f'{{"a":{text}}}' for text in texts if text.isascii() or "\ud83d" not in text]
    reading = """texts => texts.map((text) => {
      try { const value = parse(text); return [true, JSON.stringify(value, (_, v) => typeof v === "bigint" ? 0 : v)]; }
      catch (error) { return [false, error.reason]; }
    })"""
    for text, (is_read, said) in zip(texts, PAGES[-1].evaluate(reading, texts), strict=True):
        try:
            parse(text)
            expected = (True, said)
        except NotRead as error:
            expected = (False, error.reason)
        assert (is_read, said) == expected, text


PAGES: list[Page] = []


@pytest.fixture(autouse=True)
def _page_for_properties(page: Page) -> None:
    PAGES.append(page)


@given(st.lists(st.binary(max_size=30), min_size=50))
@settings(max_examples=25, deadline=None)
def test_cbor_is_read_or_refused_as_in_python(values: list[bytes]) -> None:
    reading = """values => values.map((hex) => {
      try { decode(Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16))); return true; }
      catch { return false; }
    })"""
    for value, is_read in zip(values, PAGES[-1].evaluate(reading, [v.hex() for v in values]), strict=True):
        try:
            found = cbor.decode(value)
        except (ValueError, TypeError):
            assert not is_read, value.hex()
        else:
            # numbers beyond 2^53 and names other than numbers and texts stand in no code of ours
            assert is_read or re.search(r"\d{16}", repr(found)) or b"\xa1" <= value[:1], value.hex()


def test_typed_codes_are_read_as_in_python(page: Page) -> None:
    right = [codes.new_code() for _n in range(40)]
    texts = [
        code[:place] + letter + code[place + 1 :] for code in right for place, letter in ((3, "7"), (9, "x"))
    ]
    texts += [*right, *map(codes.show, right), *(code.lower().replace("0", "o") for code in right)]
    texts += [
        "",
        "7K3M",
        "7K3M-92QF-X4QU",
        "٧K3M 92QF X4QY",
        "７Ｋ３Ｍ",
        "𝟟K3M-92QF-X4QY",
        right[0] + "9",
        "é" * 12,
    ]
    words = {key: say() for key, say in codes.SENTENCES.items()}
    for text, found in zip(texts, page.evaluate("texts => texts.map(parseCode)", texts), strict=True):
        try:
            expected = codes.parse_code(text)
        except codes.CodeError as error:
            expected = error.message
        assert (words[found["problem"]] % found if "problem" in found else found["code"]) == expected, text


@given(st.lists(st.binary(min_size=16, max_size=16), min_size=8))
@settings(max_examples=10, deadline=None)
def test_the_rosette_is_the_one_on_the_paper(digests: list[bytes]) -> None:
    found = PAGES[-1].evaluate("digests => digests.map(figure)", [digest.hex() for digest in digests])
    for digest, rings in zip(digests, found, strict=True):
        drawn = rosette.figure(digest.hex())
        paths = re.findall(r' d="([^"]+)"', drawn)
        assert len(paths) == len(rings)
        for path, ring in zip(paths, rings, strict=True):
            ours, theirs = re.findall(r"-?\d+", path), re.findall(r"-?\d+", ring["path"])
            # half a unit may be rounded to the other side
            assert len(ours) == len(theirs)
            assert max(abs(int(a) - int(b)) for a, b in zip(ours, theirs, strict=True)) <= 1
        assert sum(len(ring["turns"]) - 1 for ring in rings) == drawn.count("<use")


@pytest.mark.parametrize("language", ["en", "ar", *i18n.OFFICE_LANGUAGES])
def test_every_fact_stands_there_as_on_the_page_with_the_network(
    page: Page, world: World, language: str
) -> None:
    certificate = world.issue()
    text = bundle_of(world)
    telling = """async ([bundle, data, language, at]) => {
      const list = new List(bundle, () => true);
      const verdict = await verify(data, list, at);
      return rowsOf(verdict, new Words(list.bundle.texts, language), list.bundle.courses)
        .map((row) => [row.label, row.value]);
    }"""
    for data in (payload_of(certificate), token_of(world, certificate)):
        verdict = by_document(world.session, data, NOON).verdict
        assert verdict.facts is not None
        with i18n.in_language(language):
            rows = presenting.signed_rows(verdict.facts, "Amman Learning Centre", certificate.titles)
        found = page.evaluate(telling, [text, data, language, int(NOON.timestamp() * 1000)])
        assert found == [[row.label, list(row.parts) if row.parts else row.value] for row in rows]


# --- others' certificates --------------------------------------------------------------------------


def bundle_that_trusts(raw: bytes) -> dict[str, Any]:
    """A list with the key that a document names by its own value: the vectors' keys are all of this kind."""
    issuers: dict[str, dict[str, Any]] = {}
    for method, key in trust_of(raw).keys.items():
        issuer = issuers.setdefault(
            key.issuer.did, {"did": key.issuer.did, "name": "Issuer", "country": None, "url": "", "demo": False,
                             "keys": [], "statusLists": [], "log": None},
        )  # fmt: skip
        listed = (
            {"publicKeyMultibase": signing.to_multikey(key.public)}
            if key.alg == "EdDSA"
            else {"publicKeyJwk": signing.to_jwk(key.public)}
        )
        issuer["keys"].append(
            {"method": method, **listed, "from": None, "until": None, "compromisedFrom": None}
        )
    return {
        "type": bundles.TYPE, "format": bundles.FORMAT, "made": "2026-11-21T00:00:00Z", "staleAfterDays": 7,
        "refuseAfterDays": 30, "publisher": {"did": "did:web:publisher.example:centres:x", "name": "Publisher"},
        "issuers": list(issuers.values()), "statusLists": {}, "suspended": [], "courses": {}, "texts": {"en": {}},
        "contexts": [*contexts.PINNED, EXAMPLES],
    }  # fmt: skip


@pytest.mark.parametrize("name", list(EXPECTED))
def test_others_certificates_are_answered_alike_where_the_json_itself_is_signed(
    page: Page, name: str
) -> None:
    raw = (VECTORS / name).read_bytes()
    bundle = bundle_that_trusts(raw)
    online = verify(raw, trust=trust_of(raw), at=THEN)
    (offline,) = check_unsigned(page, bundle, [raw], THEN)
    if b'"eddsa-jcs-2022"' in raw:
        assert offline["state"] == online.state
        assert {q: a[0] for q, a in offline["answers"].items()} == {
            a.question: a.said for a in online.answers
        }
    else:
        # only the RDF form is signed, which this page does not check: it says so, and shows nothing
        assert offline["state"] != "valid"
        assert offline["facts"] is None


def test_the_vectors_hold_documents_whose_json_is_signed() -> None:
    good = [name for name, (verified, _why) in EXPECTED.items() if verified == "true"]
    assert [name for name in good if b"eddsa-jcs-2022" in (VECTORS / name).read_bytes()]


def token_by(alg: str, document: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return a VC-JWT with a new key, and the key as the list would give it."""

    def written(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def number(value: int, size: int) -> str:
        return written(value.to_bytes(size, "big"))

    issuer = document["issuer"]["id"]
    header = {"alg": alg, "kid": f"{issuer}#{alg}", "typ": "JWT"}
    claims = {**{k: v for k, v in document.items() if k != "proof"}, "iss": issuer}
    text = ".".join(written(json.dumps(part).encode()) for part in (header, claims))
    if alg == "RS256":
        rsa_key = rsa.generate_private_key(65537, 2048)
        signature = rsa_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        public = rsa_key.public_key().public_numbers()
        return f"{text}.{written(signature)}", {
            "kty": "RSA",
            "n": number(public.n, 256),
            "e": number(public.e, 3),
        }
    ec_key = ec.generate_private_key(ec.SECP256R1())
    r, s = utils.decode_dss_signature(ec_key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    point = ec_key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}
    return f"{text}.{written(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}", jwk


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_tokens_of_other_kinds_count_when_the_list_gives_such_a_key(
    world: World, page: Page, alg: str
) -> None:
    document = world.document(world.issue())
    token, jwk = token_by(alg, document)
    bundle = json.loads(bundle_of(world))
    method = {**bundle["issuers"][0]["keys"][0], "method": f"{bundle['issuers'][0]['did']}#{alg}"}
    with_jwk = {**method, "publicKeyMultibase": None, "publicKeyJwk": jwk}
    head, body, tail = token.split(".")
    other = f"{head}.{body}.{tail[:40]}{'A' if tail[40] != 'A' else 'B'}{tail[41:]}"
    # the browser's own cryptography is there on pages with https only
    assert page.context.browser is not None
    secure = page_at(page.context.browser, "https://verifier.test/")
    bundle["issuers"][0]["keys"].append(with_jwk)
    found = check_unsigned(secure, bundle, [token, other], NOON)
    assert [(one["state"], one["reason"]) for one in found] == [("valid", "valid"), ("altered", "signature")]
    # an Ed25519 key does not make a token of another kind genuine
    bundle["issuers"][0]["keys"][-1] = method
    assert check_unsigned(secure, bundle, [token], NOON)[0]["reason"] == "suite"
    secure.close()
    bundle["issuers"][0]["keys"][-1] = with_jwk
    assert check_unsigned(page, bundle, [token], NOON)[0]["reason"] == "suite"


# --- the list itself -------------------------------------------------------------------------------


def test_a_list_with_one_changed_character_is_never_taken(page: Page, world: World) -> None:
    world.issue()
    text = bundle_of(world)
    keys_of = bundles.publisher_keys(json.loads(text))
    reading = """([texts, keys]) => texts.map((text) => {
      try { new List(text, pinned(keys)); return "taken"; } catch (error) { return error.message; }
    })"""
    assert page.evaluate(reading, [[text], keys_of]) == ["taken"]
    # places all over the list, and closer ones in what signs it
    start = text.index('"proof":[')
    cases = [*changed(text, step=2003), *changed(text[: start + 500], first=start, step=11)]
    cases = [one if len(one) == len(text) else one + text[start + 500 :] for one in cases]
    cases = [one for one in cases if _differs_in_meaning(text, one)]
    answers: list[str] = []
    for first in range(0, len(cases), 100):
        answers += page.evaluate(reading, [cases[first : first + 100], keys_of])
    assert len(answers) > 60
    assert set(answers) <= {"unreadable", "not-theirs"}


def _differs_in_meaning(before: str, after: str) -> bool:
    try:
        return bool(json.loads(before) != json.loads(after))
    except ValueError:
        return True


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Other"}, {"format": 2}, {"made": "yesterday"}, {"staleAfterDays": 0}, {"refuseAfterDays": "30"},
        {"proof": []}, {"proof": None}, {"issuers": []}, {"publisher": {}}, {"statusLists": None},
    ],
)  # fmt: skip
def test_a_list_of_another_shape_is_refused(page: Page, world: World, change: dict[str, Any]) -> None:
    found = json.loads(bundle_of(world))
    reading = "text => { try { new List(text, () => true); return 1; } catch (e) { return e.message; } }"
    assert page.evaluate(reading, json.dumps(found | change)) in ("unreadable", "not-theirs")
