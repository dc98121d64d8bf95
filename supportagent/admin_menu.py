"""The admin's menu: what there is, grouped by what people come for, each with the doors that open for them."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from supportagent.navigation import navigation as main_navigation


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A heading and its pages, each an icon of Material Symbols and a model's label; a folded one opens on request."""

    title: str
    pages: tuple[tuple[str, str], ...]
    is_folded: bool = False


GROUPS = (
    Group(
        title="What the bot says",
        pages=(
            ("rocket_launch", "agent.release"),
            ("tune", "agent.agentconfig"),
            ("chat", "agent.replytemplate"),
            ("menu_book", "agent.article"),
            ("sell", "agent.product"),
            ("schedule", "core.openingcalendar"),
            ("upload_file", "agent.importjob"),
            ("rule", "agent.knowledgefinding"),
        ),
    ),
    Group(
        title="How it decides",
        pages=(
            ("label", "agent.intent"),
            ("toggle_off", "agent.intentswitch"),
            ("school", "agent.trainingexample"),
            ("format_quote", "agent.phrase"),
            ("priority_high", "agent.escalationrule"),
            ("handyman", "agent.tool"),
        ),
    ),
    Group(
        title="What happened",
        pages=(
            ("forum", "conversations.conversation"),
            ("mail", "conversations.message"),
            ("support_agent", "conversations.escalation"),
            ("send", "conversations.delivery"),
            ("handshake", "conversations.promise"),
            ("smart_toy", "agent.agentrun"),
            ("build", "agent.toolcall"),
            ("handshake", "agent.lead"),
            ("approval", "agent.approval"),
            ("replay", "agent.replay"),
            ("group", "conversations.customer"),
            ("webhook", "integrations.webhookevent"),
        ),
    ),
    Group(
        title="Accounts and people",
        pages=(
            ("hub", "integrations.platformaccount"),
            ("podcasts", "integrations.subscription"),
            ("person", "core.user"),
            ("groups", "core.team"),
            ("key", "core.apikey"),
            ("history", "core.auditevent"),
        ),
    ),
    Group(
        title="Data rights",
        pages=(
            ("download", "privacy.export"),
            ("delete_forever", "privacy.erasure"),
        ),
    ),
    Group(
        title="Inner workings",
        is_folded=True,
        pages=(
            ("description", "agent.articleversion"),
            ("notes", "agent.passage"),
            ("draft", "agent.importfile"),
            ("memory", "agent.enginebuild"),
            ("data_array", "agent.textvector"),
            ("payments", "agent.spendledger"),
            ("list_alt", "agent.dialogue"),
            ("timeline", "conversations.episode"),
            ("sticky_note_2", "conversations.note"),
            ("attach_file", "conversations.attachment"),
            ("outbox", "conversations.deliveryattempt"),
            ("fingerprint", "conversations.seenkey"),
            ("edit_note", "workspace.draft"),
            ("fitness_center", "workspace.drillrun"),
            ("person_pin", "integrations.visitor"),
            ("verified_user", "integrations.identifiedperson"),
            ("speed", "integrations.sendwindow"),
            ("outgoing_mail", "integrations.eventdelivery"),
            ("forward_to_inbox", "integrations.eventattempt"),
            ("output", "conversations.fact"),
            ("bar_chart", "analytics.analytics"),
            ("query_stats", "analytics.episodefact"),
            ("monitor_heart", "core.workerheartbeat"),
            ("lock_clock", "core.lease"),
            ("verified", "core.auditseal"),
            ("password", "mfa.authenticator"),
            ("alternate_email", "account.emailaddress"),
            ("schedule", "django_celery_beat.periodictask"),
            ("more_time", "django_celery_beat.intervalschedule"),
            ("calendar_month", "django_celery_beat.crontabschedule"),
            ("alarm", "django_celery_beat.clockedschedule"),
            ("sunny", "django_celery_beat.solarschedule"),
        ),
    ),
)
_OTHER_ICONS = {
    "/workspace/": "inbox",
    "/dashboard/": "monitoring",
    "/operations/": "monitor_heart",
    "/knowledge/gaps/": "help_center",
}


def mark(_: HttpRequest | None = None) -> str:
    """The address of the product's mark."""
    return static("img/mark.svg")


def style_sheet(_: HttpRequest | None = None) -> str:
    """The address of what our own pages of the admin need."""
    return static("css/admin.css")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar as django-unfold wants it; groups in which nothing opens are left out."""
    ways_out = _ways_out(request)
    groups: list[dict[str, Any]] = [{"title": None, "items": ways_out}] if ways_out else []
    for group in GROUPS:
        pages = [(icon, admin.site.get_model_admin(apps.get_model(label))) for icon, label in group.pages]
        items = [_item(page, icon) for icon, page in pages if page.has_view_permission(request)]
        if items:
            groups.append(
                {"title": group.title, "items": items, "collapsible": group.is_folded, "separator": bool(groups)}
            )
    return groups


def _item(page: "admin.ModelAdmin[Any]", icon: str) -> dict[str, Any]:
    meta = page.model._meta
    title = str(meta.verbose_name_plural)
    return {
        "title": title[:1].upper() + title[1:],
        "icon": icon,
        "link": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"),
    }


def _ways_out(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"title": link["label"], "icon": _OTHER_ICONS[link["url"]], "link": link["url"], "active": False}
        for link in main_navigation(request)["nav"]
        if link["url"] in _OTHER_ICONS
    ]
