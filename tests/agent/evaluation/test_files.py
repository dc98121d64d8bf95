"""Files of labelled rows, measured with the real engine."""

from pathlib import Path

import pytest

from agent.engine.types import Understanding
from agent.evaluation.business import Workshop
from agent.evaluation.figures import Finding
from agent.evaluation.files import measure_file
from agent.evaluation.rows import FileProblem, Row, read_suite
from agent.evaluation.understanding import Heard, judge, tone_of
from tests.agent.evaluation.conftest import Write, lessons, measured, train


def measure(path: Path, workshop: Workshop, shots: int | None = None) -> Finding:
    return measure_file(read_suite(path), workshop, shots)


def said(intent: str, confidence: float, **fields: object) -> Understanding:
    given: dict[str, object] = {
        "language": "en",
        "language_confidence": 1.0,
        "read_as": "",
        "intent": intent,
        "confidence": confidence,
        "confident": confidence >= 0.7,
        "certain_from": 0.7,
        "candidates": (),
        "route": "support",
        "in_scope": True,
        "scope_score": 0.5,
        "sentiment": 0.0,
    }
    return Understanding(**{**given, **fields})  # type: ignore[arg-type]


def test_the_figures_of_a_few_messages_are_those_worked_out_by_hand() -> None:
    heard = [
        Heard(row=Row(text="1", language="en", is_training=False, intent="a"), said=said("a", 0.9)),
        Heard(row=Row(text="2", language="en", is_training=False, intent="a"), said=said("b", 0.8)),
        Heard(row=Row(text="3", language="en", is_training=False, intent="b"), said=said("b", 0.6)),
        Heard(row=Row(text="4", language="en", is_training=False, intent="b"), said=said("b", 0.9, in_scope=False)),
        Heard(row=Row(text="5", language="en", is_training=False, in_scope=False), said=said("a", 0.3, scope_score=0.2, in_scope=False)),
        Heard(row=Row(text="6", language="en", is_training=False, in_scope=False), said=said("a", 0.3, scope_score=0.6)),
    ]  # fmt: skip

    intents, scope = judge(heard)

    assert intents.figures["accuracy"] == 0.75
    assert intents.figures["macro_f1"] == pytest.approx((2 / 3 + 0.8) / 2, abs=1e-4)
    # The first two are covered: the third is not sure, the fourth not known.
    assert intents.figures["coverage"] == 0.5
    assert intents.figures["precision_covered"] == 0.5
    assert scope.figures == {"oos_auroc": 0.5, "oos_rejected": 0.5}


def test_the_likeliest_tone_is_the_label_and_emoji_go_by_their_score() -> None:
    assert tone_of(said("a", 1.0, tone={"negative": 0.2, "neutral": 0.5, "positive": 0.3})) == "neutral"
    assert tone_of(said("a", 1.0, sentiment=-0.9)) == "negative"
    assert tone_of(said("a", 1.0)) == "neutral"


def test_train_rows_fit_a_head_that_the_test_rows_measure(write: Write, workshop: Workshop) -> None:
    path = write(
        "pool.jsonl",
        [
            *lessons(),
            train("tell me a story about dragons", in_scope=False),
            measured("my locker key is lost", intent="lost_key"),
            measured("when will the pool be open", intent="opening"),
            measured("a swimming course for my child", intent="lessons"),
            measured("what is the square root of nine", in_scope=False),
        ],
    )

    found = measure(path, workshop)

    assert list(found.figures) == [
        "n", "accuracy", "macro_f1", "ece", "coverage", *(["precision_covered"] if "precision_covered" in found.figures else []),
        "oos_auroc", "oos_rejected", "latency_ms",
    ]  # fmt: skip
    assert found.figures["n"] == 4
    assert found.figures["accuracy"] == 1.0
    assert found.figures["oos_auroc"] == 1.0


