"""The product's own suites: what the shipped examples, articles and phrases reach, held so that it gets no worse.

Each limit is what was reached when it was written, less a point or two; ``manage.py evaluate`` measures the same.
"""

import pytest

from agent.evaluation import own
from agent.evaluation.business import Workshop
from agent.evaluation.figures import Finding

LEAST: dict[str, dict[str, float]] = {}
MEASURES = {
    "language": own.measure_languages,
    "retrieval": own.measure_retrieval,
    "gate": own.measure_gate,
    "intents": own.measure_intents,
    "oos": own.measure_scope,
    "sentiment": own.measure_sentiment,
    "escalation": own.measure_escalation,
}


@pytest.mark.parametrize("suite", MEASURES)
def test_what_was_reached_is_kept(suite: str, workshop: Workshop) -> None:
    found: Finding = MEASURES[suite](workshop)

    short = {name: found.figures.get(name) for name, least in LEAST[suite].items() if found.figures[name] < least}
    assert short == {}
