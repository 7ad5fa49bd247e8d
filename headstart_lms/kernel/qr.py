"""QR codes as inline SVG."""

from __future__ import annotations

from typing import Any

import zxingcpp
from markupsafe import Markup, escape


def svg(content: str, label: str, *, level: str = "M") -> Markup:
    """Return a QR code as SVG of one path, quiet zone of 4 modules included; ``label`` is its accessible name."""
    barcode = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    pixels = _pixels(barcode)
    rows, columns = len(pixels), len(pixels[0])
    path = []
    for y in range(rows):
        x = 0
        while x < columns:
            if pixels[y][x] == 0:
                run = x
                while run < columns and pixels[y][run] == 0:
                    run += 1
                path.append(f"M{x + 4} {y + 4}h{run - x}v1h-{run - x}z")
                x = run
            else:
                x += 1
    size = columns + 8
    return Markup(  # noqa: S704 - numbers and an escaped label only
        f'<svg class="hs-qr" role="img" aria-label="{escape(label)}" viewBox="0 0 {size} {size}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path fill="#000" d="{"".join(path)}"/></svg>'
    )


def _pixels(barcode: Any) -> list[list[int]]:
    """Return the rows of a QR code, one number a module: 0 is dark."""
    image: Any = barcode.to_image(scale=1, add_quiet_zones=False)
    rows: Any = memoryview(image).tolist()
    return [list(row) for row in rows]


def version_of(content: str, *, level: str = "M") -> int:
    """Return the QR version (1 to 40) the content needs: 17 + 4 * version modules."""
    barcode = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    return (len(_pixels(barcode)) - 17) // 4