def test_the_same_file_gives_the_same_figures(write: Write, workshop: Workshop) -> None:
    path = write("pool.jsonl", [*lessons(), measured("until when can one swim here", intent="opening")])

    first, second = measure(path, workshop, 2).figures, measure(path, workshop, 2).figures

    assert {name: value for name, value in first.items() if name != "latency_ms"} == {
        name: value for name, value in second.items() if name != "latency_ms"
    }


def test_shots_are_drawn_as_often_as_the_rows_allow(write: Write, encoder: object) -> None:
    told: list[str] = []
    path = write("pool.jsonl", [*lessons(), measured("is the pool open today", intent="opening")])

    found = measure(path, Workshop(told.append, encoder), 2)  # type: ignore[arg-type]

    assert [line for line in told if line.startswith("Fitting")] == [
        "Fitting from 6 rows (draw 1 of 2) …",
        "Fitting from 6 rows (draw 2 of 2) …",
    ]
    assert found.lines[0].startswith("figures: the mean of 2 draws")


def test_intents_that_nobody_taught_cannot_be_measured(write: Write, workshop: Workshop) -> None:
    path = write("pool.jsonl", [*lessons(), measured("is the pool open today", intent="opening")])

    with pytest.raises(FileProblem, match="the product knows none of these intents"):
        measure(path, workshop, 0)


def test_train_rows_of_one_intent_do_not_suffice(write: Write, workshop: Workshop) -> None:
    path = write("pool.jsonl", [train("open?", intent="opening"), measured("open today?", intent="opening")])

    with pytest.raises(FileProblem, match="the train rows do not suffice"):
        measure(path, workshop)


def test_without_train_rows_the_shipped_heads_are_measured(write: Write, workshop: Workshop) -> None:
    path = write(
        "shop.jsonl",
        [
            measured("where is my parcel", intent="order_status", sentiment="neutral"),
            measured("this is wonderful, thank you so much", sentiment="positive"),
            measured("I am furious about this awful service", sentiment="negative"),
        ],
    )

    found = measure(path, workshop)

    assert found.figures["accuracy"] == 1.0
    assert found.figures["sentiment_f1"] == 1.0
    assert found.figures["sentiment_r"] > 0.8


def test_languages_are_named_without_a_hint(write: Write, workshop: Workshop) -> None:
    path = write(
        "talk.jsonl",
        [
            {**measured("wo ist mein Paket geblieben", language="de"), "lang": "de"},
            {**measured("où est ma commande, s'il vous plaît", language="fr"), "lang": "fr"},
        ],
    )

    assert measure(path, workshop).figures["language_accuracy"] == 1.0


def test_questions_are_asked_of_the_passages_beside_the_file_and_again_without_the_right_one(
    write: Write, workshop: Workshop
) -> None:
    write(
        "pool.passages.jsonl",
        [
            {"id": "hours", "lang": "en", "title": "Opening hours", "text": "The pool opens at 8 in the morning. It closes at 9 in the evening."},
            {"id": "keys", "lang": "en", "title": "Locker keys", "text": "A lost locker key costs 20 pounds. Ask at the desk for a new one."},
            {"id": "lessons", "lang": "en", "title": "Swimming lessons", "text": "Children learn to swim on Mondays. The course takes ten weeks."},
        ],
    )  # fmt: skip
    path = write(
        "pool.jsonl",
        [
            train("what time do you close", passage_id="hours"),
            measured("when does the pool open in the morning", passage_id="hours", answer="at 8"),
            measured("what does a lost locker key cost", passage_id="keys", answer="20 pounds"),
            measured("do children learn to swim on Mondays", passage_id="lessons"),
        ],
    )

    found = measure(path, workshop, 1)

    assert found.figures["recall_at_1"] == found.figures["recall_at_5"] == found.figures["mrr"] == 1.0
    assert found.figures["gate_auroc"] == 1.0
    assert "accuracy" not in found.figures
    assert any("100.0 %" in line for line in found.lines if "the answer stands" in line)
