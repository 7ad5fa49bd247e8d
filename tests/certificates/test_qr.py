"""The QR code of the paper: printed small, photographed badly, read back; names in five scripts."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import zxingcpp
from PIL import Image, ImageFilter

from headstart_lms.certificates import services, tokens
from headstart_lms.certificates.trust import trust_store
from headstart_lms.certificates.verify import verify
from headstart_lms.kernel import qr

from .conftest import BASE_URL, NOON, World

#: Name in the passport, name in own letters, by script.
NAMES = {
    "Arabic": ("AMINA AL-HASSAN", "أمينة الحسن"),
    "Persian": ("MAHSHID HOSSEINZADEH", "مه‌شید حسین‌زاده"),
    "Georgian": ("NINO KAPANADZE", "ნინო კაპანაძე"),
    "Cyrillic": ("OLEKSANDRA SHEVCHENKO", "Олександра Шевченко"),
    "Latin": ("JOAO CELIK NGUYEN", "João Çelik Nguyễn"),
}


def grey_of_qr(text: str, scale: int = 4) -> Image.Image:
    """Return a QR code as it is drawn on pages: level M, quiet zone of 4 modules."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    pixels: Any = memoryview(barcode.to_image(scale=1, add_quiet_zones=False))  # type: ignore[arg-type]
    height, width = pixels.shape
    code = Image.new("L", (width + 8, height + 8), 255)
    code.paste(Image.frombytes("L", (width, height), pixels.tobytes()), (4, 4))
    return code.resize((code.width * scale, code.height * scale), Image.Resampling.NEAREST)


def photographed(code: Image.Image, chance: random.Random) -> Image.Image:
    """Print 4 cm wide at 300 dpi, then take a picture: 360 pixels across, tilted, turned, blurred, noisy, dim.

    360 pixels are half the width of a 720p preview (CERTIFICATES 4.2).
    """
    printed = code.resize((472, 472), Image.Resampling.BICUBIC)  # 4 cm at 300 dpi
    paper = Image.new("L", (800, 800), 228)
    paper.paste(printed, (164, 164))
    turned = paper.rotate(chance.uniform(-20, 20), Image.Resampling.BICUBIC, fillcolor=228)
    side, lean = 800, 0.04 * 800
    corners = [(0, 0), (0, side), (side, side), (side, 0)]
    moved = [(x + chance.uniform(0, lean), y + chance.uniform(0, lean)) for x, y in corners]
    tilted = turned.transform(
        (side, side), Image.Transform.QUAD, [part for corner in moved for part in corner], Image.Resampling.BICUBIC
    )  # fmt: skip
    seen = round(360 / 472 * side)
    small = tilted.resize((seen, seen), Image.Resampling.BILINEAR).filter(ImageFilter.GaussianBlur(1.1))
    noise = Image.effect_noise(small.size, 16)
    return Image.blend(small, noise, 0.12).point([round(20 + value * 0.8) for value in range(256)])


@pytest.mark.parametrize("script", list(NAMES))
def test_the_qr_code_is_read_from_a_bad_photo_and_its_signed_text_verifies(world: World, script: str) -> None:
    passport, own = NAMES[script]
    services.state_identity(
        world.session, world.person, passport_name=passport, own_name=own, year_of_birth=1990, at=NOON
    )
    certificate = world.issue()
    token = tokens.make_token(world.session, certificate, keyring=world.keyring)
    text = f"{services.verify_url(BASE_URL, certificate.code)}#{token}"
    assert qr.version_of(text) <= 15
    code, chance, read = grey_of_qr(text, scale=6), random.Random(script), 0  # noqa: S311 - a photo, no secret
    for _shot in range(10):
        photo = photographed(code, chance)
        pixels = memoryview(photo.tobytes()).cast("B", (photo.height, photo.width))
        found = zxingcpp.read_barcodes(pixels, formats=zxingcpp.barcode_formats_from_str("QRCode"))
        if not found:
            continue
        assert found[0].text == text
        read += 1
    assert read >= 9  # a phone takes many pictures a second; one of ten may fail
    verdict = verify(text, trust=trust_store(world.session), at=NOON)
    assert verdict.is_valid
    assert verdict.facts is not None
    assert (verdict.facts.passport_name, verdict.facts.own_name) == (passport, own)


def test_the_longest_address_and_names_stay_readable(world: World) -> None:
    """What the standard does not keep below version 15 stays below 19, the limit (CERTIFICATES 4.2)."""
    services.state_identity(
        world.session, world.person, passport_name="MARIA DA CONCEICAO FERNANDES DE ALBUQUERQUE E MENDONCA",
        own_name="მარიამ დავითის ასული კაპანაძე-მაჭავარიანი", year_of_birth=1990, at=NOON,
    )  # fmt: skip
    certificate = world.issue()
    token = tokens.make_token(world.session, certificate, keyring=world.keyring)
    text = f"{services.verify_url('https://learning.ministry-of-labour.example.org/start', certificate.code)}#{token}"
    assert qr.version_of(text) <= 19
    assert math.isclose(grey_of_qr(text).width, grey_of_qr(text).height)
