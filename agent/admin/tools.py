"""Tools in the admin: their switches and settings, the catalogue, and what they did. What is saved holds at once."""

from typing import Any

import httpx2
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display
from unfold.widgets import UnfoldBooleanSwitchWidget

from agent.admin.base import AgentAdmin
from agent.models import Approval, Dialogue, Lead, PriceTier, Product, Tool, ToolCall
from core import audit, egress, signing
from core.exceptions import EgressRefused
from core.personal import hidden_address, masked
from core.policy import Action
from core.policy_admin import EditedInline

OUTCOMES = {
    "ok": "success",
    "not_found": "info",
    "refused": "warning",
    "timeout": "danger",
    "unreachable": "danger",
    "bad_answer": "danger",
}


class ToolForm(forms.ModelForm):  # type: ignore[type-arg]
    """A tool's settings; a secret is made here and shown once."""

    new_secret = forms.BooleanField(
        required=False,
        label="make a new secret",
        help_text="Your system checks with it that a request is ours. The old one ends at once.",
        widget=UnfoldBooleanSwitchWidget,
    )

    class Meta:
        model = Tool
        fields = ("is_enabled", "url", "timeout_seconds", "asks_for_email")

    def clean_url(self) -> str:
        """The address, if it is one that may be called."""
        url: str = self.cleaned_data["url"].strip()
        if url:
            try:
                egress.judge_url(httpx2.URL(url))
            except (EgressRefused, httpx2.InvalidURL) as problem:
                raise ValidationError(str(problem)) from problem
        return url


@admin.register(Tool)
class ToolAdmin(AgentAdmin):
    """Switches and settings of the tools. The order tool's address and secret are an admin's, as all secrets are."""

    change_action = Action.MANAGE_ACCOUNTS
    form = ToolForm
    list_display = ["__str__", "is_enabled", "url", "timeout_seconds", "updated_at"]

    def get_fieldsets(self, request: HttpRequest, obj: Tool | None = None) -> Any:
        """The switch of every tool; an address only of one that asks another system."""
        outside = ["url", "timeout_seconds", "asks_for_email", "new_secret"]
        asks = obj is not None and obj.name == Tool.Name.ORDER_STATUS and self.has_change_permission(request, obj)
        return [(None, {"fields": ["is_enabled"]}), *([("Your system", {"fields": outside})] if asks else [])]

    def save_model(self, request: HttpRequest, obj: Tool, form: Any, change: bool) -> None:
        """Keep the settings and say so in the audit trail. With its first address a tool gets its secret."""
        user: Any = request.user
        if form.cleaned_data.get("new_secret") or (obj.url and not obj.secrets.get("secret")):
            obj.secrets = {"secret": signing.new_secret()}
            self.show_once(request, f"The secret of {obj}", obj.secrets["secret"])
        super().save_model(request, obj, form, change)
        fields = [name for name in form.changed_data if name != "new_secret"]
        after = {"tool": obj.name, "is_enabled": obj.is_enabled, "fields": fields}
        audit.record(user, "tool.changed", obj, after=after | {"new_secret": bool(form.cleaned_data.get("new_secret"))})

    def response_change(self, request: HttpRequest, obj: Tool) -> HttpResponse:
        """The page that shows a new secret, or where one came from."""
        return self.shown_once(request) or super().response_change(request, obj)


class PriceTierInline(EditedInline):
    """Prices from quantities on."""

    model = PriceTier
    fields = ["from_quantity", "price"]


@admin.register(Product)
class ProductAdmin(AgentAdmin):
    """The catalogue. Customers are told its prices at once, so it is edited by whoever edits what the bot says."""

    change_action = add_action = Action.EDIT_PROMPTS
    list_display = ["name", "sku", "price", "currency", "is_sold", "updated_at"]
    list_filter = ["is_sold", "currency"]
    search_fields = ["name", "sku", "other_names"]
    fields = ["sku", "name", "other_names", "price", "currency", "is_sold"]
    inlines = [PriceTierInline]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Keep the tiers, and say the prices in the audit trail."""
        super().save_related(request, form, formsets, change)
        user: Any = request.user
        product: Product = form.instance
        after = {
            "price": str(product.price),
            "currency": product.currency,
            "is_sold": product.is_sold,
            "tiers": [str(tier) for tier in product.tiers.all()],
        }
        audit.record(user, "product.changed" if change else "product.added", product, after=after)


@admin.register(ToolCall)
class ToolCallAdmin(AgentAdmin):
    """What tools were asked and how it ended. Numbers and addresses of customers are masked."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = ["created_at", "tool", "shown_outcome", "conversation_id", "duration_ms", "problem"]
    list_filter = ["tool", "outcome"]
    search_fields = ["=conversation_id"]

    @display(description="Outcome", label=OUTCOMES, ordering="outcome")  # type: ignore[untyped-decorator]  # unfold has no types
    def shown_outcome(self, call: ToolCall) -> str:
        """The outcome, coloured."""
        return call.outcome


@admin.register(Dialogue)
class DialogueAdmin(AgentAdmin):
    """What is known for tools, by episode. The values are on the conversation's page, for those who may see them."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = ["episode_id", "waiting", "known", "updated_at"]
    fields = ["episode", "waiting", "known", "updated_at"]
    readonly_fields = fields

    @admin.display(description="Known")
    def known(self, dialogue: Dialogue) -> str:
        """Which slots are filled."""
        return ", ".join(sorted(dialogue.slots)) or "-"


@admin.register(Lead)
class LeadAdmin(AgentAdmin):
    """Who wants an offer, with their agreement. The address is in the conversation, for those who may see it."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = ["created_at", "state", "short_need", "product", "quantity", "budget", "wanted_by"]
    list_filter = ["state"]
    search_fields = ["=conversation__id", "product"]
    date_hierarchy = "created_at"
    fields = [
        "state", "conversation", "address", "short_need", "product", "quantity", "budget", "wanted_by", "agreement", "consent_seq",
        "consented_at",
    ]  # fmt: skip
    readonly_fields = ["address", "short_need", "agreement"]

    @admin.display(description="Need")
    def short_need(self, lead: Lead) -> str:
        """What is needed, addresses and numbers of people hidden."""
        return masked(lead.need)

    @admin.display(description="E-mail")
    def address(self, lead: Lead) -> str:
        """Hidden, as everywhere at first sight."""
        return hidden_address(lead.email)

    @admin.display(description="Agreement")
    def agreement(self, lead: Lead) -> str:
        """The words of it, the address hidden."""
        return masked(lead.consent)


@admin.register(Approval)
class ApprovalAdmin(AgentAdmin):
    """What waited for a person, and who decided. It is decided in the workspace."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = ["created_at", "tool", "state", "conversation_id", "decided_by", "decided_at", "reason"]
    list_filter = ["state", "tool"]
    list_select_related = ["decided_by"]
    fields = ["tool", "state", "conversation", "decided_by", "decided_at", "reason", "created_at"]
