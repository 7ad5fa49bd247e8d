"""Headstart LMS: learn before departure, prove it after arrival."""

from .app import create_app
from .extension import HeadstartLMS
from .hooks import hookimpl
from .version import __version__

__all__ = ["HeadstartLMS", "__version__", "create_app", "hookimpl"]
