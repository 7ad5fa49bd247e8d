"""Write an uploaded drawing anew from what is known to be harmless. Pure: expat, no document type, no entities.

Everything that could run, load or refer is refused, not taken out: who drew it should know that the picture would
look different. What editors leave in a file (layers, names of authors, comments) is left out in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from ..kernel.errors import Invalid
from ..kernel.i18n import _

SVG, XLINK, XML = (
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xlink",
    "http://www.w3.org/XML/1998/namespace",
)
#: Bytes of a drawing that comes in, bytes of what is made of it, elements, levels, elements after ``use``.
MOST_IN, MOST_OUT, MOST_ELEMENTS, MOST_LEVELS, MOST_DRAWN = 1_000_000, 25_000, 4_000, 40, 20_000

_ELEMENTS = frozenset(
    "svg g path rect circle ellipse line polyline polygon text tspan defs symbol use linearGradient radialGradient stop"
    " clipPath mask".split()
)
#: Left out with all that is in them: they draw nothing.
_SILENT = frozenset({"title", "desc", "metadata"})
_ATTRIBUTES = frozenset(
    "id d x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy width height points viewBox preserveAspectRatio transform"
    " gradientUnits gradientTransform spreadMethod offset clipPathUnits maskUnits maskContentUnits pathLength rotate"
    " textLength lengthAdjust".split()
)
_LOOKS = frozenset(
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit"
    " stroke-dasharray stroke-dashoffset opacity color display visibility clip-path clip-rule mask stop-color"
    " stop-opacity font-family font-size font-style font-weight text-anchor letter-spacing word-spacing"
    " dominant-baseline paint-order vector-effect".split()
)
_OWN_URL = re.compile(r"""url\(\s*(["']?)#[A-Za-z_][\w.-]*\1\s*\)""")
_NUMBERS = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?", re.IGNORECASE)


def _refused(what: str) -> Invalid:
    return Invalid(
        _("This drawing has something inside that is not taken here: %(what)s. Save it as PNG.", what=what),
        "svg-danger",
    )


class _Writer:
    """Takes what expat reads and writes what is allowed."""

    def __init__(self) -> None:
        self.out: list[str] = []
        #: Names of the elements that are open; None for one that is left out.
        self.open: list[str | None] = []
        self.count = 0
        self.in_text = 0
        #: {id: elements in it} and (id of what is used, ids it stands in), to find drawings that blow up.
        self.holders: list[str] = []
        self.sizes: dict[str, int] = {}
        self.uses: list[tuple[str, tuple[str, ...]]] = []
        self.ids: list[str | None] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        space, _gap, local = name.rpartition(" ")
        self.count += 1
        if self.count > MOST_ELEMENTS or len(self.open) >= MOST_LEVELS:
            raise Invalid(_("This drawing has too many parts. Save it as PNG."), "svg-large")
        if not self.open and (space != SVG or local != "svg"):
            raise Invalid(_("This is not a drawing in SVG. Save it as PNG."), "svg-none")
        if (self.open and self.open[-1] is None) or space != SVG or local in _SILENT:
            self._look_for_danger(local, attributes)
            self.open.append(None)
            self.ids.append(None)
            return
        if local not in _ELEMENTS:
            raise _refused(f"<{local}>")
        kept = self._kept(local, attributes)
        if not self.open:
            kept = _root(kept)
        self.out.append(
            f"<{local}" + "".join(f" {key}={quoteattr(text)}" for key, text in kept.items()) + ">"
        )
        self.open.append(local)
        self.in_text += local in ("text", "tspan")
        for holder in self.holders:
            self.sizes[holder] = self.sizes.get(holder, 0) + 1
        mine = kept.get("id")
        self.ids.append(mine)
        if local == "use":
            self.uses.append((kept.get("href", "")[1:], tuple(self.holders)))
        if mine:
            self.holders.append(mine)
            self.sizes.setdefault(mine, 1)

    def _look_for_danger(self, local: str, attributes: Mapping[str, str]) -> None:
        """Refuse scripts wherever they hide, also where nothing would be kept."""
        if local.lower() in ("script", "foreignobject", "iframe", "handler", "listener"):
            raise _refused(f"<{local}>")
        for key in attributes:
            if key.rpartition(" ")[2].lower().startswith("on"):
                raise _refused(key.rpartition(" ")[2])

    def _kept(self, local: str, attributes: Mapping[str, str]) -> dict[str, str]:
        self._look_for_danger(local, attributes)
        kept: dict[str, str] = {}
        for name, value in attributes.items():
            space, _gap, key = name.rpartition(" ")
            if key == "href" and space in ("", XLINK):
                if local not in ("use", "linearGradient", "radialGradient") or not re.fullmatch(
                    r"#[A-Za-z_][\w.-]*", value.strip()
                ):
                    raise _refused("href")
                kept["href"] = value.strip()
            elif space or key.startswith("data-"):
                continue  # what an editor wrote for itself
            elif key == "style":
                kept |= _looks_in(value)
            elif key in _LOOKS:
                kept |= _look(key, value)
            elif key in _ATTRIBUTES:
                kept[key] = _harmless(key, value)
            elif key in ("filter", "marker", "marker-start", "marker-mid", "marker-end", "cursor", "src"):
                raise _refused(key)
        return kept

    def end(self, name: str) -> None:
        local, mine = self.open.pop(), self.ids.pop()
        if local is None:
            return
        self.out.append(f"</{local}>")
        self.in_text -= local in ("text", "tspan")
        if mine:
            self.holders.pop()

    def text(self, data: str) -> None:
        if self.open and self.open[-1] is not None and self.in_text:
            self.out.append(escape(data))

    def drawn(self) -> int:
        """Return how many elements are drawn when every ``use`` is followed. Raises Invalid for a circle."""
        inside: dict[str, list[str]] = {}
        for target, holders in self.uses:
            for holder in holders:
                inside.setdefault(holder, []).append(target)
        known: dict[str, int] = {}

        def size(name: str, path: tuple[str, ...]) -> int:
            if name in path:
                raise _refused("<use>")
            if name not in known:
                total = self.sizes.get(name, 0)
                for target in inside.get(name, ()):
                    total += size(target, (*path, name))
                known[name] = min(total, MOST_DRAWN + 1)
            return known[name]

        try:
            return self.count + sum(size(target, ()) for target, _holders in self.uses)
        except RecursionError:  # a chain of very many
            return MOST_DRAWN + 1


class _Counter(_Writer):
    """Counts what is drawn, and writes nothing."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MOST_DRAWN or len(self.open) >= MOST_LEVELS:
            raise Invalid(_("This drawing has too many parts. Save it as PNG."), "svg-large")
        for holder in self.holders:
            self.sizes[holder] += 1
        self.open.append(name)
        mine = attributes.get("id")
        self.ids.append(mine)
        if name.rpartition(" ")[2] == "use":
            href = attributes.get("href", attributes.get(f"{XLINK} href", ""))
            self.uses.append((href.strip()[1:], tuple(self.holders)))
        if mine:
            self.holders.append(mine)
            self.sizes.setdefault(mine, 1)

    def end(self, name: str) -> None:
        self.open.pop()
        if self.ids.pop():
            self.holders.pop()

    def text(self, data: str) -> None:
        pass


def check_parts(raw: bytes) -> None:
    """Raise Invalid for a drawing that blows up when it is drawn, or cannot be read; it is not written anew."""
    _drawn_by(_Counter(), raw)


def _root(kept: dict[str, str]) -> dict[str, str]:
    """Return the attributes of the whole drawing: its box first, so that its size is known at once."""
    box = [float(n) for n in _NUMBERS.findall(kept.get("viewBox", ""))]
    if len(box) != 4:
        sides = [_NUMBERS.match(kept.get(name, "")) for name in ("width", "height")]
        if not all(sides) or any("%" in kept.get(name, "") for name in ("width", "height")):
            raise Invalid(_("This drawing does not say how large it is. Save it as PNG."), "svg-size")
        box = [0.0, 0.0, *(float(side[0]) for side in sides if side)]
    if not (1 <= box[2] <= 100_000 and 1 <= box[3] <= 100_000):
        raise Invalid(_("This drawing does not say how large it is. Save it as PNG."), "svg-size")
    rest = {key: value for key, value in kept.items() if key not in ("viewBox", "width", "height", "x", "y")}
    return {"viewBox": " ".join(f"{number:g}" for number in box), **rest}


def _looks_in(style: str) -> dict[str, str]:
    if "/*" in style or "\\" in style or "@" in style:
        raise _refused("style")
    kept: dict[str, str] = {}
    for line in style.split(";"):
        key, _colon, value = line.partition(":")
        key = key.strip().lower()
        if (
            key in ("filter", "marker", "marker-start", "marker-mid", "marker-end")
            and value.strip() != "none"
        ):
            raise _refused(key)
        if key in _LOOKS:
            kept |= _look(key, value.replace("!important", ""))
        elif "url" in value.lower():
            raise _refused("url(...)")
    return kept


def _look(key: str, value: str) -> dict[str, str]:
    return {key: _harmless(key, value)}


def _harmless(key: str, value: str) -> str:
    rest = _OWN_URL.sub("", value)
    if re.search(r"url|javascript|expression|data:|\\|[<>]", rest, re.IGNORECASE) and key != "id":
        raise _refused(key)
    if key == "id" and not re.fullmatch(r"[A-Za-z_][\w.-]*", value):
        return "x"
    return " ".join(value.split())


def sanitised(raw: bytes) -> bytes:
    """Return the drawing, written anew. Raises Invalid with one sentence for all that is not taken."""
    if len(raw) > MOST_IN:
        raise Invalid(_("This drawing is larger than 1 MB. Save it as PNG."), "svg-large")
    writer = _Writer()
    _drawn_by(writer, raw)
    body = "".join(writer.out)
    made = body.replace("<svg", f'<svg xmlns="{SVG}"', 1).encode("utf-8")
    if len(made) > MOST_OUT:
        raise Invalid(
            _("This drawing has %(size)d kB, more than 25. Save it as PNG.", size=len(made) // 1000),
            "svg-large",
        )
    return made


def _drawn_by(writer: _Writer, raw: bytes) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    parser.StartDoctypeDeclHandler = _no_document_type
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, UnicodeError, ValueError) as error:
        raise Invalid(_("This drawing is damaged. Save it again, or as PNG."), "damaged") from error
    if writer.drawn() > MOST_DRAWN:
        raise Invalid(_("This drawing has too many parts. Save it as PNG."), "svg-large")


def _no_document_type(_name: str, _system: str | None, public: str | None, has_inside: int) -> None:
    """A plain old DOCTYPE, as many editors write, says nothing; one with entities of its own is refused."""
    if has_inside:
        raise _refused("<!DOCTYPE [...]>")
