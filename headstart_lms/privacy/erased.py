"""Who was erased, kept outside the database: a restored backup must bring nobody back."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..kernel.crypto import digest
from ..kernel.db import after_commit
from . import services

#: In the instance folder; a line for each: the SHA-256 (hex) of a random id that nothing else holds any more.
FILE = "erased.txt"


def erase(session: Session, person: Person, folder: Path) -> dict[str, int]:
    """Erase a person as ``services.erase`` does, and write it down once that is committed."""
    uuid = person.uuid
    result = services.erase(session, person)
    after_commit(lambda: _note(folder / FILE, uuid))
    return result


def _note(file: Path, uuid: UUID) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, f"{digest(str(uuid))}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def erase_again(session: Session, folder: Path) -> int:
    """Erase whom a backup brought back; return how many."""
    file = folder / FILE
    gone = set(file.read_text().split()) if file.exists() else set()
    back = (
        [person for person in session.scalars(select(Person)) if digest(str(person.uuid)) in gone]
        if gone
        else []
    )
    for person in back:
        services.erase(session, person)
    return len(back)
