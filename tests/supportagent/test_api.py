"""The API as a whole: every door asks the policy, the document is whole, and no call that fits it breaks anything."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.validation import validate_schema
from rest_framework.views import APIView

from core.doors import Door, OlderDoor
from core.policy import Role
from tests.factories import make_api_key
from tests.rest import Caller, signed_in
from tests.supportagent.asking import Asker, faults
from tests.supportagent.kinds import rows_of_every_kind

# Doors that need nobody: each with what they are open for.
OPEN = {
    "health-ready": "monitors without a key; details are asked for by the policy",
    "metrics": "asks the policy itself",
    "api-docs": "says how to ask",
    **dict.fromkeys(
        ("webhook-tiktok", "webhook-linkedin", "webhook-linkedin-app", "webhook-events"),
        "platforms prove themselves by their signature",
    ),
}
CHAT = "chat/"


def doors(patterns: Any = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Each DRF view that has an address."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        address = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from doors(each.url_patterns, address)
        elif issubclass(getattr(each.callback, "cls", object), APIView):
            yield address, each


def test_every_door_asks_the_policy_or_stands_in_the_list_of_open_ones() -> None:
    unguarded = []
    for address, pattern in doors():
        view: Any = pattern.callback
        if issubclass(view.cls, Door):
            unguarded += [address for name in view.actions.values() if name not in view.cls.needs]
        elif issubclass(view.cls, OlderDoor):
            methods = {"get", "post", "put", "patch", "delete"} & set(dir(view.cls))
            unguarded += [address for method in methods if method not in view.cls.needs]
        elif pattern.name not in OPEN and not address.startswith(CHAT):
            unguarded.append(address)

    assert unguarded == []


# A look changes nothing that could be done twice; its answer, kept for a repetition, would be a copy of what is hidden.
NOT_KEPT = {"reveal"}


def test_every_deed_is_repeatable() -> None:
    missing = [
        f"{address} {name}"
        for address, pattern in doors()
        if issubclass(pattern.callback.cls, Door)  # type: ignore[attr-defined]  # as_view leaves the class there
        for method, name in pattern.callback.actions.items()  # type: ignore[attr-defined]  # and the actions
        if method == "post"
        and name not in NOT_KEPT
        and not getattr(getattr(pattern.callback.cls, name), "is_idempotent", False)  # type: ignore[attr-defined]
    ]

    assert missing == []


def test_the_document_is_valid_and_open_to_everybody(client: Client) -> None:
    answer = client.get("/api/schema/")

    document = answer.json()
    validate_schema(document)  # type: ignore[no-untyped-call]
    assert document["openapi"].startswith("3.")
    kinds = {path.split("/")[3] for path in document["paths"]}
    assert kinds == {
        "conversations", "messages", "customers", "escalations", "accounts", "articles", "deliveries", "events", "runs", "figures",
    }  # fmt: skip
    reply = document["paths"]["/api/v1/conversations/{public_id}/reply/"]["post"]
    assert {each["name"] for each in reply["parameters"]} == {"Idempotency-Key", "public_id"}
    assert {"201", "400", "401", "403", "404", "409", "422", "429"} <= set(reply["responses"])


def test_the_page_of_the_api_takes_everything_from_here(client: Client) -> None:
    page = client.get("/api/docs/")
    script = client.get("/api/docs/?script=")

    assert page.status_code == script.status_code == 200
    body = page.content.decode()
    assert "http" not in body.replace("http-equiv", "")
    assert "<style" not in body
    assert "script-src 'self';" in page.headers["Content-Security-Policy"] + ";"
    assert "/api/schema/" in script.content.decode()
    assert client.get("/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(2))
def test_nothing_that_the_document_lets_one_ask_breaks_the_product(seed: int) -> None:
    document = Client().get("/api/schema/").json()
    asker = Asker(document, random.Random(seed), rows_of_every_kind())
    callers = [signed_in(Role.ADMIN), Caller(key=make_api_key(role=Role.SUPERVISOR)[1])]

    asked = 0
    for caller in callers:
        for call in asker.calls(each=5):
            answer = call.send(caller)
            asked += 1
            assert answer.status_code < 500, call
            assert faults(answer, call.told) == [], call

    assert asked == 2 * 5 * sum(len(operations) for operations in document["paths"].values())
