"""What all forms of ours share."""

from __future__ import annotations

from flask_wtf import FlaskForm


class PageForm(FlaskForm):  # type: ignore[misc]
    """A form of ours; the origin check of every request stands in for the token (kernel.web.check_origin)."""

    class Meta:
        csrf = False
