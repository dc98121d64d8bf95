"""Small pictures made on the spot: photographs, stickers, profile images. Nothing is fetched, nothing is shipped."""

import functools
import math
import struct
import zlib
from collections.abc import Callable

Colour = tuple[int, int, int, int]
Paint = Callable[[float, float], Colour]

STICKERS = ("smile", "heart", "star", "sad")
TRANSPARENT: Colour = (0, 0, 0, 0)
INK: Colour = (70, 45, 20, 255)
YELLOW: Colour = (255, 205, 70, 255)
RED: Colour = (236, 64, 92, 255)


def png(width: int, height: int, paint: Paint) -> bytes:
    """A PNG whose pixels are ``paint(x, y)``, with both coordinates from -1 to 1."""
    rows = bytearray()
    for row in range(height):
        rows.append(0)
        y = 2 * (row + 0.5) / height - 1
        for column in range(width):
            rows += bytes(paint(2 * (column + 0.5) / width - 1, y))
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


@functools.lru_cache(maxsize=8)
def photograph(number: int = 0) -> bytes:
    """A picture of a parcel on a table, 240 by 180; the number changes its colours."""
    tint = (number * 47) % 90

    def paint(x: float, y: float) -> Colour:
        if abs(x) < 0.52 and -0.35 < y < 0.6:
            if abs(x) < 0.07 or abs(y + 0.02) < 0.04:
                return (196, 160 - tint // 3, 110, 255)
            shade = int(18 * (x + y))
            return (176 + shade, 128 + shade, 78 + tint // 2 + shade, 255)
        if y > 0.35:
            return (120 + tint, 100 + int(20 * y), 92, 255)
        return (206 - tint // 2, 214, 222 + int(20 * y), 255)

    return png(240, 180, paint)


@functools.lru_cache(maxsize=8)
def sticker(name: str) -> bytes:
    """A sticker of 128 by 128; an unknown name smiles."""
    paints: dict[str, Paint] = {"heart": _heart, "star": _star, "sad": functools.partial(_face, glad=False)}
    return png(128, 128, paints.get(name, functools.partial(_face, glad=True)))


@functools.lru_cache(maxsize=256)
def avatar(seed: int) -> bytes:
    """A profile image of 64 by 64."""
    hue = seed % 360

    def paint(x: float, y: float) -> Colour:
        if math.hypot(x, y + 0.25) < 0.36 or (math.hypot(x, y - 1.05) < 0.78):
            return (250, 250, 252, 255)
        return (*_hue(hue, 0.55 + 0.12 * y), 255)

    return png(64, 64, paint)


def video() -> bytes:
    """The head of an MP4 file: recognisable as a video, too short to be played."""
    brand = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp42")
    return brand + struct.pack(">I4s", 72, b"mdat") + bytes(64)


def content_type(data: bytes) -> str | None:
    """``image/png`` or ``image/jpeg`` by the first bytes, else None."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/jpeg" if data.startswith(b"\xff\xd8\xff") else None


def _face(x: float, y: float, *, glad: bool) -> Colour:
    if math.hypot(x, y) > 0.92:
        return TRANSPARENT
    if math.hypot(abs(x) - 0.33, y + 0.22) < 0.11:
        return INK
    centre, side = (0.1, 1) if glad else (0.72, -1)
    if abs(math.hypot(x, y - centre) - 0.45) < 0.06 and side * (y - centre) > 0.12:
        return INK
    return YELLOW


def _heart(x: float, y: float) -> Colour:
    x, y = x * 1.25, -y * 1.25 + 0.1
    return RED if (x * x + y * y - 1) ** 3 - x * x * y**3 < 0 else TRANSPARENT


def _star(x: float, y: float) -> Colour:
    step = math.pi / 5
    from_tip = abs((math.atan2(x, -y) + step) % (2 * step) - step)
    edge = 0.95 * 0.42 * math.sin(step) / (0.95 * math.sin(from_tip) + 0.42 * math.sin(step - from_tip))
    return YELLOW if math.hypot(x, y + 0.05) < edge else TRANSPARENT


def _hue(degrees: int, light: float) -> tuple[int, int, int]:
    parts = (0.5 + 0.5 * math.cos(math.radians(degrees - shift)) for shift in (0, 120, 240))
    red, green, blue = (int(255 * min(1.0, light * (0.55 + 0.6 * part))) for part in parts)
    return red, green, blue


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
