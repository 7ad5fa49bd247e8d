"""The forms of words, facts and objectives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ...kernel.clock import today
from ...kernel.i18n import _l
from .blocks import NO_MEDIA
from .context import CourseContext, skill_names, topic_names
from .fields import Checks, Choice, Text, fixed, media
from .parts import PartForm
from .rows import Group

#: When nothing else is known, a fact is looked at again after half a year.
REVIEW = timedelta(days=182)


def _new_fact(course: CourseContext) -> dict[str, Any]:
    on = today()
    return {"country": "", "review_by": (on + REVIEW).isoformat(), "source": {"read": on.isoformat()}}


RECORDS: dict[str, PartForm] = {
    "entry": PartForm(
        kind="entry", of="record", label=_l("Word"), description=_l("A word or phrase of the language you teach."),
        icon="language",
        specs=(
            Text(key="word", label=_l("Word"), language="none", example="farmacia"),
            Choice(
                key="kind", label=_l("Kind"), none=None, default="other",
                offer=fixed(("noun", _l("noun")), ("verb", _l("verb")), ("adjective", _l("adjective")),
                            ("adverb", _l("adverb")), ("number", _l("number")), ("phrase", _l("phrase")),
                            ("other", _l("other"))),
            ),
            Text(key="article", label=_l("Article"), language="none", example="la"),
            Choice(
                key="gender", label=_l("Gender"), none=_l("none"),
                offer=fixed(("m", _l("masculine")), ("f", _l("feminine")), ("mf", _l("both"))),
            ),
            Text(key="plural", label=_l("Plural"), language="none", example="farmacie",
                 hint=_l("Write - when there is none in use.")),
            Text(key="gloss", label=_l("What it means"), example="pharmacy"),
            Group(
                key="example", label=_l("Example"),
                fields=(
                    Text(key="text", label=_l("Example sentence"), language="none", example="La farmacia è aperta."),
                    Text(key="gloss", label=_l("What the example means"), example="The pharmacy is open."),
                ),
            ),
            Text(key="hint", label=_l("Remark for learners"), more=True, example="Say it with a rising voice."),
            Choice(key="picture", label=_l("Picture"), offer=media("picture"), none=NO_MEDIA, more=True),
            Choice(key="audio", label=_l("Sound"), offer=media("audio"), none=NO_MEDIA, more=True),
        ),
    ),
    "fact": PartForm(
        kind="fact", of="record", label=_l("Fact"), icon="note",
        description=_l("What may change by law or by decree: an amount, a deadline, an office, a number."),
        specs=(
            Text(key="claim", label=_l("The fact, in one sentence"), lines=2,
                 example="You ask for the residence permit within 8 working days after you enter Italy."),
            Text(key="country", label=_l("Country, two letters"), language="none", example="IT"),
            Text(key="region", label=_l("Region"), language="none", more=True),
            Group(
                key="source", label=_l("Source"),
                fields=(
                    Text(key="title", label=_l("Name of the source"), language="none",
                         example="D.Lgs. 286/1998, art. 5(2)"),
                    Text(key="url", label=_l("Address of the source"), language="none",
                         example="https://www.normattiva.it/"),
                    Text(key="read", label=_l("Read on"), language="none", example="2026-11-20",
                         hint=_l("As 2026-11-20.")),
                ),
            ),
            Text(key="review_by", label=_l("Look at it again by"), language="none", example="2027-05-31",
                 hint=_l("As 2027-05-31. From that day the checker warns.")),
            Text(key="owner", label=_l("Who looks after it"), language="none", example="Headstart course team"),
            Text(key="valid_from", label=_l("Valid from"), language="none", more=True, example="1998-07-25"),
            Text(key="valid_until", label=_l("Valid until"), language="none", more=True,
                 hint=_l("After this day, questions about it are not asked until it is checked.")),
        ),
        empty=_new_fact,
    ),
    "outcome": PartForm(
        kind="outcome", of="record", label=_l("Objective"), icon="right",
        description=_l("What learners can do afterwards, as they would say it."),
        specs=(
            Text(key="text", label=_l("Objective"), lines=2,
                 example="I can say which papers I need in the first eight days."),
            Choice(
                key="skill", label=_l("Skill"), none=_l("none"),
                offer=lambda course, root: tuple(skill_names().items()),
            ),
            Checks(
                key="topics", label=_l("Topics"),
                offer=lambda course, root: tuple(topic_names().items()),
            ),
        ),
    ),
}  # fmt: skip
