"""Alerts: each asks for figures that there are, and leads to a page that says what to do."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from integrations import intake
from supportagent import heartbeats, metrics
from tests.factories import make_api_key
from workspace.models import DrillRun

ROOT = Path(__file__).resolve().parent.parent
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
PROMISES = {f"G{number}" for number in range(1, 11)}
# By Prometheus itself, about each target.
OF_PROMETHEUS = {"up"}
WORDS_OF_PROMQL = {"sum", "max", "min", "by", "increase", "and", "or", "for", "rate", "histogram_quantile", "absent"}
NAMES = sorted(rule["alert"] for rule in RULES)


def asked_for(expression: str) -> set[str]:
    """The metrics an expression names: its words outside braces, quotes, groupings and brackets."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\bby\s*\([^)]*\)", " ", expression)
    return set(re.findall(r"[a-z_][a-z0-9_]*", bare)) - WORDS_OF_PROMQL


def entry(alert: str) -> str:
    """What the runbook says about an alert."""
    found = re.search(rf"^## {alert}\n(.*?)(?=^## |\Z)", RUNBOOK, flags=re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def told_figures() -> set[str]:
    """The figures that /metrics gives."""
    heartbeats.beat("sweeper", {"breakers": ["Redis"]})
    heartbeats.beat("worker")
    DrillRun.objects.create(state="held", ended_at=timezone.now())
    intake.counter.labels("tiktok", "stored").inc(0)
    _, key = make_api_key(scopes=("operations:read",))

    answer = Client().get("/metrics", headers={"authorization": f"Bearer {key}"}).content.decode()

    return {sample.name for family in text_string_to_metric_families(answer) for sample in family.samples}


@pytest.mark.django_db
def test_every_figure_that_an_alert_asks_for_is_in_the_metrics() -> None:
    told = told_figures()

    wanted = {name for rule in RULES for name in asked_for(rule["expr"])} - OF_PROMETHEUS
    assert len(wanted) > 20
    assert wanted <= told


@pytest.mark.django_db
def test_every_panel_of_the_dashboard_asks_for_figures_that_there_are() -> None:
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

    told = told_figures()

    for panel in panels:
        wanted = {name for target in panel["targets"] for name in asked_for(target["expr"])}
        assert wanted, panel["title"]
        assert wanted <= told, panel["title"]
    assert len(panels) > 15
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert not [
        (one["title"], other["title"])
        for number, one in enumerate(panels)
        for other in panels[number + 1 :]
        if overlap(one["gridPos"], other["gridPos"])
    ]


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    """Whether two panels lie upon each other."""
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in (("x", "w"), ("y", "h"))
    )


def test_prometheus_scrapes_what_gives_figures_and_loads_these_rules() -> None:
    read = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text())
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    assert read["rule_files"] == ["alerts.yml"]
    (job,) = read["scrape_configs"]
    targets = {target.partition(":")[0] for each in job["static_configs"] for target in each["targets"]}
    assert (job["metrics_path"], targets) == ("/metrics", {"ingest", "live"})
    assert targets <= set(services)


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


def test_every_promise_has_an_alert_or_a_reason_why_not() -> None:
    watched = {rule["labels"]["promise"] for rule in RULES}

    introduction = RUNBOOK.partition("\n## ")[0]
    assert PROMISES - watched == {"G10"}
    assert "G10, that they hold on SQLite too, has none of its own" in " ".join(introduction.split())


def test_a_target_that_cannot_be_scraped_is_an_alert_and_so_is_a_figure_that_nobody_gives() -> None:
    expressions = {rule["alert"]: rule["expr"] for rule in RULES}
    (job,) = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text())["scrape_configs"]

    assert expressions["DoorSilent"] == f'up{{job="{job["job_name"]}"}} == 0'
    assert "absent(database_up)" in expressions["DatabaseAway"]


@pytest.mark.django_db
def test_a_process_that_never_lived_is_silent_for_ever() -> None:
    families = metrics.RecordCollector().collect()
    told = {family.name: [sample.value for sample in family.samples] for family in families}

    for kind in ("sweeper", "worker", "beat"):
        (rule,) = [rule for rule in RULES if rule["alert"] == f"{kind.title()}Silent"]
        assert rule["expr"].startswith(f"min({kind}_age_seconds) > ")
        assert told[f"{kind}_age_seconds"] == [math.inf]
