"""The knowledge of one business in memory: hybrid search over its passages, in and across languages, and quotations."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.engine.bearing import Asked, kind_evidence, missing_names, read_question, together
from agent.engine.encoder import Encoder
from agent.engine.heads import FloatArray
from agent.engine.keywords import KeywordField, KeywordMatch, overlap
from agent.engine.text import clean
from agent.engine.types import UNKNOWN_TOPIC, Evidence, Extract, Hit, PassageSource
from agent.engine.vectors import Likeness, VectorField

SPOKEN_WORDS = 120
"""A FAQ entry up to this length is quoted whole; of a longer one the best sentences are."""

_PLAIN_VECTOR, _FAQ_VECTOR, _ACROSS_VECTOR = 0.5, 0.7, 0.5
_ENGLISH_SHARE = 0.5
_FAQ_ENGLISH_SHARE = 0.75
_LEAST_SPREAD = 0.02
_SENTENCE_KEYWORDS = 0.5
_MARGIN_CAP = 3.0
_TERMS_CAP = 12
_TOPIC_WEIGHT = 2.0


class _Rivals:
    """How far a passage stands above the best passage of another article; both are looked up once a search."""

    def __init__(self, values: NDArray[np.float64] | FloatArray, articles: NDArray[np.int64]) -> None:
        self._values = values
        best = int(values.argmax())
        self._article, self._best = int(articles[best]), float(values[best])
        others = values[articles != self._article]
        self._second = float(others.max()) if len(others) else None

    def margin(self, number: int, article: int) -> float:
        rival = self._second if article == self._article else self._best
        return 0.0 if rival is None else float(self._values[number]) - rival


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What a search found out; the arrays have the shape (passages,), the English likeness that of its own rows."""

    asked: Asked
    fused: NDArray[np.float64]
    cosine: FloatArray
    likeness: Likeness
    english: Likeness | None
    keyword: FloatArray
    affinity: NDArray[np.float64] | None
    is_across: NDArray[np.bool_]
    rivals: tuple[_Rivals, _Rivals, _Rivals]
    field: KeywordField | None
    match: KeywordMatch | None


