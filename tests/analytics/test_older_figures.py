"""The older project's figures, as far as a key that is bound to a team may count."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agent.models import Intent
from core.policy import Role
from tests.factories import make_channel, make_conversation, make_escalation, make_message, make_release, make_team
from tests.rest import signed_in, with_key

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "caller", [("analytics:read", Role.API_CLIENT), ("", Role.SUPERVISOR), ("", Role.VIEWER)], ids=lambda each: each[1]
)
def test_a_key_of_a_team_counts_what_is_its_teams(caller: tuple[str, Role]) -> None:
    scope, role = caller
    mine, theirs = make_team(), make_team()
    for team, times in ((mine, 1), (theirs, 2)):
        for _ in range(times):
            conversation = make_conversation(channel=make_channel(team_id=team.pk))
            make_message(conversation, intent=f"of-{team.pk}", sentiment_score=0.5 if team == mine else -0.5)
            make_escalation(conversation, reason="urgent" if team == mine else "danger")
    key = with_key(*([scope] if scope else []), team=mine, role=role)

    metrics = key.get("/analytics/metrics").json()
    assert (metrics["total_messages"], metrics["total_conversations"], metrics["average_sentiment"]) == (1, 1, 0.5)
    assert key.get("/analytics/conversations").json()["total_conversations"] == 1
    assert key.get("/analytics/escalations").json() == {
        "total_escalations": 1, "escalation_rate": 100.0, "top_reasons": [{"reason": "urgent", "count": 1}],
    }  # fmt: skip
    assert key.get("/agent/status").json()["total_conversations"] == 1
    assert signed_in(Role.VIEWER, team=mine).get("/agent/status").json()["total_conversations"] == 3


def test_messages_are_counted_by_the_four_intents_of_that_project() -> None:
    release = make_release()
    for key, route in (("refund", "support"), ("bulk", "sales"), ("injury", "urgent")):
        Intent.objects.create(release=release, key=key, route=route)
    conversation = make_conversation()
    for key in ("track-parcel", "refund", "refund", "bulk", "injury", "injury", "no-longer-known", "opening-hours", ""):
        make_message(conversation, intent=key)
    caller = with_key("analytics:read")
    caller.get("/analytics/conversations")

    with CaptureQueriesContext(connection) as asked:
        told = caller.get("/analytics/conversations").json()

    assert told == {
        "insights": [
            {"intent": "support", "count": 3, "percentage": 37.5},
            {"intent": "general", "count": 2, "percentage": 25.0},
            {"intent": "urgent", "count": 2, "percentage": 25.0},
            {"intent": "sales", "count": 1, "percentage": 12.5},
        ],
        "total_conversations": 8,
    }
    # The key, the call counted, the messages, the intents of the release, and those it has no more.
    assert len(asked) == 5
