"""The gate's constants, as ``agent.engine.gate_fitting.fit_gates`` made them from the shipped articles and questions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GateModel:
    """A logistic regression over the fields of ``Evidence``, and the probability from which a hit counts as an answer."""

    weights: tuple[float, ...]
    intercept: float
    threshold: float


# By kind of passage (with or without example questions) and by what was compared: the multilingual encoder alone,
# MiniLM beside it, or passages of another language.
GATES: dict[str, GateModel] = {
    "faq_plain": GateModel(
        weights=(1.48, 3.426, 5.293, 0.0, 0.0, 0.0, 1.246, 0.207, 3.012, 2.264, 0.984, 0.557, 0.102, 1.858),
        intercept=-7.368,
        threshold=0.354,
    ),
    "faq_english": GateModel(
        weights=(1.265, 3.192, 2.134, 1.919, 2.045, 3.237, 0.79, 0.994, 1.124, 1.595, -0.633, 0.65, 0.074, 1.344),
        intercept=-8.542,
        threshold=0.42,
    ),
    "faq_across": GateModel(
        weights=(4.916, 2.78, 5.692, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.568, 0.0, -0.21, 0.0, 3.808),
        intercept=-6.761,
        threshold=0.492,
    ),
    "text_plain": GateModel(
        weights=(0.0, 3.775, 4.599, 0.0, 0.0, 0.0, 0.862, -0.058, 3.253, 3.322, 1.135, 0.604, 0.34, 1.737),
        intercept=-7.09,
        threshold=0.756,
    ),
    "text_english": GateModel(
        weights=(0.0, 2.172, 1.929, 0.0, 2.882, 3.663, 0.168, 0.159, 1.407, 1.757, 1.359, 0.548, 0.117, 1.457),
        intercept=-6.712,
        threshold=0.774,
    ),
    "text_across": GateModel(
        weights=(0.0, 5.611, 6.638, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 6.003, 0.0, -0.156, 0.0, 3.802),
        intercept=-5.426,
        threshold=0.759,
    ),
}
