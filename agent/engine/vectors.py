"""The vectors of a knowledge base under one encoder, and their likeness to a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.engine.heads import FloatArray
from agent.engine.text import sentence_spans
from agent.engine.types import PassageSource

Embed = Callable[[Sequence[str]], FloatArray]

EXACT_SENTENCES = 20_000
"""Up to so many sentences all are compared; above, only those of the passages that come near."""

_CANDIDATES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Cosines of a query, each of shape (passages,).

    ``titles`` is the best over title, heading and example questions, ``questions`` over the example questions alone.
    """

    whole: FloatArray
    sentences: FloatArray
    titles: FloatArray
    questions: FloatArray


class VectorField:
    """Vectors of passages, sentences, titles and questions; equal texts share one."""

    def __init__(self, passages: Sequence[PassageSource], embed: Embed) -> None:
        """Embed everything that can be compared with a query."""
        self.spans = [sentence_spans(passage.text) or [(0, len(passage.text))] for passage in passages]
        sentences = [
            passage.text[start:end] for passage, spans in zip(passages, self.spans, strict=True) for start, end in spans
        ]
        self._whole = embed([passage.text for passage in passages])
        self.starts = _starts([len(spans) for spans in self.spans])
        vectors = embed(sentences)
        self._is_exact = len(sentences) <= EXACT_SENTENCES
        # Beyond that size half the memory is worth more than the time to widen a few rows.
        self._sentences: NDArray[np.float32] | NDArray[np.float16] = (
            vectors if self._is_exact else vectors.astype(np.float16)
        )
        names = [[name for name in (passage.title, passage.heading) if name.strip()] for passage in passages]
        self._titles = _Named(names, embed)
        self._questions = _Named([list(passage.questions) for passage in passages], embed)

    def compare(self, query: FloatArray, keyword: FloatArray | None = None) -> Likeness:
        """The likeness of every passage; ``keyword`` scores help to choose whose sentences are looked at."""
        whole = self._whole @ query
        titles, questions = self._titles.compare(query), self._questions.compare(query)
        if self._is_exact:
            sentences = np.maximum.reduceat(self._sentences @ query, self.starts[:-1])
        else:
            sentences = self._near_sentences(query, np.maximum(whole, questions), whole, keyword)
        return Likeness(
            whole=whole,
            sentences=np.asarray(sentences, dtype=np.float32),
            titles=np.maximum(titles, questions),
            questions=questions,
        )

    def sentence_scores(self, query: FloatArray, passage: int) -> FloatArray:
        """The cosines of one passage's sentences."""
        rows = self._sentences[self.starts[passage] : self.starts[passage + 1]]
        return np.asarray(rows.astype(np.float32) @ query, dtype=np.float32)

    def _near_sentences(
        self, query: FloatArray, rough: FloatArray, whole: FloatArray, keyword: FloatArray | None
    ) -> FloatArray:
        chosen = {int(row) for row in np.argpartition(rough, -_CANDIDATES)[-_CANDIDATES:]}
        if keyword is not None:
            chosen.update(int(row) for row in np.argpartition(keyword, -_CANDIDATES)[-_CANDIDATES:])
        near = np.array(sorted(chosen), dtype=np.int64)
        counts = self.starts[near + 1] - self.starts[near]
        rows = np.concatenate([np.arange(self.starts[row], self.starts[row + 1]) for row in near])
        cosines = self._sentences[rows].astype(np.float32) @ query
        best = np.maximum.reduceat(cosines, _starts([int(count) for count in counts])[:-1])
        # The others keep their rank by the whole passage, moved to the level of best sentences.
        sentences = whole + float((best - whole[near]).mean())
        sentences[near] = best
        return np.asarray(sentences, dtype=np.float32)


class _Named:
    """A few texts a passage, many of them shared."""

    def __init__(self, texts: Sequence[Sequence[str]], embed: Embed) -> None:
        unique = list(dict.fromkeys(text for own in texts for text in own))
        numbers = {text: number for number, text in enumerate(unique)}
        self._vectors = embed(unique) if unique else None
        self._owners = np.array([row for row, own in enumerate(texts) if own], dtype=np.int64)
        self._starts = _starts([len(own) for own in texts if own])[:-1]
        self._rows = np.array([numbers[text] for own in texts for text in own], dtype=np.int64)
        self._count = len(texts)

    def compare(self, query: FloatArray) -> FloatArray:
        best = np.full(self._count, -1.0, dtype=np.float32)
        if self._vectors is not None:
            best[self._owners] = np.maximum.reduceat((self._vectors @ query)[self._rows], self._starts)
        return best


def _starts(counts: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
