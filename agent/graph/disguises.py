"""What a text says in disguise: spelt out, turned round, shifted, in look-alike letters, or encoded, up to three times over.

Only what a model can be brought to write and anybody can read back with common tools; every step is bounded.
"""

import base64
import binascii
import contextlib
import html
import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from agent.engine.numerals import CARDINALS, ONE
from agent.engine.text import fold

_SHORTEST_SECRET = 6
_ENOUGH_TO_BETRAY = 8
"""So many signs of a secret in a row, letters and figures among them, are the secret."""

_DEEPEST = 3
_MOST_AT_A_DEPTH = 24
_LONGEST = 16_000
_LOOK_ALIKES = (
    ("аАвВеЕёкКмМнНоОрРсСтТуУхХіІїјЈѕЅһԁԛԝгпИиЗзьɡ", "aabbeeekkmmhhooppccttyyxxiiijjsshdqwrnnn33bg"),
    ("αΑβΒεΕιΙκΚνΝμΜηΗοΟρΡτΤυΥχΧζΖ", "aabbeeiikkvnmmnhooppttuyxxzz"),
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"),
)
_LATIN = str.maketrans(
    {sign: letter for signs, letters in _LOOK_ALIKES for sign, letter in zip(signs, letters, strict=True)}
)
_ALPHABET = string.ascii_lowercase
_SHIFTS = [
    *(str.maketrans(_ALPHABET, _ALPHABET[by:] + _ALPHABET[:by]) for by in range(1, 26)),
    str.maketrans(_ALPHABET, _ALPHABET[::-1]),
]
_FIGURES = {word: str(value) for word, value in CARDINALS.items() if value < 10} | dict.fromkeys(
    ONE - {"un", "ein"}, "1"
)
_FIGURES |= dict.fromkeys(["zero", "null", "cero", "nul", "oh"], "0") | {"eins": "1", "niner": "9"}
_SEPARATORS = frozenset(
    ["dash", "hyphen", "minus", "bindestrich", "strich", "guion", "trattino", "streepje", "koppelteken"]
)

_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_ESCAPE = re.compile(r"\\u\{?([0-9a-f]{2,6})\}?|\\x([0-9a-f]{2})|\bU\+([0-9a-f]{2,6})", re.IGNORECASE)
_HEX = re.compile(r"(?<![a-z0-9])(?:0x)?([0-9a-f]{2,})(?![a-z0-9])", re.IGNORECASE)
_BITS = re.compile(r"(?<!\w)[01]{4,}(?!\w)")
_CODES = re.compile(r"(?<!\d)\d{2,3}(?!\d)")
_READABLE = re.compile(r"[\n\r\t -~]{12,}")


def betrays(text: str, secrets: Iterable[str]) -> bool:
    """Whether one of the secrets stands in the text, in any disguise; those of few letters are no secrets."""
    bare = [_bare(secret) for secret in secrets]
    sought = {part for secret in bare if len(secret) >= _SHORTEST_SECRET for part in _telling(secret)}
    if not sought:
        return False
    plain = unicodedata.normalize("NFKC", text)[:_LONGEST]
    return any(part in reading for reading in _readings(plain) for part in sought)


def _telling(secret: str) -> Iterator[str]:
    """The secret and the parts of it that betray it, each also from behind."""
    ends = range(_ENOUGH_TO_BETRAY, len(secret) + 1)
    parts = {secret[end - _ENOUGH_TO_BETRAY : end] for end in ends}
    mixed = {part for part in parts if not part.isalpha() and not part.isdigit()}
    for part in [secret, *mixed]:
        yield from (part, part[::-1])


def _readings(plain: str) -> Iterator[str]:
    said = [_bare(plain), *map(_bare, _spelt(plain))]
    yield from said
    for reading in said:
        yield from (reading.translate(shift) for shift in _SHIFTS)
    texts = [plain, plain[::-1]]
    for _ in range(_DEEPEST):
        decoded = list(dict.fromkeys(found for text in texts for found in _decoded(text)))
        yield from map(_bare, decoded)
        # What no decoding has made readable was not encoded in that way.
        readable = ("\n".join(_READABLE.findall(text)) for text in decoded)
        texts = [text for text in dict.fromkeys(readable) if text][:_MOST_AT_A_DEPTH]


def _bare(text: str) -> str:
    """Letters and figures alone: small, Latin where they look so, without accents."""
    latin = unicodedata.normalize("NFKD", text.translate(_LATIN)).lower()
    return re.sub(r"[^a-z0-9]+", "", latin) if latin.isascii() else "".join(sign for sign in latin if sign.isalnum())


def _spelt(text: str) -> Iterator[str]:
    """First letters of lines and of words, single letters, and figures that are said in words."""
    yield "".join(re.findall(r"^\W*(\w)", text, re.MULTILINE))
    yield "".join(re.findall(r"(?<!\w)(\w)", text))
    tokens = [_FIGURES.get(fold(token), token) for token in _TOKEN.findall(text) if fold(token) not in _SEPARATORS]
    yield "".join(token if any(map(str.isdigit, token)) else token[0] for token in tokens)
    yield "".join(token for token in tokens if len(token) == 1)


def _decoded(text: str) -> Iterator[str]:
    """What the text is in each of the common encodings, wherever in it that begins and however it is spaced."""
    if "&" in text:
        yield html.unescape(text)
    if "%" in text:
        yield unquote(text, errors="ignore")
    if _ESCAPE.search(text):
        yield _ESCAPE.sub(_escaped, text)
    yield from _numeric(text)
    joined = re.sub(r"[^A-Za-z2-7]", "", text).upper()
    for start in range(8 if len(joined) >= 12 else 0):
        yield _from_base32(joined[start:])
    for compact in {re.sub(r"[^A-Za-z0-9+/]", "", text.translate(signs)) for signs in ({}, {45: "+", 95: "/"})}:
        for start in range(4 if len(compact) >= 12 else 0):
            yield _from_base64(compact[start:])


def _numeric(text: str) -> Iterator[str]:
    """The text of figures that stand for signs: hexadecimal, binary, decimal, octal."""
    digits = "".join(_HEX.findall(text))
    for start in (0, 1) if len(digits) >= 12 else ():
        yield bytes.fromhex(digits[start:][: (len(digits) - start) // 2 * 2]).decode("utf-8", "ignore")
    bits = _BITS.findall(text)
    if sum(map(len, bits)) >= 48:
        yield "".join(chr(int(group, 2)) for group in bits if len(group) <= 8)
        row = "".join(bits)
        for start in range(8):
            yield "".join(chr(int(row[at : at + 8], 2)) for at in range(start, len(row) - 7, 8))
    codes = _CODES.findall(text)
    if len(codes) >= _SHORTEST_SECRET:
        yield "".join(chr(int(code)) for code in codes)
        yield "".join(chr(int(code, 8)) for code in codes if not {"8", "9"} & set(code))


def _escaped(match: re.Match[str]) -> str:
    value = int(match[1] or match[2] or match[3], 16)
    return chr(value) if value <= 0x10FFFF else ""


def _from_base32(run: str) -> str:
    whole = (run + "A" * 7)[: (len(run) + 7) // 8 * 8]
    with contextlib.suppress(binascii.Error):
        return base64.b32decode(whole).decode("utf-8", "ignore")
    return ""


def _from_base64(run: str) -> str:
    whole = (run + "A" * 3)[: (len(run) + 3) // 4 * 4]
    with contextlib.suppress(binascii.Error):
        return base64.b64decode(whole).decode("utf-8", "ignore")
    return ""
