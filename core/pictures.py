"""Pictures by their bytes: what a file is, whatever it is called, and the picture without what a camera wrote beside it."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

JPEG = "image/jpeg"
PNG = "image/png"
SHOWN = frozenset({JPEG, PNG, "image/gif", "image/webp"})
"""Content types that every browser shows as a picture and runs nothing of."""

SENDABLE = frozenset({JPEG, PNG})
"""Content types that every channel takes."""

_PNG_START = b"\x89PNG\r\n\x1a\n"
_JPEG_START = b"\xff\xd8"
_START_OF_SCAN, _END_OF_IMAGE, _COMMENT = 0xDA, 0xD9, 0xFE
_APP0, _APP1, _APP2, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_GIF_STARTS = (b"GIF87a", b"GIF89a")
_GIF_IMAGE, _GIF_EXTENSION, _GIF_END = 0x2C, 0x21, 0x3B
_GIF_TIMING, _GIF_APPLICATION = 0xF9, 0xFF
# Applications' blocks that say how often the pictures are played.
_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_WEBP_LOOKS = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_WEBP_HAS_METADATA = 0x08 | 0x04
_EXIF = b"Exif\x00\x00"
_ORIENTATION = 0x0112
# Chunks that change how a PNG looks; all others that a PNG can do without are left out.
_PNG_LOOKS = frozenset({b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"cICP"})


class PictureBroken(ValueError):
    """The bytes begin like a picture and do not go on like one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """What a file is. ``extension`` has no dot."""

    content_type: str
    extension: str


_SIGNATURES: tuple[tuple[bytes, int, FileKind], ...] = (
    (_PNG_START, 0, FileKind(content_type=PNG, extension="png")),
    (b"\xff\xd8\xff", 0, FileKind(content_type=JPEG, extension="jpg")),
    (b"GIF8", 0, FileKind(content_type="image/gif", extension="gif")),
    (b"WEBP", 8, FileKind(content_type="image/webp", extension="webp")),
    (b"ftyp", 4, FileKind(content_type="video/mp4", extension="mp4")),
)


def kind_of(content: bytes) -> FileKind | None:
    """What the first bytes say the file is: a picture or a video of a known kind, else None."""
    return next(
        (kind for mark, start, kind in _SIGNATURES if content[start : start + len(mark)] == mark),
        None,
    )


def megabytes(size: int) -> str:
    """A file's size in bytes as people say it, rounded up so that it never looks smaller than it is: "3 MB", "3.1 MB"."""
    return f"{-(-size // 100_000) / 10:g} MB"


def without_metadata(content: bytes) -> bytes:
    """A picture without place, camera, comments and whatever hangs behind it; its pixels and colours as they were.

    Which way up a JPEG is to be shown is kept, and how often a GIF is played. Raises PictureBroken for bytes that are no
    whole JPEG, PNG, GIF or WebP.
    """
    if content.startswith(_PNG_START):
        return _PNG_START + b"".join(_png_chunks(content))
    if content.startswith(_JPEG_START):
        return _jpeg(content)
    if content.startswith(_GIF_STARTS):
        return b"".join(_gif_blocks(content))
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _webp(content)
    raise PictureBroken("It is no JPEG, PNG, GIF or WebP.")


def _png_chunks(content: bytes) -> Iterator[bytes]:
    place, seen = len(_PNG_START), set[bytes]()
    while b"IEND" not in seen:
        length, name = _unpacked(">I4s", content, place)
        end = place + 12 + length
        chunk = content[place:end]
        if len(chunk) != end - place or zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:]):
            raise PictureBroken("A part of the PNG is damaged or missing.")
        if not seen and name != b"IHDR":
            raise PictureBroken("The PNG does not begin as one.")
        seen.add(name)
        is_critical = not name[0] & 0x20
        if is_critical or name in _PNG_LOOKS:
            yield chunk
        place = end
    if b"IDAT" not in seen:
        raise PictureBroken("The PNG holds no picture.")


def _jpeg(content: bytes) -> bytes:
    kept, orientation, has_picture = [_JPEG_START], 1, False
    for marker, segment in _jpeg_segments(content):
        if marker == _APP1 and segment[4:10] == _EXIF:
            orientation = _orientation(segment[10:]) or orientation
        if not _is_left_out(marker, segment):
            kept.append(segment)
        has_picture = has_picture or marker == _START_OF_SCAN
    if not has_picture:
        raise PictureBroken("The JPEG holds no picture.")
    if orientation != 1:
        kept.insert(1, _orientation_segment(orientation))
    return b"".join([*kept, bytes([0xFF, _END_OF_IMAGE])])


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker with its segment up to the end of the image; a scan's segment has its pixels behind it."""
    place = len(_JPEG_START)
    while True:
        while content[place : place + 2] == b"\xff\xff":
            place += 1
        start, marker = _unpacked(">BB", content, place)
        if start != 0xFF:
            raise PictureBroken("The JPEG's parts do not follow each other.")
        if marker == _END_OF_IMAGE:
            return
        if marker in _STANDALONE:
            place += 2
            continue
        (length,) = _unpacked(">H", content, place + 2)
        end = place + 2 + length
        if length < 2 or end > len(content):
            raise PictureBroken("A part of the JPEG is missing.")
        if marker == _START_OF_SCAN:
            end = _end_of_scan(content, end)
        yield marker, content[place:end]
        place = end


