"""The admin's pages: they open for those the policy lets in, and what they change goes through services."""

import json

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from agent.models import AgentConfig, Release, Tool
from agent.releases import services as releases
from agent.releases.first import ensure_first_release
from conversations.models import Conversation
from core.models import ApiKey, AuditEvent, User
from core.policy import Role
from integrations.models import PlatformAccount
from tests.conversations.talk import wrote
from tests.factories import make_account, make_api_key, make_customer, make_user

pytestmark = pytest.mark.django_db

OURS = ("core", "conversations", "integrations", "agent", "analytics", "workspace", "privacy")
MODELS = sorted(
    (model for model in admin.site._registry if model._meta.app_label in OURS), key=lambda model: model._meta.label
)


@pytest.fixture
def people() -> dict[Role, User]:
    return {role: make_user(role=role) for role in (Role.ADMIN, Role.VIEWER, Role.PROMPT_EDITOR)}


@pytest.fixture
def as_admin(client: Client, people: dict[Role, User]) -> Client:
    client.force_login(people[Role.ADMIN])
    return client


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_opens_for_an_admin(as_admin: Client, model: type) -> None:
    wrote()
    meta = model._meta  # type: ignore[attr-defined]

    answer = as_admin.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))

    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["message", "conversation"])
def test_a_list_shows_how_texts_begin_and_no_numbers_of_people(as_admin: Client, name: str) -> None:
    wrote("My card is 4539 1488 0343 6467. " + "And another thing. " * 40)

    page = as_admin.get(reverse(f"admin:conversations_{name}_changelist")).content.decode()

    assert "My card is" in page
    assert "6467" not in page
    assert page.count("And another thing.") < 10


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("core_apikey", "", "is made here"),
        ("core_apikey", "?q=nobody", "Show all"),
        ("workspace_draft", "", "appear by themselves"),
    ],
)
def test_an_empty_list_says_what_can_be_done(as_admin: Client, name: str, query: str, words: str) -> None:
    assert words in as_admin.get(reverse(f"admin:{name}_changelist") + query).content.decode()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_row_can_be_deleted(as_admin: Client, model: type, people: dict[Role, User]) -> None:
    page = admin.site._registry[model]
    request = type("Request", (), {"user": people[Role.ADMIN]})()

    assert not page.has_delete_permission(request)


@pytest.mark.parametrize("name", ["core_apikey", "core_auditevent", "conversations_conversation", "agent_agentconfig"])
def test_a_viewer_is_refused(client: Client, people: dict[Role, User], name: str) -> None:
    client.force_login(people[Role.VIEWER])

    assert client.get(reverse(f"admin:{name}_changelist")).status_code == 403


@pytest.mark.parametrize("four_eyes", [False, True])
def test_a_setting_saved_in_the_admin_waits_in_a_draft_until_it_is_published(
    as_admin: Client, settings: Settings, four_eyes: bool
) -> None:
    settings.FOUR_EYES = four_eyes
    ensure_first_release()
    published = Release.objects.get(state="published")
    setting = AgentConfig.objects.get(release=published, config_key="bot.name")

    as_admin.post(
        reverse("admin:agent_agentconfig_change", args=[setting.pk]), {"config_value": "Ida", "description": "Name"}
    )

    setting.refresh_from_db()
    draft = Release.objects.get(state="draft")
    assert setting.config_value != "Ida"
    assert draft.configs.get(config_key="bot.name").config_value == "Ida"
    as_admin.post(reverse("admin:agent_release_publish", args=[draft.pk]), {"note": "A friendlier name"})
    assert releases.current_release() == (published if four_eyes else draft)


