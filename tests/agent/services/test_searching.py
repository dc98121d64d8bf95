"""What staff find: the same passages as customers are answered from, and those for staff only, marked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agent.knowledge.found import FoundForStaff
from agent.models import KnowledgeSearch, Release
from agent.runtime import Runtime
from agent.services import searching
from core.exceptions import NotAllowed
from core.policy import Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def found(text: str, mind: Runtime) -> list[FoundForStaff]:
    """What an agent finds."""
    search = searching.ask(text, make_user())
    assert search is not None
    searching.work_search(search.pk, mind)
    search.refresh_from_db()
    assert search.is_answered
    rows: list[FoundForStaff] = search.found
    return rows


def test_public_and_internal_passages_are_found_best_first_and_drafts_are_not(mind: Runtime, release: Release) -> None:
    public = found("How long does delivery take?", mind)
    internal = found("How much goodwill may an agent grant?", mind)

    assert (public[0]["title"], public[0]["is_internal"]) == ("Delivery times", False)
    assert internal[0]["is_internal"]
    assert internal[0]["article"] in {
        str(each)
        for each in release.articles.filter(article__audience="internal").values_list("article__public_id", flat=True)
    }
    likelihoods = [each["likelihood"] for each in internal]
    assert likelihoods == sorted(likelihoods, reverse=True)


def test_what_staff_looked_up_does_not_change_what_customers_are_answered_from(mind: Runtime, release: Release) -> None:
    found("How much goodwill may an agent grant?", mind)

    titles = {passage.title for passage in mind.release(release.pk).engine.knowledge.passages}
    internal = set(release.articles.filter(article__audience="internal").values_list("title", flat=True))
    assert internal
    assert not titles & internal


def test_searches_are_forgotten_and_are_for_who_answers() -> None:
    with pytest.raises(NotAllowed):
        searching.ask("returns", make_user(role=Role.VIEWER))
    searching.ask("returns", make_user())
    KnowledgeSearch.objects.update(created_at=timezone.now() - searching.KEPT - timedelta(seconds=1))
    searching.ask("refunds", make_user())

    assert searching.forget_old_searches() == 1
    assert KnowledgeSearch.objects.get().text == "refunds"
