"""The errors our services raise. One handler at the edge turns them into a page or problem+json."""

from __future__ import annotations


class LMSError(Exception):
    """Something we refuse, with the sentence that tells the person what to do.

    ``status`` is the HTTP status, ``code`` a stable word for programs, ``message`` one sentence for people.
    """

    status = 500
    code = "error"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class NotFound(LMSError):
    status, code = 404, "not-found"


class NotAllowed(LMSError):
    status, code = 403, "not-allowed"


class Conflict(LMSError):
    status, code = 409, "conflict"


class Invalid(LMSError):
    status, code = 422, "invalid"


class TooMany(LMSError):
    status, code = 429, "too-many"

    def __init__(self, message: str, retry_after: int, code: str | None = None) -> None:
        """``retry_after`` is in whole seconds."""
        super().__init__(message, code)
        self.retry_after = retry_after


class SignInNeeded(LMSError):
    status, code = 401, "sign-in-needed"


class NotReady(LMSError):
    status, code = 503, "not-ready"
