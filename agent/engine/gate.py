"""The gate: whether the knowledge found answers the question, or whether saying so would be a guess.

The constants come from ``fit_gate`` on the shipped articles and the gate questions beside them; they were fitted on
nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from agent.engine.types import GateResult, Hit

FEATURES = ("vector", "english", "keyword_ratio", "coverage", "vector_margin", "keyword_margin", "margin")
_MARGIN_CAP = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateModel:
    """A logistic regression over ``FEATURES`` and the probability from which a hit counts as an answer."""

    weights: tuple[float, ...]
    intercept: float
    threshold: float

    def probability(self, features: Sequence[float]) -> float:
        """How likely the hit answers."""
        total = self.intercept + sum(weight * value for weight, value in zip(self.weights, features, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, total))))


PLAIN = GateModel(weights=(6.0, 0.0, 2.0, 3.0, 3.0, 1.0, 0.3), intercept=-5.0, threshold=0.5)
WITH_ENGLISH = GateModel(weights=(3.0, 3.0, 2.0, 3.0, 3.0, 1.0, 0.3), intercept=-5.0, threshold=0.5)
ACROSS = GateModel(weights=(9.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.3), intercept=-5.0, threshold=0.5)


def gate_features(hit: Hit) -> tuple[float, ...]:
    """The hit's numbers in the order of ``FEATURES``, none of them depending on the size of the library."""
    return (
        hit.vector_score,
        hit.english_score or 0.0,
        hit.keyword_ratio,
        hit.coverage,
        hit.vector_margin,
        hit.keyword_margin,
        min(hit.margin, _MARGIN_CAP),
    )


def model_for(hit: Hit) -> GateModel:
    """The constants that belong to how the hit was found."""
    if hit.cross_language:
        return ACROSS
    return PLAIN if hit.english_score is None else WITH_ENGLISH


def judge(query: str, hits: Sequence[Hit]) -> GateResult:
    """Judge the first hit; without a query or a hit nothing is answerable."""
    if not query or not hits:
        return GateResult(answerable=False, score=0.0)
    model = model_for(hits[0])
    score = model.probability(gate_features(hits[0]))
    return GateResult(answerable=score >= model.threshold, score=score)


def fit_gate(
    features: NDArray[np.float64], answers: NDArray[np.int64], *, false_answers: float = 0.05
) -> GateModel:
    """A gate from hits that answer (1) and hits that do not (0).

    The threshold is the lowest at which at most ``false_answers`` of the second kind pass.
    """
    model = LogisticRegression(C=3.0, class_weight="balanced", max_iter=1_000).fit(features, answers)
    gate = GateModel(
        weights=tuple(round(float(weight), 3) for weight in model.coef_[0]),
        intercept=round(float(model.intercept_[0]), 3),
        threshold=0.5,
    )
    wrong = [gate.probability(list(row)) for row in features[answers == 0]]
    threshold = round(float(np.quantile(wrong, 1 - false_answers)), 3)
    return GateModel(weights=gate.weights, intercept=gate.intercept, threshold=threshold)
