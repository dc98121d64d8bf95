"""What hostile customers write: kept as sent, shown as text, read without what is hidden."""

import html
import uuid

import pytest
from django.test import Client

from agent.services.briefs import MOST_CHARACTERS
from conversations.models import Message
from conversations.wording import is_automatic, sounds_urgent
from core.models import AuditEvent
from core.personal import Placeholders
from core.policy import Role
from core.redaction import redact
from core.sheets import shown_as_is
from core.text import MAX_STORED_CHARACTERS, clean_text, count_signs, one_line, readable, shown, truncate
from integrations import services
from integrations.models import PlatformAccount
from tests.factories import make_account, make_user
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


@pytest.mark.parametrize(
    "text", [*each("T-016", "re\u200bfund m\u2060e"), *each("T-017", "Hi\U000e0061\U000e0062 you")]
)
def test_hidden_signs_are_kept_told_and_not_read(text: str) -> None:
    message = from_tiktok(text)

    assert message.text == clean_text(text)
    assert message.details["invisible_text"] is True
    assert not set(readable(message.text)) & {"\u200b", "\u2060", "\ufeff", "\U000e0061", "\U000e0072"}


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
def test_a_very_long_word_is_kept(text: str) -> None:
    message = from_tiktok(text)

    assert message.text == text
    assert len(one_line(message.text)) <= 160


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


@pytest.mark.parametrize("text", [*each("T-029", "I think about suicide"), "ich will mich umbringen"])
def test_who_may_harm_themselves_is_not_kept_waiting(text: str) -> None:
    assert sounds_urgent(text)


@pytest.mark.parametrize("text", [*each("T-031", "+1+cmd"), "-1", "@x", "\tx", "\rx", "\nx", "＝1"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert shown_as_is(text) == f"'{text}"


@pytest.mark.parametrize("text", each("T-032", "Automatic reply: I am away"))
def test_a_machine_is_heard(text: str) -> None:
    assert is_automatic(text)
