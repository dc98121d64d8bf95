"""Staff look things up in the articles: asked on the page, answered by a worker, put into the reply."""

import pytest
from django.urls import reverse

from agent.models import KnowledgeSearch
from core.policy import Role
from tests.conftest import RungBell
from tests.workspace.scene import HTMX, body, browser, customer_writes, press, set_scene

pytestmark = pytest.mark.django_db

ASK = reverse("workspace-knowledge")


def test_what_is_asked_is_looked_for_until_a_worker_has_answered(bells: list[RungBell]) -> None:
    scene = set_scene()
    client = browser(scene.person(Role.AGENT))
    asked = press(client, ASK, q="return days, call +44 20 7946 0000")
    search = KnowledgeSearch.objects.get()
    page = reverse("workspace-knowledge-found", args=[search.public_id])
    assert page in body(asked)
    assert "7946" not in search.text

    KnowledgeSearch.objects.update(
        is_answered=True,
        found=[
            {
                "title": "Returns",
                "heading": "Days",
                "text": "You have <45> days.",
                "language": "en",
                "is_internal": False,
            },
            {"title": "Goodwill", "heading": "", "text": "Up to 10 euros.", "language": "en", "is_internal": True},
        ],
    )
    found = client.get(page, headers=HTMX).content.decode()

    assert "hx-get" not in found
    assert "You have &lt;45&gt; days." in found
    assert found.count("data-insert-passage") == 1
    assert "Staff only" in found


def test_nothing_asked_is_nothing_kept() -> None:
    scene = set_scene()

    answered = press(browser(scene.person(Role.AGENT)), ASK, q="  ")

    assert "in a few words" in body(answered)
    assert not KnowledgeSearch.objects.exists()


def test_only_who_answers_customers_asks_and_only_who_asked_sees(bells: list[RungBell]) -> None:
    scene = set_scene()
    press(browser(scene.person(Role.AGENT)), ASK, q="returns")
    page = reverse("workspace-knowledge-found", args=[KnowledgeSearch.objects.get().public_id])

    assert press(browser(scene.person(Role.VIEWER)), ASK, q="returns").status_code == 403
    assert browser(scene.stranger).get(page).status_code == 404


def test_the_composer_offers_it_to_who_may_reply() -> None:
    scene = set_scene()
    page = reverse("workspace-conversation", args=[customer_writes(scene.team).public_id])
    button = 'data-dialog-open="knowledge-dialog"'

    assert button in browser(scene.person(Role.AGENT)).get(page).content.decode()
    assert button not in browser(scene.person(Role.VIEWER)).get(page).content.decode()
