"""Subscriptions, by their services and from a terminal: who may do what, and what is said of it."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from conversations.models import Fact
from core.exceptions import NotAllowed
from core.models import AuditEvent, User
from core.policy import Role
from integrations import services, standard_webhooks
from integrations.exceptions import SubscriptionProblem
from integrations.models import EventDelivery, Subscription
from tests.factories import make_user, number

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9/hook"


def run(*arguments: str) -> tuple[Any, str, int]:
    """`manage.py subscription …`: the JSON on stdout, what stands on stderr, the exit code."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command("subscription", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        code = int(end.code or 0)
    return json.loads(out.getvalue()) if out.getvalue() else None, err.getvalue(), code


def make_event_delivery(subscription: Subscription, state: str = "failed") -> EventDelivery:
    """An event for a subscriber, in any state."""
    fact = Fact(kind="message.received", conversation_id=number())
    given = {"reason": "Given up."} if state == "failed" else {}
    return EventDelivery.objects.create(
        subscription=subscription, event_id=fact.public_id, kind=fact.kind, conversation_id=fact.conversation_id,
        happened_at=timezone.now(), state=state, attempts=3, **given,
    )  # fmt: skip


def test_a_subscription_is_made_with_a_secret_that_is_told_once() -> None:
    answer, err, code = run("add", "--name", "Warehouse", "--url", URL, "--event", "message.received")
    listed, _, _ = run("list")

    subscription = Subscription.objects.get()
    assert (code, err) == (0, "")
    assert answer["secret"] == subscription.secrets["secret"]
    assert standard_webhooks.key_of(answer["secret"])
    assert answer["events"] == ["message.received"]
    assert listed == {"subscriptions": [{name: value for name, value in answer.items() if name != "secret"}]}
    assert answer["secret"] not in json.dumps(list(AuditEvent.objects.values("before", "after", "reason")))


def test_without_a_choice_everything_is_told() -> None:
    answer, _, _ = run("add", "--name", "Warehouse", "--url", URL)

    assert sorted(answer["events"]) == sorted(Fact.Kind.values)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "--name", " ", "--url", URL), "Give the subscription a name"),
        (("add", "--name", "X", "--url", "shop.example"), "is no address"),
        (("add", "--name", "X", "--url", "ftp://shop.example"), "is no address"),
        (("add", "--name", "X", "--url", "https://[::1/"), "is no address"),
        (("add", "--name", "X", "--url", "https://10.1.2.3/hook"), "EGRESS_ALLOW"),
        (("add", "--name", "X", "--url", "http://shop.example/hook"), "EGRESS_ALLOW"),
        (("add", "--name", "X", "--url", URL, "--event", "message.read"), "message.read is no event; choose from"),
        (("enable", "99"), "There is no subscription 99"),
        (("disable", "nonsense"), "There is no subscription nonsense"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_1(arguments: tuple[str, ...], words: str) -> None:
    answer, err, code = run(*arguments)

    assert (answer, code) == (None, 1)
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert not Subscription.objects.exists()


def test_a_secret_is_replaced_in_two_steps() -> None:
    added, _, _ = run("add", "--name", "X", "--url", URL)

    rotated, _, _ = run("rotate", str(added["id"]))
    both = Subscription.objects.get().secrets
    _, refused, code = run("rotate", added["public_id"])
    dropped, _, _ = run("rotate", added["public_id"], "--drop-old")
    _, nothing_left, _ = run("rotate", added["public_id"], "--drop-old")

    assert both == {"secret": rotated["secret"], "previous_secret": added["secret"]}
    assert (code, "Two secrets are valid already" in refused) == (1, True)
    assert "secret" not in dropped
    assert Subscription.objects.get().secrets == {"secret": rotated["secret"]}
    assert "only one is valid" in nothing_left


def test_what_was_given_up_is_sent_once_more_and_what_is_on_its_way_is_not() -> None:
    subscription, _ = services.add_subscription("X", URL)
    failed, waiting = make_event_delivery(subscription), make_event_delivery(subscription, "waiting")

    answer, _, _ = run("replay", str(subscription.pk))
    with pytest.raises(SubscriptionProblem, match="on its way already"):
        services.replay_delivery(waiting, None)

    failed.refresh_from_db()
    assert answer["replayed"] == 1
    assert (failed.state, failed.attempts, failed.reason) == ("waiting", 0, "")


def test_one_that_arrived_can_be_sent_once_more() -> None:
    subscription, _ = services.add_subscription("X", URL)
    delivery = make_event_delivery(subscription, "delivered")

    services.replay_delivery(delivery, make_user(role=Role.SUPERVISOR))

    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    assert AuditEvent.objects.filter(action="event_delivery.replay").count() == 1


def test_a_removed_one_is_told_nothing_and_cannot_come_back() -> None:
    added, _, _ = run("add", "--name", "X", "--url", URL)

    removed, _, _ = run("remove", str(added["id"]))
    _, err, code = run("enable", str(added["id"]))

    assert removed["state"] == "removed"
    assert Subscription.objects.get().secrets == {}
    assert (code, "was removed" in err) == (1, True)


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AGENT, Role.PROMPT_EDITOR, Role.VIEWER])
def test_only_admins_say_who_is_told(role: Role) -> None:
    subscription, _ = services.add_subscription("X", URL)
    user = make_user(role=role)
    deeds: list[Callable[[User], object]] = [
        lambda by: services.add_subscription("Y", URL, (), by),
        lambda by: services.change_secret(subscription, by),
        lambda by: services.remove_subscription(subscription, by),
    ]

    for deed in deeds:
        with pytest.raises(NotAllowed):
            deed(user)

    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["subscription.add"]


@pytest.mark.parametrize("role", [Role.AGENT, Role.PROMPT_EDITOR, Role.VIEWER])
def test_only_supervisors_and_admins_look_after_it(role: Role) -> None:
    subscription, _ = services.add_subscription("X", URL)
    delivery = make_event_delivery(subscription)
    user = make_user(role=role)
    deeds: list[Callable[[User], object]] = [
        lambda by: services.disable_subscription(subscription, by),
        lambda by: services.enable_subscription(subscription, by),
        lambda by: services.replay_failed(subscription, by),
        lambda by: services.replay_delivery(delivery, by),
    ]

    for deed in deeds:
        with pytest.raises(NotAllowed):
            deed(user)

    subscription.refresh_from_db()
    assert subscription.state == "active"
