"""Forms of a course as a whole: a new one, its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from babel import Locale
from wtforms import (
    FileField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from ..kernel import i18n
from ..kernel.forms import PageForm
from ..kernel.i18n import _, _l
from .outline import plain

LEVELS = ("pre-A1", "A1", "A2", "B1", "B2", "C1", "C2")
AUDIENCES = {
    "labour": _l("People who come to work"), "family": _l("Families"), "student": _l("Students"),
    "refugee": _l("Refugees"), "youth": _l("Young people"),
}  # fmt: skip
KINDS = {
    "language": _l("Language"), "workplace": _l("Work"), "rights": _l("Rights and duties"),
    "orientation": _l("Orientation"),
}  # fmt: skip
#: Languages that are offered to write in, to teach, to translate into; a course may name others in its file.
LANGUAGES = (
    "am ar bg bn bs ca cs da de el en es et fa ff fi fil fr ga gu ha hi hr hu hy id ig is it ja ka km ko ku ky lo lt "
    "lv mk ml mn mr ms mt my nb ne nl om pa pl ps pt ro ru si sk sl so sq sr sv sw ta te th ti tk tr uk ur uz vi wo "
    "yo zh"
).split()
#: Codes that Babel names beside countries.
_NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}


def countries() -> list[tuple[str, str]]:
    """Return (code, name in the language of the page) of all countries, by name."""
    codes = [
        c
        for c in map(str, Locale.parse("en").territories)
        if len(c) == 2 and c.isalpha() and c not in _NO_COUNTRIES
    ]
    return _named(codes, i18n.country)


def languages(*others: str) -> list[tuple[str, str]]:
    """Return (tag, name in the language of the page) of the languages that are offered, and of others, by name."""
    return _named([*LANGUAGES, *(tag for tag in others if tag and tag not in LANGUAGES)], i18n.language_name)


def _named(codes: Iterable[str], name: Callable[[str], str]) -> list[tuple[str, str]]:
    return sorted(((code, name(code)) for code in codes), key=lambda row: row[1].casefold())


class Tick(CheckboxInput):  # type: ignore[misc]
    """One box of several: that one of them is needed does not make each of them required."""

    validation_attrs = ["disabled"]


class Checks(SelectMultipleField):  # type: ignore[misc]
    widget = ListWidget(prefix_label=False)
    option_widget = Tick()


class NewCourseForm(PageForm):
    title = StringField(_l("Title"), [InputRequired(_l("Write a title.")), Length(2, 200)])
    start = RadioField(_l("Begin with"), default="blank")
    centre = SelectField(_l("Centre"), [InputRequired()])
    country = SelectField(_l("Country it is about"), [InputRequired(_l("Choose a country."))])
    source = SelectField(_l("Language you write in"), [InputRequired()], default="en")
    taught = SelectField(_l("Language you teach"), [Optional()])
    level = SelectField(_l("Level"), default="A1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.level.choices = [(level, level) for level in LEVELS]
        self.country.choices = [("", _("Choose")), *countries()]
        self.source.choices = languages()
        self.taught.choices = [("", _("none")), *languages()]


class ImportForm(PageForm):
    file = FileField(_l("Zip file of the course folder"))
    centre = SelectField(_l("Centre"), [InputRequired()])
    how = RadioField(_l("What is it?"), default="same")


class SettingsForm(PageForm):
    title = StringField(_l("Title"), [InputRequired(_l("Write a title.")), Length(2, 200)])
    summary = TextAreaField(
        _l("Summary"), [InputRequired(_l("Write one or two sentences.")), Length(max=1000)]
    )
    slug = StringField(
        _l("Address"),
        [InputRequired(),
         Regexp(r"^[a-z][a-z0-9-]{1,39}$", message=_l("Use small Latin letters, digits and hyphens."))],
    )  # fmt: skip
    kind = SelectField(_l("Kind of course"))
    country = SelectField(_l("Country it is about"), [InputRequired(_l("Choose a country."))])
    region = StringField(_l("Region"), [Length(max=80)])
    taught = SelectField(_l("Language you teach"), [Optional()])
    level = SelectField(_l("Level"))
    source = SelectField(_l("Language you write in"), [InputRequired()])
    support = Checks(_l("Languages it is offered in"), [InputRequired(_l("Choose at least one language."))])
    audiences = Checks(_l("For whom"))
    hours = StringField(
        _l("Hours of learning"),
        [InputRequired(_l("Write a number of hours, for example 12 or 1.5.")),
         Regexp(r"^(?!0+([.,]0+)?$)\d{1,4}([.,]\d{1,2})?$",
                message=_l("Write a number of hours, for example 12 or 1.5."))],
    )  # fmt: skip
    authors = TextAreaField(
        _l("Authors, one a line"), [InputRequired(_l("Write who wrote the course.")), Length(max=2000)]
    )
    licence = StringField(
        _l("Licence"), [InputRequired(_l("Write a licence, for example CC-BY-4.0.")), Length(max=80)]
    )
    blueprint = SelectField(_l("Test for the certificate"), [Optional()])
    valid = StringField(
        _l("Certificate valid for months"),
        [
            Optional(),
            Regexp(r"^([1-9][0-9]?|1[0-9]{2}|2[0-3][0-9]|240)$", message=_l("Write 1 to 240, or nothing.")),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # what stands in the file may be chosen again, whatever it is
        data = kwargs.get("data") or {}
        support = data.get("support") or []
        country, source, taught = (str(data.get(name) or "") for name in ("country", "source", "taught"))
        known = countries()
        self.country.choices = known if country in dict(known) else [(country, country), *known]
        self.source.choices = languages(source)
        self.taught.choices = [("", _("none")), *languages(taught)]
        named = [tag for tag in support if tag]
        rest = [row for row in languages() if row[0] not in named]
        self.support.choices = [*((tag, i18n.language_name(tag)) for tag in named), *rest]
        self.level.choices = [(level, level) for level in LEVELS]
        self.kind.choices = list(KINDS.items())
        self.audiences.choices = list(AUDIENCES.items())


def filled(head: dict[str, Any]) -> dict[str, Any]:
    """Return what the settings form shows of course.yaml."""

    def inner(name: str, key: str) -> str:
        value = head.get(name)
        return str(value[key]) if isinstance(value, dict) and value.get(key) is not None else ""

    def rows(name: str) -> list[str]:
        value = head.get(name)
        return [str(one) for one in value] if isinstance(value, list) else []

    def text(name: str) -> str:
        value = head.get(name)
        return value if isinstance(value, str) else ""

    def words(name: str) -> str:
        value = head.get(name)
        return value.strip() if isinstance(value, str) else plain(value)

    hours = head.get("hours")
    return {
        "title": plain(head.get("title")), "summary": words("summary"), "slug": text("slug"), "kind": text("kind"),
        "country": inner("destination", "country"), "region": inner("destination", "region"),
        "taught": inner("taught", "language"), "level": inner("taught", "level") or "A1",
        "source": text("source_language"), "support": rows("support_languages"),
        "audiences": rows("audiences"), "hours": f"{hours:g}" if isinstance(hours, int | float) else "",
        "authors": "\n".join(rows("authors")), "licence": text("licence"),
        "blueprint": inner("certificate", "blueprint"), "valid": inner("certificate", "valid_months"),
    }  # fmt: skip


def applied(head: dict[str, Any], form: SettingsForm) -> dict[str, Any]:
    """Return course.yaml with what the form says; a field that was not touched stays as it is written."""
    before, new = filled(head), dict(head)

    def put(name: str, field: str, value: Any) -> None:
        if _sent(form, field) != before[field]:
            new[name] = value

    for name, field in (("title", "title"), ("summary", "summary"), ("slug", "slug"), ("kind", "kind"),
                        ("source_language", "source"), ("licence", "licence")):  # fmt: skip
        put(name, field, _sent(form, field))
    if any(_sent(form, field) != before[field] for field in ("country", "region")):
        region = _sent(form, "region")
        new["destination"] = {"country": _sent(form, "country"), **({"region": region} if region else {})}
    taught = _sent(form, "taught")
    if not taught:
        new.pop("taught", None)
    elif any(_sent(form, field) != before[field] for field in ("taught", "level")):
        new["taught"] = {"language": taught, "level": form.level.data}
    support = form.support.data or []
    if set(support) != set(before["support"]):
        new["support_languages"] = [tag for tag in before["support"] if tag in support] + [
            tag for tag in support if tag not in before["support"]
        ]
    if set(form.audiences.data or ()) != set(before["audiences"]):
        new["audiences"] = list(form.audiences.data)
    hours = float(_sent(form, "hours").replace(",", "."))
    put("hours", "hours", int(hours) if hours == int(hours) else hours)
    put("authors", "authors", [line for line in _sent(form, "authors").split("\n") if line])
    if any(_sent(form, field) != before[field] for field in ("blueprint", "valid")):
        given = head.get("certificate")
        rule = dict(given) if isinstance(given, dict) else {"units": "all"}
        for key, value in (("blueprint", _sent(form, "blueprint")), ("valid_months", _sent(form, "valid"))):
            rule.pop(key, None)
            if value:
                rule[key] = int(value) if key == "valid_months" else value
        new["certificate"] = rule
    return new


def _sent(form: SettingsForm, field: str) -> str:
    lines = str(form[field].data or "").replace("\r\n", "\n").split("\n")
    return "\n".join(line.strip() for line in lines).strip()
