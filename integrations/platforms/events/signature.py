"""The proof of a signed webhook: Standard Webhooks, by the secret of the one account that the address names."""

from collections.abc import Mapping, Sequence

from integrations import standard_webhooks
from integrations.exceptions import InvalidSignature
from integrations.platforms.base import AppKey, Proof


def verify(headers: Mapping[str, str], body: bytes, keys: Sequence[AppKey], *, now: float) -> Proof:
    """Whose secret signed the id, the time and the raw bytes. Raises InvalidSignature.

    A time more than 300 s away, either way, is refused: the sender signs each attempt anew.
    """
    claim = standard_webhooks.claim_of(headers)
    fitting = tuple(dict.fromkeys(key.client_key for key in keys if claim.is_proved_by(key.secret, body)))
    if not fitting:
        raise InvalidSignature("Invalid signature")
    if abs(claim.sent_at - now) > standard_webhooks.FRESH_SECONDS:
        raise InvalidSignature(
            f"The webhook-timestamp is more than {standard_webhooks.FRESH_SECONDS} s away from our clock."
        )
    return Proof(client_keys=fitting, event_key=f"id:{claim.id}")
