"""The API's rows against its document: each row of every kind is answered as it says, here and by a running product."""

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from django.test import Client

from core.policy import Role
from drill import wire
from tests.product import RunningProduct
from tests.rest import signed_in
from tests.supportagent.asking import Asker, answers_of, faults
from tests.supportagent.kinds import rows_of_every_kind

Get = Callable[[str], Any]
SEED = 7


def lists(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The address of each resource's list, and what is told of it."""
    for path, operations in document["paths"].items():
        asked = operations.get("get", {}).get("parameters", [])
        if "cursor" in {parameter["name"] for parameter in asked}:
            yield path, operations["get"]


def walk(get: Get, document: Mapping[str, Any]) -> dict[str, int]:
    """Look at each page of each list, and at each row by itself; how many rows there were. Asserts that all is as told."""
    seen: dict[str, int] = {}
    for path, listed in lists(document):
        one = f"{path}{{public_id}}/"
        told_of_one = answers_of(document["paths"][one]["get"], document) if one in document["paths"] else {}
        page: str | None = path
        while page is not None:
            answer = get(page)
            assert answer.status_code == 200, (page, answer.content)
            assert faults(answer, answers_of(listed, document)) == [], page
            page = answer.json()["next"]
            for row in answer.json()["results"]:
                seen[path] = seen.get(path, 0) + 1
                if told_of_one:
                    alone = get(f"{path}{row['id']}/")
                    assert alone.status_code == 200, row
                    assert faults(alone, told_of_one) == [], row
    return seen


def ids_of(get: Get, document: Mapping[str, Any]) -> dict[str, list[UUID]]:
    """The ids on the first page of each list, by the name of the resource; one that is none where the list is empty."""
    found = {}
    for path, listed in lists(document):
        answer = get(path)
        assert faults(answer, answers_of(listed, document)) == [], path
        found[path.split("/")[3]] = [UUID(row["id"]) for row in answer.json()["results"]] or [uuid4()]
    return found


@pytest.mark.django_db
def test_each_row_of_every_kind_is_answered_as_the_document_tells(settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = 100_000
    made = rows_of_every_kind()
    document = Client().get("/api/schema/").json()

    seen = walk(signed_in(Role.ADMIN).get, document)

    assert seen == {f"/api/v1/{name}/": len(ids) for name, ids in made.items()}


@pytest.mark.product
def test_a_running_product_answers_whatever_is_asked_as_its_document_tells(running_demo: RunningProduct) -> None:
    made = running_demo.manage_json("apikey", "create", "--name", "document", "--role", "supervisor")
    headers = {"Authorization": f"Bearer {made['key']}"}
    with wire.Client(base_url=running_demo.url, headers=headers, timeout=30) as client:
        document = client.get("/api/schema/").json()
        rows = ids_of(client.get, document)

        wrong, statuses = {}, set()
        for call in Asker(document, Random(SEED), rows).calls(each=3):
            # What changes something would do so to what other tests look at.
            if call.method == "get":
                answer = client.get(httpx2.URL(call.path))
                statuses.add(answer.status_code)
                if found := faults(answer, call.told):
                    wrong[call.path] = found

    assert wrong == {}
    assert {200, 400, 404} <= statuses <= {200, 400, 404, 429}
