"""The output gate: what an answer must be before a customer may read it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.engine.text import fold
from agent.graph.credentials import asks_for_credentials
from agent.graph.disguises import betrays
from agent.graph.links import foreign_links
from agent.graph.numbers import ungrounded_numbers
from agent.graph.promises import broken_promises
from agent.graph.state import Check

_HTML = re.compile(r"<\s*/?\s*[a-zA-Z!][^<>]*>|<\s*(?:script|iframe|img|svg)\b", re.IGNORECASE)
_SECRETS = re.compile(
    r"\bsk-[A-Za-z0-9_-]{16,}|\bsak_[0-9a-f]{8}_\S+|\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{10,}\.[\w-]{10,}\."
)
_PERSONAL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+|(?<![\w.])\+?\d(?:[ ()./-]?\d){5,18}(?!\w)")
_SURE_OF_LANGUAGE = 0.9
_LETTERS_FOR_LANGUAGE = 30
_REPEATED_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is checked. ``grounds`` are the texts an answer may take facts from; ``is_composed`` says a model wrote it,
    ``tells_facts`` that a tool found what it tells. ``said`` is the text with what the customer told of themselves, where a model
    says it again.

    ``known`` are the business's own texts: what reaches the business may stand in a public answer, what reaches a person not.
    ``instructions`` are what the model was told; ``strangers`` counts the sentences that are about nothing cited.
    """

    text: str
    limit: int
    allowed_hosts: frozenset[str]
    secret_words: tuple[str, ...]
    is_composed: bool
    said: str = ""
    tells_facts: bool = False
    grounds: Sequence[str] = ()
    is_public: bool = False
    known: Sequence[str] = ()
    instructions: Sequence[str] = ()
    strangers: int = 0
    wanted_language: str = ""
    language: tuple[str, float] = ("", 0.0)


def check(answer: Answer) -> list[Check]:
    """Every check with its verdict; an answer is valid when all are ok."""
    text, said = answer.text, answer.said or answer.text
    foreign = len(foreign_links(text, answer.allowed_hosts))
    checks = [
        _verdict("not_empty", bool(said.strip()), "The answer is empty."),
        _verdict("length", len(said) <= answer.limit, f"The answer is longer than {answer.limit} characters."),
        _verdict("links", foreign == 0, f"The answer holds {foreign} links that are not on the list."),
        _verdict("no_html", not _HTML.search(text), "The answer holds HTML."),
        _verdict("no_secret", not leaks(text, answer.secret_words), "The answer holds something secret."),
    ]
    if answer.is_public:
        told = [found for found in personal_details(said) if not any(found in own for own in answer.known)]
        checks.append(_verdict("public", not told, "Everybody reads this, and it holds personal details."))
    if answer.is_composed or answer.tells_facts:
        missing = ungrounded_numbers(text, answer.grounds)
        checks.append(_verdict("source", bool(answer.grounds), "The answer cites no passage it was given."))
        checks.append(_verdict("numbers", not missing, f"These stand in no cited source: {', '.join(missing[:5])}."))
    if answer.is_composed:
        broken = broken_promises(text, answer.grounds, language=answer.wanted_language)
        checks.append(_verdict("promises", not broken, f"No cited passage promises this: {', '.join(broken)}."))
        checks.append(
            _verdict(
                "credentials",
                not asks_for_credentials(text, answer.grounds),
                "It asks for a password or a card's number.",
            )
        )
        checks.append(_verdict("topic", not answer.strangers, f"{answer.strangers} sentences are about nothing cited."))
        checks.append(
            _verdict("instructions", not _repeats(text, answer), "The answer repeats what the model was told.")
        )
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


def _repeats(text: str, answer: Answer) -> bool:
    """Whether words of the instructions stand in the text, a run of them; of few words anybody may say the same."""
    said = f" {' '.join(_words(text))} "
    allowed = [f" {' '.join(_words(ground))} " for ground in answer.grounds]
    for instruction in answer.instructions:
        told = _words(instruction)
        for start in range(len(told) - _REPEATED_WORDS + 1):
            run = f" {' '.join(told[start : start + _REPEATED_WORDS])} "
            if run in said and not any(run in ground for ground in allowed):
                return True
    return False


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", fold(_plain(text)))


def leaks(text: str, secret_words: Iterable[str]) -> bool:
    """Whether a key or a secret stands in the text, as it is or in a disguise."""
    return _SECRETS.search(_plain(text)) is not None or betrays(text, secret_words)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
