"""The steps of a release in the admin: what pressing changes is shown, and only what can be done is offered."""

import html

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from agent.models import AgentConfig, Release, ReplyTemplate
from agent.releases import editing
from agent.releases import services as releases

pytestmark = pytest.mark.django_db

STEPS = ("publish", "draft", "roll-back")


def page_of(release: Release, page: str = "change") -> str:
    return reverse(f"admin:agent_release_{page}", args=[release.pk])


def offered(client: Client, release: Release) -> set[str]:
    shown = client.get(page_of(release)).content.decode()
    return {step for step in STEPS if f'href="/admin/agent/release/{release.pk}/{step}/"' in shown}


def sides(client: Client, url: str) -> list[tuple[str | None, str | None]]:
    return [(change.before, change.after) for change in client.get(url).context["changes"]]


@pytest.fixture
def second(first_release: Release, settings: object) -> Release:
    """Release 2, published: it greets otherwise."""
    draft = releases.create_draft(None)
    releases.set_template(draft, "greeting", "en", "Ahoy!", None)
    return releases.publish(draft, None)


def test_each_state_offers_its_own_steps(as_editor: Client, first_release: Release) -> None:
    assert offered(as_editor, first_release) == {"draft"}

    draft = releases.create_draft(None)
    assert offered(as_editor, draft) == {"publish"}

    releases.publish(draft, None)
    first_release.refresh_from_db()
    draft.refresh_from_db()
    assert offered(as_editor, draft) == {"draft", "roll-back"}
    assert offered(as_editor, first_release) == {"draft"}


def test_rolling_back_shows_what_pressing_changes_and_not_the_other_way_round(
    as_editor: Client, first_release: Release, second: Release
) -> None:
    former = first_release.templates.get(key="greeting", language="en").text

    assert sides(as_editor, page_of(second, "roll_back")) == [("Ahoy!", former)]

    as_editor.post(page_of(second, "roll_back"), {"note": ""})
    current = releases.current_release()
    assert current is not None
    assert current.templates.get(key="greeting", language="en").text == former


def test_a_draft_made_of_a_retired_release_shows_what_publishing_it_would_change(
    as_editor: Client, first_release: Release, second: Release
) -> None:
    former = first_release.templates.get(key="greeting", language="en").text

    assert sides(as_editor, page_of(first_release, "draft")) == [("Ahoy!", former)]
    assert sides(as_editor, page_of(second, "draft")) == []


@pytest.mark.parametrize(
    ("state", "step", "words"),
    [
        ("published", "publish", "is not a draft"),
        ("retired", "publish", "is not a draft"),
        ("draft", "draft", "is a draft already"),
        ("draft", "roll_back", "Only the release that answers now"),
        ("retired", "roll_back", "Only the release that answers now"),
    ],
)
def test_a_step_that_cannot_be_taken_says_so_and_does_nothing(
    as_editor: Client, second: Release, state: str, step: str, words: str
) -> None:
    releases.create_draft(None)
    release = Release.objects.get(state=state)
    before = list(Release.objects.values_list("number", "state"))

    asked = as_editor.get(page_of(release, step), follow=True)
    pressed = as_editor.post(page_of(release, step), {"note": ""}, follow=True)

    assert words in asked.content.decode()
    assert words in pressed.content.decode()
    assert list(Release.objects.values_list("number", "state")) == before


def test_what_was_published_meanwhile_is_looked_at_before_rolling_back(as_editor: Client, second: Release) -> None:
    third = releases.publish(releases.configure("bot.name", "Kim", None), None)

    pressed = as_editor.post(page_of(third, "roll_back"), {"note": "", "answering": second.number}, follow=True)

    assert "was published meanwhile" in pressed.content.decode()
    assert releases.current_release() == third


def test_a_link_to_a_retired_text_leads_to_the_same_text_now(
    as_editor: Client, first_release: Release, second: Release
) -> None:
    old = first_release.templates.get(key="greeting", language="en")
    link = reverse("admin:agent_replytemplate_change", args=[old.pk])

    published = as_editor.get(link, follow=True)
    assert published.context["original"] == second.templates.get(key="greeting", language="en")
    assert "The link was to release 1, which is retired" in published.content.decode()

    draft = releases.configure("bot.name", "Kim", None)
    drafted = as_editor.get(link, follow=True)
    assert drafted.context["original"] == draft.templates.get(key="greeting", language="en")


def test_what_is_sent_from_a_form_that_was_open_when_a_release_was_published_is_saved_in_a_draft(
    as_editor: Client, first_release: Release, second: Release
) -> None:
    old = first_release.templates.get(key="greeting", language="en")

    as_editor.post(reverse("admin:agent_replytemplate_change", args=[old.pk]), {"text": "Good day!"})

    draft = releases.newest_draft()
    assert draft is not None
    assert draft.templates.get(key="greeting", language="en").text == "Good day!"
    assert ReplyTemplate.objects.get(pk=old.pk).text == old.text


