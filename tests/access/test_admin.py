"""Each role at each page of the admin: lists, rows, forms and the buttons of a row. A page without an entry fails."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from agent.models import Article
from core.policy import Action, Role
from integrations import accounts
from integrations.models import PlatformAccount
from tests.access.matrix import permits
from tests.access.rows import rows_of, shared_rows
from tests.factories import make_account, make_release, make_team, make_user

pytestmark = pytest.mark.django_db

STAFF = [role for role in Role if role != Role.API_CLIENT]
NOBODY: tuple[Action, ...] = ()
EVALUATE, OPERATE, ALL = (Action.EVALUATE,), (Action.VIEW_OPERATIONS,), (Action.VIEW_ALL_CONVERSATIONS,)

# Of each table: who reads it, who edits a row, who adds one. Any of the named rights is enough.
TABLES: dict[str, tuple[tuple[Action, ...], tuple[Action, ...], tuple[Action, ...]]] = {
    **dict.fromkeys(("core.user", "core.team"), ((Action.MANAGE_PEOPLE,),) * 3),
    "core.apikey": ((Action.MANAGE_API_KEYS,), NOBODY, (Action.MANAGE_API_KEYS,)),
    **dict.fromkeys(("core.auditevent", "core.auditseal"), ((Action.VIEW_AUDIT,), NOBODY, NOBODY)),
    **dict.fromkeys(("core.workerheartbeat", "core.lease"), (OPERATE, NOBODY, NOBODY)),
    **dict.fromkeys(
        (
            "conversations.conversation", "conversations.message", "conversations.escalation", "conversations.delivery",
            "conversations.note", "conversations.promise", "conversations.episode", "conversations.attachment", "conversations.deliveryattempt",
            "conversations.seenkey", "conversations.fact", "conversations.customer", "integrations.webhookevent",
            "integrations.visitor", "integrations.identifiedperson", "agent.agentrun", "agent.replay", "agent.approval", "agent.dialogue",
            "agent.lead", "agent.toolcall", "analytics.episodefact",
        ),
        (ALL, NOBODY, NOBODY),
    ),
    "integrations.platformaccount": ((Action.MANAGE_ACCOUNTS,), (Action.MANAGE_ACCOUNTS,), NOBODY),
    "integrations.subscription": ((Action.MANAGE_ACCOUNTS,), NOBODY, NOBODY),
    **dict.fromkeys(
        (
            "integrations.sendwindow", "integrations.eventdelivery", "integrations.eventattempt", "agent.spendledger",
            "workspace.draft", "workspace.drillrun",
        ),
        (OPERATE, NOBODY, NOBODY),
    ),
    **dict.fromkeys(
        (
            "agent.agentconfig", "agent.replytemplate", "agent.escalationrule", "agent.intent", "agent.trainingexample",
            "agent.phrase",
        ),
        (EVALUATE, (Action.EDIT_PROMPTS,), NOBODY),
    ),
    "agent.article": ((Action.EVALUATE, Action.EDIT_KNOWLEDGE), (Action.EDIT_KNOWLEDGE,), (Action.EDIT_KNOWLEDGE,)),
    "agent.intentswitch": (EVALUATE, (Action.PAUSE_BOT,), (Action.PAUSE_BOT,)),
    "agent.tool": (EVALUATE, (Action.MANAGE_ACCOUNTS,), NOBODY),
    **dict.fromkeys(
        ("agent.product", "core.openingcalendar"), (EVALUATE, (Action.EDIT_PROMPTS,), (Action.EDIT_PROMPTS,))
    ),
    "agent.importjob": ((Action.EDIT_KNOWLEDGE,), NOBODY, (Action.EDIT_KNOWLEDGE,)),
    "agent.knowledgefinding": ((Action.EDIT_KNOWLEDGE,), NOBODY, NOBODY),
    "agent.importfile": ((Action.EDIT_KNOWLEDGE,), NOBODY, NOBODY),
    **dict.fromkeys(
        ("agent.articleversion", "agent.passage", "agent.release", "agent.enginebuild", "agent.textvector"),
        (EVALUATE, NOBODY, NOBODY),
    ),
    "analytics.analytics": ((Action.VIEW_ANALYTICS,), NOBODY, NOBODY),
    "privacy.erasure": ((Action.ERASE_SUBJECT,), NOBODY, NOBODY),
    "privacy.export": ((Action.EXPORT_CONVERSATIONS,), NOBODY, (Action.EXPORT_CONVERSATIONS,)),
    # The libraries' own tables are for nobody here: the clock's jobs are the code's, addresses and factors the person's.
    **dict.fromkeys(
        (
            "django_celery_beat.periodictask", "django_celery_beat.clockedschedule", "django_celery_beat.crontabschedule",
            "django_celery_beat.solarschedule", "django_celery_beat.intervalschedule", "account.emailaddress",
            "mfa.authenticator",
        ),
        (NOBODY, NOBODY, NOBODY),
    ),
}  # fmt: skip

# The buttons of a row or a list, and the rights each wants.
BUTTONS: dict[str, Action | tuple[Action, ...]] = {
    "agent_release_publish": Action.PUBLISH_PROMPTS,
    "agent_release_roll_back": Action.PUBLISH_PROMPTS,
    "agent_release_draft": Action.EDIT_PROMPTS,
    "agent_agentrun_replay": (Action.VIEW_ALL_CONVERSATIONS, Action.EVALUATE),
    "agent_agentrun_what_if": (Action.VIEW_ALL_CONVERSATIONS, Action.EVALUATE),
    "agent_article_withdraw": Action.EDIT_KNOWLEDGE,
    "integrations_platformaccount_connect_tiktok": Action.MANAGE_ACCOUNTS,
    "integrations_platformaccount_connect_linkedin": Action.MANAGE_ACCOUNTS,
    "integrations_platformaccount_reconnect": Action.MANAGE_ACCOUNTS,
    "integrations_platformaccount_new_secret": Action.ROTATE_KEYS,
    "integrations_platformaccount_end_older_secret": Action.ROTATE_KEYS,
    "conversations_customer_export_person": Action.ERASE_SUBJECT,
    "conversations_customer_erase_person": Action.ERASE_SUBJECT,
}
# Every person of the house, whatever their role: the start, one's own password, and searches that show what one may see.
EVERYBODY = {"index", "login", "logout", "password_change", "password_change_done", "jsi18n", "search", "autocomplete", "view_on_site", "app_list"}  # fmt: skip


def may(role: Role, rights: tuple[Action, ...]) -> bool:
    """Whether one of the rights is the role's."""
    return any(permits(role, right) for right in rights)


