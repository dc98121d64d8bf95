"""Everything that changes a conversation. Whoever writes to the record does it through one of these."""

from conversations.services.announce import lock
from conversations.services.deliveries import (
    claim_delivery,
    count_look,
    decide_delivery,
    defer_delivery,
    release_expired_sends,
    settle_delivery,
    settle_unknown,
    unknown_deliveries,
)
from conversations.services.receiving import (
    ensure_conversation,
    mark_read_to,
    receive,
    record_echo,
    record_read,
    seen,
)
from conversations.services.staff import (
    add_note,
    assign,
    claim,
    claim_next,
    escalate,
    hand_back,
    reopen,
    reply,
    resolve,
    take_over,
)
from conversations.services.sweeping import close_silent, due_sends, due_turns, raise_overdue
from conversations.services.turns import claim_turn, commit_turn, extend_turn, fail_turn, read_talk, suggest

__all__ = [
    "add_note",
    "assign",
    "claim",
    "claim_delivery",
    "claim_next",
    "claim_turn",
    "close_silent",
    "commit_turn",
    "count_look",
    "decide_delivery",
    "defer_delivery",
    "due_sends",
    "due_turns",
    "ensure_conversation",
    "escalate",
    "extend_turn",
    "fail_turn",
    "hand_back",
    "lock",
    "mark_read_to",
    "raise_overdue",
    "read_talk",
    "receive",
    "record_echo",
    "record_read",
    "release_expired_sends",
    "reopen",
    "reply",
    "resolve",
    "seen",
    "settle_delivery",
    "settle_unknown",
    "suggest",
    "take_over",
    "unknown_deliveries",
]