def test_a_link_to_a_text_that_is_gone_says_of_which_release_it_was(as_editor: Client, first_release: Release) -> None:
    draft = releases.create_draft(None)
    gone = first_release.phrases.first()
    assert gone is not None
    editing.twin(gone, draft).delete()
    releases.publish(draft, None)

    shown = as_editor.get(reverse("admin:agent_phrase_change", args=[gone.pk]), follow=True)

    assert "is of release 1, which is retired" in shown.content.decode()
    assert shown.context["original"] == first_release


def test_a_row_that_the_draft_no_longer_has_is_not_saved_and_says_so(as_editor: Client, first_release: Release) -> None:
    draft = releases.create_draft(None)
    row = first_release.phrases.first()
    assert row is not None
    editing.twin(row, draft).delete()

    answered = as_editor.post(
        reverse("admin:agent_phrase_change", args=[row.pk]),
        {"head": row.head, "language": row.language, "text": row.text + " now"},
    )

    assert "no longer has this" in answered.content.decode()
    assert f'value="{row.text} now"' in answered.content.decode()


def test_a_row_that_would_stand_twice_is_not_saved_and_says_so(as_editor: Client, first_release: Release) -> None:
    one, other = first_release.phrases.filter(head="urgent", language="en")[:2]

    answered = as_editor.post(
        reverse("admin:agent_phrase_change", args=[one.pk]),
        {"head": other.head, "language": other.language, "text": other.text},
    )

    assert "The same phrase already exists in release 1." in answered.content.decode()
    assert f'value="{other.text}"' in answered.content.decode()
    assert not Release.objects.drafts().exists()


LONG = "Answer as briefly as you can, and name the article. " * 20
CONDITION = '[{"fact": "moon", "operator": "is", "value": true}]'


@pytest.mark.parametrize(
    ("page", "which", "sent", "field", "words"),
    [
        ("agentconfig", {"config_key": "retrieval.least_gate_score"}, {"config_value": "very sure"}, "config_value", "a number is wanted"),
        ("agentconfig", {"config_key": "retrieval.least_gate_score"}, {"config_value": "7"}, "config_value", "between 0 and 1"),
        ("agentconfig", {"config_key": "bot.enabled"}, {"config_value": "maybe"}, "config_value", "true or false"),
        (
            "agentconfig", {"config_key": "prompt.persona"}, {"config_value": LONG + "{shop}"}, "config_value",
            "{shop} is no blank of this text",
        ),
        (
            "replytemplate", {"key": "greeting", "language": "en"}, {"text": LONG + "See https://elsewhere.example/x"}, "text",
            "Add its host to “links.allowed” first",
        ),
        (
            "replytemplate", {"key": "greeting", "language": "en"}, {"text": LONG + "Try partner-shop.example!"}, "text",
            "replies may not link to partner-shop.example",
        ),
        (
            "agentconfig", {"config_key": "prompt.persona"}, {"config_value": LONG + "Always mention partner-shop.example"},
            "config_value", "replies may not link to partner-shop.example",
        ),
        ("escalationrule", {}, {"conditions": CONDITION}, "conditions", "There is no fact “moon”. Known facts:"),
        (
            "escalationrule", {}, {"conditions": '[{"fact": "sentiment", "operator": ["is"], "value": 1}]'}, "conditions",
            "takes the operators",
        ),
        ("phrase", {}, {"head": "panic"}, "head", "There is no head “panic”; write one of: danger,"),
    ],
)  # fmt: skip
def test_what_does_not_fit_comes_back_with_the_words_and_what_to_do(
    as_editor: Client,
    first_release: Release,
    page: str,
    which: dict[str, str],
    sent: dict[str, str],
    field: str,
    words: str,
) -> None:
    model = apps.get_model("agent", page)
    row = model._default_manager.filter(release=first_release, **which).first()
    address = reverse(f"admin:agent_{page}_change", args=[row.pk])
    form = as_editor.get(address).context["adminform"].form
    given = {name: form[name].value() for name in form.fields}

    answered = as_editor.post(
        address, {name: value for name, value in (given | sent).items() if value not in {None, False}}
    )

    again = answered.context["adminform"].form
    assert answered.status_code == 200
    assert words in " ".join(again.errors[field])
    assert again[field].value() == sent[field]
    assert html.escape(sent[field].strip()) in answered.content.decode()
    assert html.escape(words) in answered.content.decode()
    assert not Release.objects.drafts().exists()


def test_a_setting_is_judged_by_the_draft_that_it_goes_into(as_editor: Client, first_release: Release) -> None:
    greeting = first_release.templates.get(key="greeting", language="en")
    address = reverse("admin:agent_replytemplate_change", args=[greeting.pk])
    draft = releases.configure("links.allowed", "elsewhere.example", None)

    answered = as_editor.post(address, {"text": "See https://elsewhere.example/x"}, follow=True)

    assert f"Saved in draft release {draft.number}" in answered.content.decode()


def test_a_setting_is_found_again_by_its_key(first_release: Release, second: Release) -> None:
    old = AgentConfig.objects.get(release=first_release, config_key="bot.name")

    assert editing.successor(old) == AgentConfig.objects.get(release=second, config_key="bot.name")
