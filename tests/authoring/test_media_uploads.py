"""Hostile and damaged files: each is refused with one sentence, or nothing of it is left but pixels and sound."""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from headstart_lms.authoring import media_edit, pictures, sounds
from headstart_lms.authoring.svg import sanitised
from headstart_lms.courses.source import look_into
from headstart_lms.kernel.errors import Invalid
from headstart_lms.paths import bundled_courses

from .uploads import film, jpeg, moving, picture_in, png_head, sound, wav

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def drawing(inside: str, attributes: str = 'viewBox="0 0 10 10"') -> bytes:
    return f"<svg {NS} {attributes}>{inside}</svg>".encode()


def refused(content: bytes, name: str = "file.png") -> str:
    """Return what is said of a file that is refused: one sentence, or two that say what to do."""
    with pytest.raises(Invalid) as caught:
        media_edit.take_in(content, name)
    assert 20 < len(caught.value.message) < 200
    assert "\n" not in caught.value.message
    return caught.value.message


# --- photos -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: png_head(30_000, 30_000),
        lambda: png_head(60_000, 4),
        lambda: png_head(5_000, 5_000),
        lambda: jpeg()[:400],
        lambda: jpeg(kind="PNG")[:-300],
        lambda: moving("GIF"),
        lambda: moving("PNG"),
        lambda: moving("WEBP"),
        lambda: b"PK\x03\x04" + b"zip" * 300,
        lambda: b"GIF89a/*" + b"\0" * 200 + b"*/=1;alert(1)//",
        lambda: b"%PDF-1.4 <script>",
        lambda: b"<html><script>alert(1)</script></html>",
        lambda: b"<?php system('id'); ?>",
        lambda: b"\xff\xd8\xff\xe0<?php system('id'); ?>" + b"x" * 400,
        lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"x" * 200,
        lambda: b"\x89PNG\r\n\x1a\n",
        lambda: b"x",
    ],
    ids=["30000x30000", "60000 wide", "pixels missing", "cut JPEG", "cut PNG", "GIF that moves", "PNG that moves",
         "WebP that moves", "zip", "GIF and script", "PDF", "HTML", "PHP", "JPEG of PHP", "HEIC", "only a head", "x"],
)  # fmt: skip
def test_what_is_no_still_picture_is_refused_with_a_sentence(make: Callable[[], bytes]) -> None:
    refused(make())


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(Invalid, match="empty"):
        media_edit.take_in(b"", "a.png")


@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"<?php system('id'); ?>", b"PK\x03\x04zip"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_what_hides_behind_or_in_a_picture_does_not_come_along(kind: str, tail: bytes) -> None:
    out = io.BytesIO()
    more = {"comment": tail} if kind in ("JPEG", "GIF") else {}
    Image.new("RGB", (60, 40), "navy").save(out, kind, **more)
    made = pictures.picture_of(out.getvalue() + tail)
    assert tail[:6] not in made.content
    assert made.suffix == ".webp"
    assert picture_in(made.content).size == (60, 40)


def test_place_author_comment_profile_and_text_are_gone() -> None:
    assert picture_in(jpeg()).getexif().get_ifd(0x8825)[1] == "N"
    made = picture_in(pictures.picture_of(jpeg()).content)
    assert dict(made.getexif()) == {}
    assert set(made.info) <= {"loop", "background", "timestamp", "duration"}


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "I;16", "1"])
def test_every_mode_of_pixels_becomes_a_small_picture(mode: str) -> None:
    out = io.BytesIO()
    grey = Image.linear_gradient("L").resize((900, 700))
    picture = Image.new("I;16", (900, 700), 40_000) if mode == "I;16" else grey.convert(mode)
    picture.save(out, "JPEG" if mode == "CMYK" else "PNG")
    made = picture_in(pictures.picture_of(out.getvalue()).content)
    assert made.width == 480
    assert made.mode in ("RGB", "RGBA")


def test_a_noisy_picture_still_fits_into_25_kilobytes() -> None:
    out = io.BytesIO()
    Image.effect_noise((1200, 900), 120).convert("RGB").save(out, "PNG")
    assert len(pictures.picture_of(out.getvalue()).content) <= 25_000


