"""Where the gate's constants come from: the shipped articles, gate questions and gate texts, and nothing else.

Run ``scripts/fit_gates.py`` after changing these or the evidence, and copy what it prints into ``agent.engine.gate_constants``.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from agent.engine.encoder import Encoder
from agent.engine.engine import Engine
from agent.engine.gate import gate_features
from agent.engine.gate_constants import GateModel
from agent.engine.heads import Heads
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.seeds import GateQuestion, GateText, Seeds
from agent.engine.topics import TopicField
from agent.engine.types import Evidence, PassageSource

# How many of the hits that do not answer may pass. Where English has a second encoder it answers more at the price of no more
# false answers. Text without example questions comes from libraries unlike the shipped one, so its gates are the strictest, and
# their weights follow the shipped texts less closely.
_FALSE_ANSWERS = {
    "faq_plain": 0.16,
    "faq_english": 0.2,
    "faq_across": 0.18,
    "text_plain": 0.06,
    "text_english": 0.06,
    "text_across": 0.06,
}
_STRENGTH = {"faq": 3.0, "text": 0.3}
_AGAINST = frozenset({"kind_missing", "names_missing"})
_EITHER_WAY = frozenset({"terms"})
_SEED = 20
_SIGNS = np.array(
    [0 if field.name in _EITHER_WAY else -1 if field.name in _AGAINST else 1 for field in fields(Evidence)]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """First hits: features (n, fields of Evidence), and whether they answer, 1 or 0."""

    features: NDArray[np.float64]
    answers: NDArray[np.int64]


def fit_gates(
    seeds: Seeds, encoder: Encoder, heads: Heads, cache: MutableMapping[str, bytes] | None = None
) -> dict[str, GateModel]:
    """All gates by their key; those with MiniLM only where it is installed."""
    cache = {} if cache is None else cache
    bare = Engine(encoder, heads, seeds.phrases, KnowledgeIndex.build((), encoder))
    gates: dict[str, GateModel] = {}
    for kind in ("faq", "text"):
        for mode in ("plain", "english", "across"):
            if mode != "english" or encoder.has_english:
                samples = gate_samples(seeds, bare, cache, kind=kind, mode=mode)
                key = f"{kind}_{mode}"
                gates[key] = fit_gate(samples, false_answers=_FALSE_ANSWERS[key], strength=_STRENGTH[kind])
    return gates


def fit_gate(samples: Samples, *, false_answers: float, strength: float) -> GateModel:
    """A gate whose threshold lets a share of the hits pass that do not answer, by cross-validation.

    What speaks for a hit has no weight against it, nor the other way round: a library's chance correlations would give it
    one, and other libraries have others.
    """
    regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=2_000)
    kept = np.arange(samples.features.shape[1])
    model = regression.fit(samples.features, samples.answers)
    while (wrong := model.coef_[0] * _SIGNS[kept] < 0).any():
        kept = kept[~wrong]
        model = regression.fit(samples.features[:, kept], samples.answers)
    weights = np.zeros(samples.features.shape[1])
    weights[kept] = model.coef_[0]
    intercept = float(model.intercept_[0])
    folds = StratifiedKFold(5, shuffle=True, random_state=_SEED)
    features = samples.features[:, kept]
    seen = cross_val_predict(regression, features, samples.answers, cv=folds, method="predict_proba")[:, 1]
    return GateModel(
        weights=tuple(round(float(weight), 3) for weight in weights),
        intercept=round(intercept, 3),
        threshold=round(float(np.quantile(seen[samples.answers == 0], 1 - false_answers)), 3),
    )


def gate_samples(seeds: Seeds, engine: Engine, cache: MutableMapping[str, bytes], *, kind: str, mode: str) -> Samples:
    """Ask every gate question, the answerable ones with and without the article that answers them.

    The gate texts are asked as text and in their own language only. Each question is asked once with its intents as the
    engine hears them, and once without, as a question out of scope is.
    ``kind`` is faq, or text for articles without their example questions; ``mode`` is plain, english (with MiniLM, English
    questions only) or across (passages of the other languages only).
    """
    rows: list[tuple[tuple[float, ...], int]] = []
    asked = [question for question in seeds.gate_questions if mode != "english" or question.language == "en"]
    for language in sorted({question.language for question in asked}):
        own = [question for question in asked if question.language == language]
        library = [
            passage if kind == "faq" else replace(passage, questions=())
            for passage in seeds.public_passages
            if (passage.language != language) == (mode == "across")
        ]
        # A language without articles of its own is answered across alone.
        asked_of = [(library, own)] if library else []
        if kind == "text" and mode != "across":
            asked_of.append(_of_texts(seeds.gate_texts, library, language))
        for passages, questions in asked_of:
            rows.extend(_ask(passages, questions, engine, cache, mode))
            for slug in sorted({question.article for question in questions if question.article is not None}):
                theirs = [question for question in questions if question.article == slug]
                rows.extend(_ask(_without(passages, slug), theirs, engine, cache, mode))
    return Samples(
        features=np.array([features for features, _ in rows], dtype=np.float64),
        answers=np.array([answers for _, answers in rows], dtype=np.int64),
    )


def _of_texts(
    texts: Sequence[GateText], articles: Sequence[PassageSource], language: str
) -> tuple[list[PassageSource], list[GateQuestion]]:
    """The gate texts of a language, beside the articles as in a library of many matters, and their questions."""
    own = [text for text in texts if text.passage.language == language]
    questions = [
        GateQuestion(text=question, article=article, language=language)
        for text in own
        for article, asked in ((text.passage.article_id.split(".")[0], text.answered), (None, text.unanswered))
        for question in asked
    ]
    return [*articles, *(text.passage for text in own)], questions


def _without(library: Sequence[PassageSource], slug: str) -> list[PassageSource]:
    return [passage for passage in library if not passage.article_id.startswith(f"{slug}.")]


def _ask(
    library: Sequence[PassageSource],
    questions: Sequence[GateQuestion],
    engine: Engine,
    cache: MutableMapping[str, bytes],
    mode: str,
) -> Iterator[tuple[tuple[float, ...], int]]:
    encoder = engine.encoder
    index = KnowledgeIndex.build(library, encoder, cache)
    field = TopicField.build(index.passages, encoder, engine.heads, cache)
    for question in questions:
        heard = engine.understand(question.text, language_prior=question.language, languages=(question.language,))
        for affinity in (field.affinity(heard.topics), None) if heard.in_scope else (None,):
            hit = index.search(
                question.text,
                vector=encoder.encode_message(question.text),
                english=encoder.encode_english_message(question.text) if mode == "english" else None,
                language=question.language,
                k=1,
                affinity=affinity,
            )[0]
            answered = question.article is not None and hit.article_id.startswith(f"{question.article}.")
            yield gate_features(hit), int(answered)
