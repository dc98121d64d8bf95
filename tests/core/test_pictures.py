"""Pictures by their bytes: known for what they are, and without what a camera writes beside them."""

import struct

import pytest

from core.pictures import PictureBroken, kind_of, without_metadata
from tests.pictures import PLAIN_JPEG, jpeg_segment, make_gif, make_jpeg, make_png, make_webp, png_chunk

SECRET = b"48.2082 N 16.3738 E"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (make_png(), "image/png"),
        (PLAIN_JPEG, "image/jpeg"),
        (b"GIF89a" + bytes(20), "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
    ],
)
def test_a_file_is_known_by_its_first_bytes(content: bytes, content_type: str) -> None:
    found = kind_of(content)

    assert found is not None
    assert found.content_type == content_type


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"<svg onload=alert(1)>", b"<html>", b"\x00" * 40])
def test_anything_else_is_nothing(content: bytes) -> None:
    assert kind_of(content) is None


@pytest.mark.parametrize(
    "content",
    [
        make_png(note=SECRET),
        make_png() + SECRET,
        make_png()[:-12] + png_chunk(b"eXIf", SECRET) + make_png()[-12:],
        make_jpeg(note=SECRET),
        make_jpeg(note=SECRET, orientation=1),
        PLAIN_JPEG + SECRET,
        PLAIN_JPEG[:2] + jpeg_segment(0xED, SECRET) + PLAIN_JPEG[2:],
        PLAIN_JPEG[:2] + jpeg_segment(0xE2, b"MPF\x00" + SECRET) + PLAIN_JPEG[2:],
        make_gif(note=SECRET),
        make_gif(behind=SECRET),
        make_webp(note=SECRET),
        make_webp(behind=SECRET),
    ],
)
def test_what_stands_beside_the_pixels_is_left_out_and_the_pixels_stay(content: bytes) -> None:
    assert SECRET in content

    assert without_metadata(content) in {make_png(), PLAIN_JPEG, make_gif(), make_webp()}


def test_colours_stay_as_they_were_meant() -> None:
    profile = jpeg_segment(0xE2, b"ICC_PROFILE\x00\x01\x01profile")
    jpeg = PLAIN_JPEG[:2] + profile + PLAIN_JPEG[2:]
    png = make_png()[:33] + png_chunk(b"gAMA", b"\x00\x00\xb1\x8f") + make_png()[33:]

    assert without_metadata(jpeg) == jpeg
    assert without_metadata(png) == png


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_picture_that_was_taken_sideways_still_says_so_and_no_more(orientation: int, order: str) -> None:
    cleaned = without_metadata(make_jpeg(note=SECRET, orientation=orientation, order=order))

    assert SECRET not in cleaned
    assert cleaned.count(b"Exif\x00\x00") == 1
    assert struct.pack(">HHIH", 0x0112, 3, 1, orientation) in cleaned
    assert without_metadata(cleaned) == cleaned


def test_an_orientation_that_cannot_be_is_forgotten() -> None:
    assert without_metadata(make_jpeg(orientation=9)) == PLAIN_JPEG


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a" + bytes(40),
        make_png()[:-6],
        make_png()[:40],
        make_png().replace(b"IDAT", b"iDAT"),
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IEND", b""),
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", bytes(13)) + png_chunk(b"IEND", b""),
        b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
        PLAIN_JPEG[:-2],
        PLAIN_JPEG[:100],
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff<html><script>alert(1)</script>",
        PLAIN_JPEG[:2] + b"\xff\xfe\xff\xff" + PLAIN_JPEG[2:],
        PLAIN_JPEG[:2] + b"\xff\xfe\x00\x01" + PLAIN_JPEG[2:],
    ],
)
def test_what_only_begins_like_a_picture_is_refused(content: bytes) -> None:
    with pytest.raises(PictureBroken):
        without_metadata(content)


def test_fill_bytes_restarts_and_stuffed_bytes_are_no_end() -> None:
    pixels = b"\x12\xff\x00\x34\xff\xd0\x56\xff\xff"
    scan = jpeg_segment(0xDA, bytes(6)) + pixels
    content = b"\xff\xd8\xff\xff" + jpeg_segment(0xDB, bytes(3))[1:] + scan + b"\xff\xd9"

    assert pixels in without_metadata(content)


@pytest.mark.parametrize("whole", [make_gif(), make_webp()])
def test_no_part_of_a_moving_picture_may_be_missing(whole: bytes) -> None:
    for length in range(12, len(whole)):
        with pytest.raises(PictureBroken):
            without_metadata(whole[:length])


@pytest.mark.parametrize(
    "content",
    [
        make_gif()[:19] + b"\x3b",
        make_gif()[:19] + b"\x00" + make_gif()[19:],
        b"RIFF" + struct.pack("<I", 4) + b"WEBP",
        b"RIFF" + struct.pack("<I", 2**32 - 1) + b"WEBPVP8L",
    ],
)
def test_what_begins_like_one_and_holds_no_picture_is_broken(content: bytes) -> None:
    with pytest.raises(PictureBroken):
        without_metadata(content)
