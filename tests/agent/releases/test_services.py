"""Drafts change nothing, publishing changes the next answer, and every step is written down."""

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from agent.exceptions import (
    InvalidValue,
    NotADraft,
    NothingPublished,
    NothingToRollBackTo,
    ReleaseIncomplete,
    SecondPersonNeeded,
    UnknownKey,
)
from agent.models import AgentConfig, EscalationRule, Release, ReplyTemplate
from agent.releases import services
from agent.releases.content import read_content
from agent.releases.first import ensure_first_release
from agent.releases.keys import KEYS
from core.exceptions import NotAllowed
from core.models import AuditEvent
from core.policy import Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alone(settings: Settings) -> None:
    settings.FOUR_EYES = False


@pytest.fixture
def first(first_release: Release) -> Release:
    """Release 1."""
    return first_release


def value(release: Release, key: str) -> str:
    """A setting of a release."""
    return AgentConfig.objects.get(release=release, config_key=key).config_value


def test_the_first_release_is_made_once_and_published(first: Release) -> None:
    assert ensure_first_release() == first
    assert (first.number, first.state) == (1, "published")
    assert set(AgentConfig.objects.values_list("config_key", flat=True)) == set(KEYS)
    assert first.articles.count() >= 20
    assert first.examples.count() > 1000
    assert services.problems_of(first) == []


def test_a_draft_is_a_whole_copy_and_changes_nothing(first: Release) -> None:
    draft = services.create_draft(None, note="try")

    for rows in ("configs", "intents", "examples", "phrases", "rules", "templates", "articles"):
        assert getattr(draft, rows).count() == getattr(first, rows).count(), rows
    assert services.current_release() == first
    assert draft.based_on == first


def test_configuring_edits_one_draft_and_not_what_is_published(first: Release) -> None:
    one = services.configure("bot.name", "Kim", None, description="A friendlier name.")
    two = services.configure("clarify.most", "1", None)

    assert one == two
    assert value(one, "bot.name") == "Kim"
    assert value(first, "bot.name") == "Robin"
    assert AgentConfig.objects.get(release=one, config_key="bot.name").description == "A friendlier name."


@pytest.mark.parametrize(("key", "text", "error"), [
    ("prompt.moon", "x", UnknownKey),
    ("clarify.most", "many", InvalidValue),
    ("clarify.most", "9", InvalidValue),
    ("bot.enabled", "perhaps", InvalidValue),
    ("prompt.persona", "You are {settings.SECRET_KEY}", InvalidValue),
    ("models.prices", "{", InvalidValue),
])  # fmt: skip
def test_a_setting_that_cannot_work_is_refused(first: Release, key: str, text: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=key.replace(".", r"\.")):
        services.configure(key, text, None)

    assert Release.objects.count() == 1


def test_publishing_retires_the_one_before(first: Release) -> None:
    draft = services.configure("bot.name", "Kim", None)

    published = services.publish(draft, None)

    first.refresh_from_db()
    assert services.current_release() == published
    assert first.state == "retired"
    assert published.content_hash != first.content_hash
    assert read_content(published.pk).settings["bot.name"] == "Kim"


def test_the_same_content_has_the_same_hash(first: Release) -> None:
    again = services.publish(services.create_draft(None), None)

    assert again.content_hash == first.content_hash


def test_the_database_holds_one_published_release(first: Release) -> None:
    draft = services.create_draft(None)

    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.filter(pk=draft.pk).update(state="published", content_hash="x", published_at=first.published_at)


def test_a_published_release_is_not_edited(first: Release) -> None:
    with pytest.raises(NotADraft):
        services.configure("bot.name", "Kim", None, draft=first)
    with pytest.raises(NotADraft):
        services.publish(first, None)


def test_a_draft_that_cannot_work_is_not_published(first: Release) -> None:
    draft = services.create_draft(None)
    EscalationRule.objects.filter(release=draft, key="urgent").update(conditions=[{"fact": "moon"}])

    with pytest.raises(ReleaseIncomplete, match="urgent"):
        services.publish(draft, None)
    assert services.current_release() == first


def test_a_draft_without_a_needed_text_is_not_published(first: Release) -> None:
    draft = services.create_draft(None)
    ReplyTemplate.objects.filter(release=draft, key="handoff", language="en").delete()

    with pytest.raises(ReleaseIncomplete, match="handoff"):
        services.publish(draft, None)


def test_rolling_back_publishes_the_former_content_as_a_new_release(first: Release) -> None:
    services.publish(services.configure("bot.name", "Kim", None), None)

    back = services.rollback(None, reason="Customers were confused.")

    assert back.number == 3
    assert back.content_hash == first.content_hash
    assert services.current_release() == back
    assert back.note == "Back to release 1. Customers were confused."


def test_a_release_that_is_older_than_a_needed_text_gets_it_with_its_copy(first: Release) -> None:
    first.templates.filter(key="picture_handoff").delete()
    first.templates.filter(key="greeting", language="de").delete()

    draft = services.create_draft(None)

    assert services.problems_of(draft) == []
    assert set(draft.templates.filter(key="picture_handoff").values_list("language", flat=True)) >= {"en", "de"}
    assert not draft.templates.filter(key="greeting", language="de").exists()


def test_without_a_former_release_there_is_no_way_back(first: Release) -> None:
    with pytest.raises(NothingToRollBackTo):
        services.rollback(None)


def test_without_any_release_there_is_nothing_to_copy() -> None:
    with pytest.raises(NothingPublished):
        services.create_draft(None)


def test_every_step_is_audited_without_its_words(first: Release) -> None:
    editor = make_user(role=Role.PROMPT_EDITOR)
    draft = services.configure("prompt.persona", "A secret plan for {business}", editor, description="why")

    services.publish(draft, editor)

    events = AuditEvent.objects.filter(target_kind="agent.release", target_id=str(draft.pk)).order_by("id")
    assert [event.action for event in events] == ["release.drafted", "release.configured", "release.published"]
    assert {event.actor_name for event in events} == {editor.display_name}
    assert "secret plan" not in str([event.after for event in events])


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_who_may_not_edit_prompts_is_refused(first: Release, role: Role) -> None:
    user = make_user(role=role)

    with pytest.raises(NotAllowed):
        services.configure("bot.name", "Kim", user)
    with pytest.raises(NotAllowed):
        services.publish(services.create_draft(None), user)


def test_with_four_eyes_nobody_publishes_their_own_draft(first: Release, settings: Settings) -> None:
    settings.FOUR_EYES = True
    author, other = make_user(role=Role.PROMPT_EDITOR), make_user(role=Role.SUPERVISOR)
    draft = services.create_draft(author)

    with pytest.raises(SecondPersonNeeded):
        services.publish(draft, author)

    assert services.publish(draft, other).state == "published"
