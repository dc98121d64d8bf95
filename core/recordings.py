"""Recordings by their bytes: what a voice note is, whatever it is called."""

from core.pictures import FileKind

# A frame of MPEG audio begins with eleven set bits; the two bits of its layer are not both off.
_MPEG_SYNC, _MPEG_LAYER = 0xE0, 0x06

_SIGNATURES: tuple[tuple[bytes, int, FileKind], ...] = (
    (b"OggS", 0, FileKind(content_type="audio/ogg", extension="ogg")),
    (b"ID3", 0, FileKind(content_type="audio/mpeg", extension="mp3")),
    (b"WAVE", 8, FileKind(content_type="audio/wav", extension="wav")),
    (b"ftyp", 4, FileKind(content_type="audio/mp4", extension="m4a")),
    (b"\x1a\x45\xdf\xa3", 0, FileKind(content_type="audio/webm", extension="webm")),
    (b"fLaC", 0, FileKind(content_type="audio/flac", extension="flac")),
)
RECORDINGS = {kind.content_type: kind for _, _, kind in _SIGNATURES}
"""The kinds of recordings that are kept, by their content types."""


def recording_of(content: bytes) -> FileKind | None:
    """What the first bytes of something that was sent as a recording say it is, else None.

    Two of the containers may hold films as well, so only what is said to be a recording is asked about here.
    """
    for mark, start, kind in _SIGNATURES:
        if content[start : start + len(mark)] == mark:
            return kind
    is_frame = content[:1] == b"\xff" and len(content) > 1 and content[1] & _MPEG_SYNC == _MPEG_SYNC
    return RECORDINGS["audio/mpeg"] if is_frame and content[1] & _MPEG_LAYER else None
