"""The dashboard's figures for programs."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import files
from analytics.metrics import METRICS
from core.models import AuditEvent
from core.policy import Role
from tests.factories import make_channel, make_conversation, make_escalation, make_message, make_team, make_user
from tests.rest import Caller, signed_in, with_key

pytestmark = pytest.mark.django_db


def numbers(caller: Caller, **filters: str) -> dict[str, int]:
    """The figures by their keys."""
    answer = caller.get("/api/v1/figures/", **filters)
    assert answer.status_code == 200, answer.content
    return {row["key"]: row["number"] for row in answer.json()["results"]}


def test_a_key_gets_every_figure_and_the_rows_behind_one() -> None:
    conversation = make_conversation()
    make_message(conversation)
    make_escalation(conversation, reason="urgent")
    caller = with_key("analytics:read")

    told = caller.get("/api/v1/figures/", period="7d").json()
    (raised,) = [row for row in told["results"] if row["key"] == "escalations-raised"]
    file = caller.get(raised["export"], period="7d", part="urgent")

    assert {row["key"] for row in told["results"]} == set(METRICS)
    assert (raised["number"], raised["of_period"]) == (1, True)
    assert (file.status_code, file["Content-Type"]) == (200, "text/csv; charset=utf-8")
    heads, row = csv.reader(io.StringIO(file.content.decode("utf-8-sig")))
    assert dict(zip(heads, row, strict=True))["conversation"] == str(conversation.public_id)
    event = AuditEvent.objects.get(action="analytics.exported")
    assert event.after == {"metric": "escalations-raised", "filters": "period=7d&part=urgent", "rows": 1}
    assert event.actor_kind == "key"


def test_a_key_of_a_team_counts_and_gets_what_is_its_teams() -> None:
    mine, theirs = make_team(), make_team()
    for team, times in ((mine, 1), (theirs, 2)):
        for _ in range(times):
            make_message(make_conversation(channel=make_channel(team_id=team.pk)))
    caller = with_key("analytics:read", team=mine)

    assert numbers(caller)["received"] == 1
    assert caller.get("/api/v1/figures/received/export/").content.decode().count("\n") == 2
    assert numbers(with_key("analytics:read"), team=str(theirs.public_id))["received"] == 2


def test_people_get_what_their_dashboard_shows_them() -> None:
    team = make_team()
    make_message(make_conversation(channel=make_channel(team_id=team.pk)))
    make_message(make_conversation(channel=make_channel(team_id=make_team().pk)))

    assert numbers(signed_in(Role.VIEWER))["received"] == 2
    assert numbers(Caller(user=make_user(role=Role.AGENT, team=team)))["received"] == 1
    assert "received" not in numbers(signed_in(Role.PROMPT_EDITOR))
    assert signed_in(Role.PROMPT_EDITOR).get("/api/v1/figures/received/export/").status_code == 404


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("?period=ever", "period"),
        ("?team=mine", "team"),
        ("?page_size=5", "page_size"),
        ("received/export/?part=anything", "part"),
        ("messages/export/?part=noon", "part"),
        ("messages/export/?part=9999-12-31T23:59:30%2B00:00", "part"),
        ("received/export/?since=2026-01-01", "since"),
    ],
)
def test_what_cannot_be_understood_is_named(address: str, named: str) -> None:
    answer = with_key("analytics:read").get(f"/api/v1/figures/{address}")

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [wrong["field"] for wrong in answer.json()["errors"]] == [named]


def test_the_document_names_the_figures() -> None:
    told = Caller().get("/api/schema/").json()["paths"]["/api/v1/figures/{key}/export/"]["get"]["parameters"]

    (key,) = [parameter["schema"] for parameter in told if parameter["name"] == "key"]
    assert key["enum"] == sorted(METRICS)


def test_a_figure_that_is_none_is_not_there() -> None:
    assert with_key("analytics:read").get("/api/v1/figures/happiness/export/").status_code == 404


def test_a_file_is_refused_and_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONGEST_FILE", 1)
    for _ in range(2):
        make_message(make_conversation())

    answer = with_key("analytics:read").get("/api/v1/figures/received/export/")

    assert answer.status_code == 400
    assert "narrow the filters" in answer.json()["detail"]
    assert not AuditEvent.objects.filter(action="analytics.exported").exists()


def test_all_figures_take_a_query_for_each_kind_of_row() -> None:
    caller = with_key("analytics:read")
    for _ in range(3):
        make_message(make_conversation())
    numbers(caller)

    with CaptureQueriesContext(connection) as asked:
        numbers(caller)

    # The key and the call counted, and seven kinds of rows.
    assert len(asked) <= 10
