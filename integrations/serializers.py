"""Accounts and what the platforms sent, in the words of programs. No secret and no body is among them."""

from typing import Any
from urllib.parse import urlsplit

from rest_framework import serializers

from core import ids
from integrations.models import PlatformAccount, WebhookEvent


class OlderStart(serializers.Serializer[Any]):
    """Where the platform sends the browser back to, and what it brings along."""

    redirect_uri = serializers.CharField(required=False, max_length=2_000)
    state = serializers.CharField(required=False, max_length=1_000)

    def validate_redirect_uri(self, value: str) -> str:
        """An address of the web, as both platforms want it."""
        try:
            parts = urlsplit(value)
            is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and "#" not in value
        except ValueError:
            is_whole = False
        if not is_whole:
            raise serializers.ValidationError("Give a whole address that begins with https:// or http:// and has no #.")
        return value


class AccountShown(serializers.ModelSerializer[PlatformAccount]):
    """One of our accounts on a platform. Its keys are never shown."""

    id = serializers.UUIDField(source="public_id")
    team = serializers.UUIDField(source="team.public_id", allow_null=True, default=None)

    class Meta:
        model = PlatformAccount
        fields = [
            "id", "platform", "kind", "name", "external_id", "team", "state", "state_reason", "bot_enabled", "token_expires_at",
            "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class EventShown(serializers.ModelSerializer[WebhookEvent]):
    """One POST of a platform, and what became of it. Its body is opened in Operations, where looking is audited."""

    id = serializers.SerializerMethodField()

    class Meta:
        model = WebhookEvent
        fields = ["id", "platform", "state", "reason", "attempts", "is_late", "received_at", "ingested_at"]
        read_only_fields = fields

    def get_id(self, event: WebhookEvent) -> serializers.UUIDField:
        """The id made from the event's number."""
        return str(ids.id_of(event.pk))  # type: ignore[return-value]  # annotated as the OpenAPI document reads it


class EventState(EventShown):
    """How an event stands."""

    class Meta:
        model = WebhookEvent
        fields = ["id", "state", "attempts"]
        read_only_fields = fields


class AccountFilters(serializers.Serializer[Any]):
    """Which accounts."""

    platform = serializers.ChoiceField(choices=PlatformAccount.Platform.choices, required=False)
    state = serializers.ChoiceField(choices=PlatformAccount.State.choices, required=False)


class EventFilters(serializers.Serializer[Any]):
    """Which events."""

    platform = serializers.ChoiceField(choices=PlatformAccount.Platform.choices, required=False)
    state = serializers.ChoiceField(choices=WebhookEvent.State.choices, required=False)
    received_since = serializers.DateTimeField(required=False, source="received_at__gte")
    received_before = serializers.DateTimeField(required=False, source="received_at__lt")


class ReplayForm(serializers.Serializer[Any]):
    """Why, where somebody wants to say it."""

    reason = serializers.CharField(max_length=200, allow_blank=True, default="")


class DropForm(serializers.Serializer[Any]):
    """Why nothing is lost."""

    reason = serializers.CharField(max_length=200)
