"""The address of an installation: kept for ever, but a demo may move."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import request
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from headstart_lms.app import create_app
from headstart_lms.kernel.errors import Conflict, Invalid
from headstart_lms.kernel.settings import Setting, find_installation, keep_installation

REAL = "https://learn.example.org"
HERE = "http://127.0.0.1:8000"
NEXT_DOOR = "http://127.0.0.1:8010"
BOX = "http://192.168.1.10:8000"


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Setting.__table__.create(engine)  # type: ignore[attr-defined]
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def test_without_any_address_it_is_a_demo_on_this_computer(session: Session) -> None:
    made = keep_installation(session, None, None)
    assert (made.base_url, made.is_demo) == (HERE, True)


def test_a_demo_moves_and_keeps_the_base_of_its_statements(session: Session) -> None:
    before = keep_installation(session, None, None, demo_url=HERE)
    moved = keep_installation(session, None, None, demo_url=NEXT_DOOR)
    assert moved == find_installation(session)
    assert moved.base_url == NEXT_DOOR
    assert (moved.iri_base, moved.uuid) == (before.iri_base, before.uuid)


def test_init_without_an_address_moves_nothing(session: Session) -> None:
    keep_installation(session, NEXT_DOOR, None)
    assert keep_installation(session, None, None).base_url == NEXT_DOOR


def test_the_box_in_a_centre_does_not_move_back_to_loopback_by_itself(session: Session) -> None:
    keep_installation(session, BOX, None)
    assert keep_installation(session, None, None, demo_url=HERE).base_url == BOX
    assert keep_installation(session, "http://10.0.0.7", None).base_url == "http://10.0.0.7"


def test_a_real_installation_ignores_the_address_of_a_demo(session: Session) -> None:
    keep_installation(session, REAL, None)
    assert keep_installation(session, None, None, demo_url=NEXT_DOOR).base_url == REAL


@pytest.mark.parametrize("other", ["https://other.example.org", HERE, f"{REAL}/learn"])
def test_a_real_installation_refuses_another_address(session: Session, other: str) -> None:
    keep_installation(session, REAL, None)
    with pytest.raises(Conflict, match="learn.example.org"):
        keep_installation(session, other, None)
    assert keep_installation(session, f"{REAL}/", None).base_url == REAL


def test_a_demo_never_becomes_real(session: Session) -> None:
    keep_installation(session, HERE, None)
    with pytest.raises(Conflict, match="new instance"):
        keep_installation(session, REAL, None)


@pytest.mark.parametrize(
    "address", ["learn.example.org", "ftp://example.org", "http://0.0.0.0", f"{REAL}?a=1"]
)
def test_what_nobody_can_open_is_no_address(session: Session, address: str) -> None:
    with pytest.raises(Invalid):
        keep_installation(session, address, None)
    assert find_installation(session) is None


@pytest.mark.parametrize("proxies, seen", [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.7")])
def test_limits_count_the_visitor_behind_our_own_proxies_and_believe_nobody_else(
    proxies: int, seen: str, tmp_path: Path
) -> None:
    app = create_app({"HEADSTART_INSTANCE": str(tmp_path), "HEADSTART_PROXIES": proxies})

    @app.get("/who")
    def who() -> str:
        return str(request.remote_addr)

    forwarded = {"X-Forwarded-For": "6.6.6.6, 198.51.100.7, 203.0.113.9"}
    assert app.test_client().get("/who", headers=forwarded).text == seen
