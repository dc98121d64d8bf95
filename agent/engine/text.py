"""Text before it is understood: cleaning, masking, folding, words and stems, sentences with their offsets."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import snowballstemmer

from agent.engine.stopwords import STOPWORDS
from agent.engine.types import MAX_TEXT_CHARACTERS

UNSPACED_LANGUAGES = frozenset({"zh", "ja", "th", "lo", "km", "my"})

# Han, kana, Thai, Lao, Khmer and Burmese are written without spaces between words.
UNSPACED_CHARACTERS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

_SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "nl": "dutch", "no": "norwegian", "nb": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip

_UNPRINTABLE = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f]")
# Within a word these would make two of it, and the word would not be known.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\n]+")
# Only from where a run begins: tried at each of its signs, one long word would take the square of its length.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"(?<![A-Za-z])#?\d[\d\-/]{3,}\d")
_WORD = re.compile(rf"[{UNSPACED_CHARACTERS}]+|[^\W_]+(?:['’][^\W_]+)*")
_UNSPACED_RUN = re.compile(rf"^[{UNSPACED_CHARACTERS}]+$")

_SENTENCE_END = re.compile(
    r"(?:(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s))|(?:[。！？｡]+[」』”’）]*)|(?:(?<![^\S\n])[^\S\n]*+\n\s*+)"
)
_ABBREVIATION_LIST = (
    "e.g i.e etc. vs approx nr st mr mrs ms dr prof inc ltd co corp vol jan feb mar apr jun jul aug sep sept oct nov dec a.m p.m "
    "u.s u.k z.b d.h u.a o.ä bzw ca ggf inkl exkl zzgl tel str abs usw evtl p.ej sr sra ud uds pág ecc sig dott bijv enz m.b.t"
)
_ABBREVIATIONS = frozenset(_ABBREVIATION_LIST.split())

_stemmers: dict[str, snowballstemmer.stemmer] = {}
_stemmer_lock = threading.Lock()


def clean(text: str) -> str:
    """The text in NFKC without control characters, invisible marks and lone surrogates, of at most 4,000 characters."""
    text = _INVISIBLE.sub("", _LONE_SURROGATE.sub("", text[: 2 * MAX_TEXT_CHARACTERS]))
    text = unicodedata.normalize("NFKC", text[:MAX_TEXT_CHARACTERS])
    text = _UNPRINTABLE.sub(" ", text)
    # NFKC expands single signs to as many as 18, so the cut comes once more.
    return _SPACES.sub(" ", text[:MAX_TEXT_CHARACTERS]).strip()


def mask(text: str) -> str:
    """The text with addresses and long numbers replaced, because the words around them carry the meaning."""
    text = _EMAIL.sub("email", text)
    text = _LINK.sub("link", text)
    return _LONG_NUMBER.sub("1000", text)


@lru_cache(maxsize=50_000)
def _fold_word(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def fold(text: str) -> str:
    """The text in lower case without accents and apostrophes, for comparing words."""
    if text.isascii():
        return text.lower().replace("'", "")
    folded = _fold_word(text) if len(text) < 40 else _fold_word.__wrapped__(text)
    return folded.replace("'", "").replace("’", "")


def count_letters(text: str) -> int:
    """How many letters of any script the text has."""
    return sum(map(str.isalpha, text))


def word_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each word, as it is written."""
    return (match.span() for match in _WORD.finditer(text))


def words(text: str) -> Iterator[str]:
    """The text's words, folded; runs of an unspaced script come as their pairs of characters."""
    for match in _WORD.finditer(text):
        run = match.group()
        if not _UNSPACED_RUN.match(run):
            yield fold(run)
        elif len(run) == 1:
            yield run
        else:
            yield from (run[index : index + 2] for index in range(len(run) - 1))


@lru_cache(maxsize=200_000)
def _stem(word: str, language: str) -> str:
    name = _SNOWBALL.get(language)
    if name is None:
        return fold(word)
    # A stemmer keeps its state in itself, so two threads may not use one at once.
    with _stemmer_lock:
        stemmer = _stemmers.get(name)
        if stemmer is None:
            stemmer = _stemmers[name] = snowballstemmer.stemmer(name)
        return fold(str(stemmer.stemWord(word)))


def stems(text: str, language: str) -> list[str]:
    """The stems of the text's words in their order, without the language's commonest words."""
    common = STOPWORDS.get(language, frozenset())
    found: list[str] = []
    for match in _WORD.finditer(text):
        run = match.group()
        if _UNSPACED_RUN.match(run):
            found.extend(words(run))
            continue
        word = run.lower().replace("’", "'")
        if fold(word) in common:
            continue
        found.append(_stem(word.replace("'s", "") if language == "en" else word, language))
    return found


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, line or list item; together they hold every visible sign of the text."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match.group()[0] == "." and _is_abbreviation(text, start, match.start()):
            continue
        _append_span(spans, text, start, match.end())
        start = match.end()
    _append_span(spans, text, start, len(text))
    return spans


def _is_abbreviation(text: str, start: int, stop: int) -> bool:
    last = text[start:stop].rsplit(None, 1)[-1:] or [""]
    word = last[0].strip("(\"'“").casefold()
    following = text[stop + 1 :].lstrip()[:1]
    # "on 3. May": a number before a full stop ends a sentence only in front of a capital that may start one.
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()) or (word.isdigit() and following.islower())


def _append_span(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))
