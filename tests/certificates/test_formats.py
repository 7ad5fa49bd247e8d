"""The forms a certificate is handed out in: tokens of three algorithms, baked PNG, photos and scans of the QR code."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from headstart_lms.certificates import keys, lookup, pdf, pictures, services, signed_files, signing, tokens
from headstart_lms.certificates.models import IssuerKey
from headstart_lms.certificates.reading import MOST_BYTES, MOST_UPLOAD
from headstart_lms.certificates.trust import TrustedKey, TrustStore, trust_store
from headstart_lms.certificates.verdict import Verdict, sentence
from headstart_lms.certificates.verify import verify

from .conftest import BASE_URL, NOON, World
from .test_qr import grey_of_qr


def check(world: World, data: bytes | str) -> Verdict:
    return verify(data, trust=trust_store(world.session), at=NOON)


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def png_bytes(picture: Image.Image, **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", **more)
    return out.getvalue()


# --- tokens ------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", signed_files.ALGORITHMS)
def test_a_token_of_every_algorithm_is_the_same_certificate(world: World, alg: Any) -> None:
    certificate = world.issue()
    token = signed_files.make_jwt(world.session, certificate, keyring=world.keyring, alg=alg)
    verdict = check(world, token)
    assert (verdict.state, verdict.digest) == ("valid", certificate.digest)
    again = signed_files.make_jwt(world.session, certificate, keyring=world.keyring, alg=alg)
    assert again.split(".")[:2] == token.split(".")[:2]  # the same key


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_the_key_of_a_token_is_published_and_dated_like_the_one_beside_it(world: World, alg: Any) -> None:
    certificate = world.issue()
    token = signed_files.make_jwt(world.session, certificate, keyring=world.keyring, alg=alg)
    kid = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]
    document = keys.find_did_document(world.session, certificate.issuer_did)
    assert document is not None
    [method] = [one for one in document["verificationMethod"] if one["id"] == kid]
    assert (method["type"], method["publicKeyJwk"]["alg"]) == ("JsonWebKey", alg)
    assert kid in document["assertionMethod"]
    [row] = world.session.query(IssuerKey).all()
    key = trust_store(world.session).keys[kid]
    assert (key.alg, key.valid_from, key.valid_until) == (alg, row.valid_from, row.valid_until)


def test_a_compromised_key_takes_the_keys_for_tokens_along(world: World) -> None:
    certificate = world.issue()
    token = signed_files.make_jwt(world.session, certificate, keyring=world.keyring, alg="RS256")
    [row] = world.session.query(IssuerKey).all()
    keys.mark_compromised(world.session, row, NOON)
    assert all("sealed" not in pair for pair in row.token_keys.values())
    assert check(world, token).reason == "key-compromised"
    document = keys.find_did_document(world.session, row.did)
    assert document is not None
    assert document["assertionMethod"] == []
    assert len(document["verificationMethod"]) == 2


def test_the_algorithm_belongs_to_the_key_and_the_header_chooses_nothing(world: World) -> None:
    """RFC 8725, 2.1: a public RSA key used as an HMAC secret, no algorithm at all, one key under another name."""
    import hashlib
    import hmac

    certificate = world.issue()
    made = {
        alg: signed_files.make_jwt(world.session, certificate, keyring=world.keyring, alg=alg)
        for alg in signed_files.ALGORITHMS
    }
    known = {key.alg: key for key in trust_store(world.session).keys.values()}
    _head, body, tail = made["RS256"].split(".")
    rsa = known["RS256"]
    head = encoded({"alg": "HS256", "kid": rsa.method})
    mac = hmac.new(rsa.public, f"{head}.{body}".encode(), hashlib.sha256).digest()
    forged = f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert check(world, forged).reason == "suite"
    for alg in ("none", "None", "HS256", "RS1", "PS256", "RS512", "ES256K", "", None, ["RS256"]):
        verdict = check(world, f"{encoded({'alg': alg, 'kid': rsa.method})}.{body}.{tail}")
        assert (verdict.reason, verdict.facts) == ("suite", None), alg
    for alg, token in made.items():
        _old, body, tail = token.split(".")
        for other in set(signed_files.ALGORITHMS) - {alg}:
            for header in (
                {"alg": other, "kid": known[alg].method}, {"alg": alg, "kid": known[other].method},
            ):  # fmt: skip
                assert check(world, f"{encoded(header)}.{body}.{tail}").state == "altered"


def test_a_key_in_the_header_counts_only_when_our_list_has_it(world: World) -> None:
    certificate = world.issue()
    token = signed_files.make_jwt(world.session, certificate, keyring=world.keyring, alg="RS256")
    known = {key.alg: key for key in trust_store(world.session).keys.values()}
    private, public = signing.new_pair("RS256")

    def with_header(header: dict[str, Any], private: bytes) -> str:
        signed = f"{encoded(header)}.{token.split('.')[1]}"
        signature = signing.sign_token("RS256", private, signed.encode())
        return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    stranger = with_header({"alg": "RS256", "jwk": signing.to_jwk(public)}, private)
    assert check(world, stranger).reason == "key-unknown"
    both = with_header({"alg": "RS256", "kid": known["RS256"].method, "jwk": signing.to_jwk(public)}, private)
    assert check(world, both).reason == "proof-options"
    [row] = world.session.query(IssuerKey).all()
    _method, ours = keys.token_key(world.session, row, "RS256", world.keyring)
    listed = with_header({"alg": "RS256", "jwk": signing.to_jwk(known["RS256"].public)}, ours)
    assert check(world, listed).is_valid
    wrong: tuple[Any, ...] = (
        {}, [], "x", {"kty": "RSA", "n": 5, "e": "AQAB"}, {"kty": "RSA", "n": "AQ", "e": "AQ"},
        {"kty": "oct", "k": "AAAA"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": "A" * 9000, "e": "AQAB"},
    )  # fmt: skip
    for jwk in wrong:
        assert not check(world, with_header({"alg": "RS256", "jwk": jwk}, private)).is_valid


def test_a_key_for_tokens_signs_no_json_and_no_qr_code(world: World) -> None:
    document = world.document(world.issue())
    trust = trust_store(world.session)
    [own] = trust.keys.values()
    _private, public = signing.new_pair("ES256")
    other = TrustedKey(own.method, public, own.issuer, alg="ES256")
    assert (
        verify(json.dumps(document), trust=TrustStore({own.method: other}), at=NOON).reason == "key-unknown"
    )


def test_a_short_rsa_key_verifies_nothing() -> None:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - it must be refused
    public = weak.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signature = weak.sign(b"data", padding.PKCS1v15(), hashes.SHA256())
    assert not signing.is_signature(public, signature, b"data", "RS256")
    with pytest.raises(ValueError, match="2048"):
        signing.from_jwk(signing.to_jwk(public))


# --- the baked picture ---------------------------------------------------------------------------


def test_the_badge_holds_the_certificate_and_no_pixel_is_unpacked_to_read_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = world.issue()
    baked = pictures.bake(pdf.draw_badge(certificate), signed_files.get_json(certificate))
    with Image.open(io.BytesIO(baked)) as picture:
        picture.load()
        assert picture.size == (1000, 1280)
        assert picture.info["openbadgecredential"] == signed_files.get_json(certificate)
    monkeypatch.setattr(pictures, "read_qr", None)
    verdict = check(world, baked)
    assert (verdict.state, verdict.digest) == ("valid", certificate.digest)
    assert check(world, pictures.bake(pdf.draw_badge(certificate), "{}")).reason == "context"


def test_the_badge_with_a_token_inside_is_read_too(world: World) -> None:
    token = signed_files.make_jwt(world.session, world.issue(), keyring=world.keyring, alg="RS256")
    assert check(world, pictures.bake(png_bytes(Image.new("L", (4, 4))), token)).is_valid


def test_a_changed_or_cut_badge_is_never_valid(world: World) -> None:
    certificate = world.issue()
    baked = pictures.bake(png_bytes(Image.new("L", (4, 4))), signed_files.get_json(certificate))
    start = baked.index(b"openbadgecredential")
    length = len(signed_files.get_json(certificate).encode())
    assert check(world, baked.replace(b"AMINA", b"SAMIR")).reason == "picture-damaged"  # the checksum
    for at in range(start - 8, start + length + 30, 97):
        changed = baked[:at] + bytes([baked[at] ^ 1]) + baked[at + 1 :]
        assert not check(world, changed).is_valid, at
        assert not check(world, baked[:at]).is_valid, at


def chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    crc = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


HEADER = pictures.PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
TEXT = pictures.KEYWORD + b"\0\0\0\0\0{}"


@pytest.mark.parametrize(
    "rest, reason",
    [
        (chunk(b"iTXt", TEXT) + chunk(b"iTXt", TEXT), "picture-damaged"),  # which one counts?
        (chunk(b"iTXt", TEXT, 7), "picture-damaged"),
        (chunk(b"iTXt", pictures.KEYWORD + b"\0\1\0\0\0" + zlib.compress(b"{}")), "picture-damaged"),
        (chunk(b"iTXt", pictures.KEYWORD + b"\0"), "picture-damaged"),
        (chunk(b"iTXt", TEXT + b" " * (MOST_BYTES + 1)), "too-big"),
        (chunk(b"iTXt", TEXT), "context"),
        (struct.pack(">I4s", 0xFFFFFFFF, b"iTXt") + TEXT, "picture-damaged"),
        (chunk(b"IEND", b"") + chunk(b"iTXt", TEXT), "picture-damaged"),  # behind the end is no picture
        (b"", "picture-damaged"),
    ],
)
def test_pictures_made_to_deceive_are_refused(rest: bytes, reason: str) -> None:
    verdict = verify(HEADER + rest, trust=TrustStore({}), at=NOON)
    assert (verdict.state, verdict.reason) == ("could-not-check", reason)
    assert sentence(reason)


# --- photos and scans ------------------------------------------------------------------------------


def scanned_text(world: World) -> str:
    certificate = world.issue()
    token = tokens.make_token(world.session, certificate, keyring=world.keyring)
    return f"{services.verify_url(BASE_URL, certificate.code)}#{token}"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_of_the_qr_code_is_the_certificate(world: World, kind: str) -> None:
    paper = Image.new("L", (1600, 1200), 235)
    code = grey_of_qr(scanned_text(world)).resize((500, 500)).rotate(9, expand=True, fillcolor=235)
    paper.paste(code, (700, 300))
    out = io.BytesIO()
    paper.convert("RGB").save(out, kind, quality=70)
    verdict = check(world, out.getvalue())
    assert verdict.is_valid, verdict.reason
    assert verdict.facts is not None
    assert verdict.facts.passport_name == "AMINA AL-HASSAN"


def test_a_screenshot_with_a_transparent_ground_is_read(world: World) -> None:
    code = grey_of_qr(scanned_text(world)).resize((400, 400), Image.Resampling.NEAREST)
    clear = Image.new("RGBA", code.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=code.point([255 - value for value in range(256)]))
    assert check(world, png_bytes(clear)).is_valid


def test_a_photo_of_the_small_code_shows_what_a_code_alone_shows(world: World) -> None:
    certificate = world.issue()
    photo = png_bytes(grey_of_qr(services.verify_url(BASE_URL, certificate.code)).resize((300, 300)))
    found = lookup.by_document(world.session, photo, NOON)
    assert found.certificate is certificate
    assert (found.verdict.state, found.verdict.facts) == ("valid", None)
    assert check(world, photo).state == "could-not-check"  # without a register a code says nothing


def test_of_several_codes_in_a_photo_the_signed_one_counts(world: World) -> None:
    signed = scanned_text(world)
    page = Image.new("L", (1500, 700), 255)
    page.paste(grey_of_qr("https://other.example").resize((300, 300)), (30, 200))
    page.paste(grey_of_qr(signed).resize((600, 600)), (450, 40))
    page.paste(grey_of_qr(signed.split("#")[0]).resize((300, 300)), (1150, 200))
    assert check(world, png_bytes(page)).is_valid


def test_a_scanned_page_in_a_pdf_is_read_by_its_qr_code(world: World) -> None:
    page = Image.new("L", (1240, 1754), 250)
    page.paste(grey_of_qr(scanned_text(world)).resize((420, 420)), (700, 1200))
    out = io.BytesIO()
    page.save(out, "PDF", resolution=150)
    assert check(world, out.getvalue()).is_valid
    blank = io.BytesIO()
    Image.new("L", (1240, 1754), 250).save(blank, "PDF")
    assert check(world, blank.getvalue()).reason == "no-attachment"


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few kilobytes that says it has so many pixels, all of them there."""
    squeezed = zlib.compressobj(9)
    line = b"\0" * (width + 1)
    body = b"".join(squeezed.compress(line) for _line in range(height)) + squeezed.flush()
    return (
        pictures.PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.mark.parametrize(
    "data, reason",
    [
        (bomb(20_000, 20_000), "picture-too-large"),
        (bomb(100_000, 10), "picture-too-large"),
        (bomb(4_000, 4_000), "no-qr"),
        (pictures.JPEG + b"\xe0" + b"\0" * 5_000, "picture-damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 \x04\0\0\0aaaa", "picture-damaged"),
        (pictures.PNG + b"\0" * 100, "picture-damaged"),
        (pictures.JPEG + b"x" * MOST_UPLOAD, "too-big"),
        (png_bytes(Image.new("RGB", (50, 50), "white")), "no-qr"),
        (png_bytes(grey_of_qr("https://other.example/page").resize((200, 200))), "not-json"),
        (png_bytes(grey_of_qr("HS1:AAAA").resize((200, 200))), "token"),
    ],
    ids=["400 Mpx", "wide", "16 Mpx", "jpeg", "webp", "png", "big", "white", "other code", "broken token"],
)  # fmt: skip
def test_photos_made_to_harm_get_an_answer_in_time(data: bytes, reason: str) -> None:
    verdict = verify(data, trust=TrustStore({}), at=NOON)
    assert (verdict.state, verdict.reason) == ("could-not-check", reason)


def test_a_photo_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text("while True: pass")
    monkeypatch.setattr(pictures, "_SCRIPT", slow)
    monkeypatch.setattr(pictures, "SECONDS", 0.5)
    assert verify(png_bytes(Image.new("L", (9, 9))), trust=TrustStore({}), at=NOON).reason == "too-slow"


def test_files_that_are_two_things_at_once_are_what_their_first_bytes_say(world: World) -> None:
    """A polyglot is read in one way only, and that way decides."""
    certificate = world.issue()
    good = signed_files.get_json(certificate).encode()
    blank = png_bytes(Image.new("L", (9, 9), 255))
    assert check(world, blank + good).reason == "no-qr"
    assert check(world, blank + b"%PDF-1.7\nstream\n" + zlib.compress(good) + b"endstream").reason == "no-qr"
    assert check(world, b"%PDF-1.7\n" + good).reason == "no-attachment"
    assert not check(world, good + blank).is_valid
    assert not check(world, b"GIF89a" + good).is_valid
    assert not check(world, b"PK\x03\x04" + good).is_valid
