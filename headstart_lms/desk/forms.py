"""Forms of the centre's desk."""

from __future__ import annotations

from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from ..kernel.forms import PageForm
from ..kernel.i18n import _l


class CohortForm(PageForm):
    title = StringField(
        _l("Name of the group"), [InputRequired(_l("Give the group a name.")), Length(2, 120)]
    )
    centre = SelectField(_l("Centre"), [InputRequired()])
    course = SelectField(_l("Course"), [InputRequired()])
    teacher = SelectField(_l("Teacher"), validate_choice=True)


class AddLearnersForm(PageForm):
    count = IntegerField(
        _l("How many learners?"),
        [InputRequired(_l("Write a number.")), NumberRange(1, 60, _l("Write a number from 1 to 60."))],
    )
    language = SelectField(_l("Their language"), [InputRequired()])


class NameForm(PageForm):
    passport_name = StringField(
        _l("Name as in the passport"), [InputRequired(_l("Write the name.")), Length(max=200)]
    )
    own_name = StringField(_l("Name as she or he writes it"), [Length(max=200)])
    year_of_birth = IntegerField(_l("Year of birth"), [InputRequired(_l("Write the year with four digits."))])
