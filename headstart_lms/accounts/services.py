"""People come, sign in, sign out, get roles, are suspended."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from ..kernel import crypto
from ..kernel.clock import now
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from .models import ROLES, Centre, Grant, Identity, Person, SignIn

#: 31 characters that are not taken for each other: no 0 O 1 I L. 8 of them are 39.6 bits.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8
#: Who works at an office of a destination country.
OFFICE_ROLES = ("officer", "admin")
ROUTES = ("labour", "family", "student", "refugee", "looking")

MIN_PASSWORD, MAX_PASSWORD = 12, 200
_TOUCH_AFTER = timedelta(minutes=5)


# --- centres -----------------------------------------------------------------------------------


def make_centre(
    session: Session, slug: str, name: str, *, country: str | None = None, is_default: bool = False,
    is_office: bool = False,
) -> Centre:  # fmt: skip
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,39}", slug):
        raise Invalid(_("The short name of a centre has small letters, digits and hyphens."))
    if session.scalar(select(Centre.id).where(Centre.slug == slug)) is not None:
        raise Conflict(_("There is a centre with this short name already."))
    centre = Centre(slug=slug, name=name, country=country, is_default=is_default, is_office=is_office)
    session.add(centre)
    session.flush()
    return centre


def get_default_centre(session: Session) -> Centre:
    centre = session.scalar(select(Centre).where(Centre.is_default))
    if centre is None:
        raise NotFound("There is no centre yet; run 'headstart init'.")
    return centre


def get_centre(session: Session, slug: str) -> Centre:
    centre = session.scalar(select(Centre).where(Centre.slug == slug))
    if centre is None:
        raise NotFound(_("There is no such centre."))
    return centre


# --- learners and their codes -------------------------------------------------------------------


def new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _n in range(CODE_LENGTH))


def read_code(text: str) -> str:
    """Return a code as we compare it: upper case, without spaces and hyphens; Invalid when it cannot be one."""
    code = re.sub(r"[\s\-–—]", "", text).upper()
    if len(code) != CODE_LENGTH or any(c not in CODE_ALPHABET for c in code):
        raise Invalid(_("A code has 8 letters and numbers. Look at your card and type it again."))
    return code


def show_code(code: str) -> str:
    """Write a code for people: two groups of four."""
    return f"{code[:4]}-{code[4:]}"


def code_digest(code: str, keyring: crypto.Keyring) -> str:
    return keyring.mac("learner-code", code.encode()).hex()


def start_learner(
    session: Session,
    keyring: crypto.Keyring,
    *,
    language: str,
    destination: str | None,
    route: str | None,
    centre: Centre | None = None,
) -> tuple[Person, str]:
    """Make a learner without a name, and her code. The code is returned once and kept only as a digest."""
    if route is not None and route not in ROUTES:
        raise Invalid(_("Choose why you are going."))
    if centre is not None and centre.is_office:
        raise Invalid(_("An office checks certificates. Learners belong to a centre."))
    code = new_code()
    person = Person(
        language=language,
        destination=destination,
        route=route,
        centre_id=(centre or get_default_centre(session)).id,
        code_digest=code_digest(code, keyring),
    )
    person.grants.append(Grant(role="learner", centre_id=person.centre_id))
    session.add(person)
    session.flush()
    return person, code


def replace_code(session: Session, keyring: crypto.Keyring, person: Person) -> str:
    """Give a learner a new code; the old one ends at once, and so do her other devices."""
    if person.login is not None:
        raise Invalid(_("Staff sign in with a password."))
    code = new_code()
    person.code_digest = code_digest(code, keyring)
    session.flush()
    return code


def find_person_by_code(session: Session, keyring: crypto.Keyring, code: str) -> Person | None:
    person = session.scalar(select(Person).where(Person.code_digest == code_digest(code, keyring)))
    return None if person is None or person.is_suspended else person


# --- staff and their passwords -------------------------------------------------------------------


def check_password(password: str, login: str) -> None:
    """Refuse what is short, common or near the login; ask for nothing else (ASVS 5.0 6.2.1, 6.2.4, 6.2.5)."""
    if len(password) < MIN_PASSWORD:
        raise Invalid(
            _("Use at least %(count)d characters. Four words in a row are good.", count=MIN_PASSWORD)
        )
    if len(password) > MAX_PASSWORD:
        raise Invalid(_("Use at most %(count)d characters.", count=MAX_PASSWORD))
    # imported when needed: its word lists take a tenth of a second to load
    from zxcvbn import zxcvbn

    if zxcvbn(password[:72], user_inputs=[login])["score"] < 3:
        raise Invalid(_("This password is easy to guess. Choose another one: four words in a row are good."))


def make_staff(session: Session, login: str, password: str, *, centre: Centre | None, role: str) -> Person:
    login = login.strip().casefold()
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{2,79}", login):
        raise Invalid(_("A user name has 3 or more small letters, digits, dots or hyphens."))
    if session.scalar(select(Person.id).where(Person.login == login)) is not None:
        raise Conflict(_("This user name is taken."))
    check_password(password, login)
    person = Person(
        login=login,
        password_hash=crypto.hash_password(password),
        centre_id=None if centre is None else centre.id,
    )
    session.add(person)
    grant_role(session, person, role, centre)
    return person


def grant_role(session: Session, person: Person, role: str, centre: Centre | None) -> None:
    """Give a role at a centre; without a centre it counts everywhere (admins only)."""
    if role not in ROLES:
        raise Invalid(_("There is no such role. Roles: %(roles)s.", roles=", ".join(ROLES)))
    if centre is None and role != "admin":
        raise Invalid(_("This role needs a centre."))
    if centre is not None and centre.is_office and role not in OFFICE_ROLES:
        raise Invalid(_("An office checks certificates. It has officers and admins, and no other roles."))
    centre_id = None if centre is None else centre.id
    if not any(g.role == role and g.centre_id == centre_id for g in person.grants):
        person.grants.append(Grant(role=role, centre_id=centre_id))
    session.flush()


def find_staff(session: Session, login: str, password: str) -> Person | None:
    """Return the person when login and password fit and she is not suspended; equally slow in every case."""
    person = session.scalar(select(Person).where(Person.login == login.strip().casefold()))
    fits = crypto.verify_password(None if person is None else person.password_hash, password)
    return person if fits and person is not None and not person.is_suspended else None


def new_password_hash(person: Person, old: str, new: str) -> str:
    """Check an old password and return the hash of a new one; slow on purpose, so outside of a transaction."""
    if not crypto.verify_password(person.password_hash, old):
        raise Invalid(_("The old password is not right."), "old-password")
    check_password(new, person.login or "")
    return crypto.hash_password(new)


def change_password(
    session: Session, person: Person, password_hash: str, *, keep_token: str | None = None
) -> None:
    """Keep a new password; ends every other session of the person (ASVS 7.4.3)."""
    person.password_hash = password_hash
    end_sessions(session, person, keep_token=keep_token)


def set_password(session: Session, person: Person, new: str) -> None:
    check_password(new, person.login or "")
    person.password_hash = crypto.hash_password(new)
    end_sessions(session, person)


# --- sessions ------------------------------------------------------------------------------------


def sign_in(session: Session, person: Person, lifetime: timedelta) -> str:
    """Open a session; return the token for the cookie (256 bits, kept here only as its SHA-256)."""
    token = secrets.token_urlsafe(32)
    at = now()
    session.execute(delete(SignIn).where(SignIn.expires < at))
    session.add(
        SignIn(digest=crypto.digest(token), person_id=person.id, expires=at + lifetime, created=at, seen=at)
    )
    person.seen = at
    session.flush()
    return token


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is here, as columns: what every page needs, for the price of one query."""

    id: int
    login: str | None
    language: str
    destination: str | None
    centre_id: int | None
    #: (role, centre id or None for everywhere)
    grants: tuple[tuple[str, int | None], ...]
    #: True when the session is due to be prolonged.
    is_stale: bool = False

    def has_role(self, *roles: str) -> bool:
        return any(role in roles for role, _centre in self.grants)


