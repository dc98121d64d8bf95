"""What a recording is, by its bytes."""

import pytest

from core.recordings import recording_of
from tests.pictures import make_png
from tests.recordings import OGG, make_recording


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (OGG, "audio/ogg"),
        (make_recording(b"ID3"), "audio/mpeg"),
        (make_recording(b"\xff\xfb\x90\x64"), "audio/mpeg"),
        (make_recording(b"WAVE", at=8), "audio/wav"),
        (make_recording(b"ftypM4A ", at=4), "audio/mp4"),
        (make_recording(b"\x1a\x45\xdf\xa3"), "audio/webm"),
        (make_recording(b"fLaC"), "audio/flac"),
    ],
)
def test_a_recording_is_known_by_its_bytes(content: bytes, content_type: str) -> None:
    kind = recording_of(content)

    assert kind is not None
    assert kind.content_type == content_type


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"\xff\xf1\x50\x80",
        b"\xff\xd8\xff\xe0",
        make_png(),
        b"<html>",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"OggT",
    ],
)
def test_what_is_none_is_none(content: bytes) -> None:
    assert recording_of(content) is None
