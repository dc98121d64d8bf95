"""Keyword search over the passages of one language: BM25 over stems, and how much of a query a passage covers."""

from __future__ import annotations

import hashlib
import logging
import math
from collections import Counter
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import bm25s
import numpy as np
from numpy.typing import NDArray

from agent.engine.heads import FloatArray
from agent.engine.text import stems
from agent.engine.types import PassageSource

# The library sets its own logger to DEBUG when it is imported, after any configuration.
logging.getLogger("bm25s").setLevel(logging.WARNING)

_STEMS_VERSION = 1
_LEAST_PART, _SAME_BEGINNING, _SHORT_TERM = 4, 5, 6
_PART, _BEGINNING, _SHORT_BEGINNING = 0.8, 0.7, 0.5
# Of what was found last: many questions find the same.
_RECENT_PASSAGES, _RECENT_SENTENCES = 1_024, 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordMatch:
    """BM25 over the passages of the field, and the query's terms with their idf."""

    scores: FloatArray
    idf: dict[str, float]

    @property
    def total(self) -> float:
        """The sum of the idf of the query's terms; 0 when it has none."""
        return sum(self.idf.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """A passage's terms, the longer ones also by themselves and in one text each, every one behind a new line."""

    every: frozenset[str]
    longer: tuple[str, ...]
    written: str
    short_written: str

    @classmethod
    def of(cls, every: frozenset[str]) -> _Terms:
        longer = tuple(term for term in every if len(term) >= _LEAST_PART)
        return cls(
            every=every,
            longer=longer,
            written="".join(f"\n{term}" for term in longer),
            short_written="".join(f"\n{term}" for term in longer if len(term) <= _SHORT_TERM),
        )


class KeywordField:
    """The passages of one language. ``rows`` are their numbers in the knowledge base."""

    def __init__(
        self,
        rows: Sequence[int],
        passages: Sequence[PassageSource],
        language: str,
        cache: MutableMapping[str, bytes] | None,
    ) -> None:
        """Stem and index; with a cache the stems of texts already seen are not computed again."""
        self.rows: NDArray[np.int64] = np.array(rows, dtype=np.int64)
        self.language = language
        tokens = [_cached_stems(_searchable(passage), language, cache) for passage in passages]
        self._terms = [frozenset(own) for own in tokens]
        self._frequency: Counter[str] = Counter(term for own in self._terms for term in own)
        self._laid_out = lru_cache(maxsize=_RECENT_PASSAGES)(self._lay_out)
        self._bm25 = None
        if self._frequency:
            self._bm25 = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
            self._bm25.index(tokens, show_progress=False)

    def match(self, query: str) -> KeywordMatch:
        """Score every passage of the field; all zeros for a query of unknown words."""
        terms = sorted(set(stems(query, self.language)))
        count = len(self._terms)
        idf = {
            term: math.log(1 + (count - self._frequency[term] + 0.5) / (self._frequency[term] + 0.5)) for term in terms
        }
        known = [term for term in terms if term in self._frequency]
        if not known or self._bm25 is None:
            return KeywordMatch(scores=np.zeros(count, dtype=np.float32), idf=idf)
        return KeywordMatch(scores=np.asarray(self._bm25.get_scores(known), dtype=np.float32), idf=idf)

    def coverage(self, passage: int, match: KeywordMatch) -> float:
        """The idf-weighted share of the query's terms that a passage of the field has, from 0 to 1."""
        own = self._terms[passage]
        total = match.total
        return sum(weight for term, weight in match.idf.items() if term in own) / total if total else 0.0

    def near_coverage(self, passage: int, match: KeywordMatch) -> float:
        """Like ``coverage``, but a term that begins like one of the passage's, or is a part of it, counts in part."""
        own = self._laid_out(passage)
        total = match.total
        return sum(weight * _nearness(term, own) for term, weight in match.idf.items()) / total if total else 0.0

    def _lay_out(self, passage: int) -> _Terms:
        return _Terms.of(self._terms[passage])


def _nearness(term: str, own: _Terms) -> float:
    if term in own.every:
        return 1.0
    if len(term) < _LEAST_PART:
        return 0.0
    if term in own.written or any(other in term for other in own.longer):
        return _PART
    if len(term) >= _SAME_BEGINNING and f"\n{term[:_SAME_BEGINNING]}" in own.written:
        return _BEGINNING
    among = own.written if len(term) <= _SHORT_TERM else own.short_written
    return _SHORT_BEGINNING if f"\n{term[:_LEAST_PART]}" in among else 0.0


def overlap(sentence: str, language: str, match: KeywordMatch) -> float:
    """The idf-weighted share of the query's terms that a sentence has, from 0 to 1."""
    total = match.total
    if not total:
        return 0.0
    own = sentence_stems(sentence, language)
    return sum(weight for term, weight in match.idf.items() if term in own) / total


@lru_cache(maxsize=_RECENT_SENTENCES)
def sentence_stems(sentence: str, language: str) -> frozenset[str]:
    """The stems of a passage's sentence; those of the passages asked for most are kept."""
    return frozenset(stems(sentence, language))


def _searchable(passage: PassageSource) -> str:
    return "\n".join((passage.title, passage.heading, passage.text, *passage.questions))


def _cached_stems(text: str, language: str, cache: MutableMapping[str, bytes] | None) -> list[str]:
    if cache is None:
        return stems(text, language)
    digest = hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()
    key = f"stems{_STEMS_VERSION}-{language}:{digest}"
    kept = cache.get(key)
    if kept is None:
        found = stems(text, language)
        cache[key] = " ".join(found).encode()
        return found
    return kept.decode().split()
