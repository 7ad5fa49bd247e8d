"""The life of a certificate on the database that a small centre has, and on the one that a large one has."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask import Flask

from headstart_lms import operations
from headstart_lms.certificates import (
    imported,
    keys,
    log,
    lookup,
    privacy,
    services,
    status,
    tokens,
    trust_list,
)
from headstart_lms.certificates.models import Certificate, IssuerKey, Publisher
from headstart_lms.certificates.trust import trust_store
from headstart_lms.certificates.verify import verify
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.kernel import migrate
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import db, transaction
from headstart_lms.kernel.errors import Invalid
from tests import cast, make
from tests.commands import run

from .conftest import facts


@pytest.mark.both_databases
def test_issue_check_revoke_list_and_erase(app: Flask) -> None:
    with app.app_context():
        state = app.extensions["headstart"]
        base_url = state.installation.base_url
        make.make_enrolment(app, cast.find_person(db.session(), "amina"))
        db.session.remove()
        with transaction() as session:
            amina = cast.find_person(session, "amina")
            [enrolment] = session.query(Enrolment).filter_by(person_id=amina.id)
            award = services.award(session, enrolment=enrolment, facts=facts(), at=now())
            assert services.award(session, enrolment=enrolment, facts=facts(), at=now()) is award
            services.state_identity(
                session, amina, passport_name="AMINA", own_name="أمينة", year_of_birth=1990, at=now()
            )
            made = services.issue(session, award, keyring=state.keyring, base_url=base_url, at=now())
            code, text, issuer, year = made.code, made.payload or "", made.issuer, made.issued.year
            index, did = made.status_index, made.issuer_did
            token = tokens.make_token(session, made, keyring=state.keyring) or ""
        for data in (text, token):
            assert verify(data, trust=trust_store(db.session()), at=now()).is_valid
        assert keys.find_did_document(db.session(), did) is not None
        assert lookup.by_code_and_year(db.session(), code, 1990, now()).verdict.is_valid
        db.session.remove()
        with transaction() as session:
            services.revoke(session, services.get_certificate(session, code), "holder", now())
        with transaction() as session:
            signed = status.signed_list(
                session, issuer, year, keyring=state.keyring, base_url=base_url, at=now()
            )
            assert status.is_set(status.decode(json.loads(signed)["credentialSubject"]["encodedList"]), index)
            privacy.erase(session, cast.find_person(session, "amina"))
        kept = db.session().query(Certificate).one()
        assert (kept.payload, kept.person_id, kept.award_id) == (None, None, None)
        for data in (text, token):
            assert verify(data, trust=trust_store(db.session()), at=now()).state == "revoked"
        db.session.remove()


@pytest.mark.both_databases
def test_log_keys_and_trust_lists_on_both_databases(app: Flask) -> None:
    with app.app_context():
        state = app.extensions["headstart"]
        base_url, keyring = state.installation.base_url, state.keyring
        make.make_enrolment(app, cast.find_person(db.session(), "amina"))
        db.session.remove()
        with transaction() as session:
            amina = cast.find_person(session, "amina")
            [enrolment] = session.query(Enrolment).filter_by(person_id=amina.id)
            award = services.award(session, enrolment=enrolment, facts=facts(), at=now())
            services.state_identity(
                session, amina, passport_name="AMINA", own_name="", year_of_birth=1990, at=now()
            )
            made = services.issue(session, award, keyring=keyring, base_url=base_url, at=now())
            services.suspend(session, made, "under-review", now())
            did = made.issuer_did
        with transaction() as session:
            first = trust_list.published(session, keyring=keyring, base_url=base_url, at=now())
            assert log.sign_end(session, did, keyring=keyring, base_url=base_url, at=now()) is not None
        with transaction() as session:
            key = session.query(IssuerKey).filter_by(did=did).order_by(IssuerKey.id).first()
            assert key is not None
            services.keep_tokens(session, key, keyring)
            keys.mark_compromised(session, key, now() - timedelta(hours=1))
            [touched] = services.signed_with(session, key)
            new = services.replace(
                session, touched, keyring=keyring, base_url=base_url, at=now(), reason="key"
            )
            assert (new.standing, touched.standing) == ("suspended", "replaced")
        with transaction() as session:
            second = trust_list.published(session, keyring=keyring, base_url=base_url, at=now())
            assert trust_list.read(second)[1].version > trust_list.read(first)[1].version
        assert [report.problems for report in log.check(db.session())] == [[]]
        foreign = first.replace("did:web:localhost", "did:web:elsewhere")
        db.session.remove()
        with transaction() as session, pytest.raises(Invalid, match="does not fit"):
            imported.accept(session, foreign, at=now(), fingerprint=_fingerprint(foreign))
        db.session.remove()


def _fingerprint(text: str) -> str:
    return keys.fingerprint(str(imported.signing_key_of(trust_list.read(text)[1])))


@pytest.mark.both_databases
def test_certificates_from_before_keep_their_qr_code_their_key_and_get_a_log(app: Flask) -> None:
    """Down to the first release and up again: what was issued then is looked after like what is issued now."""
    with app.app_context():
        state = app.extensions["headstart"]
        make.make_enrolment(app, cast.find_person(db.session(), "amina"))
        db.session.remove()
        with transaction() as session:
            amina = cast.find_person(session, "amina")
            [enrolment] = session.query(Enrolment).filter_by(person_id=amina.id)
            award = services.award(session, enrolment=enrolment, facts=facts(), at=now())
            services.state_identity(
                session, amina, passport_name="AMINA", own_name="", year_of_birth=1990, at=now()
            )
            made = services.issue(
                session, award, keyring=state.keyring, base_url=state.installation.base_url, at=now()
            )
            code, kid, token = made.code, made.signed_with, made.token
        db.session.remove()
        migrate.downgrade(db.engine, "0001")
        operations.init(app, None)
        kept = services.get_certificate(db.session(), code)
        assert (kept.signed_with, kept.token) == (kid, None)
        assert tokens.make_token(db.session(), kept, keyring=state.keyring) == token
        [report] = log.check(db.session())
        assert (report.size, report.problems) == (1, [])
        db.session.remove()


def test_the_doctor_names_trust_lists_that_are_late(app: Flask) -> None:
    assert "ok   trust lists" in run(app, "doctor").output
    with app.app_context(), transaction() as session:
        late = now() - timedelta(days=1)
        session.add(
            Publisher(
                did="did:web:m", name="Ministry", pinned="z", version=1, made=late, next_update=late,
                digest="0" * 64, document="{}",
            )
        )  # fmt: skip
    found = run(app, "doctor")
    assert found.exit_code == 1
    assert "past their time: Ministry" in found.output
