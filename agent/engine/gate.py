"""The gate: whether the knowledge found answers the question, or whether saying so would be a guess."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple

from agent.engine.gate_constants import GATES, GateModel
from agent.engine.types import GateResult, Hit

_FOREIGN_TOPIC = 0.2
"""The topic below which a passage serves none of the intents that the message may have."""
_FOREIGN_THRESHOLD = 0.9


def gate_features(hit: Hit) -> tuple[float, ...]:
    """The hit's evidence in the order of its fields."""
    return astuple(hit.evidence)


def gate_key(hit: Hit) -> str:
    """The name of the constants that belong to how the hit was found."""
    kind = "faq" if hit.is_faq else "text"
    if hit.cross_language:
        return f"{kind}_across"
    return f"{kind}_english" if hit.with_english else f"{kind}_plain"


def probability(model: GateModel, features: Sequence[float]) -> float:
    """How likely a hit with these features answers."""
    total = model.intercept + sum(weight * value for weight, value in zip(model.weights, features, strict=True))
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, total))))


def judge(query: str, hits: Sequence[Hit]) -> GateResult:
    """Judge the first hit; without a query or a hit nothing is answerable."""
    if not query or not hits:
        return GateResult(answerable=False, score=0.0)
    model = GATES[gate_key(hits[0])]
    score = probability(model, gate_features(hits[0]))
    # How to wash a jacket shares every word with whether it is waterproof, and answers it all the same in vain.
    is_foreign = hits[0].evidence.topic < _FOREIGN_TOPIC
    threshold = max(model.threshold, _FOREIGN_THRESHOLD) if is_foreign else model.threshold
    return GateResult(answerable=score >= threshold, score=score, least=threshold)
