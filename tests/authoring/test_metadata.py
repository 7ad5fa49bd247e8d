"""What comes in with a course folder says nothing of who took a picture, where and when."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from headstart_lms.authoring.metadata import without_metadata

KINDS = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}


def picture(suffix: str, **more: object) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((64, 32)).save(out, KINDS[suffix], **more)
    return out.getvalue()


def told(suffix: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x013B] = "Jana Secret"
    exif.get_ifd(0x8825)[1] = "N"
    more: dict[str, object] = {"exif": exif, "xmp": b"<x:xmpmeta>Jana Secret</x:xmpmeta>"}
    if suffix == ".png":
        info = PngInfo()
        info.add_text("Author", "Jana Secret")
        more = {"exif": exif, "pnginfo": info}
    elif suffix == ".jpg":
        more["comment"] = b"Jana Secret"
    return picture(suffix, **more)


@pytest.mark.parametrize("suffix", KINDS)
def test_the_pixels_stay_and_the_rest_goes(suffix: str) -> None:
    before = told(suffix)
    assert b"Secret" in before
    after = without_metadata(before, suffix)
    assert b"Secret" not in after
    with Image.open(io.BytesIO(before)) as a, Image.open(io.BytesIO(after)) as b:
        assert a.tobytes() == b.tobytes()
        assert not b.getexif().get_ifd(0x8825)
        assert b.getexif().get(0x0112) == (6 if suffix == ".jpg" else None)
    assert without_metadata(after, suffix) == after


@pytest.mark.parametrize("suffix", KINDS)
def test_a_clean_picture_stays_byte_for_byte(suffix: str) -> None:
    content = picture(suffix)
    assert without_metadata(content, suffix) == content


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 400), st.binary(max_size=20))
def test_no_damage_breaks_it(suffix: str, at: int, new: bytes) -> None:
    content = told(suffix)
    without_metadata(content[:at] + new, suffix)
    without_metadata(content[:at] + new + content[at + len(new) :], suffix)
