"""What a draft's examples teach is shown to who publishes it, who may take less; edits have it learnt."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from agent.models import Release, TrainingExample
from agent.releases import learning
from agent.releases import services as releases
from agent.releases.training import keep_heads, training_set
from core import bells as ringing
from tests.conftest import RungBell

pytestmark = pytest.mark.django_db


def learnt(release: Release, accuracy: float) -> None:
    """Heads of its examples, of which so many messages were understood in a cross-validation."""
    digest = training_set(release.pk).digest
    report: dict[str, object] = {"general": {"intent": {"accuracy": accuracy}}}
    keep_heads(release.pk, encoder="e", digest=digest, data=b"heads", report=report)


@pytest.fixture
def draft(first_release: Release) -> Release:
    """A draft with one more example, over a release that was learnt."""
    learnt(first_release, 0.91)
    draft = releases.create_draft(None)
    draft.examples.create(purpose="intent", label="order_status", language="en", text="where on earth is it")
    return draft


def publish_page(release: Release) -> str:
    return reverse("admin:agent_release_publish", args=[release.pk])


def words_of(client: Client, address: str) -> str:
    return " ".join(client.get(address).content.decode().split())


def test_less_that_is_understood_is_shown_and_not_taken_unasked(
    as_editor: Client, draft: Release, first_release: Release
) -> None:
    learnt(draft, 0.85)
    page = words_of(as_editor, publish_page(draft))
    assert (
        "With the changed examples less is understood. What Release 1 learnt is kept, unless you say otherwise." in page
    )
    assert '<strong class="font-semibold">(worse)</strong></th> <td class="pr-4">91.0%</td><td>85.0%</td>' in page
    assert 'name="accept_worse"' in page

    as_editor.post(publish_page(draft), {"note": ""})

    draft.refresh_from_db()
    assert draft.heads_from == first_release
    shown = words_of(as_editor, reverse("admin:agent_release_change", args=[draft.pk]))
    assert "It answers with what Release 1 learnt, because with its own examples less is understood." in shown


def test_less_is_taken_where_the_publisher_says_so(as_editor: Client, draft: Release) -> None:
    learnt(draft, 0.85)

    as_editor.post(publish_page(draft), {"note": "", "accept_worse": "on"})

    draft.refresh_from_db()
    assert (draft.state, draft.heads_from) == ("published", None)


def test_more_that_is_understood_is_shown_and_asks_for_nothing(as_editor: Client, draft: Release) -> None:
    learnt(draft, 0.93)

    page = words_of(as_editor, publish_page(draft))

    assert "no less is understood" in page
    assert "93.0%" in page
    assert "accept_worse" not in page


def test_what_is_not_learnt_yet_is_said_before_and_after(as_editor: Client, draft: Release) -> None:
    page = words_of(as_editor, publish_page(draft))
    assert "The examples changed and are being learnt" in page
    assert 'name="accept_worse"' in page

    told = as_editor.post(publish_page(draft), {"note": ""}, follow=True).content.decode()

    assert "Published; answers follow it once its examples are learnt, in some seconds." in told
    assert "Its examples are being learnt. Until that is done the release before it answers." in told


def test_a_draft_with_the_same_examples_says_nothing_of_them(as_editor: Client, first_release: Release) -> None:
    draft = releases.configure("bot.name", "Kim", None)

    page = words_of(as_editor, publish_page(draft))

    assert "lessons" not in page
    assert "accept_worse" not in page


def test_an_edited_example_is_learnt_a_while_later(
    as_editor: Client,
    first_release: Release,
    bells: list[RungBell],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    ringing.breaker.reset()
    draft = releases.create_draft(None)
    row = TrainingExample.objects.filter(release=draft, purpose="intent").first()
    assert row is not None
    address = reverse("admin:agent_trainingexample_change", args=[row.pk])
    form = {"purpose": row.purpose, "label": row.label, "language": row.language, "text": "Nobody wrote this before"}

    with django_capture_on_commit_callbacks(execute=True):
        as_editor.post(address, form)

    draft.refresh_from_db()
    assert draft.fit_at is not None
    assert timezone.now() < draft.fit_at <= timezone.now() + learning.DEBOUNCE
    assert bells == [RungBell(task="agent.tasks.refit", args=(draft.pk,))]
    assert learning.due() == []
