"""What every page shares: language, access, origin check, errors, headers, the user interface's context."""

from __future__ import annotations

import hashlib
import re
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    request,
    url_for,
)
from flask_wtf.csrf import validate_csrf
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse
from wtforms.validators import ValidationError

from . import i18n
from .access import changes_nothing, credential, readers_of, rule_of
from .compress import compress
from .db import session
from .errors import LMSError, NotAllowed, SignInNeeded, TooMany
from .i18n import _, _l

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "worker-src 'self'; manifest-src 'self'"
)
LANGUAGE_COOKIE = "hs_lang"
#: Bytes of a form without files; only files and statements may be larger.
MAX_FORM = 512 * 1024
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def choose_language() -> None:
    """Choose the language of the page: ``?lang=``, then the cookie, then Accept-Language.

    A language in which there are courses but no pages may be chosen too: the texts of courses are then read in it,
    the page itself in the language before, or the best of the others. The cookie holds both: ``so.ar``.
    """
    languages = offered_languages()
    # werkzeug's best_match prefers an exact "en" to a wished "ar-EG"
    wished = (tag.split("-")[0].lower() for tag in request.accept_languages.values())
    best = next((tag for tag in wished if tag in languages), "en")
    asked = request.args.get("lang", "")
    kept, _dot, page = request.cookies.get(LANGUAGE_COOKIE, "").partition(".")
    page = next((tag for tag in (page, kept) if tag in languages), best)
    for tag in (asked, kept):
        if tag in languages:
            i18n.set_language(tag)
        elif tag and _is_read(tag):
            i18n.set_language(page, reading=tag)
        else:
            continue
        if tag == asked:
            g.hs_set_language = asked if asked in languages else f"{asked}.{page}"
        return
    i18n.set_language(page)


def _is_read(tag: str) -> bool:
    """Tell whether a published course is in a language; only pages of learners ask, and they do not fail by it."""
    view = current_app.view_functions.get(request.endpoint or "")
    if (
        view is None
        or readers_of(view) != "learners"
        or (request.endpoint or "").endswith(("static", "healthz"))
    ):
        return False
    try:
        return tag in current_app.extensions["headstart"].course_languages()
    except SQLAlchemyError:
        return False  # the page itself says that the database is away


def offered_languages() -> dict[str, str]:
    """Return the languages this page can be read in: fewest for staff, most where offices check certificates."""
    view = current_app.view_functions.get(request.endpoint or "")
    return i18n.offered("learners" if view is None else readers_of(view))


def limit_form() -> None:
    """Refuse a huge form before it is read: Werkzeug limits neither size nor fields of this kind of body."""
    view = current_app.view_functions.get(request.endpoint or "")
    rule = rule_of(view) if view is not None else None
    if rule is not None and (most := getattr(view, "most_bytes", None)) and request.method == "POST":
        choose_language()
        rule()  # who may not use it sends no large file
        request.max_content_length = most
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = min(MAX_FORM, request.max_content_length or MAX_FORM)


def refuse_nul() -> None:
    """Refuse the character 0, which nobody types and PostgreSQL stores nowhere: its driver would raise."""
    form = request.form.items(multi=True) if request.method == "POST" else ()
    texts = [request.path, *(part for pair in request.args.items(multi=True) for part in pair)]
    if any("\0" in text for text in (*texts, *(part for pair in form for part in pair))):
        abort(400)


def check_access() -> None:
    """Refuse forms of other sites, then run the rule of the view; a view without one is closed."""
    if request.endpoint is None:
        return
    view = current_app.view_functions[request.endpoint]
    rule = rule_of(view)
    if rule is None:
        raise NotAllowed(_("Nobody may use this page."))
    if rule is not credential:  # programs send bodies of their own, which the view reads and checks
        refuse_nul()
    if rule is not credential and not changes_nothing(
        view
    ):  # a program sends no cookie a foreign page could use
        check_origin()
    rule()