# made once: building a SELECT costs as much as running it
_person, _grant, _sign_in = Person.__table__.c, Grant.__table__.c, SignIn.__table__.c
_VISITOR = (
    select(
        _person.id, _person.login, _person.language, _person.destination, _person.centre_id, _sign_in.seen,
        _grant.role, _grant.centre_id.label("at"),
    )
    .join_from(SignIn.__table__, Person.__table__, _person.id == _sign_in.person_id)
    .outerjoin(Grant.__table__, _grant.person_id == _person.id)
    .where(_sign_in.digest == bindparam("digest"), _sign_in.expires > bindparam("at"), _person.suspended.is_(None))
)  # fmt: skip


def find_visitor(session: Session, token: str) -> Visitor | None:
    """Return who a session token belongs to; None when the session ended or the person is suspended."""
    at = now()
    rows = session.execute(_VISITOR, {"digest": crypto.digest(token), "at": at}).all()
    if not rows:
        return None
    first = rows[0]
    return Visitor(
        first.id, first.login, first.language, first.destination, first.centre_id,
        tuple((row.role, row.at) for row in rows if row.role is not None), first.seen < at - _TOUCH_AFTER,
    )  # fmt: skip


def visitor_of(person: Person) -> Visitor:
    return Visitor(
        person.id, person.login, person.language, person.destination, person.centre_id,
        tuple((g.role, g.centre_id) for g in person.grants),
    )  # fmt: skip


