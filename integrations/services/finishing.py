"""What an event leaves open: asked of its platform, and of the record, before it has its effect. No transaction is open."""

import time
from math import inf

from conversations import services as conversations
from conversations.types import OutboundEcho, SendOutcome, SendResult
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, Ignored, OutOfCalls, OwnComment, ParsedItem, Unfinished
from integrations.services import tokens


class Silent(CallFailed):
    """The platform cannot be asked anything of the account at the moment: no failure of what it was to be asked."""


# Who does not answer in a while holds up whoever asks: after that the account is left alone, longer than it took.
SLOW_SECONDS = 1.0
REST_SHARE, LONGEST_REST_SECONDS = 3, 30.0

_rests_until: dict[int, float] = {}


def finish(item: ParsedItem) -> ParsedItem:
    """The item, whole. Raises CallFailed as ``ask_for`` does."""
    item = ask_for(item)
    return _placed(item) if isinstance(item, OwnComment) else item


def ask_for(item: ParsedItem) -> ParsedItem:
    """The item with what its platform knows; what we said ourselves has yet to be placed, by what is in the record then.

    Raises CallFailed where the platform does not tell what cannot be done without: Silent, or OutOfCalls, where it would
    tell nothing else either.
    """
    return _asked(item) if isinstance(item, Unfinished) else item


def _asked(item: Unfinished) -> ParsedItem:
    if conversations.is_recorded(item.account_id, item.name):
        return item.otherwise or Ignored(reason="duplicate: the message was known.")
    try:
        return _ask(item)
    except CallFailed as failure:
        if item.otherwise is not None:
            return item.otherwise
        if failure.result.outcome is SendOutcome.REFUSED:
            return Ignored(reason=f"gone: {failure}")
        raise


def _ask(item: Unfinished) -> ParsedItem:
    account = PlatformAccount.objects.get(pk=item.account_id)
    if account.state != PlatformAccount.State.ACTIVE:
        raise Silent(SendResult(outcome=SendOutcome.RETRY, evidence="The account has to be reconnected first."))
    began = time.monotonic()
    if began < _rests_until.get(account.pk, -inf):
        raise Silent(SendResult(outcome=SendOutcome.RETRY, evidence="The platform did not answer just now."))
    platform = PLATFORMS[account.platform]
    try:
        return tokens.call_aside(account, lambda session: platform.finish(session, item))
    except OutOfCalls:
        raise
    except CallFailed as failure:
        if failure.result.outcome is SendOutcome.REFUSED or _answers(account):
            raise
        now = time.monotonic()
        if now - began > SLOW_SECONDS:
            _rests_until[account.pk] = now + min(REST_SHARE * (now - began), LONGEST_REST_SECONDS)
        raise Silent(failure.result, code=failure.code) from failure


def _answers(account: PlatformAccount) -> bool:
    """Whether the platform answers anything else that the account asks, so that the fault was in the question."""
    try:
        tokens.call_aside(account, PLATFORMS[account.platform].probe)
    except CallFailed:
        return False
    return True


def _placed(item: OwnComment) -> ParsedItem:
    account_id = item.channel.account_id
    if conversations.is_recorded(account_id, item.source_id):
        return Ignored(reason="echo: duplicate")
    found = conversations.thread_of_own(account_id, above=item.above, text=item.text)
    if found is None:
        return Ignored(reason="own: said in our own name, in no thread with a customer.")
    thread_key, customer_id = found
    return OutboundEcho(
        channel=item.channel,
        source_id=item.source_id,
        thread_key=thread_key,
        customer_id=customer_id,
        text=item.text,
        # Whether it was said through the interface is not told; words that are on their way are ours.
        by_api=True,
        sent_at=item.sent_at,
    )
