"""Who is told what happens: subscriptions made, given secrets, silenced, and events sent once more.

``by`` is who asks, judged by the policy (NotAllowed); None is whoever sits at the machine's own terminal.
"""

import uuid
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx2
from django.db import models, transaction
from django.db.models.functions import Now

from conversations.models import Fact
from core import audit, egress
from core.exceptions import EgressRefused
from core.models import ApiKey, User
from core.policy import Action, require
from core.text import clean_text
from integrations import standard_webhooks
from integrations.exceptions import SubscriptionProblem
from integrations.models import EventDelivery, Subscription

State = Subscription.State
MOST_AT_ONCE = 10_000


@transaction.atomic
def add_subscription(
    name: str, url: str, kinds: Sequence[str] = (), by: User | ApiKey | None = None
) -> tuple[Subscription, str]:
    """Make a subscription to some kinds of events, or to all; with its secret, which is told this once.

    Raises SubscriptionProblem with a sentence that says what to do.
    """
    _allow(by, Action.MANAGE_ACCOUNTS)
    shown = clean_text(name).strip()
    if not shown or len(shown) > 120:
        raise SubscriptionProblem("Give the subscription a name of at most 120 characters.")
    _judge_url(url)
    unknown = sorted(set(kinds) - set(Fact.Kind.values))
    if unknown:
        raise SubscriptionProblem(f"{', '.join(unknown)} is no event; choose from {', '.join(Fact.Kind.values)}.")
    secret = standard_webhooks.new_secret()
    subscription = Subscription.objects.create(
        name=shown, url=url, secrets={"secret": secret}, kinds=sorted(set(kinds)) or list(Fact.Kind.values)
    )
    audit.record(by, "subscription.add", subscription, after={"kinds": subscription.kinds})
    return subscription, secret


def find_subscription(reference: str) -> Subscription:
    """The subscription with this number or public id. Raises SubscriptionProblem."""
    found = None
    if reference.isascii() and reference.isdigit():
        found = Subscription.objects.filter(pk=int(reference[:18])).first()
    else:
        try:
            found = Subscription.objects.filter(public_id=uuid.UUID(reference)).first()
        except ValueError:
            found = None
    if found is None:
        raise SubscriptionProblem(f"There is no subscription {reference}; see `subscription list`.")
    return found


@transaction.atomic
def change_secret(
    subscription: Subscription, by: User | ApiKey | None = None, *, drop_old: bool = False
) -> tuple[Subscription, str]:
    """Sign with a second secret as well, which is told this once; or, dropping the older one, with the newer alone."""
    _allow(by, Action.ROTATE_KEYS)
    subscription = _held(subscription)
    secrets = subscription.secrets
    secret = ""
    if drop_old:
        if "previous_secret" not in secrets:
            raise SubscriptionProblem("There is no older secret: only one is valid.")
        secrets = {"secret": secrets["secret"]}
    else:
        if "previous_secret" in secrets:
            raise SubscriptionProblem("Two secrets are valid already. Drop the older one first, with --drop-old.")
        secret = standard_webhooks.new_secret()
        secrets = {"secret": secret, "previous_secret": secrets["secret"]}
    subscription.secrets = secrets
    subscription.save(update_fields=["secrets"])
    audit.record(by, "subscription.drop_old_secret" if drop_old else "subscription.rotate", subscription)
    return subscription, secret


@transaction.atomic
def enable_subscription(subscription: Subscription, by: User | ApiKey | None = None) -> Subscription:
    """Tell it again, beginning with what still waits."""
    _allow(by, Action.REPLAY_EVENTS)
    subscription = _held(subscription)
    if subscription.state == State.ACTIVE:
        return subscription
    _set(subscription, State.ACTIVE, "")
    EventDelivery.objects.filter(subscription=subscription, state=EventDelivery.State.WAITING).update(
        next_attempt_at=Now()
    )
    audit.record(by, "subscription.enable", subscription)
    return subscription


@transaction.atomic
def disable_subscription(subscription: Subscription, by: User | ApiKey | None = None) -> Subscription:
    """Tell it nothing for now. What waits stays; what happens meanwhile is not kept for it."""
    _allow(by, Action.REPLAY_EVENTS)
    subscription = _held(subscription)
    _set(subscription, State.DISABLED, f"Disabled by {by.display_name if by else 'the operator'}.")
    audit.record(by, "subscription.disable", subscription)
    return subscription


@transaction.atomic
def remove_subscription(subscription: Subscription, by: User | ApiKey | None = None) -> Subscription:
    """Tell it nothing any more. Its log stays for a while; its secrets are gone."""
    _allow(by, Action.MANAGE_ACCOUNTS)
    subscription = _held(subscription)
    subscription.secrets = {}
    subscription.save(update_fields=["secrets"])
    _set(subscription, State.REMOVED, "Removed.")
    audit.record(by, "subscription.remove", subscription)
    return subscription


@transaction.atomic
def replay_delivery(delivery: EventDelivery, by: User | ApiKey | None) -> None:
    """Send an event once more under its own id, whether it was given up or had arrived."""
    _allow(by, Action.REPLAY_EVENTS)
    _held(delivery.subscription)
    ended = EventDelivery.objects.filter(
        pk=delivery.pk, state__in=[EventDelivery.State.DELIVERED, EventDelivery.State.FAILED]
    )
    if not _again(ended):
        raise SubscriptionProblem("It is on its way already.")
    audit.record(by, "event_delivery.replay", delivery)


@transaction.atomic
def replay_failed(subscription: Subscription, by: User | ApiKey | None) -> int:
    """Send once more what was given up; returns how many events."""
    _allow(by, Action.REPLAY_EVENTS)
    subscription = _held(subscription)
    failed = EventDelivery.objects.filter(subscription=subscription, state=EventDelivery.State.FAILED)
    number = _again(EventDelivery.objects.filter(pk__in=list(failed.values_list("pk", flat=True)[:MOST_AT_ONCE])))
    audit.record(by, "subscription.replay_failed", subscription, after={"events": number})
    return number


def _again(deliveries: "models.QuerySet[EventDelivery]") -> int:
    return deliveries.update(
        state=EventDelivery.State.WAITING, attempts=0, reason="", next_attempt_at=Now(), delivered_at=None
    )


def _held(subscription: Subscription) -> Subscription:
    found = Subscription.objects.select_for_update().get(pk=subscription.pk)
    if found.state == State.REMOVED:
        raise SubscriptionProblem("The subscription was removed. Make a new one.")
    return found


def _set(subscription: Subscription, state: Subscription.State, reason: str) -> None:
    subscription.state, subscription.state_reason = state, reason
    subscription.failing_since = subscription.paused_until = None
    subscription.save(update_fields=["state", "state_reason", "failing_since", "paused_until"])


def _judge_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and len(url) <= 500
        if is_address:
            egress.judge_whole(httpx2.URL(url))
    except (ValueError, httpx2.InvalidURL):
        is_address = False
    except EgressRefused as refusal:
        raise SubscriptionProblem(str(refusal)) from refusal
    if not is_address:
        raise SubscriptionProblem(f"{clean_text(url, limit=80)} is no address; give it like https://example.com/hook.")


def _allow(by: User | ApiKey | None, action: Action) -> None:
    if by is not None:
        require(by, action)
