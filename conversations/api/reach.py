"""Which rows a caller may read, or do something to."""

from typing import Any

from django.db.models import QuerySet

from conversations.models import Conversation
from core.policy import Action, Grant, Principal, allows, reach


def readable(rows: QuerySet[Any], who: Principal, path: str = "conversation") -> QuerySet[Any]:
    """The rows whose conversation ``who`` may read."""
    if allows(who, Action.VIEW_ALL_CONVERSATIONS):
        return rows
    return rows.filter(**{f"{path}__in": Conversation.objects.visible_to(who)})


def reachable(rows: QuerySet[Any], who: Principal, action: Action) -> QuerySet[Any]:
    """The rows to whose conversation ``who`` may do ``action``."""
    if reach(who, action) is Grant.ALL:
        return rows
    return rows.filter(conversation__in=Conversation.objects.in_reach_of(who, action))