def find_person_by_token(session: Session, token: str) -> Person | None:
    visitor = find_visitor(session, token)
    return None if visitor is None else session.get(Person, visitor.id)


def touch(session: Session, token: str, lifetime: timedelta) -> bool:
    """Prolong a session that was not seen for a while; return True when it was prolonged."""
    at = now()
    result = session.execute(
        update(SignIn)
        .where(SignIn.digest == crypto.digest(token), SignIn.expires > at, SignIn.seen < at - _TOUCH_AFTER)
        .values(seen=at, expires=at + lifetime)
    )
    session.execute(
        update(Person)
        .where(Person.id.in_(select(SignIn.person_id).where(SignIn.digest == crypto.digest(token))))
        .values(seen=at)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


def sign_out(session: Session, token: str) -> None:
    session.execute(delete(SignIn).where(SignIn.digest == crypto.digest(token)))


def end_sessions(session: Session, person: Person, *, keep_token: str | None = None) -> None:
    query = delete(SignIn).where(SignIn.person_id == person.id)
    if keep_token is not None:
        query = query.where(SignIn.digest != crypto.digest(keep_token))
    session.execute(query)


def suspend(session: Session, person: Person) -> None:
    """Shut a person out at once; nothing is deleted."""
    person.suspended = person.suspended or now()
    end_sessions(session, person)


def readmit(session: Session, person: Person) -> None:
    person.suspended = None
    session.flush()


# --- people --------------------------------------------------------------------------------------


def find_person_by_host(session: Session, host_id: str) -> Person | None:
    person = session.scalar(select(Person).where(Person.host_id == host_id))
    return None if person is None or person.is_suspended else person


def make_person_of_host(session: Session, host_id: str, *, language: str) -> Person:
    person = Person(host_id=host_id, language=language, centre_id=get_default_centre(session).id)
    person.grants.append(Grant(role="learner", centre_id=person.centre_id))
    session.add(person)
    session.flush()
    return person


def get_person(session: Session, uuid: UUID | str) -> Person:
    try:
        person = session.scalar(
            select(Person).where(Person.uuid == (uuid if isinstance(uuid, UUID) else UUID(uuid)))
        )
    except ValueError:
        person = session.scalar(select(Person).where(Person.login == str(uuid)))
    if person is None:
        raise NotFound(_("There is no such person."))
    return person


@dataclass(frozen=True)
class Name:
    """Who somebody is on paper."""

    passport_name: str
    own_name: str
    year_of_birth: int


def set_identity(session: Session, person: Person, name: Name) -> Identity:
    """Keep what a person states of herself; a change undoes an earlier check by a centre."""
    identity = person.identity
    if identity is None:
        identity = person.identity = Identity()
    before = (identity.passport_name, identity.own_name, identity.year_of_birth)
    identity.passport_name, identity.own_name = name.passport_name, name.own_name
    identity.year_of_birth = name.year_of_birth
    if before != (name.passport_name, name.own_name, name.year_of_birth):
        identity.checked = identity.checked_centre_id = None
    session.flush()
    return identity


def confirm_identity(session: Session, person: Person, centre: Centre) -> None:
    """Record that the centre's staff saw a document with this name and year of birth."""
    if person.identity is None or not person.identity.passport_name:
        raise Invalid(_("There is no name to confirm yet. Enter the name first."))
    person.identity.checked = now()
    person.identity.checked_centre_id = centre.id
    session.flush()
