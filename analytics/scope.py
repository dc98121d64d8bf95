"""Whose figures they are: the rows that a person's role and filters leave, before any metric asks for some of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from agent.models import AgentRun
from analytics.filters import Filters
from conversations.models import Conversation, Delivery, Episode, Escalation, Message
from core.models import Team
from core.policy import Action, Grant, Principal, Subject, reach, sees_conversation
from integrations.models import PlatformAccount, WebhookEvent

MINUTES_SHOWN = 60


class Kind(StrEnum):
    """What a metric counts."""

    CONVERSATION = "conversation"
    EPISODE = "episode"
    MESSAGE = "message"
    ESCALATION = "escalation"
    DELIVERY = "delivery"
    EVENT = "event"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A person, what they filter by, and the moment that counts as now.

    Whoever may see the whole dashboard counts everything, also conversations they may not read: those are listed
    without the customer's name and words. A person whose dashboard reaches only their own counts only what they read.
    Who has no dashboard, such as a program, counts what their right to ``action`` reaches.
    """

    who: Principal
    filters: Filters
    now: datetime
    action: Action = Action.VIEW_DASHBOARD

    @property
    def since(self) -> datetime:
        """When the period began."""
        return self.filters.since(self.now)

    @property
    def hour_began(self) -> datetime:
        """The start of the first of the minutes that are shown."""
        return self.now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES_SHOWN - 1)

    @property
    def is_whole(self) -> bool:
        """Whether everything counts, and not only their own."""
        return reach(self.who, self.action) is Grant.ALL

    def may_read(self, conversation: Conversation) -> bool:
        """Whether the person may see who writes there, and what."""
        return sees_conversation(self.who, Subject(team_id=conversation.team_id, assignee_id=conversation.assignee_id))

    def conversations(self) -> QuerySet[Conversation]:
        """The conversations that count. One in which nobody has said anything yet is none."""
        everything = Conversation.objects.filter(last_message_at__isnull=False)
        is_board = self.action is Action.VIEW_DASHBOARD
        own = everything.visible_to(self.who) if is_board else everything.in_reach_of(self.who, self.action)
        found = everything if self.is_whole else own
        if self.filters.platform:
            found = found.filter(platform=self.filters.platform)
        if self.filters.account:
            accounts = PlatformAccount.objects.filter(public_id=self.filters.account)
            found = found.filter(account_id__in=accounts.values("pk"))
        if self.filters.team:
            found = found.filter(team__in=Team.objects.filter(public_id=self.filters.team))
        return found

    def rows(self, kind: Kind) -> QuerySet[Any]:
        """All rows of one kind that count."""
        return _ROWS[kind](self)

    def events(self) -> QuerySet[WebhookEvent]:
        """What the platforms sent. It belongs to an app's key and to no team, so only whole dashboards have it.

        Accounts that share an app's key share its events.
        """
        if not self.is_whole:
            return WebhookEvent.objects.none()
        found = WebhookEvent.objects.all()
        if self.filters.platform:
            found = found.filter(platform=self.filters.platform)
        if self.filters.account or self.filters.team:
            accounts = PlatformAccount.objects.all()
            if self.filters.account:
                accounts = accounts.filter(public_id=self.filters.account)
            if self.filters.team:
                accounts = accounts.filter(team__public_id=self.filters.team)
            found = found.filter(
                source__in={source for account in accounts.defer("secrets") for source in account.sources}
            )
        return found

    def within(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows whose conversation counts."""
        if self.is_whole and not self.filters.narrows:
            return rows
        return rows.filter(conversation_id__in=self.conversations().values("pk"))


_ROWS: dict[Kind, Callable[[Scope], QuerySet[Any]]] = {
    Kind.CONVERSATION: lambda scope: scope.conversations(),
    Kind.EPISODE: lambda scope: scope.within(Episode.objects.all()),
    Kind.MESSAGE: lambda scope: scope.within(Message.objects.all()),
    Kind.ESCALATION: lambda scope: scope.within(Escalation.objects.all()),
    Kind.DELIVERY: lambda scope: scope.within(Delivery.objects.all()),
    Kind.EVENT: lambda scope: scope.events(),
    Kind.RUN: lambda scope: scope.within(AgentRun.objects.all()),
}