def test_a_release_shows_what_it_changes_before_it_is_published_and_is_rolled_back(
    as_admin: Client, settings: Settings
) -> None:
    settings.FOUR_EYES = False
    ensure_first_release()
    first = Release.objects.get(state="published")
    setting = AgentConfig.objects.get(release=first, config_key="bot.name")
    page = reverse("admin:agent_agentconfig_change", args=[setting.pk])
    as_admin.post(page, {"config_value": "Ida <b>", "description": "Name"})
    draft = Release.objects.get(state="draft")

    listed = as_admin.get(reverse("admin:agent_agentconfig_changelist"))
    shown = as_admin.get(reverse("admin:agent_release_change", args=[draft.pk])).content.decode()
    asked = as_admin.get(reverse("admin:agent_release_publish", args=[draft.pk]))

    assert {row.release_id for row in listed.context["cl"].result_list} == {draft.pk}
    assert f"Draft release {draft.number}" in listed.content.decode()
    assert "1 change against Release 1" in shown
    assert "Ida &lt;b&gt;" in shown
    assert releases.current_release() == first
    assert "What for" in asked.content.decode()

    as_admin.post(reverse("admin:agent_release_publish", args=[draft.pk]), {"note": "Ida it is"})
    assert [(row.pk, row.note) for row in Release.objects.current()] == [(draft.pk, "Ida it is")]
    as_admin.post(reverse("admin:agent_release_roll_back", args=[draft.pk]), {"note": "Not yet"})
    back = releases.current_release()
    assert back is not None
    assert back.configs.get(config_key="bot.name").config_value == setting.config_value
    assert back.note.endswith("Not yet")


@pytest.mark.parametrize("step", ["publish", "draft", "roll_back"])
def test_the_steps_of_a_release_are_refused_to_who_may_not_take_them(
    client: Client, people: dict[Role, User], step: str
) -> None:
    ensure_first_release()
    first = Release.objects.get()

    client.force_login(people[Role.VIEWER])
    answer = client.post(reverse(f"admin:agent_release_{step}", args=[first.pk]), {"note": ""})

    assert answer.status_code == 403
    assert list(Release.objects.all()) == [first]


def test_a_rule_saved_in_the_admin_changes_the_draft_only(as_admin: Client) -> None:
    ensure_first_release()
    rule = Release.objects.get(state="published").rules.order_by("order").first()
    assert rule is not None
    page = reverse("admin:agent_escalationrule_change", args=[rule.pk])
    form = as_admin.get(page).context["adminform"].form

    as_admin.post(
        page,
        {
            **{name: form.initial.get(name) for name in form.fields},
            "name": "New words",
            "conditions": json.dumps(rule.conditions),
        },
    )

    rule.refresh_from_db()
    assert rule.name != "New words"
    assert Release.objects.get(state="draft").rules.get(key=rule.key).name == "New words"


def test_a_conversation_is_resolved_by_an_action(as_admin: Client) -> None:
    conversation = wrote()

    as_admin.post(
        reverse("admin:conversations_conversation_changelist"),
        {"action": "resolve", "_selected_action": [conversation.pk]},
    )

    assert Conversation.objects.get().mode == Conversation.Mode.CLOSED


def test_a_new_key_is_shown_once_and_audited(as_admin: Client) -> None:
    answer = as_admin.post(
        reverse("admin:core_apikey_add"),
        {"name": "CRM", "role": "api-client", "scopes": '["messages:send", "messages:send"]', "team": ""},
        follow=True,
    )

    key = ApiKey.objects.get()
    assert f"sak_{key.prefix}_" in answer.content.decode()
    assert (key.scopes, key.created_by) == (["messages:send"], User.objects.get(role=Role.ADMIN))
    event = AuditEvent.objects.get(target_kind="core.apikey")
    assert (event.action, event.target_id) == ("key.created", str(key.pk))
    again = as_admin.get(reverse("admin:core_apikey_changelist")).content.decode()
    assert f"sak_{key.prefix}_" not in again


