"""A small application of its own that mounts Headstart LMS under /learn.

It has what such applications have: users who sign in, tables, forms with a CSRF token, a page. Its users
learn without signing in a second time: the class ``OurUsers`` tells Headstart who is here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from flask import Flask, abort, redirect, render_template, request, url_for
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response

from headstart_lms import HeadstartLMS, hookimpl
from headstart_lms.kernel.db import set_pragmas


class Base(DeclarativeBase):
    """The host's tables. Headstart's are not among them: they have a base and migrations of their own."""


db = SQLAlchemy(model_class=Base)
login_manager = LoginManager()
csrf = CSRFProtect()


class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]
    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))


class Note(db.Model):  # type: ignore[name-defined,misc]
    __tablename__ = "note"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    text: Mapped[str] = mapped_column(String(200))


class OurUsers:
    """Says to Headstart which user of ours is signed in."""

    @hookimpl
    def headstart_host_person(self, request: Any) -> str | None:
        return f"user:{current_user.id}" if current_user.is_authenticated else None


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_user(user_id: str) -> User | None:
    return db.session.get(User, int(user_id))


def create_app(settings: dict[str, Any] | None = None) -> Flask:
    app = Flask(__name__)
    folder = Path(app.instance_path)
    app.config.from_mapping(
        SECRET_KEY=os.environ.get("SECRET_KEY"),
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'host.sqlite3'}",
        HEADSTART_INSTANCE=str(folder / "headstart"),
        HEADSTART_BASE_URL="http://127.0.0.1:5000/learn",
    )
    app.config.update(settings or {})
    Path(app.config["HEADSTART_INSTANCE"]).mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    with app.app_context():
        set_pragmas(db.engine)  # on SQLite: many readers beside a writer, and nothing lost in a power cut
    login_manager.init_app(app)
    csrf.init_app(app)
    HeadstartLMS(app, url_prefix="/learn", plugins=[OurUsers()])
    _pages(app)
    return app


def _pages(app: Flask) -> None:
    @app.route("/", methods=["GET", "POST"])
    def home() -> str | Response:
        if request.method == "POST":
            if not current_user.is_authenticated:
                abort(403)
            db.session.add(Note(user_id=current_user.id, text=request.form["text"]))
            db.session.commit()
            return redirect(url_for("home"), 303)
        mine = current_user.id if current_user.is_authenticated else None
        notes = db.session.scalars(select(Note).where(Note.user_id == mine).order_by(Note.id)).all()
        return render_template("home.html", notes=notes)

    @app.route("/login", methods=["GET", "POST"])
    def login() -> str | Response:
        if request.method == "POST":
            user = db.session.scalar(select(User).where(User.name == request.form["name"]))
            if user is not None and check_password_hash(user.password_hash, request.form["password"]):
                login_user(user)
                return redirect(url_for("home"), 303)
        return render_template("login.html")

    @app.post("/logout")
    @login_required  # type: ignore[untyped-decorator]
    def logout() -> Response:
        logout_user()
        return redirect(url_for("home"), 303)

    @app.cli.command("add-user")
    @click.argument("name")
    @click.password_option()
    def add_user(name: str, password: str) -> None:
        """Add a user; makes the host's tables first."""
        db.create_all()
        db.session.add(User(name=name, password_hash=generate_password_hash(password)))
        db.session.commit()
