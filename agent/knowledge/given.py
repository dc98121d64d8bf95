"""What is given to be imported: single files, folders and zip archives, each file with the path that names it."""

import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from agent.knowledge.files import KINDS_IN_WORDS, MOST_BYTES, kind_of

MOST_FILES = 2_000
MOST_UNPACKED = 100_000_000
MOST_NAME = 160

_ENCRYPTED = 0x1
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file with its path within what was given; ``problem`` says why it is not read."""

    name: str
    content: bytes = b""
    problem: str = ""


def found_at(paths: Sequence[Path]) -> Iterator[GivenFile]:
    """The files at these places, folders with everything below them. What is not read comes along with the reason."""
    for path in paths:
        if not path.is_dir():
            yield from unpacked(_read(path, path.name))
            continue
        top = path.resolve().name
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not _is_hidden(name))
            for name in sorted(names):
                if not _is_hidden(name):
                    found = Path(folder, name)
                    yield _read(found, f"{top}/{found.relative_to(path).as_posix()}")


def unpacked(given: GivenFile) -> Iterator[GivenFile]:
    """The file itself, or the files of the zip archive that it is, which are named as a folder of its name would be."""
    if given.problem or PurePosixPath(given.name).suffix.lower() != ".zip":
        yield given
        return
    try:
        with zipfile.ZipFile(BytesIO(given.content)) as archive:
            yield from _members(archive, PurePosixPath(given.name).stem, given.name)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError):
        yield GivenFile(name=given.name, problem="The zip archive is damaged. Pack it anew.")


def _members(archive: zipfile.ZipFile, top: str, archive_name: str) -> Iterator[GivenFile]:
    members = [each for each in archive.infolist() if not each.is_dir() and not _is_hidden(*each.filename.split("/"))]
    if len(members) > MOST_FILES:
        yield GivenFile(name=archive_name, problem=f"The archive has more than {MOST_FILES} files. Pack several.")
        return
    left = MOST_UNPACKED
    for member in members:
        parts = [part for part in PurePosixPath(member.filename.replace("\\", "/")).parts if part not in {"..", "/"}]
        # An archive of a folder and a folder of that name are the same files.
        name = _named("/".join(parts if parts[:1] == [top] else [top, *parts]))
        problem, content = _problem_of(name), b""
        if member.flag_bits & _ENCRYPTED or member.compress_type not in _PLAIN:
            problem = "The archive has it encrypted or packed in an unusual way. Pack it as an ordinary zip."
        if not problem:
            with archive.open(member) as packed:
                # What the archive says of sizes is not believed.
                content = packed.read(min(MOST_BYTES, left) + 1)
            problem = _problem_of(name, size=len(content))
            left -= len(content)
            if left < 0:
                yield GivenFile(
                    name=name, problem=f"The archive holds more than {MOST_UNPACKED // 1_000_000} MB. Pack several."
                )
                return
        yield GivenFile(name=name, content=b"" if problem else content, problem=problem)


def _read(path: Path, name: str) -> GivenFile:
    name = _named(name)
    try:
        problem = _problem_of(name, size=path.stat().st_size) if path.is_file() else "It is no ordinary file."
        return GivenFile(name=name, content=b"" if problem else path.read_bytes(), problem=problem)
    except OSError as error:
        return GivenFile(name=name, problem=f"It cannot be read ({error.strerror}).")


def _problem_of(name: str, *, size: int = 0) -> str:
    if kind_of(name) is None and PurePosixPath(name).suffix.lower() != ".zip":
        return f"This kind of file is not read; {KINDS_IN_WORDS} are."
    return f"It has more than {MOST_BYTES // 1_000_000} MB. Cut it into several files." if size > MOST_BYTES else ""


def _named(name: str) -> str:
    """A path that a column holds; of one that is too long the end."""
    return name.encode("utf-8", "replace").decode()[-MOST_NAME:].lstrip("/")


def _is_hidden(*parts: str) -> bool:
    return any(part == "__MACOSX" or (part.startswith(".") and part not in {".", ".."}) for part in parts)
