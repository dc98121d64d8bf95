"""The demo: people of every role, an account at each door, a subscriber to what happens, an order system. Nobody in it exists."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from agent.models import Tool
from conversations.models import Conversation, Customer, Fact
from core.models import Team, User
from core.policy import Role
from integrations import addresses
from integrations.models import PlatformAccount, Subscription, WebhookEvent
from supportagent.first_rows import DEFAULT_TEAM

CLIENT_KEY = "7000000000000000001"
BUSINESS_ID = "demo-business-0001"
# The business of the articles that the product comes with.
BUSINESS_NAME = "Tarnhollow"
BUSINESS_USERNAME = "tarnhollow"
GREETING = (
    "Hello, I'm Robin, Tarnhollow's bot. Ask me about delivery, returns or our gear, or ask for a person at any time."
)
LINKEDIN_APP = "demo-linkedin-app"
LINKEDIN_APPLICATION = "7700042"
LINKEDIN_PAGE = "urn:li:organization:7700001"
LINKEDIN_POSTS = (
    ("urn:li:activity:7300000000000000001", "Our new two-person tent is here: 1.9 kg, and up in four minutes."),
    ("urn:li:activity:7300000000000000002", "Rent before you buy: skis, tents and stoves by the weekend."),
)
CHAT_EXTERNAL_ID = "demo-chat"
PARTNER = "demo-partner"
PARTNER_ID = uuid.UUID("5d0c7f3e-6a52-4f0b-9d0e-2b7f5a1c9e41")
SUBSCRIBER = "demo-crm"
SUBSCRIBER_ID = uuid.UUID("b1e4a6d2-93c8-4d57-8f21-7c0a3e5d6f82")
ORDER_DESK = "demo-order-desk"
# Numbers as people try them, and those that the scripted customers ask about.
ORDERS: tuple[dict[str, Any], ...] = (
    {"number": "1001", "status": "shipped", "carrier": "Tarn Post", "expected_in_days": 2},
    {"number": "1002", "status": "out_for_delivery", "carrier": "Tarn Post", "expected_in_days": 0},
    {"number": "1003", "status": "delayed", "carrier": "Fell Freight", "expected_in_days": 6},
    {"number": "1004", "status": "delivered"},
    {"number": "1005", "status": "processing", "expected_in_days": 5},
    {"number": "1006", "status": "cancelled"},
    {"number": "TH-2048163", "status": "shipped", "carrier": "Tarn Post", "expected_in_days": 1},
    {"number": "TH-204816", "status": "delayed", "carrier": "Fell Freight", "expected_in_days": 3},
)
MOST_SCRIPTED = 200
# A queue that two or three people can look after while they look around.
MOST_WAITING = 6
SECONDS_BETWEEN_CUSTOMERS = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A demo login."""

    username: str
    first_name: str
    last_name: str
    role: Role
    sees_admin: bool = False


PEOPLE = (
    Person(username="admin", first_name="Ada", last_name="Admin", role=Role.ADMIN, sees_admin=True),
    Person(username="sam", first_name="Sam", last_name="Okafor", role=Role.SUPERVISOR, sees_admin=True),
    Person(username="dana", first_name="Dana", last_name="Lindqvist", role=Role.AGENT),
    Person(username="eli", first_name="Eli", last_name="Moreau", role=Role.PROMPT_EDITOR, sees_admin=True),
    Person(username="vic", first_name="Vic", last_name="Sato", role=Role.VIEWER),
)


def is_wanted() -> bool:
    """Whether this installation has nothing yet that the demo could get mixed up with."""
    return not User.objects.exists() and not PlatformAccount.objects.exists()