@pytest.mark.parametrize(
    ("role", "scopes", "told"),
    [
        ("api-client", "[]", "may do only what its scopes say"),
        ("api-client", '["everything"]', "There is no scope"),
        ("admin", '["messages:send"]', "Scopes are for api-client keys"),
        ("api-client", '"messages:send"', "Write them as a list"),
        ("api-client", "[1]", "Write them as a list"),
        ("api-client", "nonsense", "Enter a valid JSON"),
    ],
)
def test_a_key_that_makes_no_sense_is_told_in_the_form(as_admin: Client, role: str, scopes: str, told: str) -> None:
    answer = as_admin.post(
        reverse("admin:core_apikey_add"), {"name": "CRM", "role": role, "scopes": scopes, "team": ""}, follow=True
    )

    assert told in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_keys_are_revoked_once_and_audited(as_admin: Client) -> None:
    key, _ = make_api_key()
    for _ in range(2):
        as_admin.post(reverse("admin:core_apikey_changelist"), {"action": "revoke", "_selected_action": [key.pk]})

    key.refresh_from_db()
    assert key.revoked_at is not None
    assert [event.action for event in AuditEvent.objects.filter(target_kind="core.apikey")] == ["key.revoked"]


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    answer = client.get("/admin/")

    assert answer.status_code == 302
    assert "login" in answer.headers["Location"]


def switches(account: PlatformAccount, **values: str) -> dict[str, str]:
    """The account's form as it would be sent, with some fields filled in anew."""
    kept = {
        "name": account.name,
        "languages": "",
        "ask_name": "off",
        "ask_email": "off",
        "origins": "",
        "bot_enabled": "on",
    }
    return kept | values


def test_an_admin_sets_what_a_web_chat_may_and_asks(as_admin: Client) -> None:
    account = make_account(platform="webchat", secrets={"secret": "a-secret-of-the-site-of-32-signs"})
    url = reverse("admin:integrations_platformaccount_change", args=[account.pk])
    origins = " HTTPS://Shop.example/ \r\n\r\nhttp://localhost:3000\r\nhttps://shop.example"

    answer = as_admin.post(
        url, switches(account, origins=origins, ask_name="optional", ask_email="required", identity_required="on")
    )

    account.refresh_from_db()
    assert answer.status_code == 302
    assert account.origins == ["https://shop.example", "http://localhost:3000"]
    assert (account.ask_name, account.ask_email) == ("optional", "required")
    assert (account.identity_required, account.takes_files) == (True, False)
    changed = AuditEvent.objects.get(action="account.changed").after["fields"]
    assert {"origins", "ask_name", "ask_email", "identity_required", "takes_files"} <= set(changed)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"origins": "https://shop.example/chat"}, "An origin is only a scheme"),
        ({"identity_required": "on"}, "New secret"),
        ({"ask_name": "perhaps"}, "Select a valid choice"),
    ],
)
def test_a_switch_that_cannot_be_is_refused_in_words(as_admin: Client, values: dict[str, str], words: str) -> None:
    account = make_account(platform="webchat")
    url = reverse("admin:integrations_platformaccount_change", args=[account.pk])

    answer = as_admin.post(url, switches(account, **values))

    assert words in answer.content.decode()
    assert not AuditEvent.objects.filter(action="account.changed").exists()


def test_an_account_of_another_platform_has_no_switches_of_the_web_chat(as_admin: Client) -> None:
    url = reverse("admin:integrations_platformaccount_change", args=[make_account().pk])

    assert "ask_name" not in as_admin.get(url).content.decode()


def test_the_admin_shows_no_address(as_admin: Client) -> None:
    customer = make_customer(email="ada@mail.example", details_from="visitor")
    url = reverse("admin:conversations_customer_change", args=[customer.pk])

    page = as_admin.get(url).content.decode()

    assert "[e-mail]" in page
    assert "ada@mail.example" not in page


def test_a_new_secret_of_a_tool_is_in_the_answer_that_made_it_and_nowhere_else(as_admin: Client) -> None:
    tool, _ = Tool.objects.get_or_create(name=Tool.Name.ORDER_STATUS)
    url = reverse("admin:agent_tool_change", args=[tool.pk])
    sent = {"is_enabled": "on", "url": "http://127.0.0.1:9/orders", "timeout_seconds": "3"}

    answer = as_admin.post(url, sent)

    tool.refresh_from_db()
    assert tool.secrets["secret"] in answer.content.decode()
    assert tool.secrets["secret"] not in str(dict(as_admin.session))
    assert AuditEvent.objects.filter(action="tool.changed").count() == 1
    assert as_admin.post(url, sent).status_code == 302
