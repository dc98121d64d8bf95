"""Cleaning of text that comes from outside, so that SQLite and PostgreSQL hold the same."""

import re
import unicodedata

MAX_STORED_CHARACTERS = 65_536
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NEWLINES = re.compile(r"\r\n?")


def clean_text(text: str, *, limit: int = MAX_STORED_CHARACTERS) -> str:
    """The text without what a database refuses or a screen must not obey.

    Control characters and lone surrogates go (PostgreSQL refuses NUL, SQLite keeps it), line ends become ``\\n``,
    the form is NFC, and what is longer than ``limit`` characters is cut without splitting a composed sign.
    """
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    text = _CONTROL.sub("", _NEWLINES.sub("\n", text))
    return truncate(unicodedata.normalize("NFC", text), limit)


def truncate(text: str, limit: int) -> str:
    """At most ``limit`` characters, never ending between a base sign and what joins it."""
    if len(text) <= limit:
        return text
    end = limit
    while end > 0 and _joins(text[end]):
        end -= 1
    return text[:end] or text[:limit]


def one_line(text: str, limit: int = 160) -> str:
    """The text folded to one line of at most ``limit`` characters, for lists."""
    folded = " ".join(text.split())
    return folded if len(folded) <= limit else truncate(folded, limit - 1) + "…"


def _joins(character: str) -> bool:
    return (
        unicodedata.combining(character) != 0
        or character in "\u200d\ufe0e\ufe0f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