def check_origin() -> None:
    """Refuse a form that another site sent (cross-site request forgery).

    Browsers say where a request comes from (Sec-Fetch-Site, else Origin); a page kept for days on a phone has
    no fresh token, so the token of Flask-WTF decides only when the browser says nothing.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise NotAllowed(_("This form was sent from another site. Open the page here and try again."))
        return
    origin = request.headers.get("Origin")
    if origin is not None:
        if urlsplit(origin).netloc != request.host:
            raise NotAllowed(_("This form was sent from another site. Open the page here and try again."))
        return
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError as error:
        raise NotAllowed(_("This page is too old. Load it again, then send the form once more.")) from error


def wants_json() -> bool:
    if request.path.rsplit("/", 1)[-1].endswith(".json") or "/api/" in request.path:
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best in ("application/json", "application/problem+json") and (
        request.accept_mimetypes[best] > request.accept_mimetypes["text/html"]
    )


def answer_error(error: LMSError) -> BaseResponse:
    """Answer an error of ours: a page with one sentence, or application/problem+json (RFC 9457)."""
    if isinstance(error, SignInNeeded) and not wants_json() and request.method in SAFE_METHODS:
        return redirect(url("accounts.sign_in", next=request.full_path.rstrip("?")), 303)
    status = error.status
    if wants_json():
        response: BaseResponse = jsonify(
            {"type": f"urn:headstart:{error.code}", "title": error.message, "status": status}
        )
        response.content_type = "application/problem+json"
    elif isinstance(error, SignInNeeded) and (kept := _written()):
        response = make_response(
            render(
                "headstart/again.html", fields=kept, sign_in=url("accounts.sign_in"), message=error.message
            )
        )
    else:
        response = make_response(
            render(
                "headstart/error.html",
                message=error.message,
                status=status,
                code=error.code,
                back=None,
                heading=None,
            )
        )
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


#: A form with one of these fields is not kept in a page: it holds a secret, or who somebody is.
_SECRETS = {"password", "old", "new", "login", "code", "passport_name", "own_name", "year"}


def _written() -> list[tuple[str, str]]:
    """Return what a form sent after the sign-in was over, for a page that can send it again."""
    if request.method != "POST" or request.mimetype != "application/x-www-form-urlencoded":
        return []
    if _SECRETS & set(request.form):
        return []
    return [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]


_HTTP_SENTENCES = {
    400: _l("The request could not be read. Go back and try again."),
    404: _l("This page does not exist. Check the address, or start from the first page."),
    405: _l("This page cannot do that. Go back and try again."),
    413: _l("This is too large. Send something smaller."),
    415: _l("This kind of file is not taken here."),
}


def answer_http_error(error: HTTPException) -> BaseResponse:
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()
    found = LMSError(
        str(_HTTP_SENTENCES.get(error.code, _("Something is not right with this request."))), "http"
    )
    found.status = error.code
    response = answer_error(found)
    if error.code == 405:
        response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ["GET"])
    return response


def answer_crash(error: Exception) -> BaseResponse:
    """Answer what we did not expect: a sentence, never a trace; the log has the rest, under a number."""
    number = secrets.token_hex(4)
    current_app.logger.exception("error %s at %s", number, request.endpoint)
    session().rollback()  # PostgreSQL answers nothing more in a transaction that failed
    g.setdefault("hs_visitor", None)  # the database may be what failed: the page's frame asks it nothing
    crash = LMSError(
        _("Something went wrong here, not with you. Try again. Number: %(number)s", number=number), "crash"
    )
    return answer_error(crash)


def finish(response: Response) -> Response:
    """Set the headers that every answer of ours carries, and the cookies this request decided on."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CSP)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(self), camera=(self)")
    state = current_app.extensions["headstart"]
    if state.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if response.mimetype == "text/html":
        headers.setdefault("Cache-Control", "private, no-cache")
        headers.setdefault("Content-Language", i18n.language())
        response.vary.update(["Cookie", "Accept-Language"])
    if chosen := g.get("hs_set_language"):
        response.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=31536000, secure=state.is_secure, httponly=True, samesite="Lax"
        )
    return response


def url(endpoint: str, **values: Any) -> str:
    """Return the address of one of our pages, by ``<module>.<view>``."""
    return _url(current_app.extensions["headstart"], request.script_root, endpoint, tuple(values.items()))


@lru_cache(maxsize=8192)
def _url(state: object, script_root: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
    """Build an address; a page has dozens, and each costs 35 microseconds to build."""
    return url_for(f"headstart.{endpoint}", **dict(values))


def render(template: str, **context: Any) -> str:
    """Render one of our templates with the frame's context: ``ui`` and what the view gives."""
    state = current_app.extensions["headstart"]
    ui = state.ui()
    ui.accent = context.pop("accent", None)
    return str(state.jinja.get_template(template).render(ui=ui, lms=state, request=request, **context))


def fragment(template: str, **context: Any) -> Markup:
    """Render a piece of a page, to be kept and put into pages as it is."""
    return Markup(render(template, **context))  # noqa: S704 - made by our own escaping templates


def safe_next(target: str | None, fallback: str) -> str:
    """Return a path of this site to go on to, or the fallback: never another host (TRUST 3.1)."""
    if (
        not target
        or re.search(r"[\x00-\x20\\]", target)
        or not target.startswith("/")
        or target.startswith("//")
    ):
        return fallback
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return fallback
    return parts.path + (f"?{parts.query}" if parts.query else "")


def with_lang(code: str) -> str:
    """Return the address of this page in another language."""
    arguments = {k: v for k, v in request.args.items() if k != "lang"}
    return f"{request.script_root}{request.path}?{urlencode({**arguments, 'lang': code})}"


@lru_cache
def tree_hash(folder: Path) -> str:
    """Return a short hash over all static files: the folder name under which they may be cached for ever."""
    total = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:12]


def guard(bp: Blueprint) -> None:
    """Attach all of this to our blueprint, and to nothing else of a host."""
    bp.before_request(limit_form)
    bp.before_request(choose_language)
    bp.before_request(check_access)
    bp.after_request(finish)
    bp.register_error_handler(LMSError, answer_error)
    bp.register_error_handler(HTTPException, answer_http_error)
    bp.register_error_handler(Exception, answer_crash)


def guard_app(app: Flask) -> None:
    """Answer in our way also where no route of ours fits: only when the application is ours."""

    def not_found(error: HTTPException) -> BaseResponse:
        choose_language()
        return answer_http_error(error)

    for code in (404, 405, 413):
        app.register_error_handler(code, not_found)
    app.after_request(compress)  # the last declared runs first: headers, then compression
    app.after_request(finish)