@settings(max_examples=12, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP"]),
)
def test_any_bytes_behind_the_head_of_a_picture_are_refused_and_nothing_breaks(
    body: bytes, head: bytes
) -> None:
    with pytest.raises(Invalid):
        pictures.picture_of(head + body)


# --- drawings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        drawing("<script>alert(1)</script>"),
        drawing("<g><SCRIPT xmlns='http://www.w3.org/2000/svg'>alert(1)</SCRIPT></g>"),
        drawing("<metadata><script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script></metadata>"),
        drawing("<rect onload='alert(1)' width='1' height='1'/>"),
        drawing("", 'viewBox="0 0 1 1" onload="alert(1)"'),
        drawing(
            "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><iframe src='x'/></body></foreignObject>"
        ),
        drawing("<a xlink:href='javascript:alert(1)'><rect width='9' height='9'/></a>"),
        drawing("<use href='https://evil.example/x.svg#a'/>"),
        drawing("<use xlink:href='data:image/svg+xml;base64,PHN2Zy8+#x'/>"),
        drawing("<image href='https://evil.example/pixel.gif' width='1' height='1'/>"),
        drawing("<style>@import url(https://evil.example/x.css);</style>"),
        drawing("<rect fill='url(https://evil.example/#a)' width='9' height='9'/>"),
        drawing("<rect style='fill:url(//evil.example/a)' width='9' height='9'/>"),
        drawing("<rect style='fill:\\75rl(//evil.example/a)' width='9' height='9'/>"),
        drawing("<rect filter='url(#f)' width='9' height='9'/>"),
        drawing("<animate attributeName='href' to='javascript:alert(1)'/>"),
        drawing("<set attributeName='onclick' to='alert(1)'/>"),
        b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + drawing("<text>&b;</text>"),
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + drawing("<text>&x;</text>"),
        drawing("<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g>"),
        drawing("".join(f"<g id='l{n}'>" + f"<use href='#l{n - 1}'/>" * 9 + "</g>" for n in range(12))),
        drawing("<g>" * 60 + "</g>" * 60),
        drawing("<rect width='1' height='1'/>" * 5000),
        drawing("<path d='M0 0'/>", ""),
        drawing("<path d='" + "M1 1" * 20_000 + "'/>"),
        b"<svg><script>alert(1)</script></svg>",
        b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><path>",
        "<svg/>".encode("utf-16"),
    ],
)
def test_a_drawing_that_could_run_load_or_blow_up_is_refused(content: bytes) -> None:
    refused(content, "drawing.svg")


def test_what_an_editor_leaves_in_a_drawing_is_left_out_and_the_picture_stays() -> None:
    raw = (
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd"><!-- by Anna -->'
        f'<svg {NS} xmlns:sodipodi="urn:s" sodipodi:docname="/home/anna/x.svg" width="20mm" height="10mm"'
        ' viewBox="0 0 20 10">'
        "<title>Anna's house</title><metadata><author>Anna</author></metadata><sodipodi:namedview/>"
        '<defs><linearGradient id="g"><stop offset="0" style="stop-color:#f00"/></linearGradient></defs>'
        '<g data-name="anna" style="fill:url(#g);-inkscape-x:1"><path d="M0 0h5"/></g>'
        '<text x="1">a &amp; b</text></svg>'
    )
    made = sanitised(raw.encode()).decode()
    assert "nna" not in made
    assert 'viewBox="0 0 20 10"' in made
    assert 'fill="url(#g)"' in made
    assert "a &amp; b" in made
    assert look_into(made.encode(), ".svg").problem == ""
    assert sanitised(made.encode()).decode() == made


def test_every_drawing_we_ship_passes_and_keeps_its_shapes() -> None:
    drawings = sorted(bundled_courses().glob("*/media/*.svg"))
    assert len(drawings) > 50
    for file in drawings:
        raw = file.read_text("utf-8")
        made = sanitised(raw.encode()).decode()
        for shape in ("path", "circle", "rect", "line", "use"):
            assert len(re.findall(rf"<{shape}\b", made)) == len(re.findall(rf"<{shape}\b", raw)), file
        assert look_into(made.encode(), ".svg").problem == ""


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="<>/=\"' svgrectonload#url(:)&;xlinkhref", max_size=80))
def test_no_text_inside_a_drawing_comes_out_dangerous(inside: str) -> None:
    try:
        made = sanitised(drawing(inside))
    except Invalid:
        return
    assert look_into(made, ".svg").problem == ""


