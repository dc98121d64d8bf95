"""The admin pages of people, keys and the audit trail."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from core import audit, keys
from core.models import (
    ApiKey,
    AuditEvent,
    AuditSeal,
    Lease,
    OpeningCalendar,
    OpeningSpan,
    SpecialDay,
    Team,
    User,
    WorkerHeartbeat,
)
from core.policy import Action, Role
from core.policy_admin import EditedInline, PolicyAdmin

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(PolicyAdmin):
    """People, their role and their teams."""

    view_action = change_action = add_action = Action.MANAGE_PEOPLE
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active", "teams"]
    search_fields = ["username", "first_name", "last_name", "email"]
    filter_horizontal = ["teams"]
    readonly_fields = ["last_login", "date_joined", "public_id"]
    fieldsets = [
        (None, {"fields": ["username", "first_name", "last_name", "email"]}),
        ("Access", {"fields": ["role", "teams", "is_active", "is_staff", "languages"]}),
        ("History", {"fields": ["last_login", "date_joined", "public_id"]}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "password1", "password2"]})]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new person begins with a name and a password."""
        return self.fieldsets if obj else self.add_fieldsets

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form that fits."""
        if obj is None:
            kwargs["form"] = self.add_form
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        """Keep the person and say so in the audit trail; whoever is made here may enter the admin's pages."""
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)
        fields = [name for name in form.changed_data if "password" not in name]
        before = _access(form.initial) if change else {}
        after = {"fields": fields, **(_access(form.cleaned_data) if change else {"role": obj.role})}
        audit.record(_who(request), "user.changed" if change else "user.added", obj, before=before, after=after)


@admin.register(Team)
class TeamAdmin(PolicyAdmin):
    """Teams."""

    view_action = change_action = add_action = Action.MANAGE_PEOPLE
    list_display = ["name", "created_at"]
    search_fields = ["name"]
    fields = ["name"]

    def save_model(self, request: HttpRequest, obj: Team, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        """Keep the team and say so in the audit trail."""
        super().save_model(request, obj, form, change)
        audit.record(_who(request), "team.changed" if change else "team.added", obj, after={"name": obj.name})


class ApiKeyForm(ModelForm):  # type: ignore[type-arg]
    """A new key; what makes no sense is told beside its scopes."""

    def clean(self) -> dict[str, Any] | None:
        """The fields, with scopes that fit the role."""
        super().clean()
        if not {"role", "scopes"} <= set(self.cleaned_data):
            return self.cleaned_data
        given = self.cleaned_data["scopes"] or []
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            self.add_error("scopes", 'Write them as a list: ["conversations:read", "messages:send"].')
            return self.cleaned_data
        try:
            self.cleaned_data["scopes"] = keys.scopes_for(Role(self.cleaned_data["role"]), given)
        except keys.KeyNotPossible as error:
            self.add_error("scopes", str(error))
        return self.cleaned_data


@admin.register(ApiKey)
class ApiKeyAdmin(PolicyAdmin):
    """Keys for programs. The secret is shown once, when a key is made."""

    form = ApiKeyForm
    view_action = add_action = Action.MANAGE_API_KEYS
    list_display = ["name", "prefix", "role", "team", "last_used_at", "revoked_at"]
    list_filter = ["role"]
    search_fields = ["name", "prefix"]
    fields = ["name", "role", "scopes", "team"]
    autocomplete_fields = ["team"]
    actions = ["revoke"]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        """Make the key and show it."""
        made, secret = keys.create(obj.name, role=Role(obj.role), scopes=obj.scopes, team=obj.team, by=_who(request))
        # The admin goes on with the row that it was about to save.
        obj.pk = made.pk
        obj.refresh_from_db()
        self.show_once(request, f"The key of {obj.name}", secret)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The page that shows the key."""
        return self.shown_once(request) or super().response_add(request, obj, post_url_continue)

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, chosen: "QuerySet[ApiKey]") -> None:
        """End the chosen keys."""
        for key in chosen:
            keys.revoke(key, by=_who(request))
        self.message_user(request, "Revoked. Programs that use them are refused from now on.", messages.SUCCESS)


class OpeningSpanInline(EditedInline):
    """The week."""

    model = OpeningSpan
    fields = ["weekday", "opens", "closes"]


class SpecialDayInline(EditedInline):
    """Holidays, and days with other hours."""

    model = SpecialDay
    fields = ["day", "name", "opens", "closes"]


@admin.register(OpeningCalendar)
class OpeningCalendarAdmin(PolicyAdmin):
    """When the business is open. Customers are told of it, so whoever may change what the bot says changes it."""

    view_action = Action.EVALUATE
    change_action = add_action = Action.EDIT_PROMPTS
    list_display = ["__str__", "updated_at"]
    fields = ["time_zone"]
    inlines = [OpeningSpanInline, SpecialDayInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """One is enough."""
        return super().has_add_permission(request) and not OpeningCalendar.objects.exists()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Keep the spans and days, and say so in the audit trail."""
        super().save_related(request, form, formsets, change)
        calendar: OpeningCalendar = form.instance
        after = {
            "time_zone": calendar.time_zone,
            "week": [str(span) for span in calendar.spans.all()],
            "special_days": [
                f"{each.day} {each.opens or ''} {each.closes or ''}".strip() for each in calendar.special_days.all()
            ],
        }
        audit.record(_who(request), "hours.changed" if change else "hours.added", calendar, after=after)


@admin.register(AuditEvent)
class AuditEventAdmin(PolicyAdmin):
    """What was done, by whom."""

    view_action = Action.VIEW_AUDIT
    list_display = ["at", "actor_name", "action", "target_kind", "target_id", "reason"]
    list_filter = ["action", "actor_kind"]
    search_fields = ["actor_name", "action", "target_id"]
    date_hierarchy = "at"


@admin.register(AuditSeal)
class AuditSealAdmin(PolicyAdmin):
    """The chain over the audit trail."""

    view_action = Action.VIEW_AUDIT
    list_display = ["position", "event", "hash"]
    list_select_related = ["event"]


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(PolicyAdmin):
    """Which processes live."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["process", "kind", "at"]


@admin.register(Lease)
class LeaseAdmin(PolicyAdmin):
    """Who holds which periodic job."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["name", "owner", "until"]


def _access(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of a person's form says how far they get: before from what it began with, after from what was sent."""
    return {
        "role": str(values["role"]),
        "teams": sorted(team.name for team in values["teams"]),
        "is_active": bool(values["is_active"]),
    }


def _who(request: HttpRequest) -> User:
    user: Any = request.user
    found: User = user
    return found
