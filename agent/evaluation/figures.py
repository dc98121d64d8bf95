"""The figures, computed from plain values, and how a few of them are laid out for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, cast

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score

from agent.engine.fitting import expected_calibration_error

_BINS = 10
_MOST_CONFUSIONS = 10


class Latency(TypedDict):
    """Milliseconds of processor time, of half and of 95 % of the texts at most."""

    p50: float
    p95: float


class Figures(TypedDict, total=False):
    """What ``--json`` prints; what does not apply is left out."""

    n: int
    accuracy: float
    macro_f1: float
    ece: float
    coverage: float
    precision_covered: float
    oos_auroc: float
    oos_rejected: float
    sentiment_f1: float
    sentiment_r: float
    language_accuracy: float
    recall_at_1: float
    recall_at_5: float
    mrr: float
    gate_auroc: float
    latency_ms: Latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one measurement found: figures by their name, the time of each text in ms, and lines for people."""

    figures: Figures
    milliseconds: tuple[float, ...] = ()
    lines: tuple[str, ...] = field(default=())


def together(findings: Sequence[Finding], *, count: int) -> Finding:
    """Several measurements of the same ``count`` rows as one; a figure that two have is the first one's."""
    merged: Figures = {}
    for finding in reversed(findings):
        merged.update(finding.figures)
    milliseconds = tuple(value for finding in findings for value in finding.milliseconds)
    merged["n"] = count
    if milliseconds:
        merged["latency_ms"] = latency(milliseconds)
    ordered = {name: merged[name] for name in Figures.__annotations__ if name in merged}  # type: ignore[literal-required]
    return Finding(
        figures=cast("Figures", ordered),
        milliseconds=milliseconds,
        lines=tuple(line for finding in findings for line in finding.lines),
    )


def mean_of(findings: Sequence[Finding]) -> Finding:
    """The mean over draws. Lines and times are the first draw's: later ones have the texts' vectors at hand."""
    first = findings[0]
    if len(findings) == 1:
        return first
    means: dict[str, Any] = {}
    for name in first.figures.keys() - {"n", "latency_ms"}:
        values = [
            each for finding in findings if (each := cast("dict[str, float]", finding.figures).get(name)) is not None
        ]
        means[name] = round(float(np.mean(values)), 4)
    return Finding(
        figures=cast("Figures", means),
        milliseconds=first.milliseconds,
        lines=(f"figures: the mean of {len(findings)} draws; what follows is the first draw's", *first.lines),
    )


def share(values: Iterable[bool]) -> float:
    """Which part of the values is true, to four places; 0 of none."""
    found = list(values)
    return round(sum(found) / len(found), 4) if found else 0.0


def macro_f1(truth: Sequence[str], said: Sequence[str]) -> float:
    """The mean F1 over the labels that are true somewhere."""
    return round(float(f1_score(truth, said, labels=sorted(set(truth)), average="macro", zero_division=0.0)), 4)


def ece(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """The expected calibration error over 15 equally wide bins."""
    return round(expected_calibration_error(np.array(confidence), np.array(right, dtype=float)), 4)


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """How likely a positive score stands above a negative one, equal ones counted half."""
    truth = [1] * len(positive) + [0] * len(negative)
    return round(float(roc_auc_score(truth, [*positive, *negative])), 4)


def correlation(truth: Sequence[float], said: Sequence[float]) -> float:
    """Pearson's r; 0 where one side never changes."""
    if len(set(truth)) < 2 or len(set(said)) < 2:
        return 0.0
    return round(float(np.corrcoef(truth, said)[0, 1]), 4)


def recall(ranks: Sequence[int | None], most: int) -> float:
    """The share of the ranks, counted from 1, that are at most ``most``; None is what was not found."""
    return share(rank is not None and rank <= most for rank in ranks)


def mean_reciprocal_rank(ranks: Sequence[int | None]) -> float:
    """The mean of 1 / rank, and of 0 for what was not found."""
    return round(sum(1 / rank for rank in ranks if rank is not None) / len(ranks), 4) if ranks else 0.0


def latency(milliseconds: Sequence[float]) -> Latency:
    """The middle and the 95th percentile."""
    middle, high = np.percentile(milliseconds, [50, 95])
    return {"p50": round(float(middle), 2), "p95": round(float(high), 2)}


def percent(value: float) -> str:
    """A share as people read it."""
    return f"{100 * value:.1f} %"


def confusions(truth: Sequence[str], said: Sequence[str]) -> list[str]:
    """The most frequent mistakes, as lines."""
    wrong = Counter((own, other) for own, other in zip(truth, said, strict=True) if own != other)
    if not wrong:
        return []
    # Equally frequent ones in the order of their names, so that two runs print the same.
    ordered = sorted(wrong.items(), key=lambda each: (-each[1], each[0]))[:_MOST_CONFUSIONS]
    return ["most frequent confusions", *(f"  {count:>5}  {own} taken for {other}" for (own, other), count in ordered)]


def calibration(confidence: Sequence[float], right: Sequence[bool]) -> list[str]:
    """How sure and how right the answers were, by tenths of the probability, as lines."""
    surely, rightly = np.array(confidence), np.array(right, dtype=float)
    places = np.minimum((surely * _BINS).astype(int), _BINS - 1)
    lines = ["calibration        texts   sure   right"]
    for place in np.unique(places):
        inside = places == place
        sure, hit = float(surely[inside].mean()), float(rightly[inside].mean())
        lines.append(
            f"  {place / _BINS:.1f} to {(place + 1) / _BINS:.1f}  {int(inside.sum()):>9}  {percent(sure):>7} {percent(hit):>7}"
        )
    return lines


def by_group(right: Mapping[str, Sequence[bool]]) -> list[str]:
    """How many are right of each group, as lines; nothing where there is only one."""
    if len(right) < 2:
        return []
    return [f"  {name:<16} {percent(share(values)):>7}  of {len(values)}" for name, values in sorted(right.items())]
