"""The platform's part of a webhook attempt: the registered address and the signed headers."""

from simulator.store import Transaction
from simulator.tiktok import apps, ids, signature
from simulator.webhooks.outbox import Webhook
from simulator.webhooks.sender import Outgoing


def prepare(transaction: Transaction, webhook: Webhook, signed_at: int) -> Outgoing | None:
    """Where to and with which headers, or None when the app listens no more."""
    url = apps.callback_url(transaction, webhook.client_key, webhook.event_type)
    row = transaction.one("SELECT client_secret FROM app WHERE client_key = ?", (webhook.client_key,))
    if url is None or row is None:
        return None
    secret = "someone else's secret" if webhook.variant == "forged" else str(row["client_secret"])
    return Outgoing(
        url=url,
        headers={
            "Content-Type": "application/json",
            "Tiktok-Signature": signature.header(secret, body=webhook.body, at=signed_at),
            "X-Tt-Logid": ids.request_id(),
            "User-Agent": "Go-http-client/1.1",
        },
    )
