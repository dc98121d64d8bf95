"""The product's own sets, measured as ``manage.py evaluate`` does: each figure stays near what it was when it was last looked at.

The limits stand two to four points below what was measured, so that a change which costs more is seen.
"""

from collections.abc import Mapping

import pytest

from agent.evaluation.business import Workshop
from agent.evaluation.own import MEASURES

AT_LEAST: Mapping[str, Mapping[str, float]] = {
    "intents": {"accuracy": 0.81, "macro_f1": 0.82, "coverage": 0.65, "precision_covered": 0.93},
    "oos": {"oos_auroc": 0.94, "oos_rejected": 0.85},
    "sentiment": {"sentiment_f1": 0.85, "sentiment_r": 0.81},
    "language": {"language_accuracy": 0.96},
    "retrieval": {"recall_at_1": 0.93, "recall_at_5": 0.98, "mrr": 0.95},
    "gate": {"coverage": 0.80, "precision_covered": 0.97, "gate_auroc": 0.91},
    "escalation": {"accuracy": 0.83, "macro_f1": 0.82},
}
MOST_MISCALIBRATED = 0.05


def test_every_own_suite_has_limits() -> None:
    assert AT_LEAST.keys() == MEASURES.keys()


@pytest.mark.parametrize("suite", MEASURES)
def test_a_suite_of_the_products_own_is_as_good_as_it_was(suite: str, workshop: Workshop) -> None:
    figures = dict(MEASURES[suite](workshop).figures)

    missed = {name: figures[name] for name, least in AT_LEAST[suite].items() if float(str(figures[name])) < least}
    assert missed == {}
    assert figures.get("ece", 0.0) <= MOST_MISCALIBRATED  # type: ignore[operator]  # a number
    assert figures["n"]
    assert figures["latency_ms"]
