"""The PDF: two independent checkers find nothing, names can be copied out of it, its languages and its fonts."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import outloud
import pdfua
import pikepdf
import pypdfium2
import pytest
import zxingcpp

from headstart_lms.certificates import pdf, services, signed_files, tokens
from headstart_lms.certificates.models import Certificate
from headstart_lms.certificates.trust import trust_store
from headstart_lms.certificates.verify import verify
from headstart_lms.kernel import i18n
from headstart_lms.kernel.errors import Conflict

from .conftest import BASE_URL, NOON, World

#: Name in the passport, name in own letters, language of the learner.
NAMES = {
    "Arabic": ("AMINA AL-HASSAN", "أمينة الحسن", "ar"),
    "Persian": ("LEILA GHOLAMI", "لیلا غلامی", "fa"),
    "Georgian": ("NINO KAPANADZE", "ნინო კაპანაძე", "ka"),
    "Cyrillic": ("OLEKSANDRA YIZHAKEVYCH", "Олександра Їжакевич-Шевченко", "uk"),
    "Latin": ("JOAO CELIK NGUYEN", "João Çelik Nguyễn", "en"),
}
#: Other scripts that our learners write.
MORE = {
    "Ethiopic": "አበበ ቢቂላ", "Devanagari": "श्रीमती क्षितिजा शर्मा", "Bengali": "রহিমা খাতুন",
    "Tamil": "கண்ணன்", "Sinhala": "සුනිල්", "Urdu": "محمد ٹیپو",
    "Armenian": "Անի Պետրոսյան", "Hebrew": "מרים כהן", "Gurmukhi": "ਗੁਰਪ੍ਰੀਤ",
    "Thai": "สมชาย", "Khmer": "សុខា", "Myanmar": "အောင်",
    "Malayalam": "അനിൽ", "Telugu": "రాము", "Gujarati": "પટેલ",
    "Kannada": "ರಾಜು", "Lao": "ສົມ",
}  # fmt: skip


def paper_of(
    world: World, passport: str, own: str, language: str = "en", **changes: Any
) -> tuple[Certificate, bytes]:
    services.state_identity(
        world.session, world.person, passport_name=passport, own_name=own, year_of_birth=1990, at=NOON
    )
    world.person.language = language
    award = world.another("c-" + hashlib.sha256((passport + own).encode()).hexdigest()[:12], **changes)
    certificate = services.issue(world.session, award, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    return certificate, made(world, certificate)


def made(world: World, certificate: Certificate) -> bytes:
    address = services.verify_url(BASE_URL, certificate.code)
    token = tokens.make_token(world.session, certificate, keyring=world.keyring)
    return pdf.make(certificate, address=address, scanned=f"{address}#{token}")


def texts(data: bytes) -> list[str]:
    """Return the text of every page, as a reader copies it."""
    opened = pypdfium2.PdfDocument(data)
    try:
        return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in opened]
    finally:
        opened.close()


@pytest.mark.parametrize("script", list(NAMES))
def test_two_checkers_find_nothing_and_the_names_are_copied_as_they_were_given(
    world: World, tmp_path: Path, script: str
) -> None:
    passport, own, language = NAMES[script]
    _certificate, data = paper_of(world, passport, own, language)
    file = tmp_path / "certificate.pdf"
    file.write_bytes(data)
    by_outloud, by_pdfua = outloud.check(str(file)), pdfua.validate(str(file))
    assert (by_outloud.verdict, by_outloud.findings) == ("pass", [])
    assert list(by_pdfua.findings) == []
    lines = texts(data)[0].split("\n")
    assert passport in lines
    assert own in lines


def test_a_persian_name_with_a_joiner_looks_right_and_the_attached_file_has_it_exactly(world: World) -> None:
    """Readers put U+200C one letter too far when they copy right-to-left text that typst wrote."""
    own = "مه‌شید حسین‌زاده"
    _certificate, data = paper_of(world, "MAHSHID HOSSEINZADEH", own)
    copied = {line.replace("\u200c", "") for line in texts(data)[0].split("\n")}
    assert own.replace("\u200c", "") in copied
    verdict = verify(data, trust=trust_store(world.session), at=NOON)
    assert verdict.facts is not None
    assert verdict.facts.own_name == own


@pytest.mark.parametrize("script", list(MORE))
def test_every_script_of_our_learners_is_drawn_with_the_fonts_that_we_ship(
    world: World, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_others(with_machine: bool) -> Any:
        assert not with_machine, f"{script} needs a font of the machine"
        return fonts(with_machine)

    fonts = pdf._fonts
    monkeypatch.setattr(pdf, "_fonts", no_others)
    _certificate, data = paper_of(world, "SOMEBODY", MORE[script])
    opened = pikepdf.Pdf.open(io.BytesIO(data))
    used = {str(font.BaseFont) for page in opened.pages for font in page.Resources.Font.values()}
    assert all("Noto" in name for name in used)
    if script in ("Armenian", "Hebrew"):
        assert MORE[script] in texts(data)[0]


def test_a_letter_that_no_font_has_is_refused_with_a_way_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = pdf._fonts(False)
    monkeypatch.setattr(pdf, "_fonts", lambda with_machine: shipped)
    with pytest.raises(Conflict, match="print the page"):
        paper_of(world, "SOMEBODY", "𒀀𒀁")


def test_the_file_is_the_same_each_time_and_carries_the_signed_one(world: World) -> None:
    certificate, data = paper_of(world, *NAMES["Arabic"])
    assert made(world, certificate) == data
    verdict = verify(data, trust=trust_store(world.session), at=NOON)
    assert (verdict.state, verdict.digest) == ("valid", certificate.digest)
    with pikepdf.Pdf.open(io.BytesIO(data)) as opened:
        [(name, attached)] = opened.attachments.items()
        assert name == "certificate.json"
        assert attached.get_file().read_bytes().decode() == signed_files.get_json(certificate)
        metadata = str(opened.Root.Metadata.read_bytes())
    assert re.search(r"pdfaid:part>3<", metadata)
    assert re.search(r"pdfaid:conformance>A<", metadata)
    assert re.search(r"pdfuaid:part>1<", metadata)


def test_the_second_page_is_in_the_language_of_the_learner(world: World) -> None:
    _certificate, data = paper_of(world, *NAMES["Arabic"])
    office, holder = texts(data)
    with i18n.in_language("ar"):
        born = i18n._("Year of birth")
    with i18n.in_language("it"):
        nato = i18n._("Year of birth")
    assert len({born, nato, "Year of birth"}) == 3
    assert nato in office
    assert born not in office
    assert born in holder
    assert nato not in holder


def test_the_first_page_is_in_the_language_of_the_destination_once_there_is_a_catalogue(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pdf._OFFICES.keys() == {"AT", "CZ", "DE", "HU", "IT", "NL", "PT", "SK"}
    assert set(pdf._OFFICES.values()) <= set(i18n.OFFICE_LANGUAGES)
    monkeypatch.setitem(pdf._OFFICES, "IT", "ar")  # stands for an office language with a catalogue
    office = texts(paper_of(world, *NAMES["Latin"])[1])[0]
    with i18n.in_language("ar"):
        assert i18n._("Year of birth") in office
    monkeypatch.setitem(pdf._OFFICES, "IT", "xx")  # none yet: English
    assert "Year of birth" in texts(paper_of(world, "ANOTHER", "Another")[1])[0]


def test_the_small_code_for_a_cv_holds_the_address_alone(world: World) -> None:
    certificate, data = paper_of(world, *NAMES["Georgian"])
    opened = pypdfium2.PdfDocument(data)
    found = []
    for number in range(len(opened)):
        grey = opened[number].render(scale=3).to_pil().convert("L")
        pixels = memoryview(grey.tobytes()).cast("B", (grey.height, grey.width))
        found.append([code.text for code in zxingcpp.read_barcodes(pixels)])
    opened.close()
    address = services.verify_url(BASE_URL, certificate.code)
    assert [len(codes) for codes in found] == [1, 1]
    assert found[0][0].startswith(f"{address}#HS1:")
    assert found[1] == [address]
    assert NAMES["Georgian"][0] not in texts(data)[1]


def test_very_long_names_titles_and_lists_still_fit_and_pass(world: World, tmp_path: Path) -> None:
    title = "Rights and duties of seasonal workers in agriculture, food processing and care, second edition"
    _certificate, data = paper_of(
        world, "M" * 60 + " " + "W" * 58, "Ж" * 118, "ar",
        titles={"en": title, "ar": "حقوق العمال الموسميين وواجباتهم في الزراعة وتصنيع الأغذية والرعاية"},
        outcomes=tuple(f"Can do thing number {number} in a way that takes a whole line" for number in range(40)),
    )  # fmt: skip
    file = tmp_path / "long.pdf"
    file.write_bytes(data)
    assert outloud.check(str(file)).errors == 0  # it wonders at the many forms of one Arabic letter
    assert list(pdfua.validate(str(file)).findings) == []
    pages = texts(data)
    assert len(pages) == 3
    assert "number 39" in "".join(pages)
    assert "MMMM" in pages[0]


def test_the_fonts_keep_their_licence_and_stay_small() -> None:
    assert "SIL OPEN FONT LICENSE Version 1.1" in (pdf.FONTS / "OFL.txt").read_text()
    assert sum(file.stat().st_size for file in pdf.FONTS.glob("*.ttf")) < 5_000_000
    assert set(pdf._fonts(False)[1]) == set(pdf._FAMILIES)