class KnowledgeIndex:
    """An immutable index; build a new one when articles change and swap it in."""

    def __init__(
        self,
        passages: Sequence[PassageSource],
        vectors: VectorField | None,
        english: tuple[NDArray[np.int64], VectorField] | None,
        keywords: dict[str, KeywordField],
    ) -> None:
        """Use ``build``."""
        self.passages = tuple(passages)
        self._numbers = {passage.id: number for number, passage in enumerate(self.passages)}
        self._vectors = vectors
        self._english = english
        self._keywords = keywords
        self._is_faq = np.array([bool(passage.questions) for passage in self.passages], dtype=bool)
        languages = sorted({passage.language for passage in self.passages})
        self._languages = {language: number for number, language in enumerate(languages)}
        self._language_of = np.array([self._languages[passage.language] for passage in self.passages], dtype=np.int64)
        articles = {article: number for number, article in enumerate({passage.article_id for passage in self.passages})}
        self._article_of = np.array([articles[passage.article_id] for passage in self.passages], dtype=np.int64)

    @classmethod
    def build(
        cls, passages: Sequence[PassageSource], encoder: Encoder, cache: MutableMapping[str, bytes] | None = None
    ) -> KnowledgeIndex:
        """Embed and index passages; with a cache nothing known is computed again. Passages without text are left out."""
        kept = [passage for passage in passages if clean(passage.text)]
        if len({passage.id for passage in kept}) != len(kept):
            raise ValueError("Two passages have the same id.")
        if not kept:
            return cls((), None, None, {})
        vectors = VectorField(kept, lambda texts: encoder.encode(texts, cache))
        rows = np.array([number for number, passage in enumerate(kept) if passage.language == "en"], dtype=np.int64)
        english = None
        if encoder.has_english and len(rows):
            own = [kept[row] for row in rows]
            english = rows, VectorField(own, lambda texts: encoder.encode_english(texts, cache))
        keywords: dict[str, KeywordField] = {}
        for language in sorted({passage.language for passage in kept}):
            numbers = [number for number, passage in enumerate(kept) if passage.language == language]
            keywords[language] = KeywordField(numbers, [kept[number] for number in numbers], language, cache)
        return cls(kept, vectors, english, keywords)

    @property
    def has_english(self) -> bool:
        """Whether MiniLM's vector of an English query is of use."""
        return self._english is not None

    def passage(self, passage_id: str) -> PassageSource:
        """The passage that the offsets of hits and extracts point into. Raises KeyError."""
        return self.passages[self._numbers[passage_id]]

    def search(
        self,
        query: str,
        *,
        vector: FloatArray,
        english: FloatArray | None,
        language: str,
        k: int,
        affinity: NDArray[np.float64] | None = None,
    ) -> tuple[Hit, ...]:
        """The k best passages. ``vector`` and ``english`` are the query's vectors, ``language`` its language.

        ``affinity``, of shape (passages,) and in [0, 1], says how well each passage serves what the message wants; without
        it all are alike.
        """
        if self._vectors is None:
            return ()
        found = self._compare(self._vectors, query, vector, english, language, affinity)
        order = _highest(found.fused, k)
        return tuple(self._hit(int(number), found, self._vectors, vector) for number in order)

    def extract(self, hit: Hit) -> Extract:
        """The words of the passage that answer, as they stand."""
        passage = self.passage(hit.passage_id)
        if passage.questions and len(passage.text.split()) <= SPOKEN_WORDS:
            start, end = 0, len(passage.text)
        else:
            start, end = hit.sentence_start, hit.sentence_end
        return Extract(text=passage.text[start:end], passage_id=passage.id, start=start, end=end)

    def _compare(
        self,
        vectors: VectorField,
        query: str,
        vector: FloatArray,
        english: FloatArray | None,
        language: str,
        affinity: NDArray[np.float64] | None,
    ) -> _Search:
        keyword = np.zeros(len(self.passages), dtype=np.float32)
        is_across = self._language_of != self._languages.get(language, -1)
        field = self._keywords.get(language)
        match = field.match(query) if field is not None else None
        if field is not None and match is not None:
            keyword[field.rows] = match.scores
        likeness = vectors.compare(vector, keyword)
        cosine = self._best(likeness, self._is_faq, is_across)
        standing = _z(cosine)
        english_likeness = None
        if english is not None and self._english is not None:
            rows, own = self._english
            english_likeness = own.compare(english, keyword[rows])
            near = self._best(english_likeness, self._is_faq[rows], is_across[rows])
            share = np.where(self._is_faq[rows], _FAQ_ENGLISH_SHARE, _ENGLISH_SHARE)
            standing[rows] = (1 - share) * standing[rows] + share * _z(near)
        weight = np.where(is_across, _ACROSS_VECTOR, np.where(self._is_faq, _FAQ_VECTOR, _PLAIN_VECTOR))
        fused = weight * standing
        if field is not None and match is not None:
            fused[field.rows] += (1 - weight[field.rows]) * _z(match.scores)
        if affinity is not None:
            fused += _TOPIC_WEIGHT * affinity
        return _Search(
            asked=read_question(query, language),
            fused=fused,
            cosine=cosine,
            likeness=likeness,
            english=english_likeness,
            keyword=keyword,
            affinity=affinity,
            is_across=is_across,
            rivals=(
                _Rivals(fused, self._article_of),
                _Rivals(cosine, self._article_of),
                _Rivals(keyword, self._article_of),
            ),
            field=field,
            match=match,
        )

    @staticmethod
    def _best(likeness: Likeness, is_faq: NDArray[np.bool_], is_across: NDArray[np.bool_]) -> FloatArray:
        """The cosine that stands for a passage: its best sentence, or what a FAQ entry is asked by."""
        plain = np.where(is_across, (likeness.whole + likeness.sentences) / 2, likeness.sentences)
        return np.asarray(np.where(is_faq, np.maximum(plain, likeness.titles), plain), dtype=np.float32)

    def _hit(self, number: int, found: _Search, vectors: VectorField, vector: FloatArray) -> Hit:
        passage = self.passages[number]
        across = bool(found.is_across[number])
        start, end = self._quote(number, vectors, vector, None if across else found.match)
        evidence = self._evidence(number, found, vectors.spans[number], (start, end), across=across)
        return Hit(
            passage_id=passage.id,
            article_id=passage.article_id,
            score=float(found.fused[number]),
            vector_score=float(found.cosine[number]),
            keyword_score=float(found.keyword[number]),
            sentence_start=start,
            sentence_end=end,
            margin=evidence.margin,
            is_faq=bool(self._is_faq[number]),
            with_english=found.english is not None and not across,
            cross_language=across,
            evidence=evidence,
        )

    def _evidence(
        self, number: int, found: _Search, spans: Sequence[tuple[int, int]], quote: tuple[int, int], *, across: bool
    ) -> Evidence:
        passage = self.passages[number]
        article = int(self._article_of[number])
        field, match = (None, None) if across else (found.field, found.match)
        total = match.total if match is not None else 0.0
        coverage = near_coverage = near = 0.0
        if field is not None and match is not None:
            place = int(np.searchsorted(field.rows, number))
            coverage, near_coverage = field.coverage(place, match), field.near_coverage(place, match)
            near = together(match, passage, spans)
        kind_found, kind_missing = kind_evidence(found.asked, passage, spans, quote)
        english = (0.0, 0.0, 0.0)
        if found.english is not None and self._english is not None and not across:
            english = _cosines(found.english, int(np.searchsorted(self._english[0], number)))
        question, sentence, whole = _cosines(found.likeness, number)
        return Evidence(
            question=question,
            sentence=sentence,
            whole=whole,
            english_question=english[0],
            english_sentence=english[1],
            english_whole=english[2],
            keyword_ratio=float(found.keyword[number]) / total if total else 0.0,
            coverage=coverage,
            near_coverage=near_coverage,
            vector_margin=found.rivals[1].margin(number, article),
            keyword_margin=found.rivals[2].margin(number, article) / total if total else 0.0,
            margin=min(found.rivals[0].margin(number, article), _MARGIN_CAP),
            terms=float(min(len(match.idf), _TERMS_CAP)) if match is not None else 0.0,
            topic=UNKNOWN_TOPIC if found.affinity is None else float(found.affinity[number]),
            together=near,
            kind_found=kind_found,
            kind_missing=kind_missing,
            names_missing=missing_names(found.asked, passage),
        )

    def _quote(
        self, number: int, vectors: VectorField, vector: FloatArray, match: KeywordMatch | None
    ) -> tuple[int, int]:
        """The best sentence of a passage with the better of its neighbours, as offsets."""
        passage, spans = self.passages[number], vectors.spans[number]
        standing = _z(vectors.sentence_scores(vector, number))
        if match is not None:
            shared = np.array([overlap(passage.text[start:end], passage.language, match) for start, end in spans])
            standing = (1 - _SENTENCE_KEYWORDS) * standing + _SENTENCE_KEYWORDS * _z(shared)
        best = int(standing.argmax())
        around = [other for other in (best - 1, best + 1) if 0 <= other < len(spans)]
        # A heading-like first line and the end of a list quote badly alone, hence a neighbour always comes along.
        chosen = [best, max(around, key=lambda other: float(standing[other]))] if around else [best]
        return spans[min(chosen)][0], spans[max(chosen)][1]


def _highest(values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """The rows of the k highest values, highest first and equal ones by row."""
    count = min(max(k, 1), len(values))
    rows = np.sort(np.argpartition(-values, count - 1)[:count])
    return np.asarray(rows[np.argsort(-values[rows], kind="stable")], dtype=np.int64)


def _cosines(likeness: Likeness, number: int) -> tuple[float, float, float]:
    """The best question's (0 without questions), best sentence's and whole text's cosine of a passage."""
    question = max(float(likeness.questions[number]), 0.0)
    return question, float(likeness.sentences[number]), float(likeness.whole[number])


def _z(values: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
    apart = values - values.mean()
    # What `std` works out, which would look for the mean once more.
    spread = max(float(np.sqrt((apart * apart).mean())), _LEAST_SPREAD)
    return np.asarray(apart / spread, dtype=np.float64)
