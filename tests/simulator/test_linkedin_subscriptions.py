"""LinkedIn's other end: who is notified of a Page, and until when."""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.simulator.linkedin import APPLICATION, PAGE, LinkedInRig, linkedin
from tests.simulator.rig import wait_until

MEMBER = "urn:li:person:Admin"
YEAR = 31_536_000


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LinkedInRig]:
    """A LinkedIn that notifies nobody of our Page."""
    with linkedin(tmp_path) as running:
        running.order("subscription")
        yield running


def path(application: str = APPLICATION, member: str = MEMBER, page: str = PAGE) -> str:
    """A subscription's address."""
    given = {"developerApplication": f"urn:li:developerApplication:{application}", "user": member, "entity": page}
    key = ",".join(f"{name}:{quote(value, safe='')}" for name, value in given.items())
    return f"/rest/eventSubscriptions/({key},eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)"


def subscribe(rig: LinkedInRig, webhook: str = "") -> httpx2.Response:
    """As the product does it."""
    return rig.call("PUT", path(), json={"webhook": webhook or rig.door.url})


def test_only_who_is_subscribed_is_notified_and_the_others_may_ask(rig: LinkedInRig) -> None:
    rig.order("comment", text="Anybody there?")
    assert subscribe(rig).status_code == 200
    rig.order("comment", text="And now?")

    wait_until(lambda: rig.door.received)

    texts = [item["decoratedGeneratedActivity"]["comment"]["text"] for item in rig.door.notifications()]
    assert texts == ["And now?"]
    query = {"q": "criteria", "organizationalEntity": PAGE, "timeRange": "(start:0)", "count": "10"}
    assert rig.call("GET", "/rest/organizationalEntityNotifications", params=query).json()["paging"]["total"] == 2


def test_a_subscription_says_where_to_and_until_when(rig: LinkedInRig) -> None:
    missing = rig.call("GET", path())
    subscribe(rig)
    found = rig.call("GET", path()).json()

    assert missing.status_code == 404
    assert (found["webhook"], found["user"], found["entity"]) == (rig.door.url, MEMBER, PAGE)
    assert abs(found["expiresAt"] / 1000 - time.time() - YEAR) < 3600


def test_the_same_again_makes_it_longer(rig: LinkedInRig) -> None:
    subscribe(rig)
    rig.order("subscription", in_seconds=100)
    soon = rig.call("GET", path()).json()["expiresAt"]

    subscribe(rig)

    assert rig.call("GET", path()).json()["expiresAt"] > soon


@pytest.mark.parametrize("how", ["over", "revoked"])
def test_it_ends_by_itself_and_with_the_members_grant(rig: LinkedInRig, how: str) -> None:
    subscribe(rig)
    if how == "over":
        rig.order("subscription", in_seconds=-1)
    else:
        rig.order("tokens", action="revoke")

    rig.order("comment", text="Anybody there?")

    state = rig.client.get("/_sim/state?acked=0").json()
    assert sum(state["webhooks"].values()) == 0


@pytest.mark.parametrize(
    "address",
    [path(application="1"), path(member="urn:li:person:Other"), path(page="urn:li:organization:9"), path() + "x"],
)
def test_only_ones_own_can_be_made(rig: LinkedInRig, address: str) -> None:
    assert rig.call("PUT", address, json={"webhook": rig.door.url}).status_code in {403, 404}


def test_the_webhook_has_to_be_a_validated_one_and_the_member_an_administrator(rig: LinkedInRig) -> None:
    foreign = subscribe(rig, "https://elsewhere.example.com/webhook")
    rig.order("settings", linkedin_administers=False)
    no_longer = subscribe(rig)

    assert (foreign.status_code, no_longer.status_code) == (400, 403)
    assert rig.call("GET", "/rest/organizationAcls?q=roleAssignee").json()["elements"] == []


def test_whoever_is_in_the_file_is_subscribed_unless_it_says_otherwise(tmp_path: Path) -> None:
    with linkedin(tmp_path) as rig:
        assert rig.call("GET", path()).status_code == 200
        assert rig.client.get("/_sim/linkedin").json()["subscriptions"][0]["organization"] == PAGE


def test_a_subscription_ends_by_its_key(rig: LinkedInRig) -> None:
    subscribe(rig)

    ended = [rig.call("DELETE", path()).status_code for _ in range(2)]

    assert ended == [204, 404]
    assert rig.call("GET", path()).status_code == 404
