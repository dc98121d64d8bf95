"""No case of the door, of customers' words, of REST and the admin, and of sockets and the chat is forgotten."""

import pytest

from tests.hostile import (
    test_bodies,
    test_door,
    test_linkedin,
    test_rest,
    test_signing_in,
    test_sockets,
    test_wire,
    test_words,
)
from tests.hostile.cases import ABSENT, CASES, COVERED, covers

TESTS = (
    test_bodies, test_door, test_linkedin, test_rest, test_signing_in, test_sockets, test_wire, test_words,
)  # fmt: skip
# Held where the code that does it is tested.
covers("W-008")  # tests/integrations/test_webhooks.py: fifty deliveries at once
covers("W-056")  # tests/integrations/services/test_ingest.py: one lane, in order
covers("W-059")  # tests/conversations/test_pacing.py: six answers a minute
covers("A-013", "A-014")  # tests/conversations/api/test_conversations.py: a key that reads, a session without its token
covers("A-022", "A-023")  # tests/core/test_idempotency.py: twice, at once, with another body
covers("A-036", "A-037")  # tests/access: each role at each door, page of the admin and socket
covers("A-042")  # tests/core/test_audit.py and the tests of each deed; test_signing_in.py
covers("A-043")  # tests/core/test_audit.py: a tampered event breaks the chain
covers("S-007")  # tests/workspace/test_consumers.py: what no bell told is told by looking
covers("S-008")  # tests/supportagent/test_layers.py: a full channel misses a message and holds up nobody
covers("S-010", "S-014")  # tests/integrations/webchat/test_views.py: another visitor's talk, new chats from one address
covers("S-016")  # tests/test_embedding.py: the script hears its own frame only


@pytest.mark.skipif(not CASES, reason=ABSENT)
def test_every_case_has_its_expectation() -> None:
    named = {name for name in CASES if name[0] in "WTAS"}

    assert named - COVERED == set()
