"""Admin pages that ask the policy. They show; what changes something is an action that calls a service."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.contrib import messages
from django.db import models
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline

from core.policy import Action, allows

# A request does what it is asked while somebody waits for it; a whole table would hold a process for minutes.
MOST_AT_ONCE = 50

Row = TypeVar("Row", bound=models.Model)


class PolicyAdmin(ModelAdmin):  # type: ignore[misc]
    """An admin page whose permissions are the policy's: ``view_action`` to see, ``change_action`` to edit, none to delete."""

    view_action: Action = Action.MANAGE_PEOPLE
    change_action: Action | None = None
    add_action: Action | None = None
    list_per_page = 50
    show_full_result_count = False
    list_fullwidth = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the app is listed."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whether the rows may be read."""
        return _may(request, self.view_action)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whether a row may be edited."""
        return self.change_action is not None and _may(request, self.change_action)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether a row may be made here."""
        return self.add_action is not None and _may(request, self.add_action)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never: rows end by a service, not by disappearing."""
        return False

    def each(self, request: HttpRequest, rows: Iterable[Row], deed: Callable[[Row], Any], *, done: str) -> None:
        """Do ``deed`` to each row, MOST_AT_ONCE at most, and report how many it was done to and what stood against the others."""
        succeeded = 0
        chosen = list(rows[: MOST_AT_ONCE + 1]) if isinstance(rows, models.QuerySet) else list(rows)
        if len(chosen) > MOST_AT_ONCE:
            self.message_user(request, f"Choose {MOST_AT_ONCE} rows at most; nothing was done.", messages.ERROR)
            return
        for row in chosen:
            try:
                deed(row)
            except self.expected_errors() as problem:
                self.message_user(request, f"{row}: {problem}", messages.ERROR)
            else:
                succeeded += 1
        if succeeded:
            self.message_user(request, f"{done}: {succeeded}.", messages.SUCCESS)

    def show_once(self, request: HttpRequest, what: str, secret: str) -> None:
        """Let the answer to this request show a secret that was just made; nothing else ever does, and nothing keeps it."""
        request.secret_made = (what, secret)  # type: ignore[attr-defined]

    def shown_once(self, request: HttpRequest) -> TemplateResponse | None:
        """The page with the secret that this request made; None where it made none."""
        made = getattr(request, "secret_made", None)
        if made is None:
            return None
        what, secret = made
        meta = self.model._meta
        context = {
            **self.admin_site.each_context(request),
            "opts": meta,
            "what": what,
            "secret": secret,
            "back_url": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"),
        }
        return TemplateResponse(request, "admin/shown_once.html", context)

    @staticmethod
    def expected_errors() -> tuple[type[Exception], ...]:
        """The errors whose message is meant for the person who asked."""
        return ()


class RowsInline(TabularInline):  # type: ignore[misc]
    """Rows that belong to another, only to be read."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whoever sees the row sees what belongs to it."""
        return True


class EditedInline(TabularInline):  # type: ignore[misc]
    """Rows that belong to another, edited with it by whoever may edit that one."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whoever sees the row sees what belongs to it."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """As the row itself."""
        return self._may_edit(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """As the row itself."""
        return self._may_edit(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """As the row itself."""
        return self._may_edit(request)

    def _may_edit(self, request: HttpRequest) -> bool:
        return bool(self.admin_site.get_model_admin(self.parent_model).has_change_permission(request))


def _may(request: HttpRequest, action: Action) -> bool:
    user: Any = request.user
    return bool(user.is_authenticated and user.is_staff and allows(user, action))
