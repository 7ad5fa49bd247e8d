"""What waits for its time: a course that is to be published at an hour, texts that are not needed any more."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy.exc import OperationalError

from ..kernel.db import transaction
from ..kernel.errors import Conflict, LMSError
from ..kernel.i18n import _
from ..kernel.jobs import job
from . import publishing, texts
from .house import House

log = logging.getLogger("headstart.authoring")


@job(publishing.PUBLISH)
def publish_at_its_time(payload: dict[str, Any]) -> None:
    """Publish what is due; when it is refused, the reason stands on the page of the course."""
    uuid = UUID(payload["draft"])
    house = House.of(current_app.extensions["headstart"])
    try:
        with transaction() as current:
            publishing.publish_due(current, house, uuid)
    except LMSError as error:
        _refuse(uuid, error)
    except OperationalError:  # the database is away or busy: tried again
        raise
    except Exception:
        log.exception("publishing a draft at its time failed")
        _refuse(
            uuid, Conflict(_("This course could not be published. Publish it by hand, or choose a new time."))
        )


def _refuse(uuid: UUID, error: LMSError) -> None:
    with transaction() as current:
        publishing.refuse(current, uuid, error)


@job(texts.TIDY)
def tidy_texts(payload: dict[str, Any]) -> None:
    """Delete what autosaves wrote between two versions, a day later."""
    with transaction() as current:
        texts.tidy(current)