@transaction.atomic
def load() -> None:
    """Make what is missing of the demo. Run again, it changes nothing, and passwords that were changed stay."""
    team, _ = Team.objects.get_or_create(name=DEFAULT_TEAM)
    for person in PEOPLE:
        _make_person(person, team)
    _make_account(
        PlatformAccount.Platform.TIKTOK,
        BUSINESS_ID,
        client_key=CLIENT_KEY,
        name=f"{BUSINESS_NAME} on TikTok",
        team=team,
        # Where the simulator listens is asked at each call: the port may be another at the next start.
        options={"simulated": True},
        secrets={
            "secret": settings.OWN_SECRETS["SIM_CLIENT_SECRET"],
            "access_token": settings.OWN_SECRETS["SIM_ACCESS_TOKEN"],
            "refresh_token": settings.OWN_SECRETS["SIM_REFRESH_TOKEN"],
        },
    )
    _make_account(
        PlatformAccount.Platform.LINKEDIN,
        LINKEDIN_PAGE,
        client_key=LINKEDIN_APP,
        kind="comments",
        application_id=LINKEDIN_APPLICATION,
        name=f"{BUSINESS_NAME} on LinkedIn",
        team=team,
        options={"simulated": True},
        secrets={
            "secret": settings.OWN_SECRETS["SIM_CLIENT_SECRET"],
            "access_token": settings.OWN_SECRETS["SIM_ACCESS_TOKEN"],
            "refresh_token": settings.OWN_SECRETS["SIM_REFRESH_TOKEN"],
        },
    )
    _make_account(
        PlatformAccount.Platform.WEBCHAT,
        CHAT_EXTERNAL_ID,
        name=f"{BUSINESS_NAME} web chat",
        team=team,
        public_key=settings.OWN_SECRETS["CHAT_PUBLIC_KEY"],
        options={"business_name": BUSINESS_NAME, "greeting": GREETING},
    )
    _make_account(
        PlatformAccount.Platform.EVENTS,
        PARTNER,
        public_id=PARTNER_ID,
        name=f"{BUSINESS_NAME}'s own app",
        team=team,
        honours_key=True,
        options={"simulated": True},
        secrets={"secret": settings.OWN_SECRETS["SIM_PARTNER_SECRET"]},
    )
    Subscription.objects.get_or_create(
        public_id=SUBSCRIBER_ID,
        defaults={
            "name": f"{BUSINESS_NAME}'s CRM",
            "url": _subscriber_url(),
            "secrets": {"secret": settings.OWN_SECRETS["SIM_SUBSCRIBER_SECRET"]},
            "kinds": list(Fact.Kind.values),
        },
    )
    # Nobody who tries the demo has an address that the books could hold.
    Tool.objects.filter(name=Tool.Name.ORDER_STATUS, url="").update(
        url=_order_desk_url(), secrets={"secret": settings.OWN_SECRETS["SIM_ORDERS_SECRET"]}, asks_for_email=False
    )


def follow_simulator() -> None:
    """Tell what calls the simulator where it listens at this start: the port may be another than at the last."""
    Subscription.objects.filter(public_id=SUBSCRIBER_ID).exclude(url=_subscriber_url()).update(url=_subscriber_url())
    _tools_at_the_desk().exclude(url=_order_desk_url()).update(url=_order_desk_url())


def _subscriber_url() -> str:
    return f"http://127.0.0.1:{settings.SIM_PORT}/partner/{SUBSCRIBER}"


def _order_desk_url() -> str:
    return f"http://127.0.0.1:{settings.SIM_PORT}/partner/{ORDER_DESK}/orders"


def _tools_at_the_desk() -> QuerySet[Tool]:
    return Tool.objects.filter(url__endswith=f"/partner/{ORDER_DESK}/orders")


