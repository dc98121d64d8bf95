"""No case of the door or of customers' words is forgotten."""

import pytest

from tests.hostile import test_bodies, test_door, test_linkedin, test_wire, test_words
from tests.hostile.cases import ABSENT, CASES, COVERED, covers

TESTS = (test_bodies, test_door, test_linkedin, test_wire, test_words)
# Held where the code that does it is tested.
covers("W-008")  # tests/integrations/test_webhooks.py: fifty deliveries at once
covers("W-056")  # tests/integrations/services/test_ingest.py: one lane, in order
covers("W-059")  # tests/conversations/test_pacing.py: six answers a minute


@pytest.mark.skipif(not CASES, reason=ABSENT)
def test_every_case_has_its_expectation() -> None:
    named = {name for name in CASES if name[0] in "WT"}

    assert named - COVERED == set()
