"""Alerts: each asks for figures that there are, and leads to a page that says what to do."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from integrations import webhooks
from supportagent import heartbeats
from tests.factories import make_api_key
from workspace.models import DrillRun

ROOT = Path(__file__).resolve().parent.parent
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
PROMISES = {f"G{number}" for number in range(1, 10)}
WORDS_OF_PROMQL = {"sum", "max", "min", "by", "increase", "and", "or", "for"}
NAMES = sorted(rule["alert"] for rule in RULES)


def asked_for(expression: str) -> set[str]:
    """The metrics an expression names: its words outside braces, quotes, groupings and brackets."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\bby\s*\([^)]*\)", " ", expression)
    return set(re.findall(r"[a-z_][a-z0-9_]*", bare)) - WORDS_OF_PROMQL


def entry(alert: str) -> str:
    """What the runbook says about an alert."""
    found = re.search(rf"^## {alert}\n(.*?)(?=^## |\Z)", RUNBOOK, flags=re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


@pytest.mark.django_db
def test_every_figure_that_an_alert_asks_for_is_in_the_metrics() -> None:
    heartbeats.beat("sweeper", {"breakers": ["Redis"]})
    heartbeats.beat("worker")
    DrillRun.objects.create(state="held", ended_at=timezone.now())
    webhooks.counter.labels("tiktok", "stored").inc(0)
    _, key = make_api_key(scopes=("operations:read",))

    answer = Client().get("/metrics", headers={"authorization": f"Bearer {key}"}).content.decode()

    told = {sample.name for family in text_string_to_metric_families(answer) for sample in family.samples}
    wanted = {name for rule in RULES for name in asked_for(rule["expr"])}
    assert len(wanted) > 20
    assert wanted <= told


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_alert_says_what_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
    for part in ("**Means:**", "**Look:**", "**Do:**"):
        assert part in entry(rule["alert"]), part


def test_the_runbook_has_no_entry_without_an_alert() -> None:
    assert sorted(re.findall(r"^## (\w+)$", RUNBOOK, flags=re.MULTILINE)) == NAMES
    assert len(set(NAMES)) == len(NAMES)


def test_every_promise_has_an_alert() -> None:
    assert {rule["labels"]["promise"] for rule in RULES} >= PROMISES
