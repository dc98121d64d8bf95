"""Whether a commit waits for the disk is asked of the database itself, and told where operators look."""

import json
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from supportagent import durability, metrics

LAX = {"sqlite": "PRAGMA synchronous=NORMAL", "postgresql": "SET synchronous_commit = off"}
STRICT = {"sqlite": "PRAGMA synchronous=FULL", "postgresql": "RESET synchronous_commit"}


@pytest.fixture
def lax(transactional_db: None, server_that_syncs: None) -> Iterator[None]:
    """This connection does not wait for the disk."""
    with connection.cursor() as cursor:
        cursor.execute(LAX[connection.vendor])
    yield
    with connection.cursor() as cursor:
        cursor.execute(STRICT[connection.vendor])


def told() -> float:
    """What ``/metrics`` says."""
    return next(
        family.samples[0].value for family in metrics.RecordCollector().collect() if family.name == "database_durable"
    )


def doctors_finding() -> dict[str, object]:
    """What the doctor says of the database."""
    output = StringIO()
    with suppress(SystemExit):
        call_command("doctor", "--json", stdout=output)
    (finding,) = [each for each in json.loads(output.getvalue())["findings"] if each["name"] == "database"]
    return dict(finding)


@pytest.mark.django_db
@pytest.mark.usefixtures("server_that_syncs")
def test_as_the_product_opens_it_the_database_waits_for_the_disk() -> None:
    assert durability.unsafe() == []
    assert told() == 1
    finding = doctors_finding()
    assert finding["ok"]
    assert "waits for the disk" in str(finding["detail"])


def test_a_database_that_does_not_wait_is_told_by_metrics_and_doctor(lax: None) -> None:
    setting = {"sqlite": "synchronous = 1", "postgresql": "synchronous_commit = off"}[connection.vendor]

    assert durability.unsafe() == [setting]
    assert told() == 0
    finding = doctors_finding()
    assert not finding["ok"]
    assert setting in str(finding["detail"])


@pytest.mark.parametrize(
    ("found", "unsafe"),
    [
        ({"synchronous": "2"}, []),
        ({"synchronous": "3"}, []),
        ({"synchronous": "0"}, ["synchronous = 0"]),
        ({"synchronous_commit": "remote_apply", "fsync": "on"}, []),
        ({"synchronous_commit": "local", "fsync": "on"}, []),
        ({"synchronous_commit": "on", "fsync": "off"}, ["fsync = off"]),
        ({"synchronous_commit": "off", "fsync": "off"}, ["synchronous_commit = off", "fsync = off"]),
    ],
)
def test_a_commit_waits_only_where_each_setting_says_so(found: dict[str, str], unsafe: list[str]) -> None:
    assert durability.unsafe(found) == unsafe