@transaction.atomic
def remove() -> None:
    """Take the demo away, with every conversation that came through its accounts."""
    accounts = PlatformAccount.objects.filter(external_id__in=[BUSINESS_ID, LINKEDIN_PAGE, CHAT_EXTERNAL_ID, PARTNER])
    ids = list(accounts.values_list("pk", flat=True))
    sources = [account.source for account in accounts]
    Conversation.objects.filter(account_id__in=ids).delete()
    Customer.objects.filter(account_id__in=ids).delete()
    WebhookEvent.objects.filter(source__in=sources).delete()
    accounts.delete()
    Subscription.objects.filter(public_id=SUBSCRIBER_ID).delete()
    _tools_at_the_desk().update(url="", secrets={}, asks_for_email=True)
    User.objects.filter(username__in=[person.username for person in PEOPLE]).delete()


def logins() -> list[tuple[str, str]]:
    """The demo's usernames that are here, each with its role in words."""
    here = set(
        User.objects.filter(username__in=[person.username for person in PEOPLE]).values_list("username", flat=True)
    )
    return [(person.username, str(person.role.label)) for person in PEOPLE if person.username in here]


def simulator_config() -> dict[str, Any]:
    """What the simulator is told: our app, our account, where we listen, and how many scripted customers come."""
    us = addresses.local()
    account = {
        "business_id": BUSINESS_ID,
        "username": BUSINESS_USERNAME,
        "display_name": BUSINESS_NAME,
        "access_token": settings.OWN_SECRETS["SIM_ACCESS_TOKEN"],
        "refresh_token": settings.OWN_SECRETS["SIM_REFRESH_TOKEN"],
    }
    app = {
        "client_key": CLIENT_KEY,
        "client_secret": settings.OWN_SECRETS["SIM_CLIENT_SECRET"],
        "callback_url": us + reverse("webhook-tiktok"),
        "accounts": [account],
    }
    page = {
        "organization": LINKEDIN_PAGE,
        "name": BUSINESS_NAME,
        "access_token": settings.OWN_SECRETS["SIM_ACCESS_TOKEN"],
        "refresh_token": settings.OWN_SECRETS["SIM_REFRESH_TOKEN"],
        "posts": [{"activity": activity, "text": text} for activity, text in LINKEDIN_POSTS],
    }
    linkedin = {
        "client_id": LINKEDIN_APP,
        "application_id": LINKEDIN_APPLICATION,
        "client_secret": settings.OWN_SECRETS["SIM_CLIENT_SECRET"],
        "webhook_url": us + reverse("webhook-linkedin-app", args=[LINKEDIN_APP]),
        "pages": [page],
    }
    partner = {
        "name": PARTNER,
        "secrets": [settings.OWN_SECRETS["SIM_PARTNER_SECRET"]],
        "webhook_url": us + reverse("webhook-events", args=[PARTNER_ID]),
    }
    subscriber = {"name": SUBSCRIBER, "secrets": [settings.OWN_SECRETS["SIM_SUBSCRIBER_SECRET"]]}
    desk = {
        "name": ORDER_DESK,
        "secrets": [settings.OWN_SECRETS["SIM_ORDERS_SECRET"]],
        "orders": list(ORDERS),
    }
    scripted = {
        "enabled": True,
        "max_conversations": MOST_SCRIPTED,
        "max_waiting": MOST_WAITING,
        "every_seconds": SECONDS_BETWEEN_CUSTOMERS,
    }
    return {"apps": [app], "linkedin": [linkedin], "partners": [partner, subscriber, desk], "scripted": scripted}


def _make_person(person: Person, team: Team) -> None:
    user, is_new = User.objects.get_or_create(
        username=person.username,
        defaults={
            "first_name": person.first_name,
            "last_name": person.last_name,
            "role": person.role,
            "is_staff": person.sees_admin,
            "email": f"{person.username}@demo.example",
        },
    )
    if is_new:
        user.set_password(settings.OWN_SECRETS["DEMO_PASSWORD"])
        user.save(update_fields=["password"])
        user.teams.add(team)


def _make_account(platform: PlatformAccount.Platform, external_id: str, *, client_key: str = "", **values: Any) -> None:
    PlatformAccount.objects.get_or_create(
        platform=platform, client_key=client_key, external_id=external_id, defaults=values
    )
