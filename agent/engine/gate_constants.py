"""The gate's constants, as ``scripts/fit_gates.py`` made them from the shipped articles, gate questions and texts."""

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
        weights=(1.419, 3.927, 4.541, 0.0, 0.0, 0.0, 0.0, 0.296, 2.88, 1.513, 2.306, 0.307, 0.13, 1.897, 0.011, 0.303, -0.488, 0.0),
        intercept=-6.925,
        threshold=0.458,
    ),
    "faq_english": GateModel(
        weights=(0.0, 3.19, 1.63, 3.451, 1.989, 1.763, 0.0, 0.0, 2.354, 0.0, 0.71, 0.451, 0.052, 1.282, 0.0, 0.317, -0.318, 0.0),
        intercept=-7.747,
        threshold=0.41,
    ),
    "faq_across": GateModel(
        weights=(4.582, 2.492, 6.932, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.569, 0.0, 0.0, 0.0, 2.92, 0.0, 0.0, -0.779, -0.256),
        intercept=-6.272,
        threshold=0.513,
    ),
    "text_plain": GateModel(
        weights=(0.0, 2.972, 2.457, 0.0, 0.0, 0.0, 0.249, 0.778, 2.248, 1.381, 0.198, 0.591, 0.305, 0.59, 0.717, 0.351, -0.792, -0.398),
        intercept=-5.873,
        threshold=0.759,
    ),
    "text_english": GateModel(
        weights=(0.0, 1.331, 1.14, 0.0, 2.83, 1.474, 0.0, 0.597, 1.302, 0.65, 0.0, 0.624, 0.104, 0.542, 0.539, 0.159, -0.948, -0.245),
        intercept=-5.556,
        threshold=0.767,
    ),
    "text_across": GateModel(
        weights=(0.0, 3.619, 4.789, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.464, 0.0, 0.292, 0.0, 1.976, 0.0, 0.077, -0.38, -0.262),
        intercept=-3.526,
        threshold=0.678,
    ),
}  # fmt: skip
