"""The door of the API: which endpoint, whose token, which limit, and the faults that were asked for."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator import truth
from simulator.faults import AFTER_KINDS, Rule
from simulator.http import multipart
from simulator.http.messages import Delivery, InvalidBody, Request, Response, json_response, text_response
from simulator.spoiling import spoilt
from simulator.store import Transaction
from simulator.tiktok import apps, grants, ids, media, oauth, reading, registration, send
from simulator.tiktok.call import Call, Endpoint
from simulator.tiktok.errors import MESSAGES, ApiError, Code, invalid_param
from simulator.world import World

BASE = "/open_api/v1.3"


class Needs(enum.Enum):
    """What a caller must bring."""

    APP = "the app's secret in the parameters"
    TOKEN = "an access token in the header"  # noqa: S105 - says what is needed, holds none
    LINK = "a download link"


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint; ``name`` is its place in fault rules and in the truth log."""

    name: str
    method: str
    endpoint: Endpoint
    needs: Needs = Needs.TOKEN


ROUTES: Mapping[str, Route] = {
    "/tt_user/oauth2/token/": Route("token", "POST", oauth.token, Needs.APP),
    "/tt_user/oauth2/refresh_token/": Route("refresh", "POST", oauth.refresh, Needs.APP),
    "/tt_user/oauth2/revoke/": Route("revoke", "POST", oauth.revoke, Needs.APP),
    "/tt_user/token_info/get/": Route("token_info", "POST", oauth.token_info, Needs.APP),
    "/business/webhook/update/": Route("webhook_update", "POST", registration.update, Needs.APP),
    "/business/webhook/list/": Route("webhook_list", "GET", registration.show, Needs.APP),
    "/business/webhook/delete/": Route("webhook_delete", "POST", registration.delete, Needs.APP),
    "/business/message/send/": Route("send", "POST", send.send),
    "/business/message/capabilities/get/": Route("capabilities", "GET", media.capabilities),
    "/business/message/media/upload/": Route("upload", "POST", media.upload),
    "/business/message/media/download/": Route("download", "POST", media.download),
    "/business/message/media/file/": Route("file", "GET", media.file, Needs.LINK),
    "/business/message/conversation/list/": Route("conversation_list", "GET", reading.conversation_list),
    "/business/message/content/list/": Route("content_list", "GET", reading.content_list),
    "/business/get/": Route("business_get", "GET", reading.business_get),
}


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a call, for the answer and for the truth log."""

    response: Response
    code: int
    account: str | None
    noted: Mapping[str, str]


class Api:
    """Answers everything under ``/open_api/v1.3``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request) -> Response:
        """The answer to one call, spoilt where a fault rule strikes."""
        route = ROUTES.get(request.path.removeprefix(BASE))
        if route is None:
            return text_response("404 page not found", status=404)
        if route.method != request.method:
            return _envelope(Code.BAD_PARAMETER, "Method not allowed.", None, status=405)
        account, rule = None, None
        if self._world.faults.any:
            with self._world.store.reading() as transaction:
                account = _caller(transaction, request)
            rule = self._world.faults.strike(("api", route.name), account=account, but_not=frozenset({"drop_echo"}))
        outcome = self._faulty(rule, route, request, account) if rule else self._work(route, request)
        self._log(route, outcome, rule)
        return outcome.response

    def _faulty(self, rule: Rule, route: Route, request: Request, account: str | None) -> Outcome:
        seconds = rule.seconds
        after = rule.kind in AFTER_KINDS or rule.accepted
        if rule.kind == "slow" and not after:
            self._world.stopping.wait(3.0 if seconds is None else seconds)
            return self._work(route, request)
        outcome = (
            self._work(route, request)
            if after
            else Outcome(response=text_response(""), code=-1, account=account, noted={})
        )
        if rule.kind == "slow":
            self._world.stopping.wait(3.0 if seconds is None else seconds)
        outcome.response = _spoilt(outcome.response, rule)
        return outcome

    def _work(self, route: Route, request: Request) -> Outcome:
        noted: dict[str, str] = {}
        account: str | None = None
        try:
            with self._world.store.transaction() as transaction:
                call = self._call(transaction, route, request, noted)
                account = call.account.business_id if call.account else None
                data = route.endpoint(call)
            response = data if isinstance(data, Response) else _envelope(Code.OK, "OK", data)
            code = 0
        except ApiError as error:
            response, code = _envelope(error.code, error.message, None), error.code
            noted.pop("message_id", None)
        account = noted.pop("account", None) or account
        return Outcome(response=response, code=code, account=account, noted=noted)

    def _call(self, transaction: Transaction, route: Route, request: Request, noted: dict[str, str]) -> Call:
        parameters, files = _parameters(request)
        call = Call(
            world=self._world, transaction=transaction, request=request, parameters=parameters, files=files, noted=noted
        )
        if route.needs is not Needs.TOKEN:
            return call
        owner = grants.business_of(transaction, request.headers.get("Access-Token", ""))
        if owner is None:
            raise ApiError(Code.BAD_TOKEN)
        noted["account"] = owner
        if not self._world.query_limit.allows(owner, per_minute=self._world.knobs.now.query_limit_per_minute):
            raise ApiError(Code.TOO_MANY_REQUESTS)
        business_id = call.text("business_id")
        call.account = apps.account(transaction, business_id)
        if call.account is None:
            raise invalid_param("business_id")
        if business_id != owner:
            raise ApiError(Code.NO_PERMISSION)
        return call

    def _log(self, route: Route, outcome: Outcome, rule: Rule | None) -> None:
        conversation_id, message_id = (outcome.noted.get("conversation_id"), outcome.noted.get("message_id"))
        with self._world.store.transaction() as transaction:
            if rule is not None:
                truth.append(
                    transaction,
                    kind="fault",
                    name=rule.kind,
                    account=outcome.account,
                    conversation_id=conversation_id,
                    message_id=message_id,
                    detail={"rule": rule.id, "where": route.name, "handled": outcome.code == 0},
                )
            truth.append(
                transaction,
                kind="call",
                name=route.name,
                status=outcome.response.status if outcome.response.delivery is Delivery.WHOLE else 0,
                code=outcome.code,
                account=outcome.account,
                conversation_id=conversation_id,
                message_id=message_id,
                detail={"fault": rule.kind} if rule else {},
            )