# --- sounds and films ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["ogg", "webm", "mp3", "wav", "flac", "adts"])
def test_every_usual_kind_of_sound_becomes_a_trimmed_and_levelled_opus_file(form: str) -> None:
    made = sounds.sound_of(sound(1.0, form), "una parola")
    assert made.content.startswith(b"OggS")
    assert b"OpusHead" in made.content[:100]
    assert len(made.content) <= 12_000
    assert 1.0 <= made.seconds <= 1.4  # 0.4 s of silence before and 0.5 s behind it are gone


def test_names_in_the_tags_of_a_sound_are_gone() -> None:
    raw = sound(1.0, "mp3", "-metadata", "artist=Secret Author", "-metadata", "comment=Secret place")
    assert b"Secret" in raw
    assert b"Secret" not in sounds.sound_of(raw).content


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.mp3\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"file '/etc/passwd'\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        b'<?xml version="1.0"?><MPD><BaseURL>http://127.0.0.1:9/</BaseURL></MPD>',
        b"MThd\0\0\0\6\0\0\0\1\0`MTrk",
        b"RIFF\x24\0\0\0AVI LIST",
        b"OggS" + b"\0" * 3000,
        b"ID3\x04\0\0\0\0\0\x00#EXTM3U\nfile:///etc/passwd\n",
        b"\x1aE\xdf\xa3" + b"#EXTM3U\nfile:///etc/passwd\n" * 40,
        b"\0\0\0\x18ftypM4A \0\0\0\0" + b"\0" * 400,
    ],
    ids=["HLS", "M3U", "ffconcat", "concat", "SDP", "DASH", "MIDI", "AVI", "Ogg", "ID3 and M3U", "Matroska", "MP4"],
)  # fmt: skip
def test_playlists_and_damaged_sounds_are_refused_and_nothing_is_fetched(content: bytes) -> None:
    for name in ("clip.mp3", "clip.m3u8"):
        refused(content, name)
    with pytest.raises(Invalid):
        sounds.sound_of(content, "una parola")


def test_a_header_that_says_two_gigabytes_is_not_believed() -> None:
    tone = array("h", (8000 if n // 55 % 2 else -8000 for n in range(48_000))).tobytes()
    made = sounds.sound_of(wav(tone, says=2**31 - 100), "una parola")
    assert made.seconds < 1.5
    with pytest.raises(Invalid, match="Nothing is heard"):
        sounds.sound_of(wav(b"\0\0" * 48_000, says=2**32 - 1), "una parola")


@pytest.mark.parametrize(
    "make,said",
    [
        (lambda: wav(b"\0\0" * 48_000), "Nothing is heard"),
        (
            lambda: wav(array("h", (32_767 if n // 55 % 2 else -32_768 for n in range(48_000))).tobytes()),
            "too loud",
        ),
        (lambda: sound(9.0), "longer or shorter"),
        (lambda: sound(63.0, "mp3"), "longer than 60 seconds"),
        (lambda: b"ID3" + b"\0" * 10_000_001, "larger than 10 MB"),
    ],
    ids=["silent", "clipped", "not that word", "too long", "too large"],
)
def test_a_recording_that_does_not_do_says_what_to_do(make: Callable[[], bytes], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        sounds.sound_of(make(), "casa")


def test_without_ffmpeg_a_sound_is_refused_with_whom_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = sound()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Invalid, match="ffmpeg is missing"):
        sounds.sound_of(raw, "una parola")


def test_a_film_keeps_its_pictures_and_loses_place_and_author(tmp_path: Path) -> None:
    raw = film(tmp_path / "film.mp4")
    assert b"Secret" in raw
    made = media_edit.take_in(raw, "film.mp4")
    assert made.kind == "video"
    assert b"Secret" not in made.content
    assert b"45.46" not in made.content
    assert look_into(made.content, ".mp4").problem == ""


def test_films_of_other_kinds_are_refused_with_what_to_do() -> None:
    assert "MP4" in refused(b"\x1aE\xdf\xa3" + b"webm" + b"V_VP9" + b"\0" * 99, "film.webm")
    assert "8 MB" in refused(b"\0\0\0\x18ftypisom" + b"\0" * 8_000_001, "film.mp4")
