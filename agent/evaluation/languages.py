"""The language of texts, with nothing known of who wrote them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from agent.engine.language import LanguageDetector
from agent.evaluation import figures as fig
from agent.evaluation.figures import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A text and its language."""

    text: str
    language: str


def measure_language(texts: Sequence[Spoken], languages: Sequence[str]) -> Finding:
    """How often the detector names the language, for a business that speaks ``languages``."""
    detector = LanguageDetector()
    said: list[str] = []
    milliseconds: list[float] = []
    for text in texts:
        started = time.thread_time()
        said.append(detector.detect(text.text, prior=None, languages=languages)[0])
        milliseconds.append(1_000 * (time.thread_time() - started))
    right: dict[str, list[bool]] = {}
    for text, language in zip(texts, said, strict=True):
        right.setdefault(text.language, []).append(language == text.language)
    every = [hit for own in right.values() for hit in own]
    return Finding(
        figures={"language_accuracy": fig.share(every)},
        milliseconds=tuple(milliseconds),
        lines=(
            f"language: {len(texts)} texts, {len(right)} languages",
            *fig.by_group(right),
            *fig.confusions([text.language for text in texts], said),
        ),
    )
