"""The door of LinkedIn's interfaces: which endpoint, whose token, which headers, and the faults that were asked for."""

import re
import time
from urllib.parse import unquote

from simulator import truth
from simulator.faults import AFTER_KINDS, Rule
from simulator.http.messages import Delivery, Request, Response, json_response, text_response
from simulator.linkedin import comments, pages, subscribers, subscriptions, tokens
from simulator.linkedin.calls import Call, Endpoint, Refused
from simulator.linkedin.comments import Comment
from simulator.spoiling import spoilt
from simulator.world import World

TEXT_LIMIT = 1_250
MOST_LISTED = 100
OLDEST_VERSION = 202_501
MESSAGE_FIELDS = frozenset({"recipients", "thread", "subject", "body", "messageType", "attachments"})
TOKEN_PATH = "/oauth/v2/accessToken"  # noqa: S105 - an address
STARTS = ("/rest/", "/v2/messages", "/v2/me", TOKEN_PATH)


class Api:
    """Answers LinkedIn's paths."""

    def __init__(self, world: World) -> None:
        self._world = world

    def is_asked(self, request: Request) -> bool:
        """Whether a path is LinkedIn's interfaces'. TikTok's web addresses begin with /v2/ as well."""
        return request.path.startswith(STARTS)

    def answer(self, request: Request) -> Response:
        """The answer to one call, spoilt where a fault rule strikes."""
        name, endpoint, about, number = _route(request)
        if not name:
            return _refusal(Refused(404, "Could not find resource"))
        owner = self._owner(request)
        rule = self._world.faults.strike(("api", name), account=owner, but_not=frozenset({"drop_echo"}))
        response = self._spoilt(rule, request, owner, endpoint, about, number)
        with self._world.store.transaction() as transaction:
            if rule is not None:
                detail = {"rule": rule.id, "where": name}
                truth.append(transaction, kind="fault", name=rule.kind, account=owner, detail=detail)
            status = response.status if response.delivery is Delivery.WHOLE else 0
            truth.append(transaction, kind="call", name=name, status=status, code=0, account=owner)
        return response

    def _spoilt(
        self, rule: Rule | None, request: Request, owner: str | None, endpoint: Endpoint | None, about: str, number: str
    ) -> Response:
        if rule is None:
            return self._work(request, owner, endpoint, about, number)
        after = rule.kind in AFTER_KINDS or rule.accepted
        if rule.kind == "slow":
            self._world.stopping.wait(3.0 if rule.seconds is None else rule.seconds)
            return self._work(request, owner, endpoint, about, number)
        response = self._work(request, owner, endpoint, about, number) if after else text_response("")
        return spoilt(response, rule)

    def _owner(self, request: Request) -> str | None:
        with self._world.store.reading() as transaction:
            return tokens.owner(transaction, tokens.bearer(request))

    def _work(
        self, request: Request, owner: str | None, endpoint: Endpoint | None, about: str, number: str
    ) -> Response:
        if endpoint is None:
            return tokens.answer(self._world, request)
        try:
            return self._called(request, owner, endpoint, about, number)
        except Refused as refusal:
            return _refusal(refusal)

    def _called(self, request: Request, owner: str | None, endpoint: Endpoint, about: str, number: str) -> Response:
        _check_headers(request)
        if owner is None:
            raise Refused(401, "Invalid access token", 65600)
        if not self._world.query_limit.allows(owner, per_minute=self._world.knobs.now.linkedin_calls_per_minute):
            raise Refused(429, "Resource level throttle limit for calls to this resource is reached.", 101)
        with self._world.store.transaction() as transaction:
            page = pages.page(transaction, owner)
            if page is None:
                raise Refused(403, "Not enough permissions to access the resource")
            call = Call(
                world=self._world, transaction=transaction, request=request, page=page, about=about, number=number
            )
            return endpoint(call)


def _check_headers(request: Request) -> None:
    if request.method == "POST" and "Content-Length" not in request.headers:
        raise Refused(411, "A content length is required")
    if not request.path.startswith("/rest/"):
        return
    version = request.headers.get("LinkedIn-Version", "")
    if not re.fullmatch(r"20[0-9]{4}", version):
        raise Refused(400, "A version must be present. Please specify a version by adding the LinkedIn-Version header.")
    if int(version) < OLDEST_VERSION:
        raise Refused(426, f"Requested version {version} is not active")
    if request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
        raise Refused(400, "Syntax exception in path variables")


