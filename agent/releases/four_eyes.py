"""Whose second look publishing needs, as the permission matrix says: who changed a draft, and who agreed to it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from agent.exceptions import SecondPersonNeeded
from agent.models import Release
from core import audit
from core.models import ApiKey, AuditEvent, User
from core.policy import Action, allows, needs_second

AGREEMENT_HOLDS = timedelta(days=1)
AGREED = "release.agreed"
BACK_AGREED = "release.rollback_agreed"
# What is written down about a draft and changes nothing of what it says. Whatever is not named here counts as a change.
_NO_CHANGE = frozenset({"release.refit", "release.learnt", AGREED, BACK_AGREED})
# What says nothing of the content: a copy of a row has its own.
_OF_THE_ROW = frozenset({"id", "release", "created_at", "updated_at"})
_WORDS = {
    "drafted": "began it",
    "configured": "settings",
    "template_changed": "texts",
    "escalationrule_changed": "rules",
    "intent_changed": "intents",
    "trainingexample_changed": "examples",
    "phrase_changed": "phrases",
    "article_used": "articles",
    "article_dropped": "articles",
    "article_readers_changed": "who reads an article",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Who changed a draft: people by number, and the names of keys and commands, behind which anybody may stand.

    ``told`` is everybody with what they changed, in words.
    """

    people: frozenset[int]
    others: frozenset[str]
    told: str


def hands_on(draft: Release) -> Hands:
    """Everybody who changed the draft since it was begun, as the audit trail has it; 2 queries."""
    rows = (
        AuditEvent.objects.filter(target_kind=draft._meta.label_lower, target_id=str(draft.pk))
        .exclude(action__in=_NO_CHANGE)
        .order_by("id")
        .values_list("actor_kind", "actor_id", "actor_name", "action")
    )
    people: set[int] = set()
    others: set[str] = set()
    deeds: dict[tuple[str, int | None], tuple[str, list[str]]] = {}
    for kind, pk, name, action in rows:
        shown = name if kind == "user" else f"the key “{name}”" if kind == "key" else "a command"
        if kind == "user" and pk is not None:
            people.add(pk)
        else:
            others.add(shown)
        word = _WORDS.get(action.removeprefix("release."), "other")
        words = deeds.setdefault((kind, pk), (shown, []))[1]
        if word not in words:
            words.append(word)
    if draft.created_by is not None and draft.created_by.pk not in people:
        people.add(draft.created_by.pk)
        deeds["user", draft.created_by.pk] = (draft.created_by.display_name, ["began it"])
    if not deeds:
        others.add("a command")
    told = ", ".join(f"{name} ({', '.join(words)})" for name, words in deeds.values())
    return Hands(people=frozenset(people), others=frozenset(others), told=told)


def right_to_publish(release: Release, current: Release | None) -> Action:
    """What must be allowed to put ``release`` in the place of ``current``: articles alone are less than prompts."""
    if current is None:
        return Action.PUBLISH_PROMPTS
    new, old = _parts(release), _parts(current)
    articles_differ = new.pop("articles") != old.pop("articles")
    return Action.PUBLISH_KNOWLEDGE if articles_differ and new == old else Action.PUBLISH_PROMPTS


def may_publish(draft: Release, by: User | ApiKey, *, current: Release | None, right: Action) -> bool:
    """Whether ``by``, who has the ``right``, may publish the draft now.

    False where a key or a command changed it and nobody else has looked at it: that ``by`` agrees is written down, and the
    next person publishes. Raises SecondPersonNeeded for a key, and for who changed it.
    """
    if not _is_asked(by, right):
        return True
    hands = hands_on(draft)
    if not isinstance(by, User):
        raise SecondPersonNeeded(draft.number, hands.told, _who(right))
    what = {"content": _fingerprint(draft), "instead_of": current.number if current else None}
    if _somebody_else_agreed(draft, AGREED, by, what, right) or not (hands.others or by.pk in hands.people):
        return True
    if not hands.others:
        raise SecondPersonNeeded(draft.number, hands.told, _who(right))
    audit.record(by, AGREED, draft, after=what)
    return False


def may_roll_back(current: Release, earlier: Release, by: User | ApiKey, *, right: Action, reason: str) -> bool:
    """Whether ``by``, who has the ``right``, may go back to ``earlier`` now; else that they ask for it is written down.

    Raises SecondPersonNeeded for a key.
    """
    if not _is_asked(by, right):
        return True
    if not isinstance(by, User):
        raise SecondPersonNeeded(current.number, "a key", _who(right))
    what = {"back_to": earlier.number}
    if _somebody_else_agreed(current, BACK_AGREED, by, what, right):
        return True
    audit.record(by, BACK_AGREED, current, after=what, reason=reason)
    return False


def _is_asked(by: User | ApiKey, right: Action) -> bool:
    # No cell of the matrix lets a key publish, so one whose role may is never enough.
    return bool(settings.FOUR_EYES) and (not isinstance(by, User) or needs_second(by, right))


def _somebody_else_agreed(target: Release, action: str, by: User, what: Mapping[str, Any], right: Action) -> bool:
    """Whether another person who may do it still agreed, of late, to exactly this."""
    rows = AuditEvent.objects.filter(
        target_kind=target._meta.label_lower,
        target_id=str(target.pk),
        action=action,
        actor_kind="user",
        at__gte=timezone.now() - AGREEMENT_HOLDS,
    ).exclude(actor_id=by.pk)
    agreed = {row.actor_id for row in rows if row.actor_id is not None and row.after == what}
    return any(allows(user, right) for user in User.objects.filter(pk__in=agreed))


def _parts(release: Release) -> dict[str, list[str]]:
    """Everything that a release holds, by kind and in an order that only the content decides; 7 queries."""
    tables: tuple[Any, ...] = (
        release.configs,
        release.intents,
        release.examples,
        release.phrases,
        release.rules,
        release.templates,
    )
    parts = {}
    for rows in tables:
        names = [each.name for each in rows.model._meta.concrete_fields if each.name not in _OF_THE_ROW]
        parts[rows.model._meta.model_name] = _sorted(rows.order_by().values(*names))
    parts["articles"] = _sorted(release.articles.order_by().values("pk", "article__audience"))
    return parts


def _sorted(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)


def _fingerprint(release: Release) -> str:
    return hashlib.sha256(json.dumps(_parts(release), sort_keys=True).encode()).hexdigest()


def _who(right: Action) -> str:
    if right is Action.PUBLISH_KNOWLEDGE:
        return "an admin, a supervisor, or a prompt editor who did not change it"
    return "an admin, a supervisor or a prompt editor who did not change it"
