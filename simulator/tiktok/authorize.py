"""The page on which a business allows an app; it ends in a redirect with a code."""

import html
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from simulator.http.messages import Request, Response
from simulator.store import Transaction
from simulator.tiktok import apps, grants
from simulator.tiktok.apps import Account
from simulator.world import World

PATH = "/v2/auth/authorize"
PLAIN_SCOPES = {
    "user.info.basic": "Read your account's name and picture",
    "message.list.read": "Read your direct messages",
    "message.list.send": "Send direct messages for you",
    "message.list.manage": "Manage your conversations",
}


class Authorize:
    """Shows who asks for what, and takes the answer."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show(self, request: Request) -> Response:
        """The page, or the bounce without a code for those who allowed the same before."""
        with self._world.store.transaction() as transaction:
            problem = _problem(transaction, request.query)
            if problem:
                return _page("This link does not work", f"<p>{html.escape(problem)}</p>", status=400)
            client_key, scope = (request.query["client_key"], request.query.get("scope", ""))
            again = request.query.get("disable_auto_auth") == "1"
            if not again and grants.was_granted_by_page(transaction, client_key, scope):
                return _redirect(request.query["redirect_uri"], {"state": request.query.get("state", "")})
            offered = apps.accounts(transaction, client_key) or [
                apps.create_account(
                    transaction, client_key=client_key, display_name="Northwind Outfitters", username="northwind"
                )
            ]
        return _page("Allow access?", _form(request.query, offered), form_target=request.query["redirect_uri"])

    def decide(self, request: Request) -> Response:
        """Back to the app: with a code when allowed, with an error when not."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        with self._world.store.transaction() as transaction:
            problem = _problem(transaction, form)
            account = apps.account(transaction, form.get("business_id", ""))
            if problem or account is None or account.client_key != form["client_key"]:
                return _page(
                    "This link does not work", f"<p>{html.escape(problem or 'Unknown account.')}</p>", status=400
                )
            state = {"state": form.get("state", "")}
            if form.get("decision") != "allow":
                return _redirect(form["redirect_uri"], {"error": "access_denied", **state})
            scope = form.get("scope") or apps.ALL_SCOPES
            code = grants.issue_code(
                transaction,
                client_key=account.client_key,
                business_id=account.business_id,
                redirect_uri=form["redirect_uri"],
                scope=scope,
                seconds=self._world.knobs.now.auth_code_seconds,
            )
        return _redirect(form["redirect_uri"], {"code": code, "scopes": scope, **state})


def _problem(transaction: Transaction, values: Mapping[str, str]) -> str | None:
    row = transaction.one("SELECT redirect_uri FROM app WHERE client_key = ?", (values.get("client_key", ""),))
    redirect_uri = values.get("redirect_uri", "")
    if row is None:
        return "The client_key is not known."
    if urlsplit(redirect_uri).scheme not in {"http", "https"} or row["redirect_uri"] not in {None, redirect_uri}:
        return "The redirect_uri is not the one set in the app."
    if values.get("response_type", "code") != "code":
        return "The response_type must be code."
    return None


def _redirect(address: str, values: Mapping[str, str]) -> Response:
    joint = "&" if urlsplit(address).query else "?"
    return Response(status=302, headers={"Location": f"{address}{joint}{urlencode(values)}"})


def _form(values: Mapping[str, str], offered: list[Account]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(values.get(name, ""))}">'
        for name in ("client_key", "redirect_uri", "scope", "state")
    )
    choices = "".join(
        f'<label class="choice"><input type="radio" name="business_id" value="{html.escape(each.business_id)}"'
        f"{' checked' if number == 0 else ''}><span><strong>{html.escape(each.display_name)}</strong>"
        f"<small>@{html.escape(each.username)}</small></span></label>"
        for number, each in enumerate(offered)
    )
    scopes = [scope for scope in values.get("scope", "").split(",") if scope in PLAIN_SCOPES] or list(PLAIN_SCOPES)
    wishes = "".join(f"<li>{PLAIN_SCOPES[scope]}</li>" for scope in scopes)
    return (
        f'<form method="post" action="{PATH}">{hidden}'
        f"<p>The app <strong>{html.escape(values['client_key'])}</strong> asks to:</p><ul>{wishes}</ul>"
        f'<p>As which business account?</p>{choices}<div class="actions">'
        '<button class="quiet" name="decision" value="deny">Cancel</button>'
        '<button class="primary" name="decision" value="allow">Allow</button></div></form>'
    )


def _page(title: str, inside: str, *, status: int = 200, form_target: str | None = None) -> Response:
    # Chromium holds a form's redirect to form-action too, so the app's own address is named.
    target = f" {urlsplit(form_target).scheme}://{urlsplit(form_target).netloc}" if form_target else ""
    policy = f"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'{target}"
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/simulator.css"></head>'
        f'<body class="authorize"><main class="card"><p class="eyebrow">Simulated TikTok</p><h1>{title}</h1>{inside}'
        "</main></body></html>"
    )
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
    return Response(status=status, body=text.encode(), content_type="text/html; charset=utf-8", headers=headers)
