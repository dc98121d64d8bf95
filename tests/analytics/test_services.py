"""What is derived: facts of episodes, figures of hours."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from analytics import services, tasks
from analytics.models import Analytics, EpisodeFact
from conversations import services as conversations
from conversations.models import Conversation, Episode, Escalation
from conversations.types import HandOver, ReasonCategory
from core import leases
from core.policy import Role
from supportagent import periodic
from supportagent.celery import app
from tests.analytics.history import NOW, make_history
from tests.conversations import talk
from tests.factories import make_conversation, make_delivery, make_message, make_user

pytestmark = pytest.mark.django_db


def fact(conversation: Conversation, number: int = 1) -> EpisodeFact:
    episode = Episode.objects.get(conversation=conversation, number=number)
    return EpisodeFact.objects.get(pk=episode.pk)


def without_build_time() -> list[dict[str, object]]:
    columns = [column.name for column in EpisodeFact._meta.concrete_fields if column.name != "built_at"]
    return list(EpisodeFact.objects.order_by("pk").values(*columns))


def test_an_answered_conversation_has_its_facts() -> None:
    conversation = talk.wrote("Where is my order?")
    talk.answer(conversation)

    assert services.build_episode_facts() == 1

    found = fact(conversation)
    episode = Episode.objects.get(conversation=conversation)
    assert episode.first_bot_reply_at is not None
    waited = (episode.first_bot_reply_at - episode.started_at).total_seconds() * 1000
    assert (found.platform, found.account_id, found.messages_in, found.bot_replies, found.human_replies) == (
        "tiktok",
        conversation.account_id,
        1,
        1,
        0,
    )
    assert found.bot_first_response_ms == max(0, round(waited))
    assert not found.was_escalated
    assert found.ended_at is None


def test_facts_tell_the_intent_the_mood_and_the_first_reason() -> None:
    conversation = make_conversation()
    for line, (intent, mood) in enumerate([("order-status", -0.8), ("", None), ("returns", 0.4)]):
        make_message(conversation, f"Line {line}", intent=intent, sentiment_score=mood, language="de")
    for reason in (ReasonCategory.URGENT, ReasonCategory.ASKED):
        Escalation.objects.create(
            conversation=conversation,
            episode=conversation.episodes.get(),
            reason=reason,
            state="closed",
            outcome="answered",
            closed_at=timezone.now(),
        )

    services.build_episode_facts()

    found = fact(conversation)
    assert (found.intent, found.language, found.sentiment_start, found.sentiment_end) == ("returns", "de", -0.8, 0.4)
    assert (found.was_escalated, found.escalation_reason) == (True, "urgent")


def test_a_persons_first_answer_is_timed_from_the_customers_wait() -> None:
    conversation = make_conversation()
    make_message(conversation)
    first = make_delivery(conversation, author="human")
    first.message.response_time_ms = 61_000
    first.message.save()
    make_delivery(conversation, author="human")

    services.build_episode_facts()

    assert (fact(conversation).human_replies, fact(conversation).human_first_response_ms) == (2, 61_000)


def test_building_again_changes_nothing() -> None:
    make_history()
    services.build_episode_facts()
    first = without_build_time()

    assert services.build_episode_facts() == 0
    EpisodeFact.objects.update(conversation_version=-1)
    assert services.build_episode_facts() > 0
    assert without_build_time() == first


def test_only_what_changed_is_built_again() -> None:
    one, two = talk.wrote(thread="one"), talk.wrote(thread="two")
    services.build_episode_facts()

    talk.answer(one)

    assert services.build_episode_facts() == 1
    assert (fact(one).bot_replies, fact(two).bot_replies) == (1, 0)


def test_a_change_that_was_committed_late_is_found() -> None:
    late = talk.wrote(thread="late")
    Conversation.objects.filter(pk=late.pk).update(updated_at=timezone.now() - timedelta(minutes=5))
    EpisodeFact.objects.create(
        episode_id=0,
        conversation_id=0,
        platform="tiktok",
        account_id=1,
        started_at=timezone.now(),
        conversation_updated_at=timezone.now(),
    )

    services.build_episode_facts()

    assert fact(late).messages_in == 1


def test_more_than_a_batch_is_built_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "BATCH", 2)
    for thread in range(5):
        talk.wrote(thread=f"thread-{thread}")

    assert services.build_episode_facts() == 5
    assert EpisodeFact.objects.count() == 5


def test_the_next_episode_gets_facts_of_its_own() -> None:
    conversation = talk.wrote()
    talk.answer(conversation, HandOver(reason=ReasonCategory.ASKED, detail="Asked."))
    supervisor = make_user(role=Role.SUPERVISOR)
    conversations.resolve(Conversation.objects.get(pk=conversation.pk), supervisor)
    services.build_episode_facts()
    talk.write("It happened again, where is it?")

    services.build_episode_facts()

    first, second = fact(conversation), fact(conversation, 2)
    assert (first.outcome, first.asked_for_person, first.was_escalated) == ("resolved", True, True)
    assert first.ended_at is not None
    assert (second.outcome, second.messages_in, second.was_escalated) == ("", 1, False)


def test_two_builders_do_not_work_at_once() -> None:
    talk.wrote()
    leases.take("episode-facts", owner="somebody else", seconds=60)

    assert services.build_episode_facts() == 0
    assert services.roll_up_due(NOW) > 0


def test_an_hours_figures_are_those_of_its_rows() -> None:
    conversation = make_conversation()
    hour = datetime(2026, 3, 4, 14, tzinfo=UTC)
    for minute in (0, 59):
        make_message(conversation, created_at=hour + timedelta(minutes=minute), intent="returns")
    make_message(conversation, created_at=hour + timedelta(hours=1), intent="returns")
    Episode.objects.filter(conversation=conversation).update(
        started_at=hour, first_bot_reply_at=hour + timedelta(milliseconds=1500)
    )

    services.roll_up(hour + timedelta(minutes=30))

    found = {(row.metric_type, row.dimension): row.metric_value for row in Analytics.objects.filter(timestamp=hour)}
    assert found == {
        ("messages_customer", "tiktok"): 2,
        ("messages_by_intent", "returns"): 2,
        ("episodes", "tiktok"): 1,
        ("episodes_answered_by_bot", "tiktok"): 1,
        ("bot_first_response_seconds", "tiktok"): 1.5,
    }


def test_rolling_an_hour_up_again_replaces_its_figures() -> None:
    make_history()
    hour = NOW.replace(minute=0, second=0)
    services.roll_up(hour)
    first = set(Analytics.objects.values_list("metric_type", "dimension", "timestamp", "metric_value"))
    Analytics.objects.create(metric_type="escalations", dimension="gone", timestamp=hour, metric_value=3)

    services.roll_up(hour)

    assert set(Analytics.objects.values_list("metric_type", "dimension", "timestamp", "metric_value")) == first
    assert first


def test_hours_that_were_missed_are_caught_up_with() -> None:
    make_history()
    Analytics.objects.create(
        metric_type="runs", timestamp=NOW.replace(minute=0, second=0) - timedelta(hours=6), metric_value=1
    )

    assert services.roll_up_due(NOW) == 8
    assert services.roll_up_due(NOW) == 2


def test_beat_knows_the_jobs_by_their_names() -> None:
    app.loader.import_default_modules()

    named = {job.task for job in periodic.JOBS if job.task.startswith("analytics.")}
    assert named == {tasks.build_facts.name, tasks.roll_up.name}


def test_the_tasks_do_the_work() -> None:
    conversation = talk.wrote()

    tasks.build_facts()
    tasks.roll_up()

    assert fact(conversation).messages_in == 1
    assert Analytics.objects.filter(metric_type="messages_customer").exists()
