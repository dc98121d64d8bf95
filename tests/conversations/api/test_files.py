"""Lists as files: what they hold, for whom, and what is noted of them."""

import csv
import io
import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from conversations.api import files
from conversations.models import Conversation, Delivery, Message
from core.models import AuditEvent
from core.policy import Role
from tests.factories import make_channel, make_conversation, make_customer, make_delivery, make_message, make_team
from tests.rest import Caller, signed_in, with_key

pytestmark = pytest.mark.django_db

EXPORT, WHOLE = "conversations:export", "personal:read"
LISTS = ["conversations", "messages"]
CARD = "4111 1111 1111 1111"


def exported(caller: Caller, kind: str, **query: Any) -> Any:
    """The answer to a call for a file."""
    return caller.get(f"/api/v1/{kind}/export/", **query)


def text_of(answer: Any) -> str:
    """The file, as it was sent."""
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content).decode()


def lines_of(answer: Any) -> list[dict[str, Any]]:
    """The rows of JSON lines."""
    return [json.loads(line) for line in text_of(answer).splitlines()]


def sheet_of(answer: Any) -> list[dict[str, str]]:
    """The rows of CSV, by column."""
    text = text_of(answer)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def talked(text: str = "Where is it?", **values: Any) -> Conversation:
    """A conversation in which a customer has written."""
    conversation = make_conversation(**values)
    make_message(conversation, text)
    return conversation


@pytest.mark.parametrize("kind", LISTS)
def test_a_line_is_a_row_as_the_list_has_it(kind: str) -> None:
    for _ in range(2):
        make_delivery(talked(), state=Delivery.State.SENT)
    listed = with_key("conversations:read").get(f"/api/v1/{kind}/").json()["results"]

    answer = exported(with_key(EXPORT), kind, format="jsonl")

    assert answer.headers["Content-Type"] == "application/jsonl"
    assert f'filename="{kind}-' in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Disposition"].endswith('.jsonl"')
    assert "no-store" in answer.headers["Cache-Control"]
    by_id = {row["id"]: row for row in listed}
    assert {row["id"]: row for row in lines_of(answer)} == by_id
    assert by_id


def test_a_sheet_has_a_column_for_each_field_of_a_thing_within_the_row() -> None:
    conversation = talked()
    conversation.last_sentiment = -0.5
    conversation.save(update_fields=["last_sentiment"])
    make_delivery(conversation, state=Delivery.State.SENT)

    answer = exported(with_key(EXPORT), "conversations")
    messages = sheet_of(exported(with_key(EXPORT), "messages"))

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    (row,) = sheet_of(answer)
    assert (row["id"], row["status"], row["is_public"]) == (str(conversation.public_id), "active", "false")
    assert (row["customer_id"], row["customer_name"]) == (str(conversation.customer.public_id), "Ada Marsh")
    # Nobody has it, and a number below zero is no formula.
    assert (row["assignee_id"], row["assignee_name"], row["sentiment"]) == ("", "", "-0.5")
    ours, theirs = messages
    assert (ours["delivery_state"], theirs["delivery_state"]) == ("sent", "")
    assert (theirs["text"], theirs["attachments"]) == ("Where is it?", "[]")


@pytest.mark.parametrize("kind", LISTS)
def test_an_empty_sheet_says_its_columns_and_empty_lines_say_nothing(kind: str) -> None:
    sheet = text_of(exported(with_key(EXPORT), kind))

    assert sheet.startswith('\ufeff"id",')
    assert sheet.count("\r\n") == 1
    assert text_of(exported(with_key(EXPORT), kind, format="jsonl")) == ""


def test_the_lists_filters_narrow_the_file_and_unknown_ones_are_refused() -> None:
    wanted, other = talked(), talked("Something else", mode=Conversation.Mode.CLOSED)
    key = with_key(EXPORT)

    closed = lines_of(exported(key, "conversations", format="jsonl", status="closed"))
    said = lines_of(exported(key, "messages", format="jsonl", conversation=str(wanted.public_id)))
    refused = exported(key, "messages", page_size=5)

    assert [row["id"] for row in closed] == [str(other.public_id)]
    assert [row["text"] for row in said] == ["Where is it?"]
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert AuditEvent.objects.filter(action__endswith=".exported").count() == 2


