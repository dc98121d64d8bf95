"""With four eyes nobody publishes alone what they changed, and no key's change counts as a person's look."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from agent.exceptions import NothingToRollBackTo, SecondPersonNeeded
from agent.knowledge.services import ArticleText
from agent.models import EscalationRule, Intent, Phrase, Release, TrainingExample
from agent.releases import editing, four_eyes, services
from core import audit
from core.exceptions import NotAllowed
from core.models import AuditEvent, User
from core.policy import Action, Role
from tests.factories import make_api_key, make_user

pytestmark = pytest.mark.django_db
PUBLISHERS = (Role.ADMIN, Role.SUPERVISOR, Role.PROMPT_EDITOR)
RETURNS = ArticleText(slug="zq-returns", language="en", title="Returns", body="Send it back within 30 days.")


@pytest.fixture(autouse=True)
def _four_eyes(settings: Settings) -> None:
    settings.FOUR_EYES = True


def editor(role: Role = Role.PROMPT_EDITOR) -> User:
    return make_user(role=role)


def begun_by_a_colleague() -> Release:
    return services.configure("bot.name", "Kim", editor())


def saved_in_the_admin(model: Any, table: str, **words: str) -> Callable[[Release, User], None]:
    """A change of a draft's row by its form, as a person makes it."""

    def save(draft: Release, by: User) -> None:
        row = model.objects.filter(release=draft).first()
        assert row is not None
        client = Client()
        client.force_login(by)
        page = reverse(f"admin:agent_{table}_change", args=[row.pk])
        form = client.get(page).context["adminform"].form
        values = {name: form[name].value() for name in form.fields}
        sent = {name: value for name, value in values.items() if value is not None and value is not False} | words
        answer = client.post(page, sent)
        assert answer.status_code == 302, answer.context["adminform"].form.errors

    return save


