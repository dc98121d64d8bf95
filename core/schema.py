"""The OpenAPI document, worked out from the doors: filters, the repeat header and refusals stand there by themselves."""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from core import idempotency
from core.authentication import ApiKeyAuthentication
from core.doors import Door
from core.problems import CONTENT_TYPE


class WrongField(serializers.Serializer[Any]):
    """One field that does not fit."""

    field = serializers.CharField()
    detail = serializers.CharField()


class ProblemDetails(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="For programs.")
    detail = serializers.CharField(help_text="For people: what is wrong, and what to do.")
    errors = WrongField(many=True, required=False)  # type: ignore[assignment]  # RFC 9457's own example names it so


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a key is sent."""

    target_class = ApiKeyAuthentication
    name = ["apiKey", "apiKeyHeader"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        """One of the two."""
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        """As a bearer token, or in a header of its own."""
        return [
            {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer sak_…`"},
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        ]


class DoorSchema(AutoSchema):
    """What the document says of a door beyond what its serializers say."""

    def get_override_parameters(self) -> list[Any]:
        """The filters of a list and of its file, and the header that makes a call repeatable."""
        found: list[Any] = []
        view = self.view
        if isinstance(view, Door) and getattr(view, "action", "") in {"list", "export"} and view.filters is not None:
            found.append(view.filters)
        if self._is_idempotent():
            found.append(
                OpenApiParameter(
                    idempotency.HEADER,
                    str,
                    OpenApiParameter.HEADER,
                    description="A new UUID for each call; the same again where a call is repeated.",
                )
            )
        return found

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for parameter in parameters:
            parameter["schema"] = {"type": "string", "format": "uuid"}
        return parameters

    def _map_serializer_field(self, field: Any, *how: Any, **also: Any) -> Any:
        if isinstance(field, serializers.ChoiceField) and isinstance(field.parent, serializers.ModelSerializer):
            columns: Any = field.parent.Meta.model._meta  # type: ignore[attr-defined]  # of a model that is not known here
            column = {each.name: each for each in columns.fields}.get(field.source)
            # A field that is only read does not know that its column may be empty, and is answered so.
            field.allow_blank = field.allow_blank or (field.read_only and column is not None and column.blank)
        return super()._map_serializer_field(field, *how, **also)  # type: ignore[no-untyped-call]

    def get_tags(self) -> list[str]:
        """The resource."""
        return [re.sub(r"^/?api/v1/", "", self.path).split("/")[0]]

    def get_operation_id(self) -> str:
        """The deed and the resource: ``conversations_take_over``."""
        action = getattr(self.view, "action", None) or self.method.lower()
        return f"{self.get_tags()[0]}_{action}"

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        found: dict[str, Any] = super()._get_response_bodies(direction)  # type: ignore[arg-type]
        refusals = {
            "400": "The request does not fit; `errors` names each field.",
            "401": "Nobody, or a key that is not valid.",
            "403": "The role or key does not allow this.",
            "404": "There is no such thing that the caller may see.",
            "429": "Too many calls in this minute, or files in this hour; `Retry-After` says when to go on.",
            "503": "The database does not answer just now; nothing was changed.",
        }
        if self.method != "GET":
            refusals |= {
                "409": "A rule does not let this be done as things stand.",
                "413": "The body is too large.",
                "415": "Not JSON.",
            }
        if self._is_idempotent():
            refusals |= {"422": "The key was used with another body."}
        for status, words in sorted(refusals.items()):
            response = OpenApiResponse(response=ProblemDetails, description=words)
            found[status] = self._get_response_for_code(response, status, [CONTENT_TYPE])  # type: ignore[no-untyped-call]
        return found

    def _is_idempotent(self) -> bool:
        handler = getattr(self.view, getattr(self.view, "action", None) or "", None)
        return bool(getattr(handler, "is_idempotent", False))


def only_doors(endpoints: list[tuple[Any, ...]], **_: Any) -> list[tuple[Any, ...]]:
    """The endpoints that the document is about: `/api/v1/`."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]
