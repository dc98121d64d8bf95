"""The page of outgoing webhooks: who may open it, what it shows, and what a press does."""

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from core.policy import Role
from integrations import services
from integrations.models import EventAttempt, EventDelivery, Subscription
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db
OPERATORS = {Role.ADMIN, Role.SUPERVISOR}
STAFF = [role for role in Role if role != Role.API_CLIENT]


@pytest.fixture
def subscription() -> Subscription:
    """A subscription with one event that was given up after one attempt."""
    made, _ = services.add_subscription("Warehouse <b>", "http://127.0.0.1:9/hook")
    delivery = EventDelivery.objects.create(
        subscription=made, event_id=uuid.uuid4(), kind="message.received", conversation_id=1, attempts=10,
        happened_at=timezone.now(), state="failed", reason="Given up after 10 attempts: HTTP 500",
    )  # fmt: skip
    EventAttempt.objects.create(
        delivery=delivery, number=1, started_at=timezone.now(), http_status=500, evidence="HTTP 500"
    )
    return made


def signed_in(role: Role = Role.SUPERVISOR) -> Client:
    client = Client()
    client.force_login(make_user(role=role, team=make_team()))
    return client


def addresses(subscription: Subscription) -> tuple[list[str], list[str]]:
    """What is shown and what is pressed."""
    here = f"/operations/webhooks/{subscription.public_id}/"
    replay = f"/operations/webhooks/events/{EventDelivery.objects.get().public_id}/replay/"
    return ["/operations/webhooks/", here], [f"{here}decide/", replay]


@pytest.mark.parametrize("role", STAFF)
def test_the_doors_open_for_supervisors_and_admins_only(role: Role, subscription: Subscription) -> None:
    shown, pressed = addresses(subscription)
    client = signed_in(role)

    answers = [client.get(path).status_code for path in shown]
    answers += [client.post(path, {"deed": "disable"}).status_code for path in pressed]

    assert answers == ([200, 200, 302, 302] if role in OPERATORS else [403] * 4)
    subscription.refresh_from_db()
    assert (subscription.state == "disabled") == (role in OPERATORS)


def test_strangers_are_asked_to_sign_in(subscription: Subscription) -> None:
    shown, pressed = addresses(subscription)

    answers = [Client().get(path) for path in shown] + [Client().post(path) for path in pressed]

    assert {answer.status_code for answer in answers} == {302}
    assert all(answer.headers["Location"].startswith("/accounts/login/") for answer in answers)


def test_the_log_shows_each_attempt_and_no_markup_of_a_name(subscription: Subscription) -> None:
    client = signed_in()

    everyone = client.get("/operations/webhooks/").content.decode()
    one = client.get(addresses(subscription)[0][1]).content.decode()

    assert "Warehouse &lt;b&gt;" in everyone
    assert "Given up after 10 attempts: HTTP 500" in one
    assert one.count("<li><time") == 1
    assert subscription.secrets["secret"] not in everyone + one


def test_what_was_given_up_is_sent_again_by_a_press(subscription: Subscription) -> None:
    _, (decide, replay) = addresses(subscription)
    client = signed_in()

    client.post(replay, {"next": decide.removesuffix("decide/")})
    first = EventDelivery.objects.get().state
    EventDelivery.objects.update(state="failed", reason="Given up.")
    answer = client.post(decide, {"deed": "replay-failed", "next": "/operations/webhooks/"}, follow=True)

    assert first == EventDelivery.objects.get().state == "waiting"
    assert "1 event is being sent again." in answer.content.decode()


def test_it_is_silenced_and_told_again_by_a_press(subscription: Subscription) -> None:
    _, (decide, _replay) = addresses(subscription)
    client = signed_in()

    states = []
    for deed in ("disable", "enable"):
        client.post(decide, {"deed": deed})
        states.append(Subscription.objects.get().state)

    assert states == ["disabled", "active"]
    assert client.post(decide, {"deed": "remove"}).status_code == 400


def test_one_that_was_given_up_stands_on_the_board(subscription: Subscription) -> None:
    Subscription.objects.update(
        state="disabled", state_reason="Nothing got through for 5 days: HTTP 500", failing_since=timezone.now()
    )

    page = signed_in().get("/operations/").content.decode()

    assert "is told nothing any more" in page
    assert f"/operations/webhooks/{subscription.public_id}/" in page


def test_a_long_log_comes_in_pages(subscription: Subscription) -> None:
    EventDelivery.objects.bulk_create(
        EventDelivery(
            subscription=subscription, event_id=uuid.uuid4(), kind="message.received", conversation_id=1,
            happened_at=timezone.now(),
        )
        for _ in range(30)
    )  # fmt: skip
    here = f"/operations/webhooks/{subscription.public_id}/"
    client = signed_in()

    first = client.get(here).content.decode()
    oldest = EventDelivery.objects.order_by("-id")[24].pk
    second = client.get(f"{here}?after={oldest}").content.decode()

    assert (first.count("<article"), second.count("<article")) == (25, 6)
    assert f"?after={oldest}" in first
    assert client.get(f"{here}?after=x").status_code == 400