EDITS: dict[str, Callable[[Release, User], object]] = {
    "a setting": lambda _, by: services.configure("clarify.most", "1", by),
    "a text": lambda draft, by: services.set_template(draft, "greeting", "en", "Ahoy!", by),
    "an article": lambda _, by: editing.write_article(RETURNS, by),
    "an article's end": lambda draft, by: editing.withdraw_article(draft.articles.all()[0].article, by),
    "a proposal of a gap, an import or a program": lambda _, by: editing.propose_article(RETURNS, by),
    "a rule": saved_in_the_admin(EscalationRule, "escalationrule", name="Zq"),
    "an intent": saved_in_the_admin(Intent, "intent", description="Zq"),
    "an example": saved_in_the_admin(TrainingExample, "trainingexample", text="zq where is it"),
    "a phrase": saved_in_the_admin(Phrase, "phrase", text="zq help"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_who_changed_anothers_draft_does_not_publish_it(first_release: Release, edit: str) -> None:
    draft, second = begun_by_a_colleague(), editor()
    EDITS[edit](draft, second)

    with pytest.raises(SecondPersonNeeded, match=second.display_name):
        services.publish(draft, second)
    draft.refresh_from_db()
    assert draft.state == "draft"

    assert services.publish(draft, editor(Role.SUPERVISOR)).state == "published"


def test_who_may_read_an_article_is_a_change_of_the_draft_that_holds_it(first_release: Release) -> None:
    draft, second = begun_by_a_colleague(), editor()
    internal = ArticleText(slug="zq", language="en", title="Codes", body="Open sesame.", audience="internal")
    editing.write_article(internal, editor())
    public = ArticleText(slug="zq", language="en", title="Codes", body="Open sesame.", audience="public")

    assert editing.revise_article(public, second) is None

    with pytest.raises(SecondPersonNeeded, match="who reads an article"):
        services.publish(draft, second)


def test_the_refusal_names_who_changed_what_and_who_can_publish(first_release: Release) -> None:
    author, second = make_user(role=Role.PROMPT_EDITOR, username="zq-ada"), editor()
    draft = services.configure("bot.name", "Kim", author)
    services.set_template(draft, "greeting", "en", "Ahoy!", second)

    with pytest.raises(SecondPersonNeeded) as refusal:
        services.publish(draft, author)

    assert "zq-ada (began it, settings)" in str(refusal.value)
    assert f"{second.display_name} (texts)" in str(refusal.value)
    assert "an admin, a supervisor or a prompt editor who did not change it" in str(refusal.value)


@pytest.mark.parametrize("by_key", [True, False])
def test_what_a_key_or_a_command_changed_is_looked_at_by_two_people(first_release: Release, by_key: bool) -> None:
    key = make_api_key(role=Role.ADMIN)[0] if by_key else None
    draft, first, second = services.configure("bot.name", "Kim", key), editor(), editor(Role.ADMIN)

    assert services.publish(draft, first).state == "draft"
    assert services.publish(draft, first).state == "draft"
    assert services.current_release() == first_release

    assert services.publish(draft, second).state == "published"


def test_a_keys_change_of_a_persons_draft_needs_two_more_looks(first_release: Release) -> None:
    key, _ = make_api_key(role=Role.ADMIN)
    draft, second = begun_by_a_colleague(), editor()
    services.configure("clarify.most", "1", key)

    assert services.publish(draft, second).state == "draft"
    assert services.publish(draft, editor()).state == "published"


def test_an_agreement_is_to_what_was_there_and_for_a_day(first_release: Release) -> None:
    key, _ = make_api_key(role=Role.ADMIN)
    draft, first, second = services.configure("bot.name", "Kim", key), editor(), editor()
    services.publish(draft, first)
    services.configure("bot.name", "Sam", key)

    assert services.publish(draft, second).state == "draft"

    later = timezone.now() + four_eyes.AGREEMENT_HOLDS + timedelta(minutes=1)
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr(timezone, "now", lambda: later)
        assert services.publish(draft, first).state == "draft"
    assert services.publish(draft, first).state == "published"


def test_the_agreement_of_who_may_no_longer_publish_counts_for_nothing(first_release: Release) -> None:
    draft, first = services.configure("bot.name", "Kim", None), editor()
    services.publish(draft, first)
    User.objects.filter(pk=first.pk).update(is_active=False)

    assert services.publish(draft, editor()).state == "draft"


def test_a_key_publishes_and_rolls_back_nothing(first_release: Release) -> None:
    key, _ = make_api_key(role=Role.ADMIN)
    draft = begun_by_a_colleague()

    with pytest.raises(SecondPersonNeeded):
        services.publish(draft, key)
    services.publish(draft, editor())
    with pytest.raises(SecondPersonNeeded):
        services.rollback(key)


def test_fitting_a_draft_is_no_change_of_it(first_release: Release) -> None:
    draft, second = begun_by_a_colleague(), editor()
    audit.record(second, "release.refit", draft)

    assert services.publish(draft, second).state == "published"


# --- Articles alone ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPERVISOR])
def test_who_publishes_articles_alone_publishes_their_own(first_release: Release, role: Role) -> None:
    author = make_user(role=role)
    _, draft = editing.write_article(RETURNS, author)

    assert four_eyes.right_to_publish(draft, first_release) == Action.PUBLISH_KNOWLEDGE
    assert services.publish(draft, author).published_by == author


def test_a_prompt_editor_needs_a_second_person_for_articles_too(first_release: Release) -> None:
    author = editor()
    _, draft = editing.write_article(RETURNS, author)

    with pytest.raises(SecondPersonNeeded, match="an admin, a supervisor, or a prompt editor"):
        services.publish(draft, author)
    assert services.publish(draft, editor()).state == "published"


@pytest.mark.parametrize("edit", [edit for edit in EDITS if "article" not in edit and "proposal" not in edit])
def test_articles_with_anything_else_are_published_as_prompts_are(first_release: Release, edit: str) -> None:
    admin = make_user(role=Role.ADMIN)
    _, draft = editing.write_article(RETURNS, admin)
    EDITS[edit](draft, editor())

    assert four_eyes.right_to_publish(draft, first_release) == Action.PUBLISH_PROMPTS
    with pytest.raises(SecondPersonNeeded):
        services.publish(draft, admin)


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_who_may_not_publish_articles_is_refused(first_release: Release, role: Role) -> None:
    _, draft = editing.write_article(RETURNS, editor(Role.SUPERVISOR))

    with pytest.raises(NotAllowed, match="publish knowledge"):
        services.publish(draft, make_user(role=role))


# --- The way back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", PUBLISHERS)
def test_going_back_needs_two_people(first_release: Release, role: Role) -> None:
    current = services.publish(begun_by_a_colleague(), editor())
    first, second = make_user(role=role), editor()

    assert services.rollback(first, reason="Confused.") == current
    assert services.rollback(first) == current
    assert AuditEvent.objects.filter(action="release.rollback_agreed", actor_id=first.pk).count() == 2

    back = services.rollback(second)
    assert (back.state, back.content_hash, back.published_by) == ("published", first_release.content_hash, second)


def test_a_wish_to_go_back_from_one_release_is_none_to_go_back_from_the_next(first_release: Release) -> None:
    services.publish(begun_by_a_colleague(), editor())
    services.rollback(editor())
    third = services.publish(services.configure("bot.name", "Sam", editor()), editor())

    assert services.rollback(editor()) == third


def test_without_a_former_release_nobody_is_asked(first_release: Release) -> None:
    with pytest.raises(NothingToRollBackTo):
        services.rollback(editor())


def test_the_admin_says_what_is_still_missing(first_release: Release) -> None:
    draft, client = services.configure("bot.name", "Kim", None), Client()
    client.force_login(editor())
    publish = reverse("admin:agent_release_publish", args=[draft.pk])

    assert "somebody else has to press Publish" in client.post(publish, {"note": ""}, follow=True).content.decode()
    services.publish(draft, editor())
    back = reverse("admin:agent_release_roll_back", args=[draft.pk])
    assert "a second person has to press Roll back" in client.post(back, {"note": ""}, follow=True).content.decode()
    assert services.current_release() == draft
