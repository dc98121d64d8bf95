"""Small pictures for tests, made on the spot: real ones that a browser shows."""

import base64
import struct
import zlib

PLAIN_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP"
    + "/" * 86
    + "2wBDAf"
    + "/" * 86
    + "wAARCAAEAAgDASIAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAA"
    "AAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAVAQEBAAAAAAAAAAAAAAAAAAAAAv/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/"
    "AAAl/9k="
)
"""A JPEG of 8 by 4 pixels without anything beside them."""


def make_png(
    width: int = 8, height: int = 4, *, colour: tuple[int, int, int] = (26, 170, 102), note: bytes = b""
) -> bytes:
    """A PNG of one colour; ``note`` stands in it as a comment."""
    rows = (b"\x00" + bytes(colour) * width) * height
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
    if note:
        chunks.append((b"tEXt", b"Comment\x00" + note))
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, data) for name, data in chunks)


def png_chunk(name: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def make_jpeg(*, note: bytes = b"", orientation: int = 0, order: str = ">") -> bytes:
    """The plain JPEG, as a camera would write it: with a comment, and with which way up it is to be shown."""
    beside = b""
    if orientation:
        mark = b"MM\x00*" if order == ">" else b"II*\x00"
        entries = [(0x0110, 2, 4, 0), (0x0112, 3, 1, orientation << 16 if order == ">" else orientation)]
        directory = struct.pack(f"{order}IH", 8, len(entries))
        directory += b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
        beside += jpeg_segment(0xE1, b"Exif\x00\x00" + mark + directory + note)
    if note:
        beside += jpeg_segment(0xFE, note) + jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + note)
    return PLAIN_JPEG[:2] + beside + PLAIN_JPEG[2:]


def jpeg_segment(marker: int, data: bytes) -> bytes:
    """A part of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def make_gif(*, note: bytes = b"", behind: bytes = b"") -> bytes:
    """A GIF of one pixel that is played for ever; ``note`` stands in it as a comment and as an application's own."""
    header = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(3) + b"\xff" * 3
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    timing = b"\x21\xf9\x04\x00\x0a\x00\x00\x00"
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    piece = bytes([len(note)]) + note + b"\x00"
    beside = b"\x21\xfe" + piece + b"\x21\xff\x0bXMP DataXMP" + piece if note else b""
    return header + loop + beside + timing + image + b"\x3b" + behind


# One pixel, lossless.
_WEBP_PIXEL = bytes.fromhex("2f00000010071011118888fe0700")


def make_webp(*, note: bytes = b"", behind: bytes = b"") -> bytes:
    """A WebP of one pixel; ``note`` stands in it as what a camera and a program wrote."""
    flags = 0x0C if note else 0
    chunks = [(b"VP8X", struct.pack("<I", flags) + bytes(6)), (b"VP8L", _WEBP_PIXEL)]
    if note:
        chunks += [(b"EXIF", note), (b"XMP ", note)]
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body + behind
