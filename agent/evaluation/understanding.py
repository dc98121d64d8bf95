"""Intents, what is out of scope, and sentiment: each message is understood as a customer's first one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from agent.engine.types import OTHER_INTENT, SentimentLabel, Understanding
from agent.evaluation import figures as fig
from agent.evaluation.business import Business
from agent.evaluation.figures import Figures, Finding
from agent.evaluation.rows import Row

_SCORES = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A row and what the engine made of it."""

    row: Row
    said: Understanding


def hear(business: Business, rows: Sequence[Row]) -> tuple[list[Heard], list[float]]:
    """Each row understood, and the processor time of each text that came for the first time, in ms.

    A row's language is taken for what the channel says of the customer.
    """
    heard: list[Heard] = []
    milliseconds: list[float] = []
    known: set[str] = set()
    for row in rows:
        # Of the processor and not of the clock: what else this machine does is no matter of the engine's.
        started = time.thread_time()
        said = business.engine.understand(row.text, language_prior=row.language, languages=business.languages)
        took = time.thread_time() - started
        heard.append(Heard(row=row, said=said))
        if row.text not in known:
            known.add(row.text)
            milliseconds.append(1_000 * took)
    return heard, milliseconds


def judge(heard: Sequence[Heard]) -> list[Finding]:
    """Everything that the rows' labels let one say."""
    found: list[Finding] = []
    with_intent = [each for each in heard if each.row.intent is not None]
    if with_intent:
        found.append(judge_intents(with_intent))
    if any(each.row.is_foreign for each in heard) and not all(each.row.is_foreign for each in heard):
        found.append(
            judge_scope([each for each in heard if each.row.is_foreign or each.row.intent or each.row.in_scope])
        )
    with_sentiment = [each for each in heard if each.row.sentiment is not None]
    if with_sentiment:
        found.append(judge_sentiment(with_sentiment))
    return found


def judge_intents(heard: Sequence[Heard]) -> Finding:
    """Accuracy, calibration and coverage. What is covered is what the engine is sure of and knows at all."""
    truth = [each.row.intent or OTHER_INTENT for each in heard]
    said = [each.said.intent for each in heard]
    right = [own == other for own, other in zip(truth, said, strict=True)]
    confidence = [each.said.confidence for each in heard]
    covered = [each.said.confident and each.said.in_scope for each in heard]
    figures: Figures = {
        "accuracy": fig.share(right),
        "macro_f1": fig.macro_f1(truth, said),
        "ece": fig.ece(confidence, right),
        "coverage": fig.share(covered),
    }
    if any(covered):
        figures["precision_covered"] = fig.share(hit for hit, inside in zip(right, covered, strict=True) if inside)
    by_language: dict[str, list[bool]] = {}
    for each, hit in zip(heard, right, strict=True):
        by_language.setdefault(each.row.language, []).append(hit)
    lines = [
        f"intents: {len(heard)} texts, {len(set(truth))} labels",
        *fig.by_group(by_language),
        *fig.confusions(truth, said),
        *fig.calibration(confidence, right),
    ]
    return Finding(figures=figures, lines=tuple(lines))


def judge_scope(heard: Sequence[Heard]) -> Finding:
    """How well the known is told from the unknown."""
    known = [each.said for each in heard if not each.row.is_foreign]
    foreign = [each.said for each in heard if each.row.is_foreign]
    kept = fig.share(said.in_scope for said in known)
    rejected = fig.share(not said.in_scope for said in foreign)
    return Finding(
        figures={
            "oos_auroc": fig.auroc([said.scope_score for said in known], [said.scope_score for said in foreign]),
            "oos_rejected": rejected,
        },
        lines=(
            f"scope: of {len(known)} texts in scope {fig.percent(kept)} are known as such, "
            f"of {len(foreign)} out of scope {fig.percent(rejected)} are rejected",
        ),
    )


def judge_sentiment(heard: Sequence[Heard]) -> Finding:
    """Macro-F1 of the likeliest tone, and how the score from -1 to 1 goes with the label."""
    truth = [str(each.row.sentiment) for each in heard]
    said = [tone_of(each.said) for each in heard]
    right = [own == other for own, other in zip(truth, said, strict=True)]
    return Finding(
        figures={
            "sentiment_f1": fig.macro_f1(truth, said),
            "sentiment_r": fig.correlation(
                [_SCORES[label] for label in truth], [each.said.sentiment for each in heard]
            ),
        },
        lines=(
            f"sentiment: {len(heard)} texts, {fig.percent(fig.share(right))} with the right tone",
            *fig.confusions(truth, said),
        ),
    )


def tone_of(said: Understanding) -> SentimentLabel:
    """The likeliest tone; that of a message without words by the sign of its score."""
    if said.tone:
        label = max(said.tone, key=said.tone.__getitem__)
        return "negative" if label == "negative" else "positive" if label == "positive" else "neutral"
    return "negative" if said.sentiment < 0 else "positive" if said.sentiment > 0 else "neutral"
