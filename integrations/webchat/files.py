"""Files that visitors send: judged by their bytes, cleaned, and put where those of other platforms lie."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from conversations import services as conversations
from conversations.types import InboundAttachment
from core.documents import PDF, is_pdf
from core.pictures import SHOWN, PictureBroken, kind_of, megabytes, without_metadata
from core.recordings import recording_of
from core.text import clean_text, one_line
from integrations.webchat.exceptions import FileDamaged, FileMissing, FileTooLarge, FileUnknown, TooManyFiles

MOST_FILES = 4
FILE_LIMIT = 8_000_000
# A request is at most 11 MB in all, at each door.
TOGETHER_LIMIT = 10_000_000
# Two minutes, however little a browser packs them; the page ends a recording there.
RECORDING_SECONDS = 120
RECORDING_LIMIT = 4_000_000
LONGEST_NAME = 100
TAKEN = (*sorted(SHOWN), PDF)
"""Content types of the files that visitors may choose; recordings come beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file as the page sent it; its name is whatever the sender calls it, and so is what it ``is_said_to_be``."""

    name: str
    is_said_to_be: str = ""
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFile:
    """A file that may be kept. ``kind`` is that of an attachment, ``extension`` has no dot."""

    kind: str
    name: str
    content_type: str
    extension: str
    content: bytes = field(repr=False)


def judged(files: Sequence[SentFile]) -> list[JudgedFile]:
    """The files of one message as they may be kept.

    Raises FileMissing, TooManyFiles, FileTooLarge, FileUnknown and FileDamaged.
    """
    if not files:
        raise FileMissing
    if len(files) > MOST_FILES:
        raise TooManyFiles(MOST_FILES)
    for file in files:
        if len(file.content) > FILE_LIMIT:
            raise FileTooLarge(_name(file), megabytes(FILE_LIMIT))
    if sum(len(file.content) for file in files) > TOGETHER_LIMIT:
        raise FileTooLarge("All of it together", megabytes(TOGETHER_LIMIT))
    return [_judged(file) for file in files]


def keep(files: Sequence[JudgedFile]) -> tuple[InboundAttachment, ...]:
    """Put the files into the storage. Whoever keeps no message with them lets go of them again."""
    kept: list[InboundAttachment] = []
    try:
        for file in files:
            stored = conversations.store_file(file.content, content_type=file.content_type, extension=file.extension)
            kept.append(InboundAttachment(kind=file.kind, name=file.name, stored=stored))
    except OSError:
        let_go(kept)
        raise
    return tuple(kept)


def let_go(attachments: Sequence[InboundAttachment]) -> None:
    """Take files out of the storage that no message has."""
    for attachment in attachments:
        if attachment.stored is not None:
            conversations.discard_file(attachment.stored)


def _judged(file: SentFile) -> JudgedFile:
    name = _name(file)
    if file.is_said_to_be.startswith("audio/"):
        return _judged_recording(file, name)
    if is_pdf(file.content):
        return JudgedFile(kind="file", name=name, content_type=PDF, extension="pdf", content=file.content)
    kind = kind_of(file.content)
    if kind is None or kind.content_type not in SHOWN:
        raise FileUnknown(name)
    try:
        content = without_metadata(file.content)
    except PictureBroken as error:
        raise FileDamaged(name) from error
    return JudgedFile(
        kind="image", name=name, content_type=kind.content_type, extension=kind.extension, content=content
    )


def _judged_recording(file: SentFile, name: str) -> JudgedFile:
    recorded = recording_of(file.content)
    if recorded is None:
        raise FileUnknown(name)
    if len(file.content) > RECORDING_LIMIT:
        raise FileTooLarge(name, megabytes(RECORDING_LIMIT))
    return JudgedFile(
        kind="audio",
        name=name,
        content_type=recorded.content_type,
        extension=recorded.extension,
        content=file.content,
    )


def _name(file: SentFile) -> str:
    """The last part of what the sender calls the file, on one line."""
    return one_line(clean_text(file.name).replace("\\", "/").rpartition("/")[2], LONGEST_NAME) or "The file"