def _end_of_scan(content: bytes, place: int) -> int:
    """Where the pixels end: at the next marker that is neither a stuffed byte nor a restart."""
    while (place := content.find(b"\xff", place)) >= 0:
        following = content[place + 1 : place + 2]
        if not following:
            break
        if following[0] and following[0] not in range(0xD0, 0xD8) and following[0] != 0xFF:
            return place
        place += 1 if following[0] == 0xFF else 2
    raise PictureBroken("The JPEG ends too early.")


def _is_left_out(marker: int, segment: bytes) -> bool:
    if marker == _APP2:
        return segment[4:16] != b"ICC_PROFILE\x00"
    return marker == _COMMENT or (_APP0 < marker <= _APP15 and marker != _APP14)


def _orientation(tiff: bytes) -> int | None:
    """The orientation, 1 to 8, that an Exif block names; None where it names none that can be."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return None
    try:
        (directory,) = _unpacked(f"{order}I", tiff, 4)
        (count,) = _unpacked(f"{order}H", tiff, directory)
        for number in range(min(count, 200)):
            tag, _, _, value = _unpacked(f"{order}HHIH", tiff, directory + 2 + 12 * number)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else None
    except PictureBroken:
        return None
    return None


def _orientation_segment(orientation: int) -> bytes:
    directory = struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, orientation, 0, 0)
    block = _EXIF + b"MM\x00*" + struct.pack(">I", 8) + directory
    return struct.pack(">BBH", 0xFF, _APP1, len(block) + 2) + block


def _gif_blocks(content: bytes) -> Iterator[bytes]:
    """The header, then each block up to the end; comments, captions and what applications left are passed over."""
    _, _, packed, _, _ = _unpacked("<HHBBB", content, 6)
    place = _end_of_colours(13, packed)
    yield content[:place]
    has_picture = False
    while True:
        (mark,) = _unpacked("B", content, place)
        if mark == _GIF_END:
            break
        if mark == _GIF_EXTENSION:
            (label,) = _unpacked("B", content, place + 1)
            end = _end_of_gif_data(content, place + 2)
            is_loop = label == _GIF_APPLICATION and content[place + 3 : place + 14] in _GIF_LOOPS
            if label == _GIF_TIMING or is_loop:
                yield content[place:end]
        elif mark == _GIF_IMAGE:
            _, _, _, _, packed = _unpacked("<HHHHB", content, place + 1)
            end = _end_of_gif_data(content, _end_of_colours(place + 10, packed) + 1)
            has_picture = True
            yield content[place:end]
        else:
            raise PictureBroken("The GIF's parts do not follow each other.")
        place = end
    if not has_picture:
        raise PictureBroken("The GIF holds no picture.")
    yield bytes([_GIF_END])


def _end_of_colours(place: int, packed: int) -> int:
    """Where what follows a table of colours begins; it may be missing."""
    return place + (3 << ((packed & 7) + 1) if packed & 0x80 else 0)


def _end_of_gif_data(content: bytes, place: int) -> int:
    """Where a row of counted pieces ends: behind the empty one."""
    while True:
        (length,) = _unpacked("B", content, place)
        place += 1 + length
        if not length:
            return place


def _webp(content: bytes) -> bytes:
    (size,) = _unpacked("<I", content, 4)
    end = size + 8
    if end > len(content):
        raise PictureBroken("The WebP ends too early.")
    kept, names, place = list[bytes](), set[bytes](), 12
    while place < end:
        name, length = _unpacked("<4sI", content, place)
        following = place + 8 + length + length % 2
        if following > end:
            raise PictureBroken("A part of the WebP is missing.")
        chunk = content[place:following]
        if name == b"VP8X" and length:
            # It no longer has what it says it has beside the picture.
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_HAS_METADATA]) + chunk[9:]
        if name in _WEBP_LOOKS:
            kept.append(chunk)
            names.add(name)
        place = following
    if not names & _WEBP_PIXELS:
        raise PictureBroken("The WebP holds no picture.")
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _unpacked(form: str, content: bytes, place: int) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(form, content, place)
    except struct.error as error:
        raise PictureBroken("The picture ends too early.") from error
