"""Reads the environment's variables. A value that cannot be is one sentence: its name, what was given, what is expected."""

import math
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
DATABASES = ("postgres", "postgresql", "sqlite")
LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Kind:
    """What the entries of a list must be: how one is told, and how that is said."""

    fits: Callable[[str], bool]
    expected: str


class Environment:
    """The variables of this process. A wrong one raises ImproperlyConfigured, whose message is one sentence.

    What is secret is never shown. An empty variable, as an .env file may have it, is one that is not set; only a list
    may be empty on purpose.
    """

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables

    def text(self, name: str, *, default: str = "", choices: Collection[str] = ()) -> str:
        """Any text, or one of ``choices``, in whichever case it was written."""
        given = self._variables.get(name, "")
        if not given or not choices:
            return given or default
        chosen = next((choice for choice in choices if choice.lower() == given.strip().lower()), None)
        return chosen or _refuse(name, given, f"it must be {one_of(choices)}")

    def whole_number(self, name: str, *, default: int, least: int = 0, most: int = sys.maxsize) -> int:
        """A whole number from ``least`` to ``most``."""
        given = self._variables.get(name, "").strip()
        if not given:
            return default
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", given) or not least <= int(given) <= most:
            wanted = f"from {least} to {most}" if most < sys.maxsize else f"from {least} up"
            _refuse(name, given, f"it must be a whole number {wanted}")
        return int(given)

    def number(self, name: str, *, default: float, may_be_zero: bool = False) -> float:
        """A number above 0, or also 0."""
        given = self._variables.get(name, "").strip()
        if not given:
            return default
        try:
            number = float(given)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or number < 0 or (number == 0 and not may_be_zero):
            _refuse(name, given, f"it must be a number {'from 0 up' if may_be_zero else 'above 0'}, such as 1.5")
        return number

    def switch(self, name: str, *, default: bool) -> bool:
        """On or off."""
        given = self._variables.get(name, "").strip().lower()
        if given and given not in TRUE | FALSE:
            _refuse(name, given, "it must be 1 for on or 0 for off")
        return given in TRUE if given else default

    def words(
        self, name: str, *, default: Iterable[str], of: "Kind | None" = None, may_be_empty: bool = False
    ) -> list[str]:
        """The parts between commas, each of a kind if there is one."""
        words = [part.strip() for part in self._variables.get(name, "").split(",") if part.strip()]
        for word in words:
            if of is not None and not of.fits(word):
                _refuse(name, word, f"each entry must be {of.expected}", verb="contains")
        if not words and not (may_be_empty and name in self._variables):
            return list(default)
        return words

    def model(self, name: str, *, providers: Collection[str]) -> str:
        """``provider:model`` of one of these providers, or none."""
        given = self._variables.get(name, "").strip()
        if given and not re.fullmatch(rf"({'|'.join(providers)}):\S+", given):
            _refuse(name, given, f"it must be {one_of([f'{provider}:MODEL' for provider in providers])}")
        return given

    def address(self, name: str, *, default: str = "", schemes: Collection[str] = ("https", "http")) -> str:
        """An address with one of ``schemes`` and a host."""
        given = self._variables.get(name, "").strip()
        if given and not is_address(given, schemes):
            _refuse(name, "" if "@" in given else given, f"it must be an address that begins with {_begins(schemes)}")
        return given or default

    def database(self, name: str, *, otherwise: Path) -> dict[str, Any]:
        """Django's settings of the database at an address, or of the SQLite file that is used where there is none."""
        given = self._variables.get(name, "").strip()
        if not given:
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(otherwise)}
        if not is_address(given, DATABASES):
            # It holds a password, so it is not shown.
            _refuse(
                name,
                "",
                "it must look like postgres://user:password@host:5432/name, with @ : / in a password as %40 %3A %2F",
            )
        settings: dict[str, Any] = environ.Env.db_url_config(given)
        return settings

    def add_secret_files(self, names: Iterable[str]) -> None:
        """Take each of the named variables from the file that ``NAME_FILE`` names, as container engines hand secrets over.

        Raises ImproperlyConfigured for a file that cannot be read or is empty, and where the variable is set as well.
        """
        for name in names:
            given = os.environ.get(f"{name}_FILE", "")
            if not given:
                continue
            if os.environ.get(name):
                _refuse(f"{name}_FILE", given, f"{name} is set as well; leave one of them out")
            try:
                content = Path(given).read_text().strip()
            except (OSError, UnicodeDecodeError):
                _refuse(f"{name}_FILE", given, "it must be a text file that can be read")
            if not content:
                _refuse(f"{name}_FILE", given, "the file is empty")
            os.environ[name] = content

    def add_file(self, name: str, *, default: Path) -> Path:
        """Take what the named file says, or ``default`` if that is there; what is set already goes before."""
        given = self._variables.get(name, "")
        file = Path(given) if given else default
        if not given and not file.exists():
            return file
        try:
            content = file.read_text()
        except (OSError, UnicodeDecodeError):
            _refuse(name, str(file), "it must be a text file that can be read")
        environ.Env.read_env(StringIO(content), overwrite=False)
        return file


def is_address(given: str, schemes: Collection[str]) -> bool:
    """Whether ``given`` is an address with one of ``schemes``, and where such have a host, with one."""
    try:
        parts = urlsplit(given)
        # Asking for the port is what judges it.
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme in schemes and (has_host or parts.scheme in ("sqlite", "unix", "memory"))


def is_origin(word: str) -> bool:
    """Whether it is what browsers call an origin: scheme, host and port, without a path."""
    return is_address(word, ("https", "http")) and urlsplit(word).path == ""


def is_host_name(word: str) -> bool:
    """Whether it is a name or address without scheme, port and path; ``*`` and a leading dot stand for several."""
    return re.fullmatch(r"\*|\.?[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]", word) is not None


def is_host_and_port(word: str) -> bool:
    """Whether it is ``host:port`` or ``host:*``."""
    return re.fullmatch(r"[^\s/@]+:([0-9]{1,5}|\*)", word) is not None


def is_number(word: str) -> bool:
    """Whether it is a plain number, not below 0."""
    return re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", word) is not None


def is_model(word: str) -> bool:
    """Whether it is ``provider:model`` of a provider that can be called, or ``embedded``; a purpose may stand before it."""
    return re.fullmatch(r"((support|sales|general)=)?((openai|anthropic|compatible):\S+|embedded)", word) is not None


def one_of(choices: Collection[str]) -> str:
    """``a, b or c``."""
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last


def either(*choices: str) -> Kind:
    """One of these."""
    return Kind(choices.__contains__, one_of(choices))


def _begins(schemes: Collection[str]) -> str:
    return one_of([f"{scheme}://" for scheme in schemes])


def _refuse(name: str, given: str, expected: str, *, verb: str = "is set to") -> NoReturn:
    shown = given if len(given) <= LONGEST_SHOWN else f"{given[:LONGEST_SHOWN]}…"
    raise ImproperlyConfigured(f"{name} {f'{verb} “{shown}”' if shown else 'cannot be used'}: {expected}.")


HOST_NAMES = Kind(is_host_name, "a name alone, such as support.example.org")
ORIGINS = Kind(is_origin, "an address without a path, such as https://support.example.org")
SECONDS = Kind(is_number, "a number of seconds, such as 1.5")
HOSTS_AND_PORTS = Kind(is_host_and_port, "host:port or host:*")
MODELS = Kind(
    is_model,
    "openai:MODEL, anthropic:MODEL, compatible:MODEL or embedded, and may begin with support=, sales= or general=",
)
