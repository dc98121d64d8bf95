"""What editors should look at: passages that say nearly the same, and sentences alike that name other numbers or deny each other."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.engine.denials import MOST_SENTENCES, denials
from agent.engine.encoder import Encode
from agent.engine.text import sentence_spans, stems
from agent.engine.types import PassageSource

MOST_FINDINGS = 500

_NEAR = 0.9
_SHARED = 0.7
_SENTENCES_NEAR = 0.8
_SENTENCE_SHARED = 0.5
_QUESTIONS_NEAR = 0.92
_ROWS_AT_ONCE = 512
_CURRENCIES = {"€": "eur", "euro": "eur", "euros": "eur", "$": "usd", "dollar": "usd", "dollars": "usd", "£": "gbp"}
_VALUE = re.compile(
    r"(?P<date>\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b)|(?P<time>\b\d{1,2}:\d{2}\b)"
    r"|(?P<before>[€$£])?\s?(?P<number>\d+(?:[.,]\d+)*)(?:\s?(?P<unit>[€$£%]|[^\W\d_]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Two passages, by their ids, with the words that matter of each, and how alike they are in [0, 1]."""

    kind: Literal["duplicate", "contradiction"]
    left: str
    right: str
    left_words: str
    right_words: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """A sentence with values: which passage it is of, what it says without them, and the values by what they measure."""

    passage: int
    words: str
    masked: str
    stems: frozenset[str]
    values: dict[str, frozenset[str]]


def review(passages: Sequence[PassageSource], encode: Encode) -> list[Finding]:
    """Everything to look at, the most alike first, at most MOST_FINDINGS of each kind. Passages are compared in one language.

    ``encode`` gives the unit vectors of texts, shape (texts, dimensions).
    """
    found: list[Finding] = []
    for language in sorted({passage.language for passage in passages}):
        own = [passage for passage in passages if passage.language == language]
        contradictions = list(_contradictions(own, encode))
        other = {frozenset((each.left, each.right)) for each in contradictions}
        found += contradictions
        found += [each for each in _duplicates(own, encode) if frozenset((each.left, each.right)) not in other]
    found.sort(key=lambda each: (-each.score, each.left, each.right))
    return [
        each
        for kind in ("contradiction", "duplicate")
        for each in [one for one in found if one.kind == kind][:MOST_FINDINGS]
    ]


def _duplicates(passages: Sequence[PassageSource], encode: Encode) -> Iterator[Finding]:
    vectors = encode([passage.text for passage in passages])
    words = [frozenset(stems(passage.text, passage.language)) for passage in passages]
    for left, right, _ in _near(vectors, _NEAR):
        shared = _overlap(words[left], words[right])
        if shared >= _SHARED and not _differ(_values(passages[left].text), _values(passages[right].text)):
            yield _finding("duplicate", passages, left, right, passages[left].text, passages[right].text, shared)


def _contradictions(passages: Sequence[PassageSource], encode: Encode) -> Iterator[Finding]:
    statements = list(_statements(passages))[:MOST_SENTENCES]
    seen: set[tuple[int, int]] = set()
    if statements:
        vectors = encode([each.masked for each in statements])
        for one, other, cosine in _near(vectors, _SENTENCES_NEAR):
            a, b = statements[one], statements[other]
            pair = (a.passage, b.passage)
            if a.passage == b.passage or pair in seen or _overlap(a.stems, b.stems) < _SENTENCE_SHARED:
                continue
            if _differ(a.values, b.values):
                seen.add(pair)
                yield _finding("contradiction", passages, a.passage, b.passage, a.words, b.words, cosine)
    yield from _answered_otherwise(passages, encode, seen)
    for each in denials(passages, encode):
        if (pair := (each.says, each.denies)) not in seen and pair[::-1] not in seen:
            seen.add(pair)
            yield _finding("contradiction", passages, *pair, each.said, each.denied, each.score)


def _answered_otherwise(
    passages: Sequence[PassageSource], encode: Encode, seen: set[tuple[int, int]]
) -> Iterator[Finding]:
    """Passages that answer the same question with other numbers."""
    asked = [(place, question) for place, passage in enumerate(passages) for question in passage.questions]
    if not asked:
        return
    asked = asked[:MOST_SENTENCES]
    for one, other, cosine in _near(encode([question for _, question in asked]), _QUESTIONS_NEAR):
        left, right = asked[one][0], asked[other][0]
        if left == right or (left, right) in seen:
            continue
        a, b = _values(passages[left].text), _values(passages[right].text)
        if _differ(a, b):
            seen.add((left, right))
            yield _finding("contradiction", passages, left, right, passages[left].text, passages[right].text, cosine)


def _finding(
    kind: Literal["duplicate", "contradiction"],
    passages: Sequence[PassageSource],
    left: int,
    right: int,
    left_words: str,
    right_words: str,
    score: float,
) -> Finding:
    return Finding(
        kind=kind,
        left=passages[left].id,
        right=passages[right].id,
        left_words=left_words,
        right_words=right_words,
        score=round(float(score), 4),
    )


def _statements(passages: Sequence[PassageSource]) -> Iterator[_Statement]:
    for place, passage in enumerate(passages):
        for start, end in sentence_spans(passage.text):
            words = passage.text[start:end]
            values = _values(words)
            if values:
                masked = _VALUE.sub(" 0 ", words)
                yield _Statement(
                    passage=place,
                    words=words,
                    masked=masked,
                    stems=frozenset(stems(masked, passage.language)),
                    values=values,
                )


def _values(text: str) -> dict[str, frozenset[str]]:
    """What a text measures: days, euros, dates and so on, each with its numbers as written."""
    found: dict[str, set[str]] = {}
    for match in _VALUE.finditer(text):
        if match["date"] or match["time"]:
            found.setdefault("date" if match["date"] else "time", set()).add(match[0].strip())
            continue
        unit = (match["before"] or match["unit"] or "").lower()
        if unit:
            number = match["number"].replace(",", ".").removesuffix(".00")
            found.setdefault(_CURRENCIES.get(unit, unit), set()).add(number)
    return {unit: frozenset(numbers) for unit, numbers in found.items()}


def _differ(a: dict[str, frozenset[str]], b: dict[str, frozenset[str]]) -> bool:
    """Whether both measure the same, and agree in no number of it."""
    return any(not a[unit] & b[unit] for unit in a.keys() & b.keys())


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a or b else 0.0


def _near(vectors: NDArray[np.float32], least: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of rows, the first before the second, whose cosine is at least so much; some rows at a time."""
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        cosines = vectors[start : start + _ROWS_AT_ONCE] @ vectors[start:].T
        rows, columns = np.nonzero(cosines >= least)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if column > row:
                yield start + row, start + column, float(cosines[row, column])
