"""The log of acts: complete, chained, signed, without anybody's name; a change is found."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from headstart_lms.accounts.models import Centre
from headstart_lms.certificates import keys, log, privacy, proofs, services, signing, trust_list
from headstart_lms.certificates.models import Certificate, IssuerKey, Log, LogEntry, PublishedList

from .conftest import BASE_URL, NOON, World


def lives(world: World) -> list[Certificate]:
    """Issue three certificates: one suspended and reinstated, one revoked, one replaced (which makes a fourth)."""
    first = world.issue()
    second = services.issue(world.session, world.another(), keyring=world.keyring, base_url=BASE_URL, at=NOON)
    third = services.issue(
        world.session, world.another("third"), keyring=world.keyring, base_url=BASE_URL, at=NOON
    )
    services.suspend(world.session, first, "under-review", NOON)
    services.reinstate(world.session, first, NOON + timedelta(hours=1))
    services.revoke(world.session, second, "fraud", NOON)
    fourth = services.replace(world.session, third, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    return [first, second, third, fourth]


def problems(world: World) -> list[str]:
    world.session.expire_all()
    return [problem for report in log.check(world.session) for problem in report.problems]


def sign(world: World, at: Any = NOON) -> dict[str, Any]:
    did = world.session.query(Log).one().did
    found = log.sign_end(world.session, did, keyring=world.keyring, base_url=BASE_URL, at=at)
    assert found is not None
    return found


def test_every_act_is_written_down_in_order(world: World) -> None:
    made = lives(world)
    rows = world.session.query(LogEntry).order_by(LogEntry.sequence).all()
    assert [(row.sequence, row.act, row.code) for row in rows] == [
        (1, "issue", made[0].code), (2, "issue", made[1].code), (3, "issue", made[2].code),
        (4, "suspend", made[0].code), (5, "reinstate", made[0].code), (6, "revoke", made[1].code),
        (7, "issue", made[3].code), (8, "replace", made[2].code),
    ]  # fmt: skip
    assert problems(world) == []


def test_saying_the_same_twice_is_one_act(world: World) -> None:
    made = world.issue()
    services.revoke(world.session, made, "fraud", NOON)
    services.revoke(world.session, made, "fraud", NOON)
    assert world.session.query(LogEntry).count() == 2


def test_the_chain_is_sha_256_of_the_head_before_and_the_canonical_entry(world: World) -> None:
    lives(world)
    head = "0" * 64
    for row in world.session.query(LogEntry).order_by(LogEntry.sequence):
        entry = {
            "act": row.act, "at": proofs.written(row.at), "code": row.code, "digest": row.digest,
            "index": row.place, "list": row.year, "sequence": row.sequence,
        }  # fmt: skip
        canonical = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        head = hashlib.sha256(bytes.fromhex(head) + canonical).hexdigest()
        assert row.head == head
    assert world.session.query(Log).one().head == head


def test_the_end_is_signed_when_a_certificate_is_issued_and_again_when_somebody_asks(world: World) -> None:
    made = lives(world)
    signed = sign(world)
    [key] = world.session.query(IssuerKey).all()
    proof = signed.pop("proof")
    value = proofs.signature_of(proof)
    options = {name: part for name, part in proof.items() if name != "proofValue"}
    assert signing.is_signature(signing.from_multikey(key.public), value, proofs.jcs_hash(signed, options))
    assert (signed["issuer"], signed["size"]) == (made[0].issuer_did, 8)
    [report] = log.check(world.session)
    assert (report.signatures, report.unsigned, report.certificates) == (5, 0, 4)


@pytest.mark.parametrize(
    "change, found",
    [
        ("UPDATE lms_log_entry SET code = '000000000000' WHERE sequence = 2", "entry 2 was changed"),
        ("UPDATE lms_log_entry SET act = 'suspend' WHERE sequence = 6", "entry 6 was changed"),
        ("DELETE FROM lms_log_entry WHERE sequence = 6", "entry 6 is missing"),
        ("DELETE FROM lms_log_entry WHERE sequence > 6", "entries were taken away"),
        ("UPDATE lms_certificate SET standing = 'good' WHERE standing = 'revoked'", "revoked in the log"),
        ("UPDATE lms_log_entry SET proof = NULL, head = '0' WHERE sequence = 1", "entry 1 was changed"),
        ("UPDATE lms_log_entry SET proof = '{}' WHERE sequence = 1", "signature at entry 1 does not fit"),
    ],
)
def test_a_change_of_a_row_is_found(world: World, change: str, found: str) -> None:
    lives(world)
    sign(world)
    world.session.commit()
    assert problems(world) == []
    world.session.execute(text(change))
    world.session.commit()
    assert any(found in problem for problem in problems(world))


def test_a_chain_that_was_computed_anew_without_an_act_has_signatures_that_do_not_fit(world: World) -> None:
    """Whoever can write into the database can mend the hashes, but not the signatures."""
    lives(world)
    sign(world)
    world.session.execute(text("DELETE FROM lms_log_entry WHERE sequence = 6"))
    world.session.execute(text("UPDATE lms_certificate SET standing = 'good' WHERE standing = 'revoked'"))
    world.session.expire_all()
    chain, head = world.session.query(Log).one(), "0" * 64
    for number, row in enumerate(world.session.query(LogEntry).order_by(LogEntry.sequence).all(), 1):
        row.sequence = number
        world.session.flush()
        row.head = head = log.next_head(head, log.entry_of(row))
    chain.size, chain.head = 7, head
    world.session.commit()
    assert problems(world) == [
        "the signature at entry 6 does not fit", "the signature at entry 7 does not fit",
    ]  # fmt: skip


def test_a_certificate_that_was_put_into_the_register_is_not_in_the_log(world: World) -> None:
    made = world.issue()
    made.digest = "f" * 64
    world.session.commit()
    assert problems(world) == [
        f"certificate {made.code} is in the register and not in the log",
        "1 certificates are in the log and not in the register",
    ]


def test_an_erasure_leaves_the_log_right_and_it_names_nobody(world: World) -> None:
    lives(world)
    columns = {column.name for column in LogEntry.__table__.columns}
    assert columns == {
        "id", "log_id", "sequence", "at", "act", "code", "digest", "year", "place", "head", "proof",
    }  # fmt: skip
    privacy.erase(world.session, world.person)
    world.session.commit()
    assert problems(world) == []


def test_certificates_from_before_there_was_a_log_are_written_down_first(world: World) -> None:
    made = lives(world)
    before = world.session.query(LogEntry).count()
    world.session.execute(text("DELETE FROM lms_log_entry"))
    world.session.execute(text("DELETE FROM lms_log"))
    world.session.commit()
    assert problems(world) == ["this issuer has certificates and no log: run “headstart init”"]
    assert log.adopt(world.session) == 1
    assert log.adopt(world.session) == 0
    assert problems(world) == []
    assert before >= world.session.query(LogEntry).count() >= len(made)
    world.session.execute(text("DELETE FROM lms_log_entry"))
    world.session.execute(text("DELETE FROM lms_log"))
    world.session.commit()
    services.issue(world.session, world.another("late"), keyring=world.keyring, base_url=BASE_URL, at=NOON)
    assert problems(world) == []


def test_each_issuer_has_a_log_of_its_own(world: World) -> None:
    world.issue()
    other = Centre(slug="tirana", name="Tirana Centre", country="AL")
    world.session.add(other)
    award = world.another("other")
    world.session.flush()
    award.centre_id = other.id
    services.issue(world.session, award, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    assert [(one.issuer, one.size) for one in world.session.query(Log).order_by(Log.issuer)] == [
        ("amman", 1), ("tirana", 1),
    ]  # fmt: skip
    assert [report.is_right for report in log.check(world.session)] == [True, True]


def test_a_log_of_an_address_that_we_left_is_signed_by_nobody(world: World) -> None:
    made = world.issue()
    services.revoke(world.session, made, "fraud", NOON)
    elsewhere = "https://other.example.org"
    assert log.sign_end(
        world.session, made.issuer_did, keyring=world.keyring, base_url=elsewhere, at=NOON
    ) is None  # fmt: skip
    assert (
        log.sign_end(world.session, "did:web:nobody", keyring=world.keyring, base_url=BASE_URL, at=NOON)
        is None
    )
    assert keys.find_centre(world.session, "nowhere") is None


def cut(world: World, after: int) -> None:
    """Delete the end of the log and set its head back, as somebody with the database can."""
    world.session.commit()
    rows = world.session.query(LogEntry).order_by(LogEntry.sequence).all()
    chain = world.session.query(Log).one()
    chain.size, chain.head = after, rows[after - 1].head
    for row in rows[after:]:
        world.session.delete(row)
    world.session.commit()


def test_a_suspension_that_was_cut_off_the_end_is_found_in_the_register(world: World) -> None:
    made = world.issue()
    services.suspend(world.session, made, "under-review", NOON)
    services.reinstate(world.session, made, NOON + timedelta(minutes=5))
    sign(world)
    assert problems(world) == []
    cut(world, 1)
    assert problems(world) == [
        f"certificate {made.code} was good in the register after its last act in the log"
    ]


def test_an_end_that_was_cut_off_is_found_in_the_trust_list_that_was_published(world: World) -> None:
    made = world.issue()
    services.suspend(world.session, made, "under-review", NOON)
    services.reinstate(world.session, made, NOON)
    trust_list.published(world.session, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    assert problems(world) == []
    cut(world, 1)
    assert problems(world) == [
        "the log ends at entry 1, and our published trust list says 3: entries were taken away"
    ]
    services.suspend(world.session, made, "other", NOON)
    services.reinstate(world.session, made, NOON + timedelta(minutes=5))
    assert problems(world) == ["entry 3 is another one than our published trust list says"]


def test_a_published_trust_list_that_was_changed_in_the_database_is_found(world: World) -> None:
    world.issue()
    trust_list.published(world.session, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    kept = world.session.query(PublishedList).one()
    kept.signed = kept.signed.replace('"size": 1', '"size": 0')
    world.session.commit()
    assert problems(world) == [
        "the trust list that was published last was changed: its signature does not fit"
    ]


def test_a_signature_that_was_taken_away_is_found(world: World) -> None:
    lives(world)
    world.session.execute(text("UPDATE lms_log_entry SET proof = NULL WHERE sequence = 3"))
    world.session.commit()
    assert problems(world) == ["the signature at entry 3 was taken away"]


def test_saying_another_reason_for_a_suspension_is_no_act(world: World) -> None:
    made = world.issue()
    services.suspend(world.session, made, "under-review", NOON)
    services.suspend(world.session, made, "other", NOON + timedelta(hours=1))
    assert problems(world) == []