def _spoilt(response: Response, rule: Rule) -> Response:
    """The answer as the fault leaves it."""
    if rule.kind.startswith("code_"):
        code = int(rule.kind.removeprefix("code_"))
        known = MESSAGES.get(Code(code)) if code in {int(each) for each in Code} else None
        return _envelope(code, known or "The request failed.", None)
    return spoilt(response, rule)


def _caller(transaction: Transaction, request: Request) -> str | None:
    """Whom a call is about, as far as can be told before it is looked at closely."""
    token = request.headers.get("Access-Token") or request.headers.get("x-user")
    if token:
        return grants.business_of(transaction, token)
    try:
        refresh_token = request.json_object().get("refresh_token")
    except InvalidBody:
        return None
    if not isinstance(refresh_token, str):
        return None
    row = transaction.one("SELECT business_id FROM access_grant WHERE refresh_token = ?", (refresh_token,))
    return str(row["business_id"]) if row else None


def _parameters(request: Request) -> tuple[Mapping[str, Any], Mapping[str, bytes]]:
    if request.method == "GET":
        return request.query, {}
    content_type = request.headers.get("Content-Type", "")
    try:
        if content_type.lower().startswith("multipart/"):
            return multipart.parse(content_type, request.body)
        return request.json_object(), {}
    except (InvalidBody, multipart.InvalidForm) as error:
        raise ApiError(Code.BAD_PARAMETER, str(error)) from error


def _envelope(code: int, message: str, data: object, *, status: int = 200) -> Response:
    request_id = ids.request_id()
    envelope = {"code": int(code), "message": message, "request_id": request_id, "data": {} if data is None else data}
    return json_response(envelope, status=status, headers={"X-Tt-Logid": request_id})
