"""Make the fonts that ship with the certificates anew: subsets without hints of the Noto fonts.

    python tools/fonts.py /usr/share/fonts/truetype/noto      (Debian: fonts-noto-core; needs fonttools)

Latin, Greek and Cyrillic come from one large family, of which only the letters of names and texts are kept; of the
other scripts everything stays.
"""

from __future__ import annotations

import subprocess  # noqa: S404 - fonttools with fixed arguments
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "headstart_lms" / "certificates" / "fonts"
FAMILIES = (
    "NotoNaskhArabic", "NotoSansArmenian", "NotoSansBengali", "NotoSansDevanagari", "NotoSansEthiopic",
    "NotoSansGeorgian", "NotoSansGujarati", "NotoSansGurmukhi", "NotoSansHebrew", "NotoSansKannada",
    "NotoSansKhmer", "NotoSansLao", "NotoSansMalayalam", "NotoSansMyanmar", "NotoSansSinhala",
    "NotoSansTamil", "NotoSansTelugu", "NotoSansThai",
)  # fmt: skip
EUROPE = (
    "U+0000-03FF,U+0400-052F,U+1C80-1C8F,U+1D00-1DBF,U+1E00-1FFF,U+2000-20CF,U+2100-214F,U+2190-22FF,"
    "U+2C60-2C7F,U+2DE0-2DFF,U+A640-A69F,U+A720-A7FF,U+AB30-AB6F,U+FB00-FB06,U+FE20-FE2F,U+FFFD"
)


def main(source: Path) -> None:
    TARGET.mkdir(exist_ok=True)
    for weight in ("Regular", "Bold"):
        for family, letters in (("NotoSans", EUROPE), *((family, "*") for family in FAMILIES)):
            name = f"{family}-{weight}.ttf"
            subprocess.run(  # noqa: S603
                [
                    sys.executable, "-m", "fontTools.subset", str(source / name), f"--unicodes={letters}",
                    "--layout-features=*", "--no-hinting", "--notdef-outline", "--name-IDs=*",
                    f"--output-file={TARGET / name}",
                ],
                check=True,
            )  # fmt: skip
    print(f"{sum(path.stat().st_size for path in TARGET.glob('*.ttf')) / 1e6:.1f} MB in {TARGET}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
