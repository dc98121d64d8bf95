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
        weights=(2.022, 3.338, 5.038, 0.0, 0.0, 0.0, 1.234, 0.249, 2.675, 0.737, -0.016, 0.888, 0.24),
        intercept=-6.93,
        threshold=0.404,
    ),
    "faq_english": GateModel(
        weights=(1.352, 3.063, 2.05, 1.656, 2.694, 2.693, 0.697, 0.724, 0.956, 0.999, -0.751, 0.735, 0.154),
        intercept=-7.767,
        threshold=0.476,
    ),
    "faq_across": GateModel(
        weights=(2.784, 4.826, 5.418, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.856, 0.0, 1.463, 0.0),
        intercept=-4.362,
        threshold=0.484,
    ),
    "text_plain": GateModel(
        weights=(0.0, 3.493, 5.15, 0.0, 0.0, 0.0, 1.038, 0.007, 2.677, 2.971, 0.027, 0.749, 0.379),
        intercept=-6.194,
        threshold=0.705,
    ),
    "text_english": GateModel(
        weights=(0.0, 1.73, 2.293, 0.0, 2.742, 3.348, 0.373, 0.231, 1.258, 1.235, 0.24, 0.714, 0.156),
        intercept=-5.919,
        threshold=0.766,
    ),
    "text_across": GateModel(
        weights=(0.0, 5.459, 4.842, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.393, 0.0, 1.604, 0.0),
        intercept=-3.573,
        threshold=0.776,
    ),
}
