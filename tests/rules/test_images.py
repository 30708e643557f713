"""What may be a logo, and what is left of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.rules.images import MAX_BYTES, NotAnImage, clean
from tests.pictures import CHROMIUM_PNG, JPEG, chunk, png

SCRIPT = b"<script>alert(1)</script>"


def test_pictures_that_a_browser_draws_are_kept() -> None:
    for data, media_type in ((JPEG, "image/jpeg"), (CHROMIUM_PNG, "image/png")):
        picture = clean(data)
        assert (picture.media_type, picture.width, picture.height) == (media_type, 12, 8)
        assert clean(picture.content) == picture


def test_what_does_not_belong_to_a_picture_goes() -> None:
    hidden = chunk(b"tEXt", b"Comment\0" + SCRIPT) + chunk(b"eXIf", b"52.37 north")
    assert clean(png(more=hidden) + SCRIPT).content == png()
    comment = b"\xff\xfe" + (len(SCRIPT) + 2).to_bytes(2) + SCRIPT
    exif = b"\xff\xe1\x00\x0aExif\0\0\0\0"
    assert b"Google Inc." in JPEG.replace(b"\0", b"")
    cleaned = clean(JPEG[:2] + exif + comment + JPEG[2:] + SCRIPT).content
    assert cleaned == clean(JPEG).content
    for trace in (SCRIPT, b"Exif", b"ICC_PROFILE", b"JFIF"):
        assert trace not in cleaned
    assert cleaned.endswith(b"\xff\xd9")


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_every_kind_of_png_is_measured(colour: int) -> None:
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    for depth in (8, 16):
        pixels = (b"\0" + b"\x01" * (3 * channels * depth // 8)) * 2
        assert clean(png(depth=depth, colour=colour, pixels=pixels)).width == 3


def test_a_png_with_a_palette_or_in_passes_is_measured() -> None:
    palette = chunk(b"PLTE", b"\0\0\0\xff\xff\xff") + chunk(b"tRNS", b"\0")
    assert clean(png(9, 2, depth=1, colour=3, pixels=b"\0\xff\x80" * 2, more=palette)).width == 9
    # 1 × 1 in Adam7: the first pass alone, one line with one pixel of three bytes.
    assert clean(png(1, 1, interlace=1, pixels=b"\0\1\2\3")).height == 1
    # 3 × 2: passes 1, 4, 6 (two pixels, two lines' worth) and 7.
    passes = b"\0" + b"x" * 3 + b"\0" + b"x" * 3 + b"\0" + b"x" * 3 + b"\0" + b"x" * 9
    assert clean(png(3, 2, interlace=1, pixels=passes)).width == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "neither a PNG nor a JPEG"),
        (b"GIF89a" + b"\0" * 50, "neither a PNG nor a JPEG"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "neither a PNG nor a JPEG"),
        (b"<html>" + png(), "neither a PNG nor a JPEG"),
        (b"\0" * (MAX_BYTES + 1), "larger than 512 kB"),
        (png(2001, 1), "2000 × 2000 at most"),
        (png(1, 70_000), "2000 × 2000 at most"),
        (png(0, 1), "0 × 1"),
        (png()[:-1], "cut off"),
        (png()[:-12], "cut off"),
        (png()[:40], "cut off"),
        (png()[:8], "cut off"),
        (png().replace(b"IDAT", b"IDAX"), "damaged"),
        (png(depth=3), "does not exist"),
        (png(colour=5), "does not exist"),
        (png(interlace=2), "does not exist"),
        (png(colour=3, pixels=b"\0\0\0\0" * 2), "lacks its colours"),
        (png(pixels=b"\0" * 19), "fewer pixels"),
        (png(pixels=b"\0" * 21), "fewer pixels"),
        (png(pixels=b"\0" * 50_000_000), "fewer pixels"),
        (png(more=chunk(b"ABCD", b"")), "does not know"),
        (png(more=chunk(b"IHDR", b"\0" * 13)), "not whole"),
        (png()[:8] + chunk(b"IHDR", b"\0" * 12) + png()[33:], "wrong length"),
        (JPEG[:-2], "cut off"),
        (JPEG[:200], "cut off"),
        (JPEG[:3], "cut off"),
        (b"\xff\xd8\xff\xd9", "not whole"),
        (JPEG.replace(b"\xff\xc0", b"\xff\xc3"), "browsers do not show"),
        (JPEG.replace(b"\xff\xc0\x00\x11\x08\x00\x08\x00\x0c", b"\xff\xc0\x00\x11\x08\x08\x00\x08\x00"), "2000 × 2000"),
        (JPEG.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"), "browsers do not show"),
    ],
)
def test_what_is_no_logo_says_why(data: bytes, words: str) -> None:
    with pytest.raises(NotAnImage, match=words):
        clean(data)


@given(st.sampled_from([JPEG, CHROMIUM_PNG]), st.integers(0, 900), st.binary(max_size=6))
def test_damage_is_refused_or_repaired_and_never_an_error(data: bytes, place: int, patch: bytes) -> None:
    try:
        picture = clean(data[:place] + patch + data[place + len(patch) :])
    except NotAnImage:
        return
    assert clean(picture.content) == picture
