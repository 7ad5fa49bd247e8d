"""Say in words what a statement tells: "Answered “Buongiorno” correctly". Pure: JSON in, words out.

Sentences have no subject, so that the same ones fit for the person herself, for staff and for an operator; who is meant
the page knows. Nothing shames: what was not right is "not yet right". Names of courses, units and questions come from
``name_of``, given from above; what nobody above knows is named by its own definition, or by the end of its IRI.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal
from urllib.parse import unquote

from ..kernel import i18n
from ..kernel.i18n import _
from ..kernel.languages import MARKED
from ..xapi import vocabulary as v
from .terms import as_list

Statement = Mapping[str, Any]
Tone = Literal["right", "careful", "plain"]
_LONG: Final = 90
_MARK: Final = "\x00"


@dataclass(frozen=True, slots=True)
class Name:
    """What something is called, and in which language; the ``words`` filter of pages takes it as it is.

    ``is_title`` is False for a description ("a question of a test"), which stands without quotation marks.
    """

    text: str
    lang: str | None = None
    translated: bool = True
    is_title: bool = True

    @property
    def plain(self) -> str:
        return MARKED.sub(r"\1", self.text)


#: Returns what is known above of an activity (its IRI) that a statement is about; None when nothing is.
NameOf = Callable[[str, Statement], Name | None]


def nobody_knows(iri: str, statement: Statement) -> Name | None:
    """Know no names: for statements of others."""
    return None


@dataclass(frozen=True, slots=True)
class Sentence:
    """What happened: ``before``, the name, ``after`` make one line; ``facts`` are results as short words."""

    before: str
    name: Name
    after: str
    tone: Tone
    facts: tuple[str, ...]
    #: The unit or test it happened in, when that is another thing.
    within: Name | None

    @property
    def plain(self) -> str:
        """The sentence as text without markup."""
        name = _("“%(text)s”", text=self.name.plain) if self.name.is_title else self.name.plain
        return f"{self.before}{name}{self.after}"


def sentence(statement: Statement, name_of: NameOf = nobody_knows, *, is_open: bool = False) -> Sentence:
    """Return what a valid statement tells, in the language of the page.

    ``is_open``: it belongs to a test that still runs, so what the answer was worth is not said.
    """
    result = {} if is_open else statement.get("result", {})
    template, tone = _template(statement["verb"], result)
    if statement["verb"]["id"] == v.INTERACTED and _kind(statement) == v.WORD:
        template = _("Reviewed %(object)s", object=_MARK)
    before, _found, after = template.partition(_MARK)
    return Sentence(
        before, _object_name(statement, name_of), after, tone, _facts(result), _within(statement, name_of)
    )


def _kind(statement: Statement) -> object:
    """Return the type of the activity a statement is about, where it gives one."""
    definition = statement["object"].get("definition")
    return definition.get("type") if isinstance(definition, Mapping) else None


# --- what was done -----------------------------------------------------------------------------------

_ADL = "http://adlnet.gov/expapi/verbs/"
_W3ID = "https://w3id.org/xapi/"


def _template(verb: Mapping[str, Any], result: Mapping[str, Any]) -> tuple[str, Tone]:
    """Return the sentence with a mark where the name goes."""
    iri = verb["id"]
    if iri == v.ANSWERED:
        return _answered(result)
    if iri == v.FAILED:
        return _("Took %(object)s: not passed yet", object=_MARK), "careful"
    known = _known(iri)
    if known is not None:
        return known, "right" if iri in (v.PASSED, v.EARNED, v.COMPLETED, f"{_ADL}mastered") else "plain"
    shown = _pick(verb.get("display", {}))
    word = shown.text if shown else tail(iri)
    return _("%(verb)s: %(object)s", verb=word.replace(_MARK, ""), object=_MARK), "plain"


def _answered(result: Mapping[str, Any]) -> tuple[str, Tone]:
    success, scaled = result.get("success"), result.get("score", {}).get("scaled")
    if success is True:
        return _("Answered %(object)s correctly", object=_MARK), "right"
    if success is False and scaled is not None and scaled > 0:
        return _("Answered %(object)s partly right", object=_MARK), "careful"
    if success is False:
        return _("Answered %(object)s: not yet right", object=_MARK), "careful"
    return _("Answered %(object)s", object=_MARK), "plain"


def _known(iri: str) -> str | None:
    """Return the sentence of a verb of ours, of cmi5, or of those that other tools often send."""
    match iri:
        case v.REGISTERED:
            return _("Began %(object)s", object=_MARK)
        case v.INITIALIZED:
            return _("Started %(object)s", object=_MARK)
        case v.PASSED:
            return _("Passed %(object)s", object=_MARK)
        case v.COMPLETED:
            return _("Finished %(object)s", object=_MARK)
        case v.EARNED:
            return _("Earned %(object)s", object=_MARK)
        case v.VOIDED:
            return _("Took back %(object)s", object=_MARK)
        case "http://adlnet.gov/expapi/verbs/launched":
            return _("Opened %(object)s", object=_MARK)
        case "http://adlnet.gov/expapi/verbs/terminated" | "http://adlnet.gov/expapi/verbs/exited":
            return _("Closed %(object)s", object=_MARK)
        case "https://w3id.org/xapi/adl/verbs/abandoned":
            return _("Left %(object)s before the end", object=_MARK)
        case "https://w3id.org/xapi/adl/verbs/waived":
            return _("Did not need to do %(object)s", object=_MARK)
        case "https://w3id.org/xapi/adl/verbs/satisfied":
            return _("Did everything that %(object)s asks for", object=_MARK)
        case "http://adlnet.gov/expapi/verbs/experienced" | "http://id.tincanapi.com/verb/viewed":
            return _("Looked at %(object)s", object=_MARK)
        case "http://adlnet.gov/expapi/verbs/attempted":
            return _("Tried %(object)s", object=_MARK)
        case "http://adlnet.gov/expapi/verbs/attended":
            return _("Took part in %(object)s", object=_MARK)
        case "http://adlnet.gov/expapi/verbs/interacted":
            return _("Used %(object)s", object=_MARK)
        case "http://adlnet.gov/expapi/verbs/progressed" | "http://adlnet.gov/expapi/verbs/resumed":
            return _("Went on with %(object)s", object=_MARK)
        case "http://adlnet.gov/expapi/verbs/suspended":
            return _("Stopped for now: %(object)s", object=_MARK)
        case "http://adlnet.gov/expapi/verbs/scored":
            return _("Got a result for %(object)s", object=_MARK)
        case "http://adlnet.gov/expapi/verbs/mastered":
            return _("Mastered %(object)s", object=_MARK)
        case "http://id.tincanapi.com/verb/downloaded":
            return _("Downloaded %(object)s", object=_MARK)
        case "https://w3id.org/xapi/video/verbs/played" | "https://w3id.org/xapi/audio/verbs/played":
            return _("Played %(object)s", object=_MARK)
    return None


# --- what it was about ---------------------------------------------------------------------------------


def _object_name(statement: Statement, name_of: NameOf) -> Name:
    target = statement["object"]
    match target.get("objectType", "Activity"):
        case "Activity":
            return activity_name(target, statement, name_of)
        case "StatementRef":
            return Name(_("the statement %(id)s", id=str(target["id"]).lower()), is_title=False)
        case "SubStatement":
            return Name(
                _("a plan or report about %(object)s", object=_object_name(target, name_of).plain),
                is_title=False,
            )
        case "Group":
            return Name(_("a group"), is_title=False)
    return Name(_("a person"), is_title=False)


def activity_name(activity: Mapping[str, Any], statement: Statement, name_of: NameOf) -> Name:
    """Return what an activity of a statement is called: by whoever is above, by its definition, by its IRI."""
    found = name_of(activity["id"], statement) or _pick(activity.get("definition", {}).get("name", {}))
    return shortened(found or Name(tail(activity["id"])))


def shortened(name: Name) -> Name:
    """Cut what is too long for a line; marks of other languages go with it."""
    plain = " ".join(name.plain.split())
    if len(plain) <= _LONG:
        return name
    return Name(plain[: _LONG - 1].rstrip() + "…", name.lang, name.translated, name.is_title)


def _within(statement: Statement, name_of: NameOf) -> Name | None:
    activities = statement.get("context", {}).get("contextActivities", {})
    for one in as_list(activities.get("parent") or []):
        return activity_name(one, statement, name_of)
    return None


def course_of(statement: Statement) -> str | None:
    """Return the IRI of the widest activity a statement belongs to (its first grouping)."""
    activities = statement.get("context", {}).get("contextActivities", {})
    for one in as_list(activities.get("grouping") or []):
        return str(one["id"])
    return None


def tail(iri: str) -> str:
    """Return the end of an IRI as words: better than nothing."""
    text = unquote(re.split(r"[/#:]", iri.split("?")[0].rstrip("/#:"))[-1])
    words = " ".join(re.sub(r"[-_\x00-\x1f]+", " ", text).split())
    return words[:_LONG] or iri[:_LONG]


def _pick(texts: Mapping[str, str]) -> Name | None:
    """Choose the text of a language map for the page: its language, then English, then any."""
    language = i18n.language()
    tags = [tag for tag in texts if str(texts[tag]).strip()]
    if not tags:
        return None
    for wanted in (language, "en"):
        for tag in tags:
            if tag.lower() == wanted or tag.lower().split("-")[0] == wanted.split("-")[0]:
                return Name(_clean(texts[tag]), tag)
    return Name(_clean(texts[tags[0]]), None if tags[0] == "und" else tags[0])


def _clean(text: str) -> str:
    """Return a text of others as one line without control characters and without our own marks."""
    return MARKED.sub(
        r"\1", " ".join(re.sub(r"[\x00-\x1f\x7f\u2028-\u202e\u2066-\u2069]+", " ", text).split())
    )


# --- how it ended --------------------------------------------------------------------------------------


def _facts(result: Mapping[str, Any]) -> tuple[str, ...]:
    score = result.get("score", {})
    found = []
    if score.get("scaled") is not None:
        found.append(f"{round(score['scaled'] * 100)} %")
    elif score.get("raw") is not None and score.get("max") is not None:
        found.append(_("%(raw)s of %(max)s", raw=f"{score['raw']:g}", max=f"{score['max']:g}"))
    elif score.get("raw") is not None:
        found.append(f"{score['raw']:g}")
    length = seconds(result.get("duration", ""))
    if length:
        from babel.dates import format_timedelta  # loads the locale data only where lengths are shown

        locale = "en_GB" if i18n.language() == "en" else i18n.locale()
        found.append(format_timedelta(timedelta(seconds=length), threshold=1.5, locale=locale))
    return tuple(found)


_DURATION: Final = re.compile(
    r"P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_YEAR: Final = 366 * 86_400


def seconds(duration: str) -> float | None:
    """Return an ISO 8601 duration in seconds; None for one in months or years, or longer than a year."""
    found = _DURATION.fullmatch(duration)
    if found is None or not duration.strip("PT"):
        return None
    sizes = (604_800, 86_400, 3_600, 60, 1)
    total = sum(float(part) * size for part, size in zip(found.groups(), sizes, strict=True) if part)
    return total if total <= _YEAR else None
