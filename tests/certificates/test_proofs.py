"""The vectors of W3C and 1EdTech, byte for byte, and the contexts we pin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import base58
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from headstart_lms.certificates import contexts, proofs, rdfc, signing
from headstart_lms.certificates.reading import contexts_in

from .conftest import VECTORS, find_context

W3C = VECTORS / "w3c-vc-di-eddsa"


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def canonical(documents: list[dict[str, Any]]) -> list[str]:
    return [rdfc.canonical(document, contexts_in(document, find_context)) for document in documents]


def key() -> bytes:
    raw = base58.b58decode(load(W3C / "keyPair.json")["privateKeyMultibase"].removeprefix("z"))
    return raw.removeprefix(b"\x80\x26")  # multicodec ed25519-priv (Controlled Identifiers 1.0, 2.2.2)


def test_the_w3c_key_pair_belongs_together() -> None:
    pair = load(W3C / "keyPair.json")
    assert signing.to_multikey(signing.public_key(key())) == pair["publicKeyMultibase"]
    assert signing.from_multikey(pair["publicKeyMultibase"]) == signing.public_key(key())


def test_eddsa_jcs_2022_gives_the_w3c_vector() -> None:
    folder = W3C / "eddsa-jcs-2022"
    document, options = load(W3C / "unsigned.json"), load(folder / "proofConfigJCS.json")
    assert proofs.jcs(document) == (folder / "canonDocJCS.txt").read_bytes()
    assert proofs.jcs(options) == (folder / "proofCanonJCS.txt").read_bytes()
    data = proofs.jcs_hash(document, options)
    assert data.hex() == (folder / "combinedHashJCS.txt").read_text().strip()
    signature = signing.sign(key(), data)
    assert signature.hex() == (folder / "sigHexJCS.txt").read_text().strip()
    assert "z" + base58.b58encode(signature).decode() == (folder / "sigBTC58JCS.txt").read_text().strip()


def test_eddsa_rdfc_2022_gives_the_w3c_vector() -> None:
    folder = W3C / "eddsa-rdfc-2022"
    signed = load(folder / "signedDataInt.json")
    document, proof = proofs.without_proof(signed), signed["proof"]
    options = {member: value for member, value in proof.items() if member != "proofValue"}
    canonical_options = canonical([{"@context": document["@context"], **options}])[0]
    assert canonical([document])[0] == (folder / "canonDocDataInt.txt").read_text()
    assert canonical_options == (folder / "proofCanonDataInt.txt").read_text()
    data = proofs.rdfc_hash(document, options, canonical)
    assert data.hex() == (folder / "combinedHashDataInt.txt").read_text().strip()
    signature = signing.sign(key(), data)
    assert signature.hex() == (folder / "sigHexDataInt.txt").read_text().strip()
    assert "z" + base58.b58encode(signature).decode() == proof["proofValue"]


def test_the_second_w3c_vector_agrees_from_its_canonical_form_on() -> None:
    # its context (citizenship v4rc1) is not one we pin, so the canonical form is taken from the vector
    folder = W3C / "eddsa-rdfc-2022" / "employ"
    texts = [(folder / name).read_text() for name in ("proofCanonDataInt.txt", "canonDocDataInt.txt")]
    signed = load(folder / "signedDataInt.json")
    data = proofs.rdfc_hash({"@context": []}, {}, lambda documents: texts)
    assert data.hex() == (folder / "combinedHashDataInt.txt").read_text().strip()
    assert "z" + base58.b58encode(signing.sign(key(), data)).decode() == signed["proof"]["proofValue"]


def test_the_open_badges_sample_is_signed_again_to_the_same_value() -> None:
    # the seed is published in 1EdTech's implementation guide; Ed25519 is deterministic
    seed = bytes.fromhex("6241a409e6707bb640a0140a8a32bc3d193c33a661747284d6adfa4ed4180be4")
    signed = load(VECTORS / "1edtech" / "ob30" / "simple.json")
    [proof] = signed["proof"]
    options = {member: value for member, value in proof.items() if member != "proofValue"}
    data = proofs.rdfc_hash(proofs.without_proof(signed), options, canonical)
    assert "z" + base58.b58encode(signing.sign(seed, data)).decode() == proof["proofValue"]


def test_a_proof_value_has_one_spelling() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        proofs.signature_of({"proofValue": "z1" + base58.b58encode(b"\x07" * 64).decode()})
    with pytest.raises(ValueError, match="starts with z"):
        proofs.signature_of({"proofValue": "u" + "A" * 86})


def test_every_pinned_context_is_the_published_one() -> None:
    for address in contexts.PINNED:
        assert "@context" in contexts.context(address)
    with pytest.raises(contexts.UnknownContext):
        contexts.context("https://example.org/own-context")


def test_a_changed_context_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in contexts.FOLDER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    changed = tmp_path / contexts.PINNED[contexts.CREDENTIALS_V2][0]
    changed.write_bytes(changed.read_bytes() + b" ")
    monkeypatch.setattr(contexts, "FOLDER", tmp_path)
    contexts.context.cache_clear()
    with pytest.raises(RuntimeError, match="not the pinned one"):
        contexts.context(contexts.CREDENTIALS_V2)
    monkeypatch.undo()
    contexts.context.cache_clear()


def test_what_no_context_defines_is_not_signed() -> None:
    document = {**load(W3C / "unsigned.json"), "@context": [contexts.CREDENTIALS_V2]}
    with pytest.raises(rdfc.Undefined):
        rdfc.canonical(document, contexts_in(document, find_context))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4))
def test_the_canonical_form_is_that_of_the_independent_implementation(document: dict[str, Any]) -> None:
    try:
        expected = rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        with pytest.raises(ValueError, match=r"."):
            proofs.jcs(document)
        return
    assert proofs.jcs(document) == expected
