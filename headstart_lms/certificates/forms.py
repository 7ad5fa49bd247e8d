"""The form of a certificate: who it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wtforms import Form, HiddenField, IntegerField, StringField, ValidationError
from wtforms.fields import Field
from wtforms.validators import InputRequired, Length, Optional

from ..kernel.clock import today
from ..kernel.errors import Invalid
from ..kernel.forms import PageForm
from ..kernel.i18n import _, _l
from .rules import clean_name, clean_passport_name, clean_year


def _as_rule(rule: Callable[[Any], object]) -> Callable[[Form, Field], None]:
    """Use a function of ``rules`` as a validator: its sentence stands beside the field."""

    def validate(form: Form, field: Field) -> None:
        try:
            rule(field.data)
        except Invalid as error:
            raise ValidationError(error.message) from error

    return validate


class WholeNumber(IntegerField):  # type: ignore[misc]
    """A number that may be typed with the digits of any script."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            self.data = int(valuelist[0].strip()) if valuelist and valuelist[0].strip() else None
        except ValueError as error:
            self.data = None
            raise ValueError(_("Write the year of birth with four numbers, for example 1990.")) from error


class HolderForm(PageForm):
    """Names and year of birth."""

    award = HiddenField()
    passport_name = StringField(
        _l("Name as in the passport, in Latin letters"),
        [InputRequired(_l("Write the name.")), Length(max=200), _as_rule(clean_passport_name)],
        render_kw={"dir": "ltr", "autocomplete": "name", "spellcheck": "false", "maxlength": 120},
    )
    own_name = StringField(
        _l("Your name as you write it"),
        [Optional(), Length(max=200), _as_rule(clean_name)],
        render_kw={"dir": "auto", "autocomplete": "off", "spellcheck": "false", "maxlength": 120},
    )
    year_of_birth = WholeNumber(
        _l("Year of birth"),
        [_as_rule(lambda year: clean_year(year, today()))],
        render_kw={"dir": "ltr", "inputmode": "numeric", "autocomplete": "bday-year", "maxlength": 4},
    )