def signed_in(role: Role) -> Client:
    """A browser of somebody with this role."""
    client = Client()
    client.force_login(make_user(role=role, team=make_team()))
    return client


def with_a_secret(*, older: bool) -> PlatformAccount:
    """A web chat whose site says who its visitors are; with an ``older`` secret that is valid too."""
    account = make_account(platform="webchat", team=make_team())
    for _ in range(2 if older else 1):
        account = accounts.rotate_secret(account)
    return account


def refused(answer: Any) -> bool:
    """Whether the answer is a refusal; another sign-in or a mistake is none."""
    assert answer.status_code in {200, 302, 403}, (answer.status_code, answer.content[:300])
    assert "login" not in answer.headers.get("Location", "")
    return bool(answer.status_code == 403)


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("label", TABLES)
def test_a_table_opens_for_whom_the_matrix_names(label: str, role: Role, asked: set[Action]) -> None:
    client = signed_in(role)
    views, changes, adds = TABLES[label]
    name = f"admin:{label.replace('.', '_')}"
    asked.clear()

    listed = client.get(reverse(f"{name}_changelist"))
    assert refused(listed) or asked & set(views), "opened unasked"
    # A row that is not there is judged by the same rights before it is looked for.
    read = client.get(reverse(f"{name}_change", args=[0]))
    edited = client.post(reverse(f"{name}_change", args=[0]), {})
    form = client.get(reverse(f"{name}_add"))
    added = client.post(reverse(f"{name}_add"), {})
    deleted = client.post(reverse(f"{name}_delete", args=[0]), {"post": "yes"})

    assert {
        "list": not refused(listed), "read": not refused(read), "edit": not refused(edited),
        "form": not refused(form), "add": not refused(added), "delete": not refused(deleted),
    } == {
        "list": may(role, views), "read": may(role, views), "edit": may(role, changes),
        "form": may(role, adds), "add": may(role, adds), "delete": False,
    }  # fmt: skip


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("button", BUTTONS)
def test_a_button_is_for_whom_the_matrix_names(button: str, role: Role, asked: set[Action]) -> None:
    release, team = make_release(), rows_of(make_team())
    rows = {
        "agent_release": release.pk, "agent_agentrun": team.run.pk, "agent_article": shared_rows().article.pk,
        "conversations_customer": team.closed.customer.pk, "integrations_platformaccount": team.account.pk,
    }  # fmt: skip
    client, of_a_list = signed_in(role), "_connect_" in button
    if button.endswith("_secret"):
        rows["integrations_platformaccount"] = with_a_secret(older="_older_" in button).pk
    # "Own" is what somebody looks after; of others' articles test_knowledge_rights tells.
    Article.objects.update(owner=client.session["_auth_user_id"])
    table = next(table for table in rows if button.startswith(table))
    address = reverse(f"admin:{button}", args=[] if of_a_list else [rows[table]])
    asked.clear()

    shown, pressed = client.get(address), client.post(address, {})

    needs = BUTTONS[button]
    wanted = set(needs) if isinstance(needs, tuple) else {needs}
    opens = all(permits(role, need) for need in wanted)
    assert [refused(shown), refused(pressed)] == [not opens] * 2
    assert not opens or asked >= wanted


def test_every_table_has_an_entry() -> None:
    assert {model._meta.label_lower for model in admin.site._registry} == set(TABLES)


def admin_names(patterns: Any = None, before: str = "") -> Iterator[str]:
    """The names of the admin's addresses."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        address = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from admin_names(each.url_patterns, address)
        elif isinstance(each, URLPattern) and address.startswith("admin/") and each.name:
            yield each.name


def test_every_address_of_the_admin_has_an_entry() -> None:
    of_tables = {
        f"{label.replace('.', '_')}_{page}"
        for label in TABLES
        for page in ("changelist", "add", "change", "delete", "history")
    }

    assert set(admin_names()) - of_tables - EVERYBODY == set(BUTTONS)


def test_what_everybody_finds_there_shows_no_table_that_is_not_theirs() -> None:
    client = signed_in(Role.VIEWER)
    hidden = make_user(username="zq-hidden")

    for address in (f"/admin/search/?s={hidden.username}", "/admin/"):
        answer = client.get(address)
        assert (answer.status_code, hidden.username in answer.content.decode().replace(f"s={hidden.username}", "")) == (
            200,
            False,
        )
    found = client.get(
        "/admin/autocomplete/", {"app_label": "core", "model_name": "apikey", "field_name": "team", "term": ""}
    )
    assert found.status_code == 403
