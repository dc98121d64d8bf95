"""Writing what is derived: the facts of episodes, and the figures of whole hours. Doing either again changes nothing."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Avg, Count, Exists, F, Max, OuterRef, QuerySet, Sum
from django.utils import timezone

from agent.models import AgentRun
from analytics.models import Analytics, EpisodeFact
from conversations.models import Conversation, Episode, Escalation, Message
from core import leases

BATCH = 200
# A change may be committed later than the time it carries; no transaction of ours stays open this long.
OVERLAP = timedelta(minutes=10)
LEASE_SECONDS = 300
MOST_HOURS = 48


def build_episode_facts() -> int:
    """Build the facts of the conversations that changed since they were last built; returns how many conversations.

    A conversation's version says whether it changed. They are taken in the order of their changes, so that the latest
    change among the facts tells how far the work has come, whatever interrupts it.
    """
    owner = leases.process_name()
    built = 0
    while leases.take("episode-facts", owner=owner, seconds=LEASE_SECONDS):
        batch = list(_changed()[:BATCH])
        _build(batch)
        built += len(batch)
        if len(batch) < BATCH:
            leases.release("episode-facts", owner=owner)
            break
    return built


def _changed() -> QuerySet[Conversation]:
    """Conversations without facts, or with facts of an older version, the longest unchanged first."""
    current = EpisodeFact.objects.filter(conversation_id=OuterRef("pk"), conversation_version__gte=OuterRef("version"))
    found = Conversation.objects.filter(Exists(Episode.objects.filter(conversation=OuterRef("pk"))), ~Exists(current))
    done_to = EpisodeFact.objects.aggregate(latest=Max("conversation_updated_at"))["latest"]
    if done_to is not None:
        found = found.filter(updated_at__gte=done_to - OVERLAP)
    return found.order_by("updated_at", "pk")


def _build(conversations: list[Conversation]) -> None:
    """Write the facts of all episodes of these conversations, as of the versions that were read before."""
    by_pk = {conversation.pk: conversation for conversation in conversations}
    episodes = list(Episode.objects.filter(conversation_id__in=by_pk).order_by())
    tallies = _tallies([episode.pk for episode in episodes])
    reasons = _first_reasons([episode.pk for episode in episodes])
    facts = [
        _fact(episode, by_pk[episode.conversation_id], tallies[episode.pk], reasons.get(episode.pk, ""))
        for episode in episodes
    ]
    columns = [column.name for column in EpisodeFact._meta.concrete_fields if not column.primary_key]
    EpisodeFact.objects.bulk_create(facts, update_conflicts=True, unique_fields=["episode_id"], update_fields=columns)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What an episode's messages come to."""

    messages_in: int = 0
    bot_replies: int = 0
    human_replies: int = 0
    human_response_ms: int | None = None
    intent: str = ""
    language: str = ""
    sentiments: list[float] = field(default_factory=list)


def _tallies(episode_pks: list[int]) -> defaultdict[int, Tally]:
    tallies: defaultdict[int, Tally] = defaultdict(Tally)
    messages = Message.objects.filter(episode_id__in=episode_pks).order_by("conversation_id", "seq")
    columns = ("episode_id", "sender_type", "response_time_ms", "intent", "language", "sentiment_score")
    for episode_id, sender, response, intent, language, sentiment in messages.values_list(*columns).iterator(2_000):
        tally = tallies[episode_id]
        if sender == Message.Sender.CUSTOMER:
            tally.messages_in += 1
            tally.intent = intent or tally.intent
            tally.language = language or tally.language
            if sentiment is not None:
                tally.sentiments.append(sentiment)
        elif sender == Message.Sender.BOT:
            tally.bot_replies += 1
        elif sender == Message.Sender.HUMAN:
            if not tally.human_replies:
                tally.human_response_ms = response
            tally.human_replies += 1
    return tallies


def _first_reasons(episode_pks: list[int]) -> dict[int, str]:
    latest_first = Escalation.objects.filter(episode_id__in=episode_pks).order_by("-pk")
    return dict(latest_first.values_list("episode_id", "reason"))


