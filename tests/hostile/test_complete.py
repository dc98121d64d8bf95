"""No case is forgotten: each is named by the test that holds it, whatever its surface, and those tests are there."""

import ast
from pathlib import Path

import pytest

from tests import test_hostile_privacy
from tests.agent import test_hostile_words, test_obedient, test_obedient_cases
from tests.hostile import (
    test_audited,
    test_bodies,
    test_door,
    test_frames,
    test_linkedin,
    test_order,
    test_rest,
    test_shown,
    test_signing_in,
    test_sockets,
    test_unread,
    test_wire,
    test_words,
)
from tests.hostile.cases import CASES, COVERED

ROOT = Path(__file__).resolve().parents[2]
TESTS = (
    test_audited, test_bodies, test_door, test_frames, test_hostile_privacy, test_hostile_words, test_linkedin, test_obedient,
    test_obedient_cases, test_order, test_rest, test_shown, test_signing_in, test_sockets, test_unread, test_wire, test_words,
)  # fmt: skip
# Held where the code that does it is tested, by every test that is named: the case, and file::test.
HELD_BY: dict[str, tuple[str, ...]] = {
    "A-013": ("tests/conversations/api/test_conversations.py::test_a_key_that_reads_does_not_write",),
    "A-014": ("tests/conversations/api/test_conversations.py::test_a_session_without_its_token_changes_nothing",),
    "A-020": ("tests/test_nginx.py::test_nginx_sends_programs_to_ingest_and_people_to_live",),
    "A-022": (
        "tests/core/test_idempotency.py::test_a_repeated_call_does_nothing_twice_and_is_answered_alike",
        "tests/core/test_idempotency.py::test_while_the_first_is_being_worked_on_the_second_is_told_to_wait",
        "tests/core/test_idempotency.py::test_of_calls_at_once_one_is_done",
    ),
    "A-023": ("tests/core/test_idempotency.py::test_another_body_with_the_same_key_is_refused",),
    "A-036": (
        "tests/access/test_doors.py::test_a_door_opens_for_whom_the_matrix_names_and_for_nobody_else",
        "tests/access/test_doors.py::test_what_is_assigned_to_somebody_is_their_own_whichever_team_it_is_of",
        "tests/access/test_doors.py::test_every_address_has_an_entry",
        "tests/access/test_sockets.py::test_a_socket_opens_for_whom_the_matrix_names",
        "tests/access/test_admin.py::test_a_button_is_for_whom_the_matrix_names",
    ),
    "A-037": ("tests/access/test_admin.py::test_a_table_opens_for_whom_the_matrix_names",),
    "A-043": ("tests/core/test_audit.py::test_a_tampered_event_breaks_the_chain",),
    "D-001": ("tests/agent/llm/test_spend.py::test_however_many_ask_at_once_the_cap_holds",),
    "D-002": (
        "tests/agent/llm/test_chain.py::test_no_call_is_made_that_the_cap_does_not_cover",
        "tests/agent/test_runtime.py::test_when_every_model_is_down_the_embedded_engine_answers",
    ),
    "D-004": ("tests/agent/llm/test_chain.py::test_an_unusable_answer_counts_as_a_failure",),
    "D-005": (
        "tests/agent/llm/test_chain.py::test_a_long_wait_is_not_waited_for",
        "tests/agent/llm/test_chain.py::test_a_pause_that_cannot_be_is_none",
    ),
    "D-007": (
        "tests/agent/llm/test_chain.py::test_a_refusal_is_never_asked_again",
        "tests/agent/llm/test_chain.py::test_the_key_is_never_in_the_log",
    ),
    "D-008": ("tests/agent/llm/test_chain.py::test_an_answer_that_trickles_ends_with_the_attempt",),
    "D-010": ("tests/agent/graph/test_build.py::test_nothing_is_kept_between_runs",),
    "F-027": ("tests/privacy/test_retention.py::test_at_the_limit_only_what_is_older_goes_and_only_once",),
    "S-007": ("tests/workspace/test_consumers.py::test_a_change_that_no_bell_told_is_told_by_looking",),
    "S-008": ("tests/supportagent/test_layers.py::test_a_full_channel_misses_a_message_and_holds_up_nobody",),
    "S-010": ("tests/integrations/webchat/test_views.py::test_a_visitor_reads_only_their_own_conversation",),
    "S-014": ("tests/integrations/webchat/test_views.py::test_new_chats_from_one_address_are_limited",),
    "W-056": ("tests/integrations/services/test_ingest.py::test_eight_workers_take_in_twenty_messages_in_order",),
}


def test_every_case_has_its_expectation() -> None:
    assert set(CASES) - COVERED - set(HELD_BY) == set()


def test_no_expectation_names_a_case_that_is_not() -> None:
    assert (COVERED | set(HELD_BY)) - set(CASES) == set()


@pytest.mark.parametrize("name", sorted({name for names in HELD_BY.values() for name in names}))
def test_what_is_said_to_hold_a_case_is_there(name: str) -> None:
    file, _, test = name.partition("::")

    defined = {each.name for each in ast.parse((ROOT / file).read_text()).body if isinstance(each, ast.FunctionDef)}

    assert test in defined
