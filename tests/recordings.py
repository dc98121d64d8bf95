"""The beginnings of recordings, which is all that is ever looked at here; nobody plays them."""

OGG = b"OggS\x00\x02" + bytes(22) + b"OpusHead" + bytes(4_000)
"""Two seconds of a poor line, as they are reckoned."""


def make_recording(start: bytes, *, at: int = 0, size: int = 64) -> bytes:
    """Bytes that have ``start`` in its place."""
    return bytes(at) + start + bytes(size)
