"""The rosette: a guilloche figure drawn from a digest, so that paper, file and screen can be compared at a
glance.

It depends on the first 16 bytes of the digest only (LOOK, "The certificate"): these 16 bytes fit into a code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup, escape

BYTES = 16
#: The colour of a kind of course (LOOK, "Colour"), for files that have no style sheet.
ACCENTS = {"language": "#0B6E6E", "workplace": "#7A3E6D", "rights": "#3D4FA3", "orientation": "#47617A"}
#: Units of the drawing's side, nodes on one wave of a line.
SIDE, NODES = 1000, 12


@dataclass(frozen=True, slots=True)
class Ring:
    """One braid: ``lines`` equal closed curves, each turned a little, with ``lobes`` waves."""

    radius: float
    swing: float
    lobes: int
    lines: int
    overtone: int
    share: float
    phase: float
    lean: float
    turn: float


def rings(digest: str) -> tuple[Ring, ...]:
    """Return the three braids of a digest (hex, at least 32 digits).

    Pure and fixed: papers were printed with it.
    """
    raw = bytes.fromhex(digest)[:BYTES]
    if len(raw) < BYTES:
        raise ValueError("a rosette needs 16 bytes")
    found = []
    for number, radius in enumerate((375.0, 250.0, 120.0)):
        a, b, c, d, e = raw[number * 5 : number * 5 + 5]
        lobes = 5 + number + a % 12 if number < 2 else 3 + a % 7
        found.append(
            Ring(
                radius=radius,
                swing=(35 + b % 16 * 3.5) * (1.0 if number < 2 else 0.8),
                lobes=lobes,
                lines=2 + (a >> 4) % 4,
                overtone=2 + (b >> 4) % 2,
                share=(c % 16) / 34,
                phase=(c >> 4) / 16 * math.tau,
                lean=(d % 16) / 16 * 1.1,
                turn=(((d >> 4) * 256 + e) / 4096 + raw[15] / 256) % 1,
            )
        )
    return tuple(found)


def _path(ring: Ring) -> str:
    """Return one line of a braid as a smooth closed path (Catmull-Rom nodes as cubic curves, whole units)."""
    lobe = []  # one wave; the others are the same, turned
    for step in range(NODES):
        angle = math.tau * step / (ring.lobes * NODES)
        wave = math.cos(ring.lobes * angle)
        wave += ring.share * math.cos(ring.overtone * ring.lobes * angle + ring.phase)
        radius = ring.radius + ring.swing * wave / (1 + ring.share)
        at = angle + ring.lean * math.sin(ring.lobes * angle) / ring.lobes + ring.turn * math.tau / ring.lobes
        lobe.append((radius, at))
    nodes, cos, sin, middle = [], math.cos, math.sin, SIDE / 2
    for number in range(ring.lobes):
        turn = math.tau * number / ring.lobes
        nodes += [(middle + radius * cos(at + turn), middle + radius * sin(at + turn)) for radius, at in lobe]
    drawn = [f"M{nodes[0][0]:.0f} {nodes[0][1]:.0f}"]
    (before_x, before_y), (x, y) = nodes[-1], nodes[0]
    count = len(nodes)
    for step in range(count):
        after_x, after_y = nodes[(step + 1) % count]
        beyond_x, beyond_y = nodes[(step + 2) % count]
        drawn.append(
            "C%.0f %.0f %.0f %.0f %.0f %.0f"  # noqa: UP031 - twice as fast, and there are 600 of them
            % (
                x + (after_x - before_x) / 6, y + (after_y - before_y) / 6,
                after_x - (beyond_x - x) / 6, after_y - (beyond_y - y) / 6, after_x, after_y,
            )
        )  # fmt: skip
        before_x, before_y, x, y = x, y, after_x, after_y
    return "".join(drawn) + "z"


@lru_cache(maxsize=64)
def figure(digest: str) -> str:
    """Return the SVG elements of a rosette, without the frame; lines take the colour of the text."""
    drawn = []
    for number, ring in enumerate(rings(digest)):
        name = f"hs-r{digest[:8]}-{number}"
        drawn.append(f'<path id="{name}" d="{_path(ring)}"/>')
        for line in range(1, ring.lines):
            turn = 360 / ring.lobes * line / ring.lines
            drawn.append(f'<use href="#{name}" transform="rotate({turn:.3f} {SIDE // 2} {SIDE // 2})"/>')
    return "".join(drawn)


def svg(digest: str, label: str) -> Markup:
    """Return a rosette as inline SVG; ``label`` is its accessible name."""
    return Markup(  # noqa: S704 - numbers, hex digits and an escaped label only
        f'<svg class="hs-rosette" role="img" aria-label="{escape(label)}" viewBox="0 0 {SIDE} {SIDE}" '
        f'fill="none" stroke="currentColor" stroke-width="2.6">{figure(digest)}</svg>'
    )
