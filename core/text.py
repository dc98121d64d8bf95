"""Text that comes from outside: cleaned so that SQLite and PostgreSQL hold the same, cut and shown by its signs."""

import re
import unicodedata

MAX_STORED_CHARACTERS = 65_536
MOST_MARKS_SHOWN = 4
_MOST_MARKS_SORTED = 30
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NEWLINES = re.compile(r"\r\n?")

# Where Unicode has marks that stand on the sign before them.
_MARK_BLOCKS = (
    (0x0300, 0x3100), (0xA66F, 0xABF0), (0xFB1E, 0xFB1F), (0xFE00, 0xFE30), (0x101FD, 0x11FFF), (0x13430, 0x13456),
    (0x16AF0, 0x16FF2), (0x1BC9D, 0x1BC9F), (0x1CF00, 0x1D245), (0x1DA00, 0x1E2F0), (0x1E4EC, 0x1E950),
)  # fmt: skip
_MARKS = "".join(
    chr(point)
    for first, end in _MARK_BLOCKS
    for point in range(first, end)
    if unicodedata.combining(chr(point)) or unicodedata.category(chr(point)) in {"Mn", "Me"}
)
_PILE = re.compile(f"[{_MARKS}]{{{_MOST_MARKS_SORTED + 1},}}")
_MARKS_TOO_MANY = re.compile(f"([{_MARKS}]{{{MOST_MARKS_SHOWN}}})[{_MARKS}]+")

# England, Scotland and Wales: a black flag, five letters and an end, all but the first invisible by themselves.
_FLAG = "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
_JOINED_SIGNS = "(?<=[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_VISIBLE_OR_NOT = re.compile(f"({_FLAG}|{_JOINED_SIGNS})|[{_INVISIBLE}]+")
# What honest keyboards and copied web pages do not bring along: joiners and marks of direction belong to scripts.
_HIDDEN = re.compile(f"({_FLAG})|[\u200b\u202d\u202e\u2060-\u2064]|(?<!^)\ufeff|[\U000e0000-\U000e0fff]", re.DOTALL)


def clean_text(text: str, *, limit: int = MAX_STORED_CHARACTERS) -> str:
    """The text without what a database refuses or a screen must not obey.

    Control characters and lone surrogates go (PostgreSQL refuses NUL, SQLite keeps it), line ends become ``\\n``,
    the form is NFC, and what is longer than ``limit`` characters is cut without splitting a composed sign.
    """
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    text = _CONTROL.sub("", _NEWLINES.sub("\n", text))
    return truncate(_composed(text), limit)


def _composed(text: str) -> str:
    """The text in NFC, piles of marks as they are: to sort a pile takes the square of its height."""
    if text.isascii():
        return text
    parts, start = [], 0
    for pile in _PILE.finditer(text):
        parts += [unicodedata.normalize("NFC", text[start : pile.start()]), pile.group()]
        start = pile.end()
    return "".join([*parts, unicodedata.normalize("NFC", text[start:])])


def readable(text: str) -> str:
    """The text as a person sees it, for whatever reads it by machine: without zero-width signs, tags and the like.

    Emoji that are joined by such signs, and flags, stay whole.
    """
    return text if text.isascii() else _VISIBLE_OR_NOT.sub(r"\1", text)


def hides_something(text: str) -> bool:
    """Whether signs stand in the text that nobody sees and hardly anybody types."""
    return not text.isascii() and any(not found.group(1) for found in _HIDDEN.finditer(text))


def shown(text: str) -> str:
    """The text with at most four marks on a sign, so that it does not run over its neighbours."""
    return text if text.isascii() else _MARKS_TOO_MANY.sub(r"\1", text)


def truncate(text: str, limit: int) -> str:
    """At most ``limit`` characters, never ending within what is seen as one sign, unless that alone is longer."""
    if len(text) <= limit:
        return text
    end = limit
    while end > 0 and not _is_border(text, end):
        end -= 1
    return text[:end] or text[:limit]


def count_signs(text: str) -> int:
    """How many signs a person sees: an emoji made of seven characters is one."""
    if text.isascii():
        return len(text)
    signs = regional = 0
    for at, here in enumerate(text):
        regional = regional + 1 if _is_regional(here) else 0
        # Two regional letters are one flag.
        signs += regional % 2 if regional else _is_border(text, at)
    return signs


def one_line(text: str, limit: int = 160) -> str:
    """The text folded to one line of at most ``limit`` characters, for lists."""
    folded = shown(" ".join(text.split()))
    return folded if len(folded) <= limit else truncate(folded, limit - 1) + "…"


def _is_border(text: str, at: int) -> bool:
    """Whether a new sign begins at ``at``, which is not the end."""
    if at == 0:
        return True
    before, here = text[at - 1], text[at]
    if here.isascii():
        return True
    if _is_regional(here) and _is_regional(before):
        first = at
        while first > 0 and _is_regional(text[first - 1]):
            first -= 1
        return (at - first) % 2 == 0
    return before != "\u200d" and not _joins(here)


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _joins(character: str) -> bool:
    return (
        unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or character in "\u200c\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )
