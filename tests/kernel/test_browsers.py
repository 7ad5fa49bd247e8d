"""The tests themselves: two clients are two people, and nothing leaves this computer."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from flask import Flask, has_app_context, has_request_context

from tests.browsing import Browser


@pytest.mark.every_app
def test_two_browsers_are_two_people(app: Flask, as_person: Callable[[str], Browser]) -> None:
    amina, bruno, nobody = as_person("amina"), as_person("bruno"), Browser(app)
    assert bruno.open("/teach").status == 200
    assert amina.open("/teach").status == 404
    assert bruno.open("/teach").status == 200
    assert amina.open("/me").status == 200
    assert nobody.open("/me").path.endswith("/sign-in")
    amina.send(amina.open("/me/account").form(to="/sign-out"))
    assert amina.open("/me").path.endswith("/sign-in")
    assert bruno.open("/me").status == 200


def test_no_request_is_open_around_a_test(app: Flask) -> None:
    assert not has_request_context()
    assert not has_app_context()


def test_the_network_is_out_of_reach() -> None:
    with socket.socket() as connection, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        connection.connect(("192.0.2.1", 80))
