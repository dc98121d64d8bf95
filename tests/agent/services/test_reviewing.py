"""Findings in the articles: renewed with each release, dismissed for as long as the texts stand."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agent.models import KnowledgeFinding, Passage, PassageUse, Release
from agent.releases import services as releases
from agent.services import reviewing
from core.models import AuditEvent
from core.policy import Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db


class Finds:
    """Finds the first two passages alike, whatever they say."""

    def __init__(self, ids: list[str]) -> None:
        self._ids = ids

    def review(self, release_id: int) -> list[dict[str, Any]]:
        first, second = self._ids
        words = {"left_words": "30 days", "right_words": "45 days"}
        return [{"kind": "contradiction", "left": first, "right": second, "score": 0.9, **words}]


def ids(release: Release) -> list[str]:
    rows = Passage.objects.filter(version__releases=release).order_by("pk").values_list("public_id", flat=True)[:2]
    return [str(each) for each in rows]


def test_a_release_is_looked_over_once_and_what_was_dismissed_stays_so(first_release: Release) -> None:
    finds = Finds(ids(first_release))
    assert reviewing.is_due()
    assert reviewing.review(finds) == 1
    assert not reviewing.is_due()
    reviewing.dismiss(KnowledgeFinding.objects.get(), make_user(role=Role.PROMPT_EDITOR))

    releases.publish(releases.create_draft(None), None)
    assert reviewing.is_due()
    reviewing.review(finds)

    found = KnowledgeFinding.objects.get()
    assert (found.state, found.is_current) == ("dismissed", True)
    assert AuditEvent.objects.filter(action="knowledge.finding_dismissed").count() == 1


def test_what_was_dismissed_is_looked_at_again(client: Client, first_release: Release) -> None:
    reviewing.review(Finds(ids(first_release)))
    client.force_login(make_user(role=Role.PROMPT_EDITOR))
    listing, chosen = reverse("admin:agent_knowledgefinding_changelist"), KnowledgeFinding.objects.get()

    states = []
    for action in ("dismiss", "reopen"):
        client.post(listing, {"action": action, "_selected_action": [chosen.pk]})
        chosen.refresh_from_db()
        states.append(chosen.state)

    assert states == ["dismissed", "open"]
    assert AuditEvent.objects.filter(action="knowledge.finding_reopened").count() == 1


def test_findings_and_use_are_listed_for_editors(client: Client, first_release: Release) -> None:
    reviewing.review(Finds(ids(first_release)))
    passage = Passage.objects.get(public_id=ids(first_release)[0])
    PassageUse.objects.create(passage=passage.public_id, count=7, last_at="2026-03-01T10:00:00Z")
    client.force_login(make_user(role=Role.PROMPT_EDITOR))

    listed = client.get(reverse("admin:agent_knowledgefinding_changelist")).content.decode()
    article = client.get(reverse("admin:agent_article_change", args=[passage.version.article_id])).content.decode()
    used = client.get(reverse("admin:agent_passage_changelist"), {"o": "-5"}).context["cl"].result_list

    assert "30 days" in listed
    assert "90%" in listed
    assert passage.version.title in listed
    assert "Quoted 7 times, last on 1 Mar 2026." in article
    assert "Never quoted yet." in article
    assert passage.public_id in {row.public_id for row in used} or used[0].use_count is None
