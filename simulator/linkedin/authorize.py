"""The page on which a Page's administrator allows an app; it ends in a redirect with a code that lives half an hour."""

import html
import secrets
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from simulator.http.messages import Request, Response
from simulator.linkedin import pages
from simulator.store import Transaction
from simulator.world import World

PATH = "/oauth/v2/authorization"
CODE_SECONDS = 1_800.0


class Authorize:
    """Shows who asks, and takes the answer."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show(self, request: Request) -> Response:
        """The page."""
        with self._world.store.reading() as transaction:
            problem = _problem(transaction, request.query)
            rows = transaction.all(
                "SELECT organization, name FROM linkedin_page WHERE client_id = ? ORDER BY rowid",
                (request.query.get("client_id", ""),),
            )
        if problem:
            return _page("This link does not work", f"<p>{html.escape(problem)}</p>", status=400)
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(request.query.get(name, ""))}">'
            for name in ("client_id", "redirect_uri", "state", "response_type")
        )
        choices = "".join(
            f'<label class="choice"><input type="radio" name="organization" value="{html.escape(row["organization"])}"'
            f"{' checked' if number == 0 else ''}><span><strong>{html.escape(row['name'])}</strong></span></label>"
            for number, row in enumerate(rows)
        )
        inside = (
            f'<form method="post" action="{PATH}">{hidden}'
            f"<p>The app <strong>{html.escape(request.query['client_id'])}</strong> asks to read and write comments as:</p>"
            f'{choices}<div class="actions"><button class="quiet" name="decision" value="deny">Cancel</button>'
            '<button class="primary" name="decision" value="allow">Allow</button></div></form>'
        )
        return _page("Allow access?", inside, form_target=request.query["redirect_uri"])

    def decide(self, request: Request) -> Response:
        """Back to the app: with a code when allowed, with an error when not."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        with self._world.store.transaction() as transaction:
            problem = _problem(transaction, form)
            page = pages.page(transaction, form.get("organization", ""))
            if problem or page is None or page.client_id != form["client_id"]:
                words = html.escape(problem or "Unknown Page.")
                return _page("This link does not work", f"<p>{words}</p>", status=400)
            state = {"state": form.get("state", "")}
            if form.get("decision") != "allow":
                return _redirect(form["redirect_uri"], {"error": "user_cancelled_authorize", **state})
            code = f"AQ{secrets.token_urlsafe(90)}"
            transaction.execute(
                "INSERT INTO linkedin_code VALUES (?, ?, ?, ?, ?, NULL)",
                (code, page.client_id, page.organization, form["redirect_uri"], time.time() + CODE_SECONDS),
            )
        return _redirect(form["redirect_uri"], {"code": code, **state})


def _problem(transaction: Transaction, values: Mapping[str, str]) -> str:
    row = transaction.one(
        "SELECT redirect_uri FROM app JOIN linkedin_app ON client_id = client_key WHERE client_key = ?",
        (values.get("client_id", ""),),
    )
    redirect_uri = values.get("redirect_uri", "")
    if row is None:
        return "The client_id is not known."
    if urlsplit(redirect_uri).scheme not in {"http", "https"} or row["redirect_uri"] not in {None, redirect_uri}:
        return "The redirect_uri is not one of the app's."
    return "" if values.get("response_type") == "code" else "The response_type must be code."


def _redirect(address: str, values: Mapping[str, str]) -> Response:
    joint = "&" if urlsplit(address).query else "?"
    return Response(status=302, headers={"Location": f"{address}{joint}{urlencode(values)}"})


def _page(title: str, inside: str, *, status: int = 200, form_target: str | None = None) -> Response:
    # Chromium holds a form's redirect to form-action too, so the app's own address is named.
    target = f" {urlsplit(form_target).scheme}://{urlsplit(form_target).netloc}" if form_target else ""
    policy = f"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'{target}"
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/simulator.css"></head>'
        f'<body class="authorize"><main class="card"><p class="eyebrow">Simulated LinkedIn</p><h1>{title}</h1>{inside}'
        "</main></body></html>"
    )
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
    return Response(status=status, body=text.encode(), content_type="text/html; charset=utf-8", headers=headers)
