"""A browser without script: it keeps cookies, follows redirects, reads pages, fills in and sends their forms."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

ORIGIN = "http://localhost"


@dataclass
class Form:
    """A form as it stands in a page: where it goes, what it holds already, what may be chosen."""

    attributes: dict[str, str]
    action: str
    method: str = "get"
    #: (name, value) of what is sent without touching anything
    filled: list[tuple[str, str]] = field(default_factory=list)
    #: {name: values that may be chosen} of radios, checkboxes and selects
    choices: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def data(self, values: Mapping[str, str | Sequence[str]]) -> dict[str, list[str]]:
        """Return what is sent when these fields are filled in. A field the page does not have is an error."""
        unknown = set(values) - self.names
        assert not unknown, (
            f"the form to {self.action} has no field {sorted(unknown)}, but {sorted(self.names)}"
        )
        sent: dict[str, list[str]] = {}
        for name, value in self.filled:
            if name not in values:
                sent.setdefault(name, []).append(value)
        for name, given in values.items():
            sent[name] = [given] if isinstance(given, str) else list(given)
            offered = self.choices.get(name)
            assert offered is None or set(sent[name]) <= set(offered), (
                f"{sent[name]} is not offered for {name}"
            )
        return sent


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.forms: list[Form] = []
        self.links: list[dict[str, str]] = []
        self.assets: list[str] = []
        self.text: list[str] = []
        self._open: Form | None = None
        self._select: tuple[str, bool] | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in a:
            self.links.append({**a, "href": urljoin(self.url, a["href"])})
        for name in ("src", "href"):
            if name in a and tag in ("img", "script", "link", "audio", "source", "video"):
                self.assets.append(urljoin(self.url, a[name]))
        if tag == "form":
            self._open = Form(
                a, urljoin(self.url, a.get("action") or self.url), a.get("method", "get").lower()
            )
            self.forms.append(self._open)
        elif self._open is not None and "disabled" not in a:
            self._field(tag, a, self._open)

    def _field(self, tag: str, a: dict[str, str], form: Form) -> None:
        name = a.get("name", "")
        if tag == "option" and self._select is not None:
            select, is_first = self._select
            form.choices.setdefault(select, []).append(a.get("value", ""))
            if is_first or "selected" in a:
                form.filled[:] = [(n, v) for n, v in form.filled if n != select] + [
                    (select, a.get("value", ""))
                ]
            self._select = (select, False)
        elif name and tag == "input":
            form.names.add(name)
            if a.get("type") in ("radio", "checkbox"):
                form.choices.setdefault(name, []).append(a.get("value", "on"))
                if "checked" in a:
                    form.filled.append((name, a.get("value", "on")))
            elif a.get("type") == "file":
                form.files.add(name)
            elif a.get("type") != "submit":
                form.filled.append((name, a.get("value", "")))
        elif name and tag == "select":
            form.names.add(name)
            self._select = (name, True)
        elif name and tag == "textarea":
            form.names.add(name)
            self._area = name
            form.filled.append((name, ""))
        elif name and tag == "button":
            form.names.add(name)
            form.choices.setdefault(name, []).append(a.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._open is not None:
            self._open.filled[-1] = (self._area, self._open.filled[-1][1] + data)
        self.text.append(data)


class Page:
    """What a browser shows."""

    def __init__(self, response: TestResponse, url: str) -> None:
        self.response = response
        self.url = url
        self.status = response.status_code
        content = response.get_data()  # read to its end, so that a file is closed
        response.close()
        self.body = content.decode() if (response.mimetype or "").startswith("text/") else ""
        self._reader = _Reader(url)
        if response.mimetype == "text/html":
            self._reader.feed(self.body)
        self.forms = self._reader.forms
        self.links = self._reader.links
        self.assets = self._reader.assets
        self.text = " ".join(" ".join(self._reader.text).split())

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def data(self, name: str) -> str | None:
        """Return the value of the first ``data-`` attribute of this name in the page."""
        found = re.search(rf'data-{name}="([^"]*)"', self.body)
        return found[1] if found else None

    @property
    def json(self) -> Any:
        return self.response.get_json()

    def form(self, to: str | None = None, having: str | None = None, **attributes: str) -> Form:
        """Return the only form whose action ends with ``to``, with a field ``having`` and these attributes."""
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        found = [
            form for form in self.forms
            if (to is None or urlsplit(form.action).path.endswith(to))
            and (having is None or having in form.names)
            and all(form.attributes.get(name) == value for name, value in wanted.items())
        ]  # fmt: skip
        assert len(found) == 1, (
            f"{len(found)} forms to {to} {wanted} on {self.url} ({self.status}): {self.text[:300]}"
        )
        return found[0]

    def item_forms(self) -> list[Form]:
        """Return the forms of questions, in the order of the page."""
        return [form for form in self.forms if "data-item" in form.attributes]

    def link(self, to: str | None = None, **attributes: str) -> str | None:
        """Return the address of the first link whose path ends with ``to``, with these attributes."""
        for link in self.links:
            if (to is None or urlsplit(link["href"]).path.endswith(to)) and all(
                link.get(name) == value for name, value in attributes.items()
            ):
                return link["href"]
        return None


class Browser:
    """One browser; ``Browser(app)`` is another one, with nothing in common but the server."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self.prefix: str = app.extensions["headstart"].prefix

    def set_cookie(self, name: str, value: str) -> None:
        self.client.set_cookie(name, value, domain="localhost")

    def cookie(self, name: str) -> str | None:
        found = self.client.get_cookie(name, domain="localhost")
        return None if found is None else found.value

    def open(self, path: str, **headers: str) -> Page:
        """Open a path under our prefix, or a whole address; follow redirects."""
        return self._request("GET", self._address(path), headers=_headers(headers))

    def post(self, path: str, data: Mapping[str, Any] | None = None, **headers: str) -> Page:
        """Send something without a form, as the same site's script would."""
        sent = {"Sec-Fetch-Site": "same-origin", **_headers(headers)}
        return self._request("POST", self._address(path), data=data, headers=sent)

    def send(
        self,
        form: Form,
        values: Mapping[str, str | Sequence[str]] | None = None,
        *,
        files: Mapping[str, bytes] | None = None,
        **fields: str,
    ) -> Page:
        """Fill in a form of a page and send it, as an old browser does: only the token says where it is from.

        ``files``: {name of the field: content}.
        """
        data: dict[str, Any] = dict(form.data({**(values or {}), **fields}))
        for name, content in (files or {}).items():
            assert name in form.files, f"the form to {form.action} takes no file {name}"
            data[name] = (io.BytesIO(content), "file")
        if form.method == "post":
            return self._request("POST", form.action, data=data)
        return self._request("GET", form.action, query_string=data)

    def follow(self, page: Page, to: str | None = None, **attributes: str) -> Page:
        """Follow the first link whose path ends with ``to``, with these attributes."""
        href = page.link(to, **attributes)
        assert href is not None, f"no link {to} {attributes} on {page.url} ({page.status}): {page.text[:300]}"
        return self.open(href)

    def _address(self, path: str) -> str:
        return path if "://" in path else ORIGIN + self.prefix + path

    def _request(self, method: str, url: str, **options: Any) -> Page:
        for _hop in range(8):
            parts = urlsplit(url)
            assert parts.netloc == urlsplit(ORIGIN).netloc, f"this leads to another site: {url}"
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            response = self.client.open(target, method=method, **options)
            if response.status_code not in (301, 302, 303, 307, 308):
                return Page(response, url)
            url = urljoin(url, response.headers["Location"])
            method, options = "GET", {}
        raise AssertionError(f"too many redirects, the last to {url}")


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in given.items()}


def own_assets(pages: Iterable[Page]) -> set[str]:
    """Return all addresses of pictures, sounds, scripts and style sheets on some pages."""
    return {address for page in pages for address in page.assets}
