"""The endpoint by which an app has itself notified of a Page: made and renewed by the same PUT, read by the same key."""

import re
import time
from urllib.parse import unquote

from simulator.http.messages import Response, json_response
from simulator.linkedin import subscribers, tokens
from simulator.linkedin.calls import Call, Endpoint, Refused

_KEY = re.compile(r"\(developerApplication:([^,()]+),user:([^,()]+),entity:([^,()]+),eventType:([A-Z_]+)\)")
APPLICATION = "urn:li:developerApplication:"


def _get(call: Call) -> Response:
    application = _application(call)
    found = subscribers.find(call.transaction, application, call.page.organization, now=time.time())
    if found is None:
        raise Refused(404, "Could not find entity")
    key = {
        "developerApplication": f"{APPLICATION}{application}",
        "user": str(found["member"]),
        "entity": str(found["organization"]),
        "eventType": subscribers.SOCIAL,
    }
    told = {"webhook": str(found["webhook"]), "expiresAt": int(float(found["expires_at"]) * 1000)}
    return json_response(key | told)


def _put(call: Call) -> Response:
    application, webhook = _application(call), call.order().get("webhook")
    if not call.world.knobs.now.linkedin_administers:
        raise Refused(403, "Not an administrator of this organization")
    registered = call.transaction.one(
        "SELECT webhook_url FROM linkedin_app WHERE client_id = ? AND state = 'validated'", (call.page.client_id,)
    )
    if not isinstance(webhook, str) or registered is None or webhook != registered["webhook_url"]:
        raise Refused(400, "The webhook is not registered with this application, or not validated")
    until = min(
        time.time() + call.world.knobs.now.linkedin_subscription_seconds,
        tokens.grant_ends_at(call.transaction, tokens.bearer(call.request)),
    )
    subscribers.subscribe(call.transaction, application, call.page.organization, webhook=webhook, until=until)
    return Response(status=200)


def _delete(call: Call) -> Response:
    if not subscribers.unsubscribe(call.transaction, _application(call), call.page.organization):
        raise Refused(404, "Could not find entity")
    return Response(status=204)


ENDPOINTS: dict[str, tuple[str, Endpoint]] = {
    "GET": ("subscription_get", _get),
    "PUT": ("subscription_put", _put),
    "DELETE": ("subscription_delete", _delete),
}


def _application(call: Call) -> str:
    """The app's number, where the key is the token's: its app, its member, its Page. Raises Refused."""
    found = _KEY.fullmatch(call.about)
    if found is None or found[4] != subscribers.SOCIAL:
        raise Refused(400, "Syntax exception in path variables")
    application, member, entity = (unquote(found[number]) for number in (1, 2, 3))
    own = subscribers.application_of(call.transaction, call.page.client_id)
    if (application, member, entity) != (f"{APPLICATION}{own}", subscribers.MEMBER, call.page.organization):
        raise Refused(403, "Not enough permissions to access the resource")
    return own
