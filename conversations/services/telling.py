"""What a customer is told where no agent writes it: that a person answers, by when, and what to do in danger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from conversations.models import Conversation
from conversations.services.staffing import staffing
from conversations.wording import PEOPLE_BACK, PEOPLE_WAIT, said_in
from core import waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A text with what is known of the time, and the moment by which it lets the customer expect an answer."""

    text: str
    answer_by: datetime | None


def language_of(conversation: Conversation) -> str:
    """The language the customer is spoken to in, as far as the record knows it."""
    return conversation.language or conversation.customer.locale[:2]


def with_time(conversation: Conversation, texts: Mapping[str, str], *, language: str = "") -> Told:
    """The text in ``language`` or the conversation's, and when people answer, if that is known and there is room for it."""
    own = language or language_of(conversation)
    said = said_in(own, texts)
    found = staffing(timezone.now())
    sentence, answer_by = "", None
    if found.is_open is False:
        if found.opens is not None:
            opens = waits.moment(found.opens, now=found.now, zone=f"{found.opens:%Z}", language=own)
            sentence = said_in(own, PEOPLE_BACK).format(opens=opens)
    elif (wait := waits.wait_told(found.wait, now=found.now, closes=found.closes)) is not None:
        sentence = said_in(own, PEOPLE_WAIT).format(wait=waits.length(wait, own))
        answer_by = found.now + wait
    text = f"{said} {sentence}".strip()
    if len(text) > conversation.text_limit:
        return Told(text=said, answer_by=None)
    return Told(text=text, answer_by=answer_by)
