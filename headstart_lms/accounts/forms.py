"""Forms of signing in and of the account."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length, Optional

from ..kernel.i18n import _l


class PageForm(FlaskForm):  # type: ignore[misc]
    """A form of ours; the origin check of every request stands in for the token (kernel.web.check_origin)."""

    class Meta:
        csrf = False


class CodeForm(PageForm):
    code = StringField(_l("Your code"), [Optional(), Length(max=40)])


class PasswordSignInForm(PageForm):
    login = StringField(_l("User name"), [Optional(), Length(max=80)])
    password = PasswordField(_l("Password"), [Optional(), Length(max=200)])


class ChangePasswordForm(PageForm):
    old = PasswordField(_l("Old password"), [InputRequired(_l("Write your old password.")), Length(max=200)])
    new = PasswordField(_l("New password"), [InputRequired(_l("Write a new password.")), Length(max=200)])
