"""What a pass rule asks for, in words."""

from __future__ import annotations

from typing import Any

from ..courses.document import Blueprint
from ..kernel import i18n
from ..kernel.i18n import _


def pass_rule_words(blueprint: Blueprint) -> list[str]:
    """Say a pass rule in words, as learners read it before a test and authors beside its form."""
    titles = {section.id: section.title.text for section in blueprint.sections}

    def title(name: str) -> str:
        return titles.get(name, name)  # an author may have taken the part out

    def say(rule: Any) -> list[str]:
        if "overall" in rule:
            return [_("%(percent)g %% of the points in all", percent=rule["overall"])]
        if "each" in rule:
            return [_("at least %(percent)g %% in each part", percent=rule["each"])]
        if "section" in rule:
            return [
                _("%(percent)g %% in the part: %(part)s", percent=rule["min"], part=title(rule["section"]))
            ]
        if "group" in rule:
            parts = i18n.listed(title(name) for name in rule["group"])
            return [_("%(percent)g %% in these parts together: %(parts)s", percent=rule["min"], parts=parts)]
        if "all" in rule:
            return [sentence for part in rule["all"] for sentence in say(part)]
        either = [i18n.listed(say(part)) for part in rule.get("any", rule.get("of", []))]
        count = rule.get("atleast", 1)
        return [
            _("%(count)d of these: %(parts)s", count=count, parts=i18n.listed(f"({each})" for each in either))
        ]

    return say(blueprint.pass_rule)
