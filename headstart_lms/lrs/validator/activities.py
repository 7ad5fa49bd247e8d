"""Activities, results, attachments (1.0.3 Data 2.4.4.1, 2.4.5, 2.4.11; 2.0 4.2.2.3, 4.2.2.4, 4.2.2.6)."""

from __future__ import annotations

from typing import Any, Final

from . import formats
from . import values as v
from .actors import _word
from .errors import Problem

ACTIVITY: Final = "1.0.3 Data 2.4.4.1; 2.0 4.2.2.3"
RESULT: Final = "1.0.3 Data 2.4.5; 2.0 4.2.2.4"
SCORE: Final = "1.0.3 Data 2.4.5.1; 2.0 4.2.2.4"
ATTACHMENT: Final = "1.0.3 Data 2.4.11; 2.0 4.2.2.6"

INTERACTIONS: Final = frozenset({
    "true-false", "choice", "fill-in", "long-fill-in", "matching", "performance", "sequencing", "likert",
    "numeric", "other",
})  # fmt: skip
#: Which interaction types a list of components belongs to (1.0.3 Data 2.4.4.1, "Interaction Components").
COMPONENTS: Final = {
    "choices": frozenset({"choice", "sequencing"}),
    "scale": frozenset({"likert"}),
    "source": frozenset({"matching"}),
    "target": frozenset({"matching"}),
    "steps": frozenset({"performance"}),
}


def _interaction_type(value: Any) -> None:
    if type(value) is not str or value not in INTERACTIONS:
        raise Problem(ACTIVITY, "This must be one of: " + ", ".join(sorted(INTERACTIONS)) + ".")


_COMPONENT_RULES: Final[v.Rules] = {
    "id": v.text("The id of an interaction component", ACTIVITY),
    "description": v.language_map,
}


def _component(value: Any) -> None:
    v.check_object(value, _COMPONENT_RULES, {"id"}, "An interaction component", ACTIVITY)


def _components(value: Any) -> None:
    v.check_list(value, _component, "Interaction components", ACTIVITY)
    if len({part["id"] for part in value}) != len(value):
        raise Problem(ACTIVITY, "The ids of the components must differ from one another.")


def _responses(value: Any) -> None:
    v.check_list(value, v.text("A correct response", ACTIVITY), "The correct responses", ACTIVITY)


_DEFINITION_RULES: Final[v.Rules] = {
    "name": v.language_map,
    "description": v.language_map,
    "type": v.iri,
    "moreInfo": v.iri,
    "extensions": v.extensions,
    "interactionType": _interaction_type,
    "correctResponsesPattern": _responses,
    **dict.fromkeys(COMPONENTS, _components),
}


def definition(value: Any) -> None:
    v.check_object(value, _DEFINITION_RULES, frozenset(), "An activity definition", ACTIVITY)
    interaction = value.get("interactionType")
    if interaction is None:
        if "correctResponsesPattern" in value or not COMPONENTS.keys().isdisjoint(value):
            raise Problem(ACTIVITY, "A definition of an interaction needs “interactionType”.")
        return
    for name, interactions in COMPONENTS.items():
        if name in value and interaction not in interactions:
            raise Problem(ACTIVITY, f"“{name}” does not belong to the type {interaction}.", name)


_ACTIVITY_RULES: Final[v.Rules] = {
    "objectType": _word("Activity", ACTIVITY),
    "id": v.iri,
    "definition": definition,
}


def activity(value: Any) -> None:
    v.check_object(value, _ACTIVITY_RULES, {"id"}, "An activity", ACTIVITY)


# --- result --------------------------------------------------------------------------------------

_SCORE_RULES: Final[v.Rules] = dict.fromkeys(("scaled", "raw", "min", "max"), v.number)


def _score(value: Any) -> None:
    v.check_object(value, _SCORE_RULES, frozenset(), "A score", SCORE)
    scaled, raw, low, high = (value.get(name) for name in ("scaled", "raw", "min", "max"))
    if scaled is not None and not -1 <= scaled <= 1:
        raise Problem(SCORE, "A scaled score lies between -1 and 1.", "scaled")
    if low is not None and high is not None and low >= high:
        raise Problem(SCORE, "The least score must be less than the greatest.", "min")
    if raw is not None and ((low is not None and raw < low) or (high is not None and raw > high)):
        raise Problem(SCORE, "A raw score lies between the least and the greatest.", "raw")


_RESULT_RULES: Final[v.Rules] = {
    "score": _score,
    "success": v.boolean,
    "completion": v.boolean,
    "response": v.text("A response", RESULT),
    "duration": v.duration,
    "extensions": v.extensions,
}


def result(value: Any) -> None:
    v.check_object(value, _RESULT_RULES, frozenset(), "A result", RESULT)


# --- attachments -----------------------------------------------------------------------------------


def _length(value: Any) -> None:
    if type(value) is not int or value < 0:
        raise Problem(ATTACHMENT, "The length of an attachment is a whole number of bytes.")


_ATTACHMENT_RULES: Final[v.Rules] = {
    "usageType": v.iri,
    "display": v.language_map,
    "description": v.language_map,
    "contentType": v.formatted(formats.is_media_type, "an Internet media type", ATTACHMENT),
    "length": _length,
    "sha2": v.formatted(formats.is_sha2, "a SHA-2 in hexadecimal", ATTACHMENT),
    "fileUrl": v.iri,
}
_ATTACHMENT_REQUIRED: Final = frozenset({"usageType", "display", "contentType", "length", "sha2"})


def _attachment(value: Any) -> None:
    v.check_object(value, _ATTACHMENT_RULES, _ATTACHMENT_REQUIRED, "An attachment", ATTACHMENT)


def attachments(value: Any) -> None:
    v.check_list(value, _attachment, "The attachments", ATTACHMENT)
