"""The output gate: what an answer must be before a customer may read it."""

import base64
import binascii
import codecs
import contextlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.graph.links import foreign_links
from agent.graph.state import Check

_HTML = re.compile(r"<\s*/?\s*[a-zA-Z!][^<>]*>|<\s*(?:script|iframe|img|svg)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,:/\-]\d+)*")
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{16,}")
_SECRETS = re.compile(
    r"\bsk-[A-Za-z0-9_-]{16,}|\bsak_[0-9a-f]{8}_\S+|\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{10,}\.[\w-]{10,}\."
)
_PERSONAL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+|(?<![\w.])\+?\d(?:[ ()./-]?\d){5,18}(?!\w)")
_SURE_OF_LANGUAGE = 0.9
_LETTERS_FOR_LANGUAGE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is checked. ``grounds`` are the texts an answer may take facts from; ``is_composed`` says a model wrote it.

    ``known`` are the business's own texts: what reaches the business may stand in a public answer, what reaches a person not.
    """

    text: str
    limit: int
    allowed_hosts: frozenset[str]
    secret_words: tuple[str, ...]
    is_composed: bool
    grounds: Sequence[str] = ()
    is_public: bool = False
    known: Sequence[str] = ()
    wanted_language: str = ""
    language: tuple[str, float] = ("", 0.0)


def check(answer: Answer) -> list[Check]:
    """Every check with its verdict; an answer is valid when all are ok."""
    text = answer.text
    foreign = foreign_links(text, answer.allowed_hosts)
    checks = [
        _verdict("not_empty", bool(text.strip()), "The answer is empty."),
        _verdict("length", len(text) <= answer.limit, f"The answer is longer than {answer.limit} characters."),
        _verdict("links", foreign == 0, f"The answer holds {foreign} links that are not on the list."),
        _verdict("no_html", not _HTML.search(text), "The answer holds HTML."),
        _verdict("no_secret", not leaks(text, answer.secret_words), "The answer holds something secret."),
    ]
    if answer.is_public:
        told = [found for found in personal_details(text) if not any(found in own for own in answer.known)]
        checks.append(_verdict("public", not told, "Everybody reads this, and it holds personal details."))
    if answer.is_composed:
        missing = ungrounded_numbers(text, answer.grounds)
        checks.append(_verdict("source", bool(answer.grounds), "The answer cites no passage it was given."))
        checks.append(_verdict("numbers", not missing, f"These stand in no cited passage: {', '.join(missing[:5])}."))
        checks.append(
            _verdict("language", _speaks(answer), f"The answer is not in the language {answer.wanted_language}.")
        )
    return checks


def personal_details(text: str) -> list[str]:
    """The e-mail addresses and the numbers by which a person could be called, charged or looked up."""
    return _PERSONAL.findall(_plain(text))


def _verdict(name: str, ok: bool, detail: str) -> Check:  # noqa: FBT001  (the condition is the point)
    return Check(check=name, ok=ok, detail="" if ok else detail)


def _speaks(answer: Answer) -> bool:
    language, confidence = answer.language
    if sum(map(str.isalpha, answer.text)) < _LETTERS_FOR_LANGUAGE or confidence < _SURE_OF_LANGUAGE:
        return True
    return language == answer.wanted_language


def ungrounded_numbers(text: str, grounds: Iterable[str]) -> list[str]:
    """The numbers, dates and prices of ``text`` that stand in none of ``grounds``, as they are written."""
    known = {_digits(found) for ground in grounds for found in _NUMBER.findall(_plain(ground))}
    return [found for found in _NUMBER.findall(_plain(text)) if _digits(found) not in known]


def _digits(number: str) -> str:
    whole = re.sub(r"[.,]0{1,2}$", "", number)
    return re.sub(r"[.,](?=\d{3}\b)", "", whole).replace(",", ".").lstrip("0") or "0"


def leaks(text: str, secret_words: Iterable[str]) -> bool:
    """Whether a secret stands in the text: as it is, spaced out, reversed, or in base64, hexadecimal or rot13."""
    plain = _plain(text)
    if _SECRETS.search(plain):
        return True
    words = [_bare(word) for word in secret_words if len(_bare(word)) >= 6]
    if not words:
        return False
    readings = [plain, plain[::-1], codecs.decode(plain, "rot13"), *_decoded(plain)]
    return any(word in _bare(reading) for reading in readings for word in words)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _bare(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum())


def _decoded(text: str) -> list[str]:
    found: list[str] = []
    for run in _RUN.findall(text):
        padded = run.replace("-", "+").replace("_", "/").rstrip("=")
        with contextlib.suppress(binascii.Error, ValueError):
            found.append(base64.b64decode(padded + "=" * (-len(padded) % 4)).decode("utf-8", "ignore"))
        with contextlib.suppress(ValueError):
            found.append(bytes.fromhex(run).decode("utf-8", "ignore"))
    return found
