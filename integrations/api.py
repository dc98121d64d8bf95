"""REST: our accounts, and what the platforms sent."""

import uuid

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from core import ids
from core.doors import Listed, NotRead, OlderDoor
from core.idempotency import idempotent
from core.models import User
from core.policy import Action, Grant, reach
from integrations import authorizing, serializers
from integrations.authorizing import Wanted
from integrations.exceptions import AuthorizationProblem, BeginElsewhere
from integrations.models import PlatformAccount, WebhookEvent
from integrations.services import events


class Accounts(Listed):
    """Our accounts on the platforms."""

    filters = serializers.AccountFilters
    serializer_class = serializers.AccountShown
    needs = {"list": Action.VIEW_OPERATIONS, "retrieve": Action.VIEW_OPERATIONS}

    def get_queryset(self) -> QuerySet[PlatformAccount]:
        """All, or those of the key's team."""
        found = PlatformAccount.objects.defer("secrets").select_related("team")
        if reach(self.who, Action.VIEW_OPERATIONS) is Grant.ALL:
            return found
        return found.filter(team__in=self.who.policy_team_ids)


class Events(Listed):
    """What the platforms sent. It belongs to an app's key and to no team, so a key of one team sees none."""

    filters = serializers.EventFilters
    serializer_class = serializers.EventShown
    order_column = "received_at"
    needs = {
        "list": Action.VIEW_OPERATIONS,
        "retrieve": Action.VIEW_OPERATIONS,
        "replay": Action.REPLAY_EVENTS,
        "drop": Action.REPLAY_EVENTS,
    }

    def get_queryset(self) -> QuerySet[WebhookEvent]:
        """All, without their bodies."""
        if reach(self.who, self.needs[self.action]) is not Grant.ALL:
            return WebhookEvent.objects.none()
        return WebhookEvent.objects.defer("body", "headers")

    def get_object(self) -> WebhookEvent:
        """The event whose number the id holds."""
        found = self.get_queryset().filter(pk=ids.number_of(uuid.UUID(self.kwargs["public_id"])) or 0).first()
        if found is None:
            raise Http404
        return found

    @extend_schema(request=serializers.ReplayForm, responses=serializers.EventState)
    @action(detail=True, methods=["post"])
    @idempotent
    def replay(self, request: Request, public_id: str) -> Response:
        """Take a set-aside event in once more."""
        form = self.read(serializers.ReplayForm)
        event = events.replay_event(self.get_object(), self.who, reason=form["reason"])
        return Response(serializers.EventState(event).data)

    @extend_schema(request=serializers.DropForm, responses=serializers.EventState)
    @action(detail=True, methods=["post"])
    @idempotent
    def drop(self, request: Request, public_id: str) -> Response:
        """Decide that a set-aside event needs nothing, and say why."""
        event = events.drop_event(self.get_object(), self.who, reason=self.read(serializers.DropForm)["reason"])
        return Response(serializers.EventState(event).data)


class StartOlder(OlderDoor):
    """``GET /oauth/{platform}/start``: the address of the platform's authorise page, for the older project's clients.

    With ``redirect_uri`` and ``state`` the browser comes back to the client. Without both, for somebody who is signed in, it
    comes back to us, and the account is connected.
    """

    needs = {"get": Action.MANAGE_ACCOUNTS}

    def get(self, request: Request, platform: str) -> Response:
        """``{"auth_url"}``; 400 where no app of the platform is known."""
        wanted = self.read(serializers.OlderStart, request.query_params.dict(), place="query")
        try:
            return Response({"auth_url": self._address(request, platform, wanted)})
        except AuthorizationProblem as problem:
            raise _CannotBegin(str(problem)) from problem

    def _address(self, request: Request, platform: str, wanted: dict[str, str]) -> str:
        if not wanted and isinstance(self.who, User):
            if authorizing.is_elsewhere(request.get_host()):
                raise BeginElsewhere(authorizing.redirect_uri(platform))
            session_key = request.session.session_key or ""
            return authorizing.begin(Wanted(platform=platform), self.who, session_key=session_key)
        missing = {name: ["This is needed."] for name in ("redirect_uri", "state") if name not in wanted}
        if missing:
            raise NotRead("query", missing)
        return authorizing.address_for(platform, self.who, **wanted)


class _CannotBegin(APIException):
    """Nobody can be sent to the platform's page."""

    status_code = 400
