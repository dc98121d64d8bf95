"""Having LinkedIn notify us of a Page: a subscription of an app, by a member who administers the Page, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus

from conversations.types import SendOutcome
from integrations.platforms.base import CallFailed, Notified
from integrations.platforms.linkedin.client import LinkedInClient
from integrations.platforms.linkedin.parse import moment_of


def look(client: LinkedInClient, *, application: str) -> Notified:
    """What the token's member has subscribed. Raises CallFailed."""
    with _saying_nothing_of_the_token():
        member = client.administrator()
        return _found(client, application, member) if member else Notified(member="")


def ask(client: LinkedInClient, *, application: str, member: str, webhook: str) -> Notified:
    """Subscribe, and see what came of it: the request's own answer does not say until when. Raises CallFailed."""
    with _saying_nothing_of_the_token():
        client.subscribe(application, member, webhook)
        return _found(client, application, member)


def end(client: LinkedInClient, *, application: str, member: str) -> None:
    """End the subscription. Raises CallFailed."""
    with _saying_nothing_of_the_token():
        client.unsubscribe(application, member)


def _found(client: LinkedInClient, application: str, member: str) -> Notified:
    told = client.subscription(application, member)
    webhook = told.get("webhook")
    return Notified(
        member=member, webhook=webhook if isinstance(webhook, str) else "", until=moment_of(told.get("expiresAt"))
    )


@contextmanager
def _saying_nothing_of_the_token() -> Iterator[None]:
    """A 403 is about subscriptions here: the account's token may be good for all the rest."""
    try:
        yield
    except CallFailed as failure:
        if failure.result.http_status != HTTPStatus.FORBIDDEN:
            raise
        raise CallFailed(replace(failure.result, outcome=SendOutcome.REFUSED)) from failure