def _route(request: Request) -> tuple[str, Endpoint | None, str, str]:
    """The call's name in fault rules and in the log, what answers it (None: the tokens), what it is about."""
    path, method = request.path, request.method
    if path == TOKEN_PATH and method == "POST":
        return "linkedin_token", None, "", ""
    simple: dict[tuple[str, str], tuple[str, Endpoint]] = {
        ("GET", "/v2/me"): ("me", _me),
        ("POST", "/v2/messages"): ("messages", _message),
        ("GET", "/rest/organizationalEntityNotifications"): ("notifications", _notifications),
        ("GET", "/rest/organizationAcls"): ("organization_acls", _roles),
    }
    if (method, path) in simple:
        return (*simple[method, path], "", "")
    organization = re.fullmatch(r"/rest/organizations/([0-9]{1,20})", path)
    if organization is not None and method == "GET":
        return "organization", _organization, "", organization[1]
    key = re.fullmatch(r"/rest/eventSubscriptions/(\([^/]+\))", path)
    if key is not None and method in subscriptions.ENDPOINTS:
        return (*subscriptions.ENDPOINTS[method], key[1], "")
    found = re.fullmatch(r"/rest/socialActions/([^/]+)/comments(?:/([0-9]{1,20}))?", path)
    if found is None:
        return "", None, "", ""
    routes: dict[tuple[str, bool], tuple[str, Endpoint]] = {
        ("GET", False): ("comment_list", _list),
        ("POST", False): ("comment_create", _create),
        ("GET", True): ("comment_get", _get),
        ("DELETE", True): ("comment_delete", _delete),
    }
    name, endpoint = routes.get((method, found[2] is not None), ("", None))
    return name, endpoint, unquote(found[1]), found[2] or ""


def _me(call: Call) -> Response:
    return json_response({"id": call.page.organization.rpartition(":")[2], "localizedFirstName": call.page.name})


def _roles(call: Call) -> Response:
    if call.request.query.get("q") != "roleAssignee":
        raise Refused(400, "q is needed")
    role = {"role": "ADMINISTRATOR", "state": "APPROVED", "roleAssignee": subscribers.MEMBER}
    found = [{**role, "organization": name} for name in _administered(call)]
    return json_response({"elements": found, "paging": {"start": 0, "count": len(found), "total": len(found)}})


def _organization(call: Call) -> Response:
    found = pages.page(call.transaction, f"urn:li:organization:{call.number}")
    if found is None or found.organization not in _administered(call):
        raise Refused(403, "Not enough permissions to access the resource")
    return json_response({"id": int(call.number), "localizedName": found.name})


def _administered(call: Call) -> list[str]:
    """The Pages whose administrator the token's member is: the one it was given for, or all that the app has, or none."""
    if not call.world.knobs.now.linkedin_administers:
        return []
    if not call.world.knobs.now.linkedin_administers_all:
        return [call.page.organization]
    rows = call.transaction.all(
        "SELECT organization FROM linkedin_page WHERE client_id = ? ORDER BY rowid", (call.page.client_id,)
    )
    return [str(row["organization"]) for row in rows]


def _list(call: Call) -> Response:
    activity, parent = _target(call)
    found = comments.under(call.transaction, activity, parent.id if parent else None)
    start, count = (_number(call.request.query.get(name), default) for name, default in (("start", 0), ("count", 10)))
    shown = found[start : start + min(count, MOST_LISTED)]
    paging = {"start": start, "count": count, "total": len(found), "links": []}
    return json_response({"elements": [each.as_json() for each in shown], "paging": paging})


def _get(call: Call) -> Response:
    return json_response(_known(call).as_json())


def _delete(call: Call) -> Response:
    comment = _known(call)
    if comment.actor != call.page.organization:
        raise Refused(403, "Only an actor's own comments can be deleted")
    call.transaction.execute("UPDATE linkedin_comment SET deleted_at = ? WHERE id = ?", (time.time(), comment.id))
    return Response(status=204)