def test_a_caller_may_say_the_form_by_what_it_accepts() -> None:
    talked()
    caller = with_key(EXPORT)

    def asked(accept: str, form: str = "") -> Any:
        query = {"format": form} if form else {}
        return caller.client.get("/api/v1/messages/export/", query, headers=caller.headers | {"accept": accept})

    forms = {accept: asked(accept).headers["Content-Type"] for accept in ("text/csv", "application/jsonl", "*/*")}

    assert forms == {
        "text/csv": "text/csv; charset=utf-8", "application/jsonl": "application/jsonl", "*/*": "text/csv; charset=utf-8",
    }  # fmt: skip
    for refused, status in ((asked("application/json"), 406), (asked("*/*", "zip"), 404)):
        assert (refused.status_code, refused.headers["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_words_are_masked_but_for_a_key_with_the_scope(form: str) -> None:
    talked(subject=f"Card {CARD}")
    Message.objects.update(text=f"My card is {CARD}")
    callers = {
        "key": with_key(EXPORT),
        "person": signed_in(Role.ADMIN),
        "staff key": with_key(role=Role.ADMIN),
        "whole": with_key(EXPORT, WHOLE),
    }

    told = {name: [text_of(exported(caller, kind, format=form)) for kind in LISTS] for name, caller in callers.items()}

    whole = told.pop("whole")
    assert all(CARD in text for text in whole)
    assert not any(CARD in text for texts in told.values() for text in texts)
    assert all("[card]" in text for texts in told.values() for text in texts)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", " =", "＝"])
def test_a_spreadsheet_computes_nothing_from_a_file(begin: str) -> None:
    words = f"{begin}HYPERLINK(A1)"
    customer = make_customer(name=words)
    conversation = make_conversation(customer=customer, account_name=words)
    make_message(conversation, words)
    key = with_key(EXPORT)

    (row,) = sheet_of(exported(key, "conversations"))
    (said,) = sheet_of(exported(key, "messages"))

    cells = [row["customer_name"], row["account_name"], said["text"]]
    assert cells == [f"'{words}"] * 3


@pytest.mark.parametrize(("kind", "queries"), [("conversations", 1), ("messages", 2)])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_file_is_read_a_few_rows_at_a_time_while_it_is_sent(
    kind: str, queries: int, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK", 2)
    expected = [talked(f"Number {number}") for number in range(5)][::-1]
    answer = exported(with_key(EXPORT), kind, format=form)

    with CaptureQueriesContext(connection) as asked:
        parts = [next(answer.streaming_content)]
        if form == "csv":
            assert len(asked) == 0
            parts.append(next(answer.streaming_content))
        assert len(asked) == queries
        # What comes meanwhile moves its conversation to the front of the list, and is not in the file.
        make_message(expected[-1], "Meanwhile")
        made = len(asked)
        parts += answer.streaming_content

    assert len(asked) - made == 2 * queries
    text = b"".join(parts).decode()
    places = [text.index(str(each.public_id)) for each in expected]
    assert places == sorted(places)
    assert kind == "conversations" or "Meanwhile" not in text


def test_a_file_is_noted_with_its_filters_and_the_number_of_its_rows() -> None:
    conversation = talked()
    make_message(conversation, "Hello?")
    supervisor, key = signed_in(Role.SUPERVISOR), with_key(EXPORT)

    exported(supervisor, "messages", conversation=str(conversation.public_id))
    exported(key, "conversations", format="jsonl", status="active", platform="tiktok")

    by_person, by_key = AuditEvent.objects.filter(action__endswith=".exported").order_by("pk")
    assert (by_person.action, by_person.actor_kind) == ("messages.exported", "user")
    assert by_person.after == {"format": "csv", "filters": {"conversation": str(conversation.public_id)}, "rows": 2}
    assert (by_key.action, by_key.actor_kind) == ("conversations.exported", "key")
    assert by_key.after == {"format": "jsonl", "filters": {"status": "active", "platform": "tiktok"}, "rows": 1}


def test_a_key_gets_a_few_files_in_an_hour(settings: Settings) -> None:
    settings.EXPORTS_PER_HOUR = 2
    key, other = with_key(EXPORT), with_key(EXPORT)

    answers = [exported(key, kind) for kind in ("messages", "conversations", "messages")]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused = answers[-1]
    assert refused.json()["code"] == "too-many-exports"
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert exported(other, "messages").status_code == 200
    assert AuditEvent.objects.filter(action__endswith=".exported").count() == 3


@pytest.mark.parametrize("kind", LISTS)
def test_a_file_holds_what_its_right_reaches(kind: str) -> None:
    mine, theirs = make_team(), make_team()
    for team in (mine, theirs):
        talked(channel=make_channel(team_id=team.pk))
    everything = [with_key(EXPORT), signed_in(Role.ADMIN, team=mine), signed_in(Role.SUPERVISOR, team=mine)]
    bound = [with_key(EXPORT, team=mine), with_key(role=Role.SUPERVISOR, team=mine)]
    own = str(Conversation.objects.get(team=mine).public_id)

    assert [len(lines_of(exported(caller, kind, format="jsonl"))) for caller in everything] == [2, 2, 2]
    for caller in bound:
        (row,) = lines_of(exported(caller, kind, format="jsonl"))
        assert own in row.values()


@pytest.mark.parametrize("kind", LISTS)
def test_nobody_takes_a_file_without_the_right(kind: str) -> None:
    talked()
    refused = [signed_in(role) for role in (Role.AGENT, Role.VIEWER, Role.PROMPT_EDITOR)]
    refused += [with_key("conversations:read", WHOLE), with_key(role=Role.VIEWER)]

    assert [exported(caller, kind).status_code for caller in refused] == [403] * 5
    assert exported(Caller(), kind).status_code == 401
    assert not AuditEvent.objects.filter(action__endswith=".exported").exists()
