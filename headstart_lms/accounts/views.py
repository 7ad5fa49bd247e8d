"""Start without a name, sign in with a code or a password, the account page."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network

from flask import Blueprint, current_app, g, make_response, redirect, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from ..kernel import i18n, limits, web
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, LMSError, TooMany
from ..kernel.i18n import _
from . import services
from .access import (
    CODE_COOKIE,
    access,
    clear_browser,
    cookie_name,
    is_known,
    public,
    signed_in,
    this_person,
    this_visitor,
)
from .cards import code_picture
from .forms import ChangePasswordForm, CodeForm, PasswordSignInForm
from .models import Person, SignIn

bp = Blueprint("accounts", __name__)

#: Failed sign-ins with a password: of one address, of one user name; in seconds.
ADDRESS_LIMIT, LOGIN_LIMIT, WINDOW = 30, 8, 900
#: Unknown codes from one address. A class of 60 types its first codes behind one address, and mistypes: it must not
#: shut itself out. With 10 000 codes in use (of 31^8) somebody who guesses all day finds one in 16 years.
CODE_LIMIT = 150
NEW_LEARNERS, NEW_WINDOW = 600, 3600
#: argon2 takes 30 ms of a core: more than two at once would hold up everybody's lessons (TRUST 6.5).
_password_checks = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Route:
    name: str
    title: str
    text: str


def _routes() -> list[Route]:
    return [
        Route("labour", _("Work"), _("I have a job there, or I look for one.")),
        Route("family", _("Family"), _("I go to live with my family.")),
        Route("student", _("Study"), _("I go to a school or university.")),
        Route("refugee", _("Protection"), _("I need a safe place.")),
        Route("looking", _("Just looking"), _("I want to see what is here.")),
    ]


@bp.route("/start", methods=["GET", "POST"])
@access(public)
def start() -> str | Response:
    """Three taps: language, destination, route. No name, no e-mail."""
    after = web.safe_next(request.values.get("next"), web.url("learning.catalogue"))
    if is_known():
        return redirect(after, 303)
    if request.method == "POST":
        return _start(after)
    step = request.args.get("step", "language")
    state = current_app.extensions["headstart"]
    countries = state.destinations(session())
    if step == "route" and request.args.get("to", "") not in countries:
        step = "to"
    template = {"to": "start_to", "route": "start_route"}.get(step, "start_language")
    return web.render(
        f"headstart/accounts/{template}.html",
        languages={
            **i18n.LEARNER_LANGUAGES,
            **{
                tag: name
                for tag, name in state.course_languages().items()
                if tag not in i18n.LEARNER_LANGUAGES
            },
        },
        countries={code: i18n.country(code) for code in countries},
        routes=_routes(),
        to=request.args.get("to", ""),
        after=after,
        greetings={code: _hello(code) for code in i18n.LEARNER_LANGUAGES},
    )


def _hello(code: str) -> str:
    with i18n.in_language(code):
        return _("I read this language.")


def _start(after: str) -> Response:
    state = current_app.extensions["headstart"]
    destination = request.form.get("to") or None
    if destination is not None and destination not in state.destinations(session()):
        raise Invalid(_("Choose where you are going."))
    with transaction() as current:
        limits.hit(current, f"start:{_address()}", NEW_LEARNERS, NEW_WINDOW)
    with transaction() as current:
        person, code = services.start_learner(
            current, state.keyring, language=i18n.reading(), destination=destination,
            route=request.form.get("route"),
        )  # fmt: skip
        token = services.sign_in(current, person, state.session_lifetime(person))
        lifetime, person_id = state.session_lifetime(person), person.id
    response = redirect(web.url("accounts.code_card", next=after), 303)
    _set_session(response, token, lifetime)
    _set_code(response, person_id, code)
    return response


def _address() -> str:
    """Return what stands for the caller in rate limits: a MAC, for all IPv4 addresses are soon hashed; never logged.

    Of IPv6 the first 64 bits: one line has all addresses that begin so, and could try from each.
    """
    address = request.remote_addr or "unknown"
    if ":" in address:
        try:
            address = str(ip_network(f"{address.split('%')[0]}/64", strict=False))
        except ValueError:
            pass  # a proxy's own notation stands for itself
    return str(current_app.extensions["headstart"].keyring.mac("address", address.encode()).hex())


def _set_session(response: Response, token: str, lifetime: timedelta) -> None:
    response.set_cookie(
        cookie_name(), token, max_age=int(lifetime.total_seconds()), httponly=True, samesite="Lax", path="/",
        secure=current_app.extensions["headstart"].is_secure,
    )  # fmt: skip


def _set_code(response: Response, person_id: int, code: str) -> None:
    card = f"{person_id} {code}".encode()
    sealed = current_app.extensions["headstart"].keyring.seal("code-card", card)
    response.set_cookie(
        CODE_COOKIE, base64.urlsafe_b64encode(sealed).decode(), max_age=900, httponly=True, samesite="Strict",
        secure=current_app.extensions["headstart"].is_secure,
    )  # fmt: skip


def _read_code(person_id: int) -> str | None:
    """Return the code this browser was just given, when it belongs to who sits there now: a phone goes round."""
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(CODE_COOKIE, ""))
        card = current_app.extensions["headstart"].keyring.open("code-card", sealed).decode()
    except ValueError:
        return None
    owner, _space, code = str(card).partition(" ")
    return code if owner == str(person_id) else None


@bp.get("/me/code")
@access(signed_in)
def code_card() -> Response:
    """Show the new code once, to be photographed or written down."""
    code, state = _read_code(this_visitor().id), current_app.extensions["headstart"]
    response = make_response(
        web.render(
            "headstart/accounts/code.html",
            code=None if code is None else services.show_code(code),
            picture=None if code is None else code_picture(state.installation.base_url, code),
            after=web.safe_next(request.args.get("next"), web.url("learning.catalogue")),
        )
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/me/code")
@access(signed_in)
def new_code() -> Response:
    """Replace the code: the old one, and the other devices that used it, end at once."""
    with transaction() as current:
        person = this_person()
        code = services.replace_code(current, current_app.extensions["headstart"].keyring, person)
        services.end_sessions(current, person, keep_token=request.cookies.get(cookie_name()))
        person_id = person.id
    response = redirect(web.url("accounts.code_card"), 303)
    _set_code(response, person_id, code)
    return response


@bp.route("/sign-in", methods=["GET", "POST"])
@access(public, for_offices=True)
def sign_in() -> str | Response | tuple[str, int]:
    """Sign in with a code, or with user name and password."""
    after = web.safe_next(request.values.get("next"), "")
    code_form, password_form = CodeForm(request.form), PasswordSignInForm(request.form)
    problem: LMSError | None = None
    if request.method == "POST":
        try:
            token, person = _sign_in(code_form, password_form)
        except (Invalid, TooMany) as error:
            problem = error
        else:
            response = redirect(after or _home(person), 303)
            _set_session(response, token, current_app.extensions["headstart"].session_lifetime(person))
            return response
    page = web.render(
        "headstart/accounts/sign_in.html", code_form=code_form, password_form=password_form, problem=problem,
        after=after, is_staff=bool(request.values.get("login")) or request.args.get("as") == "staff",
    )  # fmt: skip
    return page if problem is None else (page, problem.status)


def _home(person: Person) -> str:
    if person.has_role("teacher", "examiner", "manager", "admin"):
        return web.url("desk.home")
    if person.has_role("officer"):
        return web.url("certificates.office")
    return web.url("learning.journey")


def _sign_in(code_form: CodeForm, password_form: PasswordSignInForm) -> tuple[str, Person]:
    """Check the code or the password; every failure counts, and all failures sound alike."""
    state = current_app.extensions["headstart"]
    login = (password_form.login.data or "").strip().casefold()
    password = password_form.password.data or ""
    if login or password:
        # apart from the codes: who mistypes hers shuts no member of staff out
        buckets = [(f"sign-in:address:{_address()}", ADDRESS_LIMIT), (_login_bucket(login), LOGIN_LIMIT)]
    else:
        buckets = [(f"sign-in:code:{_address()}", CODE_LIMIT)]
    for bucket, limit in buckets:
        if limits.is_over(session(), bucket, limit):
            raise TooMany(_("Too many tries. Wait 15 minutes, then try again."), WINDOW)
    if login or password:
        with _password_checks:
            person = services.find_staff(session(), login, password)
        failure = _("User name or password is not right. Try again.")
    else:
        person = services.find_person_by_code(
            session(), state.keyring, services.read_code(code_form.code.data or "")
        )
        failure = _("We do not know this code. Look at your card and type it again.")
    if person is None:
        with transaction() as current:
            for bucket, limit in buckets:
                limits.hit(current, bucket, limit + 1, WINDOW)
        raise Invalid(failure)
    person_id = person.id
    with transaction() as current:
        person = current.get_one(Person, person_id)
        if person.is_suspended:
            raise Invalid(failure)
        if before := request.cookies.get(cookie_name()):
            services.sign_out(current, before)  # whoever was signed in here is not any more (ASVS 5.0 7.2.4)
        return services.sign_in(current, person, state.session_lifetime(person)), person


def _login_bucket(login: str) -> str:
    return f"sign-in:login:{login}"


@bp.post("/sign-out")
@access(public)
def sign_out() -> Response:
    """End this session at once, and empty what the browser kept of it."""
    token = request.cookies.get(cookie_name())
    if token:
        with transaction() as current:
            services.sign_out(current, token)
    response = redirect(web.url("learning.catalogue"), 303)
    clear_browser(response)
    return response


@bp.get("/me/account")
@access(signed_in)
def account() -> Response:
    """The account: code or password, devices, data. It may show a name, so nothing keeps it."""
    person = this_person()
    response = make_response(
        web.render("headstart/accounts/account.html", person=person, form=ChangePasswordForm(),
                   devices=_devices(person), problem=None)
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


def _devices(person: Person) -> int:
    return len(session().scalars(select(SignIn.id).where(SignIn.person_id == person.id)).all())


@bp.post("/me/account/password")
@access(signed_in)
def change_password() -> str | Response | tuple[str, int]:
    """Change the password; other devices must sign in again."""
    form = ChangePasswordForm(request.form)
    problem: LMSError | None = None
    if form.validate():
        bucket = _login_bucket(this_visitor().login or "")
        try:
            if limits.is_over(session(), bucket, LOGIN_LIMIT):
                raise TooMany(_("Too many tries. Wait 15 minutes, then try again."), WINDOW)
            with _password_checks:
                fresh = services.new_password_hash(this_person(), form.old.data, form.new.data)
            with transaction() as current:
                services.change_password(
                    current, this_person(), fresh, keep_token=request.cookies.get(cookie_name())
                )
            return redirect(web.url("accounts.account"), 303)
        except (Invalid, TooMany) as error:
            problem = error
            if error.code == "old-password":  # else an open session would be a place to guess the password
                with transaction() as current:
                    limits.hit(current, bucket, LOGIN_LIMIT + 1, WINDOW)
    person = this_person()
    page = web.render("headstart/accounts/account.html", person=person, form=form, devices=_devices(person),
                           problem=problem)  # fmt: skip
    return page, 422 if problem is None else problem.status


@bp.post("/me/account/devices")
@access(signed_in)
def end_other_devices() -> Response:
    """Sign out everywhere but here."""
    with transaction() as current:
        services.end_sessions(current, this_person(), keep_token=request.cookies.get(cookie_name()))
    return redirect(web.url("accounts.account"), 303)


@bp.after_app_request
def prolong_session(response: Response) -> Response:
    """Keep a session that is used alive, and its cookie: at most one write in five minutes."""
    if token := g.pop("hs_touch", None):
        with transaction() as current:
            person = services.find_person_by_token(current, token)
            if person is not None:
                lifetime = current_app.extensions["headstart"].session_lifetime(person)
                services.touch(current, token, lifetime)
                if not response.cache_control.public:
                    _set_session(response, token, lifetime)
    return response