def _create(call: Call) -> Response:
    order, (activity, at) = call.order(), _target(call)
    message = order.get("message")
    text = message.get("text") if isinstance(message, dict) else None
    if not isinstance(text, str) or not text.strip() or len(text) > TEXT_LIMIT:
        raise Refused(400, "message.text is invalid")
    if order.get("actor") != call.page.organization:
        raise Refused(403, "The actor is not one that this token may act for")
    if order.get("object") != activity:
        raise Refused(400, "object does not fit the resource")
    parent = comments.named(call.transaction, str(order.get("parentComment", ""))) if at else None
    if at is not None and (parent is None or parent.id != at.id):
        raise Refused(400, "parentComment does not fit the resource")
    if parent is not None and parent.parent is not None:
        raise Refused(400, "parentComment must be a top-level comment")
    comment = comments.write(
        call.transaction,
        activity=activity,
        parent=parent,
        actor=call.page.organization,
        name=call.page.name,
        text=text,
        kind="accepted",
    )
    comments.announce(call.world, call.transaction, call.page, [comment])
    return json_response(comment.as_json(), status=201, headers={"x-restli-id": str(comment.id)})


def _notifications(call: Call) -> Response:
    since = re.search(r"start:([0-9]{1,15})", call.request.query.get("timeRange", ""))
    if call.request.query.get("q") != "criteria" or since is None:
        raise Refused(400, "q and timeRange are needed")
    if call.request.query.get("organizationalEntity") != call.page.organization:
        raise Refused(403, "Not an administrator of this organization")
    start, count = (_number(call.request.query.get(name), default) for name, default in (("start", 0), ("count", 10)))
    found, total = comments.notifications(
        call.transaction, call.page.organization, int(since[1]), start=start, count=min(count, MOST_LISTED)
    )
    return json_response({"elements": found, "paging": {"start": start, "count": count, "total": total}})


def _message(call: Call) -> Response:
    order = call.order()
    text = order.get("body")
    if unknown := sorted(set(order) - MESSAGE_FIELDS):
        raise Refused(400, f"Unpermitted fields present in the request: {', '.join(unknown)}")
    if ("thread" in order) == ("recipients" in order):
        raise Refused(400, "Give either recipients or thread")
    places = [order["thread"]] if "thread" in order else order["recipients"]
    start = "urn:li:" if "thread" in order else "urn:li:person:"
    if not isinstance(places, list) or not places or not all(str(each).startswith(start) for each in places):
        raise Refused(400, "recipients or thread is invalid")
    if not isinstance(text, str) or not text.strip() or re.search(r"<[a-z/]", text, re.IGNORECASE):
        raise Refused(400, "body is invalid")
    if order.get("messageType") != "MEMBER_TO_MEMBER":
        raise Refused(400, "messageType is invalid")
    place = " ".join(places)
    cursor = call.transaction.execute(
        "INSERT INTO linkedin_message (actor, place, text, at_ms) VALUES (?, ?, ?, ?)",
        (call.page.organization, place, text, int(time.time() * 1000)),
    )
    name = f"urn:li:message:{cursor.lastrowid}"
    truth.append(
        call.transaction,
        kind="accepted",
        name="message",
        account=call.page.organization,
        conversation_id=place,
        message_id=name,
        detail={"text": text, "order": order},
    )
    return Response(status=201, headers={"x-restli-id": name})


def _target(call: Call) -> tuple[str, Comment | None]:
    """The post a call is about, and the comment where it is about one. Raises Refused."""
    if call.about.startswith("urn:li:comment:"):
        comment = comments.named(call.transaction, call.about)
        if comment is None:
            raise Refused(404, "Could not find entity")
        return comment.activity, comment
    if call.transaction.one("SELECT 1 FROM linkedin_post WHERE activity = ?", (call.about,)) is None:
        raise Refused(404, "Could not find entity")
    return call.about, None


def _known(call: Call) -> Comment:
    comment = comments.find(call.transaction, int(call.number))
    if comment is None or call.about not in {comment.activity, f"urn:li:comment:({comment.activity},{comment.parent})"}:
        raise Refused(404, "Could not find entity")
    return comment


def _number(value: str | None, default: int) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else default


def _refusal(refused: Refused) -> Response:
    body = {"status": refused.status, "serviceErrorCode": refused.code, "message": refused.message}
    return json_response(body, status=refused.status)
