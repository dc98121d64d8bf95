"""The admin pages of people, keys and the audit trail."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from core import audit
from core.models import ApiKey, AuditEvent, AuditSeal, Lease, Team, User, WorkerHeartbeat, new_secret
from core.policy import Action
from core.policy_admin import PolicyAdmin

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
        audit.record(
            _who(request), "user.changed" if change else "user.added", obj, after={"fields": fields, "role": obj.role}
        )


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


@admin.register(ApiKey)
class ApiKeyAdmin(PolicyAdmin):
    """Keys for programs. The secret is shown once, when a key is made."""

    view_action = add_action = Action.MANAGE_API_KEYS
    list_display = ["name", "prefix", "role", "team", "last_used_at", "revoked_at"]
    list_filter = ["role"]
    search_fields = ["name", "prefix"]
    fields = ["name", "role", "scopes", "team"]
    autocomplete_fields = ["team"]
    actions = ["revoke"]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        """Make the key and show it."""
        obj.prefix, whole, obj.secret_hash = new_secret()
        obj.created_by = _who(request)
        super().save_model(request, obj, form, change)
        audit.record(_who(request), "apikey.created", obj, after={"role": obj.role, "scopes": obj.scopes})
        self.message_user(request, f"Copy the key now, it is not shown again: {whole}", messages.WARNING)

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, keys: "QuerySet[ApiKey]") -> None:
        """End the chosen keys."""
        for key in keys.filter(revoked_at=None):
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at"])
            audit.record(_who(request), "apikey.revoked", key)
        self.message_user(request, "Revoked. Programs that use them are refused from now on.", messages.SUCCESS)


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


def _who(request: HttpRequest) -> User:
    user: Any = request.user
    found: User = user
    return found
