"""No case is forgotten: each is named by the test that holds it, whatever its surface."""

from tests import test_hostile_privacy
from tests.agent import test_hostile_words, test_obedient, test_obedient_cases
from tests.hostile import (
    test_audited,
    test_bodies,
    test_door,
    test_linkedin,
    test_rest,
    test_shown,
    test_signing_in,
    test_sockets,
    test_wire,
    test_words,
)
from tests.hostile.cases import CASES, COVERED, covers

TESTS = (
    test_audited, test_bodies, test_door, test_hostile_privacy, test_hostile_words, test_linkedin, test_obedient, test_obedient_cases, test_rest,
    test_shown, test_signing_in, test_sockets, test_wire, test_words,
)  # fmt: skip
# Held where the code that does it is tested.
covers("W-056")  # tests/integrations/services/test_ingest.py: one lane, in order
covers("A-013", "A-014")  # tests/conversations/api/test_conversations.py: a key that reads, a session without its token
covers("A-022", "A-023")  # tests/core/test_idempotency.py: twice, at once, with another body
covers("A-036", "A-037")  # tests/access: each role at each door, page of the admin and socket
covers("A-043")  # tests/core/test_audit.py: a tampered event breaks the chain
covers("S-007")  # tests/workspace/test_consumers.py: what no bell told is told by looking
covers("S-008")  # tests/supportagent/test_layers.py: a full channel misses a message and holds up nobody
covers("S-010", "S-014")  # tests/integrations/webchat/test_views.py: another visitor's talk, new chats from one address
covers("S-016")  # tests/test_embedding.py: the script hears its own frame only
covers("F-027")  # tests/privacy/test_retention.py: at 30, 90 and 365 days, a second before and after
covers("D-001")  # tests/agent/llm/test_spend.py: however many ask at once
covers(
    "D-002"
)  # tests/agent/llm/test_chain.py: no call that the cap does not cover; tests/agent/services: the engine goes on
covers("D-004", "D-005")  # tests/agent/llm/test_chain.py: unusable answers, pauses that are too long or cannot be
covers("D-007", "D-008")  # tests/agent/llm/test_chain.py: a refusal is final, the key is in no log, what trickles ends
covers("D-010")  # tests/agent/graph/test_build.py: nothing is kept between runs, so there is nothing to be loaded


def test_every_case_has_its_expectation() -> None:
    assert set(CASES) - COVERED == set()


def test_no_expectation_names_a_case_that_is_not() -> None:
    assert COVERED - set(CASES) == set()
