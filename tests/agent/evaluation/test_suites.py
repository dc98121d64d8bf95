"""The public suites, which are outside data: EVAL_DATA_DIR says where they lie. A part of each, so that it stays quick.

A part of a few hundred rows tells a figure to two or three points, so each limit is what the whole suite must reach, less
three; ``manage.py evaluate`` measures the whole.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.engine.encoder import Encoder
from agent.evaluation.business import Workshop
from agent.evaluation.figures import Figures
from agent.evaluation.files import measure_file
from agent.evaluation.rows import Row, Suite, draws, read_suite

FOLDER = os.environ.get("EVAL_DATA_DIR", "")

pytestmark = [
    pytest.mark.suites,
    pytest.mark.skipif(not FOLDER, reason="EVAL_DATA_DIR is not set: the public suites are outside data"),
]


def part(name: str, every: int, training: Sequence[Row] | None = None) -> Suite:
    """The suite with every so-many-th of its test rows, and with other train rows if these are given."""
    suite = read_suite(Path(FOLDER) / f"{name}.jsonl")
    kept = suite.training if training is None else training
    return replace(suite, rows=(*kept, *suite.measured[::every]))


def first_draw(name: str, shots: int) -> list[Row]:
    """The train rows of the first draw."""
    return draws(read_suite(Path(FOLDER) / f"{name}.jsonl").training, lambda row: row.intent, shots)[0]


def measure(suite: Suite, workshop: Workshop, shots: int | None = None) -> Figures:
    return measure_file(suite, workshop, shots).figures


def test_close_intents_are_told_apart_from_eight_examples(workshop: Workshop, encoder: Encoder) -> None:
    figures = measure(part("banking77", 6, first_draw("banking77", 8)), workshop)

    assert figures["accuracy"] >= (0.79 if encoder.has_english else 0.745)
    assert figures["ece"] <= 0.07
    assert figures["precision_covered"] >= 0.905


def test_intents_across_languages_are_learned_from_english_alone(workshop: Workshop) -> None:
    suite = part("xsid", 3)
    foreign = replace(suite, rows=tuple(row for row in suite.rows if row.is_training or row.language != "en"))

    assert measure(foreign, workshop)["accuracy"] >= 0.83


def test_sentiment_is_heard_without_a_single_row_of_the_suite(workshop: Workshop) -> None:
    figures = measure(part("us_airline", 8), workshop, 0)

    assert figures["sentiment_f1"] >= 0.55
    assert figures["sentiment_r"] >= 0.57


def test_short_texts_are_in_the_language_they_are_in(workshop: Workshop) -> None:
    suite = part("language_id", 1)
    core = replace(suite, rows=tuple(row for row in suite.rows if row.language not in {"kk", "id", "sr"}))

    assert measure(core, workshop)["language_accuracy"] >= 0.97


def test_an_entry_is_found_by_three_examples_of_how_it_is_asked_for(workshop: Workshop, encoder: Encoder) -> None:
    suite = part("banking_faq", 8)
    examples = draws(suite.training, lambda row: row.passage, 3)[0]

    figures = measure(replace(suite, rows=(*examples, *suite.measured)), workshop)

    assert figures["recall_at_1"] >= (0.69 if encoder.has_english else 0.61)
    assert figures["recall_at_5"] >= (0.90 if encoder.has_english else 0.85)
