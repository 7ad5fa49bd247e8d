"""The life of a certificate on the database that a small centre has, and on the one that a large one has."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from headstart_lms.certificates import keys, lookup, privacy, services, status, tokens
from headstart_lms.certificates.models import Certificate
from headstart_lms.certificates.trust import trust_store
from headstart_lms.certificates.verify import verify
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import db, transaction
from tests import cast, make

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
