"""Forms of signing in and of the account."""

from __future__ import annotations

from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length, Optional

from ..kernel.forms import PageForm
from ..kernel.i18n import _l


class CodeForm(PageForm):
    code = StringField(_l("Your code"), [Optional(), Length(max=40)])


class PasswordSignInForm(PageForm):
    login = StringField(_l("User name"), [Optional(), Length(max=80)])
    password = PasswordField(_l("Password"), [Optional(), Length(max=200)])


class ChangePasswordForm(PageForm):
    old = PasswordField(_l("Old password"), [InputRequired(_l("Write your old password.")), Length(max=200)])
    new = PasswordField(_l("New password"), [InputRequired(_l("Write a new password.")), Length(max=200)])
