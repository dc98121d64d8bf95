"""The older project's figures, worked out from the record."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Avg, Count, Q, QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agent.models import Intent
from conversations.models import Conversation, Escalation, Message
from conversations.models.conversation import ConversationQuerySet
from core.doors import OlderDoor
from core.policy import Action, Grant, reach

Row = TypeVar("Row", Message, Escalation)
DAYS = timedelta(days=30)
MOST_REASONS = 5


class Period(serializers.Serializer[Any]):
    """From when to when; the last 30 days unless it is said."""

    start_date = serializers.DateTimeField(required=False)
    end_date = serializers.DateTimeField(required=False)


class Figures(OlderDoor):
    """A door to figures of a period, over everything; for a key that is bound to a team, over what is its team's."""

    needs = {"get": Action.VIEW_ANALYTICS}

    def period(self, request: Request) -> tuple[datetime, datetime]:
        """Its start and end."""
        given = {name: value for name, value in request.query_params.items() if value}
        wanted = self.read(Period, given, place="query")
        end: datetime = wanted.get("end_date") or timezone.now()
        start: datetime | None = wanted.get("start_date")
        if start is None:
            start = end - DAYS if end.year > 1 else end
        return start, end

    def conversations(self, period: tuple[datetime, datetime]) -> ConversationQuerySet:
        """Those that began in the period."""
        return Conversation.objects.in_reach_of(self.who, Action.VIEW_ANALYTICS).filter(created_at__range=period)

    def messages(self, period: tuple[datetime, datetime]) -> QuerySet[Message]:
        """Those of the period."""
        return self.in_reach(Message.objects.filter(created_at__range=period))

    def in_reach(self, found: QuerySet[Row]) -> QuerySet[Row]:
        """Those rows of conversations that the caller may count."""
        if reach(self.who, Action.VIEW_ANALYTICS) is Grant.ALL:
            return found
        return found.filter(conversation__team__in=self.who.policy_team_ids)

    def escalated_in(self, period: tuple[datetime, datetime]) -> tuple[int, int]:
        """Conversations that began in the period, and those of them that people have had."""
        begun = self.conversations(period)
        return begun.count(), begun.escalated().count()


def rate(part: float, whole: float) -> float:
    """A percentage with two digits; nothing of nothing is 0."""
    return round(part / whole * 100, 2) if whole else 0.0


class OlderMetrics(Figures):
    """``GET /analytics/metrics``."""

    def get(self, request: Request) -> Response:
        """Messages, conversations, how fast and how glad."""
        period = self.period(request)
        bot = Q(sender_type=Message.Sender.BOT)
        found = self.messages(period).aggregate(
            total=Count("pk"), response=Avg("response_time_ms", filter=bot), sentiment=Avg("sentiment_score")
        )
        begun, escalated = self.escalated_in(period)
        sentiment = found["sentiment"]
        return Response(
            {
                "average_response_time_ms": round(float(found["response"] or 0.0), 2),
                "total_messages": found["total"],
                "total_conversations": begun,
                "escalation_rate": rate(escalated, begun),
                "average_sentiment": None if sentiment is None else round(sentiment, 2),
            }
        )


class OlderInsights(Figures):
    """``GET /analytics/conversations``."""

    def get(self, request: Request) -> Response:
        """Messages by that project's four intents; the total is theirs, whatever it is called."""
        found = self.messages(self.period(request)).exclude(intent="").order_by()
        counted = dict(found.values_list("intent").annotate(number=Count("pk")))
        routes = Intent.objects.routes_of(counted)
        sums: Counter[str] = Counter()
        for key, number in counted.items():
            sums[routes[key]] += number
        total = sums.total()
        insights = [
            {"intent": word, "count": number, "percentage": rate(number, total)}
            for word, number in sorted(sums.items(), key=lambda each: (-each[1], each[0]))
        ]
        return Response({"insights": insights, "total_conversations": total})


class OlderEscalations(Figures):
    """``GET /analytics/escalations``."""

    def get(self, request: Request) -> Response:
        """How many conversations people have had, and the commonest reasons."""
        period = self.period(request)
        begun, escalated = self.escalated_in(period)
        found = self.in_reach(Escalation.objects.filter(conversation__created_at__range=period))
        reasons = found.order_by().values_list("reason")
        top = reasons.annotate(number=Count("conversation", distinct=True)).order_by("-number", "reason")[:MOST_REASONS]
        return Response(
            {
                "total_escalations": escalated,
                "escalation_rate": rate(escalated, begun),
                "top_reasons": [{"reason": reason, "count": number} for reason, number in top],
            }
        )


class OlderTrials(Figures):
    """``GET /analytics/ab_tests``."""

    def get(self, request: Request) -> Response:
        """No variants: this product publishes one release at a time."""
        start, end = self.period(request)
        return Response({"start_date": start, "end_date": end, "variants": []})
