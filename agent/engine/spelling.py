"""Slips of the finger in key words: an unknown word is read as the known one it nearly is.

Known are the words of the knowledge and of the chat's openers. A correction is believed only if the message is then understood
surely, and more surely than as it was written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from agent.engine.openers import OPENERS
from agent.engine.text import fold
from agent.engine.types import PassageSource

_WORD = re.compile(r"[^\W\d_]{3,24}")
_LONG_WORD = 7
_MOST_WORDS = 12
_MOST_SLIPS = 3
_MOST_NEAR = 3
# Names and products come again and again, and each is compared with every known word.
_RECENT_WORDS = 4_096


@dataclass(frozen=True, slots=True)
class _Words:
    """Known words of one length, and the letters of each as the bits of a number."""

    words: tuple[str, ...]
    letters: NDArray[np.uint64]

    def near(self, letters: np.uint64, limit: int) -> list[str]:
        """Those that lack no more letters of a word than ``limit``, nor have more that it lacks: no others are as near."""
        lacking, other = self.letters & ~letters, letters & ~self.letters
        most = np.maximum(np.bitwise_count(lacking), np.bitwise_count(other))
        return [self.words[place] for place in np.flatnonzero(most <= limit)]


class Speller:
    """The known words of each language. Threads may share it."""

    def __init__(self, passages: Iterable[PassageSource]) -> None:
        """Learn the words of the passages and of what they are asked by."""
        known: dict[str, Counter[str]] = {}
        for passage in passages:
            texts = (passage.title, passage.heading, passage.text, *passage.questions)
            known.setdefault(passage.language, Counter()).update(
                word for text in texts for word in _WORD.findall(fold(text))
            )
        self._known = {language: words + Counter(OPENERS.get(language, ())) for language, words in known.items()}
        self._by_length = {language: _by_length(words) for language, words in self._known.items()}
        self._near = lru_cache(maxsize=_RECENT_WORDS)(self._nearest)

    def readings(self, text: str, language: str) -> list[str]:
        """The text with its unknown words read as the known ones that are near; empty where none is, or the text is long."""
        known = self._known.get(language)
        written = _WORD.findall(text)
        if known is None or len(written) > _MOST_WORDS:
            return []
        nearest = {word: near for word in dict.fromkeys(written) if (near := self._near(word, language))}
        if not nearest or len(nearest) > _MOST_SLIPS:
            return []
        return [_replaced(text, dict(zip(nearest, choice, strict=True))) for choice in product(*nearest.values())]

    def _nearest(self, word: str, language: str) -> tuple[str, ...]:
        """The known words at the least distance, the commonest first; none for a known word."""
        folded, known = fold(word), self._known[language]
        if folded in known:
            return ()
        best, near = 2 if len(folded) >= _LONG_WORD else 1, list[str]()
        letters = _letters(folded)
        for length in range(len(folded) - best, len(folded) + best + 1):
            words = self._by_length[language].get(length)
            for candidate in words.near(letters, best) if words is not None else ():
                distance = _distance(folded, candidate, best)
                if distance < best:
                    best, near = distance, []
                if distance == best:
                    near.append(candidate)
        return tuple(sorted(near, key=lambda candidate: -known[candidate])[:_MOST_NEAR])


def _replaced(text: str, chosen: Mapping[str, str]) -> str:
    return _WORD.sub(lambda match: chosen.get(match.group(), match.group()), text)


def _by_length(words: Iterable[str]) -> dict[int, _Words]:
    found: dict[int, list[str]] = {}
    for word in words:
        found.setdefault(len(word), []).append(word)
    return {length: _Words(tuple(own), np.array([_letters(word) for word in own])) for length, own in found.items()}


def _letters(word: str) -> np.uint64:
    bits = 0
    for letter in word:
        # Letters that share a bit make words seem nearer, never farther.
        bits |= 1 << ord(letter) % 64
    return np.uint64(bits)


def _distance(one: str, two: str, limit: int) -> int:
    """Letters added, lost, changed or swapped with their neighbour between two words; ``limit + 1`` where it is more."""
    before, row = [0] * (len(two) + 1), list(range(len(two) + 1))
    for number, letter in enumerate(one, start=1):
        earlier, before = before, row
        row = [number]
        for place, other in enumerate(two, start=1):
            cost = min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != other))
            if number > 1 and place > 1 and letter == two[place - 2] and one[number - 2] == other:
                cost = min(cost, earlier[place - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