def _fact(episode: Episode, conversation: Conversation, tally: Tally, reason: str) -> EpisodeFact:
    first = episode.first_bot_reply_at
    return EpisodeFact(
        episode_id=episode.pk,
        conversation_id=conversation.pk,
        platform=conversation.platform,
        account_id=conversation.account_id,
        team_id=conversation.team_id,
        intent=tally.intent,
        language=tally.language,
        started_at=episode.started_at,
        ended_at=episode.ended_at,
        outcome=episode.outcome,
        messages_in=tally.messages_in,
        bot_replies=tally.bot_replies,
        human_replies=tally.human_replies,
        was_escalated=bool(reason) or episode.first_escalated_at is not None,
        escalation_reason=reason,
        asked_for_person=episode.asked_for_person_at is not None,
        bot_first_response_ms=max(0, round((first - episode.started_at) / timedelta(milliseconds=1)))
        if first
        else None,
        human_first_response_ms=tally.human_response_ms,
        sentiment_start=tally.sentiments[0] if tally.sentiments else None,
        sentiment_end=tally.sentiments[-1] if tally.sentiments else None,
        conversation_version=conversation.version,
        conversation_updated_at=conversation.updated_at,
        built_at=timezone.now(),
    )


def roll_up(hour: datetime) -> int:
    """Write the figures of the hour that begins at ``hour``, in place of what stood there; returns how many."""
    start = hour.replace(minute=0, second=0, microsecond=0)
    figures = [
        Analytics(metric_type=metric_type, dimension=dimension, metric_value=value, timestamp=start)
        for metric_type, dimension, value in _figures(start, start + timedelta(hours=1))
    ]
    with transaction.atomic():
        Analytics.objects.filter(timestamp=start).delete()
        Analytics.objects.bulk_create(figures)
    return len(figures)


def roll_up_due(now: datetime) -> int:
    """Roll up the present hour, the one before, and those that were missed, MOST_HOURS back at most; returns how many hours."""
    with leases.held("roll-up", seconds=LEASE_SECONDS) as is_ours:
        if not is_ours:
            return 0
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        latest = Analytics.objects.aggregate(latest=Max("timestamp"))["latest"] or this_hour
        first = max(min(latest, this_hour) - timedelta(hours=1), this_hour - timedelta(hours=MOST_HOURS))
        hours = [first + timedelta(hours=number) for number in range(int((this_hour - first) / timedelta(hours=1)) + 1)]
        for hour in hours:
            roll_up(hour)
        return len(hours)


def _figures(start: datetime, end: datetime) -> Iterator[tuple[str, str, float]]:
    """The hour's figures: metric, dimension (empty for none), value."""
    messages = Message.objects.filter(created_at__gte=start, created_at__lt=end)
    for sender in Message.Sender.values:
        for platform, number in _counted(messages.filter(sender_type=sender), "conversation__platform"):
            yield f"messages_{sender}", platform, number
    for intent, number in _counted(messages.exclude(intent=""), "intent"):
        yield "messages_by_intent", intent, number
    escalations = Escalation.objects.filter(created_at__gte=start, created_at__lt=end)
    for reason, number in _counted(escalations, "reason"):
        yield "escalations", reason, number
    yield from _of_episodes(Episode.objects.filter(started_at__gte=start, started_at__lt=end))
    yield from _of_runs(AgentRun.objects.filter(started_at__gte=start, started_at__lt=end))


def _counted(rows: QuerySet[Any], column: str) -> list[tuple[str, int]]:
    return list(rows.order_by().values_list(column).annotate(number=Count("pk")))


def _of_episodes(begun: QuerySet[Episode]) -> Iterator[tuple[str, str, float]]:
    by_platform = (
        begun.order_by()
        .values("conversation__platform")
        .annotate(
            number=Count("pk"),
            answered=Count("first_bot_reply_at"),
            response=Avg(F("first_bot_reply_at") - F("started_at")),
        )
    )
    for row in by_platform:
        yield "episodes", row["conversation__platform"], row["number"]
        yield "episodes_answered_by_bot", row["conversation__platform"], row["answered"]
        if row["response"] is not None:
            yield "bot_first_response_seconds", row["conversation__platform"], row["response"].total_seconds()


def _of_runs(begun: QuerySet[AgentRun]) -> Iterator[tuple[str, str, float]]:
    by_provider = (
        begun.order_by()
        .values("provider")
        .annotate(number=Count("pk"), tokens=Sum(F("tokens_in") + F("tokens_out")), cost=Sum("cost_micros"))
    )
    for row in by_provider:
        yield "runs", row["provider"], row["number"]
        yield "tokens", row["provider"], row["tokens"]
        yield "cost_micros", row["provider"], row["cost"]
