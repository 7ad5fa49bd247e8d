"""Our own validator: pure, compiled once, every rule with its clause.

Clauses: "1.0.3 Data x" and "1.0.3 Communication x" are Parts Two and Three of xAPI 1.0.3, "2.0 x" is IEEE
9274.1.1. Unknown properties, null outside extensions and wrong types are refused everywhere
(1.0.3 Data 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import actors, formats
from .errors import BadRequest, InvalidStatement, Problem
from .json_input import parse_json
from .statements import check_statement

__all__ = [
    "BadRequest", "InvalidStatement", "Problem", "actors", "check_batch", "check_statement", "formats",
    "parse_json",
]  # fmt: skip


def check_batch(statements: Sequence[Any], version: str) -> None:
    """Check a batch by the rules of the request's version ("1.0.3" or "2.0.0").

    Raises InvalidStatement for the first statement that breaks a rule; an id twice in a batch breaks one
    (1.0.3 Communication 2.1.2; 2.0 4.1.6.1).
    """
    seen: set[str] = set()
    for index, statement in enumerate(statements):
        try:
            check_statement(statement, version)
            given = statement.get("id")
            if given is not None:
                if given.lower() in seen:
                    clause = "1.0.3 Communication 2.1.2; 2.0 4.1.6.1"
                    raise Problem(clause, "This id stands twice in the batch.", "id")
                seen.add(given.lower())
        except Problem as problem:
            raise InvalidStatement(index, problem.pointer, problem.clause, problem.sentence) from problem
