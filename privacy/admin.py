"""Data rights in the admin: on the customer, and the lists of what was asked for."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action

from conversations.admin import CustomerAdmin
from conversations.models import Conversation, Customer
from core.exceptions import NotAllowed, TooManyExports
from core.models import User
from core.policy import Action, allows
from core.policy_admin import PolicyAdmin
from privacy import services
from privacy.exceptions import PrivacyError
from privacy.forms import ConfirmErasure, NewExport
from privacy.models import Erasure, Export

EXPECTED = (PrivacyError, NotAllowed, TooManyExports)

admin.site.unregister(Customer)


@admin.register(Customer)
class CustomerWithRightsAdmin(CustomerAdmin):
    """Customers, and what a customer may ask for."""

    actions_detail = ["export_person", "erase_person"]

    @action(description="Export this person", url_path="export-person", icon="download", permissions=["rights"])  # type: ignore[untyped-decorator]
    def export_person(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask for a file with everything about a customer."""
        customer = self._customer(request, object_id)
        if request.method != "POST":
            return self._confirm(request, customer, "admin/privacy/export_person.html", {})
        try:
            export = services.request_person_export(customer, _who(request))
        except EXPECTED as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:conversations_customer_change", args=[customer.pk]))
        waits = export.state == Export.State.REQUESTED
        told = (
            "Asked for. Another admin has to agree." if waits else "The file is being written. It waits here for a day."
        )
        self.message_user(request, told, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:privacy_export_changelist"))

    @action(description="Erase this person", url_path="erase-person", icon="delete_forever", permissions=["rights"])  # type: ignore[untyped-decorator]
    def erase_person(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask for a customer to be erased; the word ERASE has to be written."""
        customer = self._customer(request, object_id)
        form = ConfirmErasure(request.POST or None)
        if request.method != "POST" or not form.is_valid():
            return self._confirm(request, customer, "admin/privacy/erase_person.html", {"form": form})
        try:
            erasure = services.request_erasure(customer, _who(request))
        except EXPECTED as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:conversations_customer_change", args=[customer.pk]))
        waits = erasure.state == Erasure.State.REQUESTED
        told = "Asked for. Another admin has to agree." if waits else "The person is being erased. It takes a moment."
        self.message_user(request, told, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:privacy_erasure_changelist"))

    def has_rights_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whether the two buttons are shown."""
        return allows(_who(request), Action.ERASE_SUBJECT)

    def _customer(self, request: HttpRequest, object_id: int) -> Customer:
        if not self.has_rights_permission(request):
            raise PermissionDenied
        return Customer.objects.get(pk=object_id)

    def _confirm(
        self, request: HttpRequest, customer: Customer, template: str, more: dict[str, Any]
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "customer": customer,
            "conversations": Conversation.objects.filter(customer=customer).count(),
            "back_url": reverse("admin:conversations_customer_change", args=[customer.pk]),
            **more,
        }
        return TemplateResponse(request, template, context)


@admin.register(Erasure)
class ErasureAdmin(PolicyAdmin):
    """Who is to be erased, and was. A second person agrees here."""

    view_action = Action.ERASE_SUBJECT
    list_display = ["created_at", "customer", "state", "requested_by", "decided_by", "done_at"]
    list_filter = ["state"]
    list_select_related = ["customer", "requested_by", "decided_by"]
    exclude = ["files"]
    actions = ["agree", "decline"]

    @staticmethod
    def expected_errors() -> tuple[type[Exception], ...]:
        """The rules of data rights and the policy."""
        return EXPECTED

    @admin.action(description="Agree: erase for good")
    def agree(self, request: HttpRequest, erasures: "QuerySet[Erasure]") -> None:
        """Let the chosen ones begin."""
        self.each(request, erasures, lambda row: services.approve_erasure(row, _who(request)), done="Begun")

    @admin.action(description="Decline")
    def decline(self, request: HttpRequest, erasures: "QuerySet[Erasure]") -> None:
        """Erase nobody."""
        self.each(request, erasures, lambda row: services.decline_erasure(row, _who(request)), done="Declined")


@admin.register(Export)
class ExportAdmin(PolicyAdmin):
    """Files that were asked for. Each is there for a day, for whoever asked."""

    view_action = add_action = Action.EXPORT_CONVERSATIONS
    list_display = ["created_at", "kind", "state", "requested_by", "decided_by", "rows", "download", "problem"]
    list_filter = ["state", "kind"]
    list_select_related = ["requested_by", "decided_by"]
    actions = ["agree", "decline"]
    form = NewExport

    @staticmethod
    def expected_errors() -> tuple[type[Exception], ...]:
        """The rules of data rights and the policy."""
        return EXPECTED

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Export]":
        """Whoever may not export people does not see who was."""
        found: QuerySet[Export] = super().get_queryset(request)
        if allows(_who(request), Action.ERASE_SUBJECT):
            return found
        return found.filter(kind=Export.Kind.CONVERSATIONS)

    def get_fields(self, request: HttpRequest, obj: Export | None = None) -> list[str]:
        """A new one needs only a period."""
        shown = [
            "kind",
            "state",
            "since",
            "until",
            "requested_by",
            "decided_by",
            "rows",
            "size",
            "ready_at",
            "expires_at",
        ]
        return [*shown, "problem"] if obj else ["first_day", "last_day"]

    def save_model(self, request: HttpRequest, obj: Export, form: Any, change: bool) -> None:
        """Ask for the file; what is asked for is written in the background."""
        made = services.request_messages_export(_who(request), since=form.since(), until=form.until())
        obj.pk = made.pk
        obj.refresh_from_db()

    def changeform_view(self, request: HttpRequest, *rest: Any, **more: Any) -> Any:
        """What the rules refuse is said on the list."""
        try:
            return super().changeform_view(request, *rest, **more)
        except EXPECTED as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:privacy_export_changelist"))

    @admin.display(description="File")
    def download(self, export: Export) -> str:
        """The way to the file."""
        if export.state != Export.State.READY:
            return ""
        return format_html('<a href="{}">Download</a>', reverse("exported-file", args=[export.public_id]))

    @admin.action(description="Agree: write the file")
    def agree(self, request: HttpRequest, exports: "QuerySet[Export]") -> None:
        """Let the chosen ones be written."""
        self.each(request, exports, lambda row: services.decide_export(row, _who(request), agreed=True), done="Agreed")

    @admin.action(description="Decline")
    def decline(self, request: HttpRequest, exports: "QuerySet[Export]") -> None:
        """Write nothing."""
        self.each(
            request, exports, lambda row: services.decide_export(row, _who(request), agreed=False), done="Declined"
        )


def _who(request: HttpRequest) -> User:
    return cast(User, request.user)
