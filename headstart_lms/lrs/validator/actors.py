"""Agents, groups, verbs (1.0.3 Data 2.4.2, 2.4.3; 2.0 4.2.2.1, 4.2.2.2)."""

from __future__ import annotations

from typing import Any, Final

from . import formats
from . import values as v
from .errors import Problem

AGENT: Final = "1.0.3 Data 2.4.2.1; 2.0 4.2.2.1"
GROUP: Final = "1.0.3 Data 2.4.2.2; 2.0 4.2.2.1"
IFI: Final = "1.0.3 Data 2.4.2.3; 2.0 4.2.2.1"
ACCOUNT: Final = "1.0.3 Data 2.4.2.4; 2.0 4.2.2.1"
VERB: Final = "1.0.3 Data 2.4.3; 2.0 4.2.2.2"

IFIS: Final = ("account", "mbox", "mbox_sha1sum", "openid")

_ACCOUNT_RULES: Final[v.Rules] = {"homePage": v.iri, "name": v.text("The name of an account", ACCOUNT)}


def _account(value: Any) -> None:
    v.check_object(value, _ACCOUNT_RULES, {"homePage", "name"}, "An account", ACCOUNT)


def _word(expected: str, clause: str) -> v.Check:
    def check(value: Any) -> None:
        if value != expected:
            raise Problem(clause, f"The objectType must be “{expected}” here.")

    return check


_AGENT_RULES: Final[v.Rules] = {
    "objectType": _word("Agent", AGENT),
    "name": v.text("A name", AGENT),
    "mbox": v.formatted(formats.is_mailto, "a mailto IRI with one address", IFI),
    "mbox_sha1sum": v.formatted(formats.is_sha1, "a SHA-1 in hexadecimal", IFI),
    "openid": v.iri,
    "account": _account,
}


def agent(value: Any) -> None:
    """An agent: exactly one inverse functional identifier."""
    v.check_object(value, _AGENT_RULES, frozenset(), "An agent", AGENT)
    if _count_ifis(value) != 1:
        raise Problem(IFI, "An agent needs exactly one of: account, mbox, mbox_sha1sum, openid.")


def _members(value: Any) -> None:
    v.check_list(value, agent, "The members of a group", GROUP)


_GROUP_RULES: Final[v.Rules] = {**_AGENT_RULES, "objectType": _word("Group", GROUP), "member": _members}


def group(value: Any) -> None:
    """A group: one identifier, or members."""
    v.check_object(value, _GROUP_RULES, {"objectType"}, "A group", GROUP)
    ifis = _count_ifis(value)
    if ifis > 1:
        raise Problem(IFI, "A group has at most one of: account, mbox, mbox_sha1sum, openid.")
    if ifis == 0 and "member" not in value:
        raise Problem(GROUP, "A group without an identifier needs “member”.")


def actor(value: Any) -> None:
    """An agent or a group; without objectType it is an agent."""
    if type(value) is dict and value.get("objectType") == "Group":
        group(value)
    else:
        agent(value)


def authority(value: Any) -> None:
    """An agent, or a group of exactly two agents (1.0.3 Data 2.4.9; 2.0 4.2.4.2)."""
    actor(value)
    if value.get("objectType") == "Group":
        clause = "1.0.3 Data 2.4.9; 2.0 4.2.4.2"
        if _count_ifis(value):
            raise Problem(clause, "An authority that is a group must be anonymous.")
        if len(value.get("member", ())) != 2:
            raise Problem(clause, "An authority that is a group must have exactly two members.", "member")


def _count_ifis(value: dict[str, Any]) -> int:
    return sum(name in value for name in IFIS)


_VERB_RULES: Final[v.Rules] = {"id": v.iri, "display": v.language_map}


def verb(value: Any) -> None:
    v.check_object(value, _VERB_RULES, {"id"}, "A verb", VERB)
