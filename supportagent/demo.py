"""The demo: people of every role, a TikTok and a LinkedIn account at the simulator, a web chat. Nobody in it exists."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from conversations.models import Conversation, Customer
from core.models import Team, User
from core.policy import Role
from integrations.models import PlatformAccount, WebhookEvent
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
LINKEDIN_PAGE = "urn:li:organization:7700001"
LINKEDIN_POSTS = (
    ("urn:li:activity:7300000000000000001", "Our new two-person tent is here: 1.9 kg, and up in four minutes."),
    ("urn:li:activity:7300000000000000002", "Rent before you buy: skis, tents and stoves by the weekend."),
)
CHAT_EXTERNAL_ID = "demo-chat"
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


@transaction.atomic
def remove() -> None:
    """Take the demo away, with every conversation that came through its accounts."""
    accounts = PlatformAccount.objects.filter(external_id__in=[BUSINESS_ID, LINKEDIN_PAGE, CHAT_EXTERNAL_ID])
    ids = list(accounts.values_list("pk", flat=True))
    sources = [account.source for account in accounts]
    Conversation.objects.filter(account_id__in=ids).delete()
    Customer.objects.filter(account_id__in=ids).delete()
    WebhookEvent.objects.filter(source__in=sources).delete()
    accounts.delete()
    User.objects.filter(username__in=[person.username for person in PEOPLE]).delete()


def logins() -> list[tuple[str, str]]:
    """The demo's usernames that are here, each with its role in words."""
    here = set(
        User.objects.filter(username__in=[person.username for person in PEOPLE]).values_list("username", flat=True)
    )
    return [(person.username, str(person.role.label)) for person in PEOPLE if person.username in here]


def simulator_config() -> dict[str, Any]:
    """What the simulator is told: our app, our account, where we listen, and how many scripted customers come."""
    host = "127.0.0.1" if settings.HOST in ("0.0.0.0", "::", "localhost") else settings.HOST  # noqa: S104
    us = f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}"
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
        "client_secret": settings.OWN_SECRETS["SIM_CLIENT_SECRET"],
        "webhook_url": us + reverse("webhook-linkedin"),
        "pages": [page],
    }
    scripted = {
        "enabled": True,
        "max_conversations": MOST_SCRIPTED,
        "max_waiting": MOST_WAITING,
        "every_seconds": SECONDS_BETWEEN_CUSTOMERS,
    }
    return {"apps": [app], "linkedin": [linkedin], "scripted": scripted}


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
