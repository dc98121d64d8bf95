"""What all REST doors have in common: who may come in, what may be asked, and how refusals are told."""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core import paging, problems
from core.authentication import ApiKeyAuthentication, caller
from core.exceptions import NotAllowed
from core.models import ApiKey, User
from core.negotiation import OneAnswer
from core.parsers import StrictJSONParser
from core.policy import Action, Subject, reach, require
from core.text import clean_text
from core.throttles import CallsPerMinute

Rows = list[Any]
_OLDER_ID = re.compile("[0-9]{1,18}")
UUID_PATTERN = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


class PolicyAllows(BasePermission):
    """Whether the policy lets the caller do at all what the door's ``needs`` names for this call.

    How far the right reaches is judged by the service, or by the rows a list leaves out.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """False for nobody; NotAllowed, with words, for somebody without the right."""
        who = caller(request)
        if who is None:
            return False
        wanted = needed(view, str(request.method))
        # A call that the door does not know is refused by its method.
        if wanted is not None and reach(who, wanted) is None:
            raise NotAllowed(
                f"Your role or key does not allow this ({wanted.value.replace('_', ' ')}). "
                "Ask an admin for the role, or for a key with a scope that allows it."
            )
        return True


def needed(view: Any, method: str) -> Action | None:
    """What the policy is asked before this call; None for a call that the door does not know."""
    known: Mapping[str, Action] = view.needs
    name = getattr(view, "action", None) if isinstance(view, GenericViewSet) else method.lower()
    return known.get("get" if name == "head" else name or "")


class _Guarded(APIView):
    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]
    permission_classes = [PolicyAllows]
    throttle_classes = [CallsPerMinute]
    parser_classes = [StrictJSONParser]
    renderer_classes = [JSONRenderer]
    metadata_class = None
    # The right that each call needs, by the door's action, or by the method where it has no actions.
    needs: ClassVar[Mapping[str, Action]] = {}

    @property
    def who(self) -> User | ApiKey:
        """Whoever calls; the permission has made sure of it."""
        found = caller(self.request)
        if found is None:
            raise NotAuthenticated
        return found


class OlderDoor(_Guarded):
    """A door of the older project's clients: integers for ids, ``{"detail"}`` for refusals, JSON whatever is accepted."""

    schema = None
    content_negotiation_class = OneAnswer

    def read(self, form: type[serializers.Serializer[Any]], given: Any, *, place: str = "body") -> dict[str, Any]:
        """What was given, read; 422 in the older form where it does not fit."""
        read = form(data=given)
        if not read.is_valid():
            raise NotRead(place, read.errors)
        return dict(read.validated_data)

    def number(self, given: str, name: str) -> int:
        """An id in the address; 422 in the older form where it is no number."""
        if not _OLDER_ID.fullmatch(given):
            raise NotRead("path", {name: ["Input should be a valid integer, of at most 18 digits."]})
        return int(given)


class NotRead(ValidationError):
    """What was sent does not fit, told as the older project's framework told it."""

    status_code = 422

    def __init__(self, place: str, errors: Mapping[str, Any]) -> None:
        told: list[Any] = [
            {"type": "value_error", "loc": [place, str(name)], "msg": clean_text(str(words), limit=500)}
            for name, problems_of_field in errors.items()
            for words in problems_of_field
        ]
        super().__init__()
        self.detail = {"detail": told}


class Door(_Guarded, GenericViewSet[Any]):
    """A resource of `/api/v1/`: UUIDs, cursor pages, filters that are known by name, problem details."""

    pagination_class = paging.CursorPages
    lookup_field = "public_id"
    lookup_value_regex = UUID_PATTERN
    # What a list may be narrowed by.
    filters: ClassVar[type[serializers.Serializer[Any]] | None] = None
    order_column = "pk"

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        """Refusals are problem details."""
        return problems.answer

    def narrow(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        """The rows that fit what was asked for; each filter is a column of its name unless a door says otherwise."""
        return rows.filter(**wanted)

    def read(self, form: type[serializers.Serializer[Any]], given: Any = None) -> dict[str, Any]:
        """The body, read. Raises ValidationError, also for a field that the form does not have."""
        body = self.request.data if given is None else given
        unknown = sorted(set(body) - set(form().fields))
        if unknown:
            raise ValidationError(
                {
                    clean_name(name): f"There is no such field; there are: {', '.join(form().fields) or 'none'}."
                    for name in unknown[:5]
                }
            )
        read = form(data=body, context={"view": self})
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)

    def wanted(self, beside: frozenset[str] = paging.PARAMETERS) -> dict[str, Any]:
        """The filters of the address, read; ``beside`` them it may name these.

        Raises ValidationError for one that is not known, not once, or no value.
        """
        given = self.request.query_params
        form = self.filters or serializers.Serializer
        known = set(form().fields)
        for name in given:
            if name not in known | beside:
                raise ValidationError(
                    {clean_name(name): f"There is no such filter; there are: {', '.join(sorted(known | beside))}."}
                )
            if len(given.getlist(name)) > 1:
                raise ValidationError({name: "Give it once."})
        read = form(data={name: given[name] for name in given if name in known})
        read.is_valid(raise_exception=True)
        return dict(read.validated_data)

    def may(self, action: Action, subject: Subject) -> None:
        """Refuse unless the caller has the right to this very thing. Raises NotAllowed."""
        require(self.who, action, subject)


class Listed(Door):
    """A resource with a list and a page for each row."""

    def list(self, request: Request) -> Response:
        """The rows that the caller may see and asked for, newest first."""
        rows = self.narrow(self.get_queryset(), self.wanted())
        return self.get_paginated_response(self.shown(Rows(self.paginate_queryset(rows) or ())))

    def retrieve(self, request: Request, public_id: str) -> Response:
        """One row."""
        return Response(self.shown([self.get_object()])[0])

    def shown(self, rows: Rows) -> Rows:
        """The rows as they are answered."""
        return Rows(self.get_serializer(rows, many=True).data)


def clean_name(name: str) -> str:
    """A name that a caller made up, short enough to be repeated to them."""
    return "".join(sign for sign in name[:40] if sign.isprintable()) or "?"
