"""Messages of one conversation that several workers take in and answer at once, while they come: in their order all the way."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations import services as conversations
from conversations.models import Conversation, Delivery, Message
from conversations.types import MessageFacts, Reply, SendOutcome, SendResult
from integrations import services
from tests.hostile.cases import covers
from tests.integrations.tiktok import post, text_event, tiktok_account
from tests.waiting import wait_until

MESSAGES, WORKERS = 20, 8


class Worker:
    """Does all that is due, again and again, as one of several processes would. ``sent`` is the platform's own order."""

    def __init__(self, sent: list[str], over: threading.Event) -> None:
        self._sent = sent
        self._over = over

    def run(self) -> None:
        """Until it is over."""
        try:
            while not self._over.is_set():
                try:
                    self._round()
                except OperationalError as error:
                    # On a busy machine: whoever waits too long for a row leaves it to the others.
                    if "lock timeout" not in str(error):
                        raise
        finally:
            connection.close()

    def _round(self) -> None:
        services.ingest_waiting()
        # The quiet period is over at once, so that there are many turns.
        Conversation.objects.filter(ready_at__gt=timezone.now()).update(ready_at=timezone.now())
        for pk in conversations.due_turns():
            turn = conversations.claim_turn(pk, owner=str(threading.get_ident()))
            if turn is not None:
                reply = Reply(text=f"{turn.from_seq}-{turn.to_seq}")
                conversations.commit_turn(turn, reply, run_id=1, facts=MessageFacts())
        for pk in conversations.due_sends():
            claimed = conversations.claim_delivery(pk)
            if claimed is not None:
                self._sent.append(claimed.text)
                arrived = SendResult(outcome=SendOutcome.OK, platform_message_id=f"out-{claimed.delivery_id}")
                conversations.settle_delivery(claimed, arrived, started_at=timezone.now())


@covers("W-056")
@pytest.mark.django_db(transaction=True)
def test_twenty_messages_are_taken_in_and_answered_in_order_by_eight_workers(settings: Settings) -> None:
    settings.BOT_TURNS_PER_MINUTE = 1_000
    tiktok_account()
    sent: list[str] = []
    over = threading.Event()
    workers = [Worker(sent, over) for _ in range(WORKERS)]

    with ThreadPoolExecutor(WORKERS) as pool:
        running = [pool.submit(worker.run) for worker in workers]
        try:
            for number in range(MESSAGES):
                body = text_event(f"Line {number:02}", message_id=f"m-{number}")
                assert post(Client(), body).status_code == 200
            wait_until(is_done, seconds=60, what="all of them to be answered")
        finally:
            over.set()
        for each in running:
            each.result()

    asked = list(Message.objects.filter(direction=Message.Direction.INBOUND).order_by("seq"))
    assert [message.text for message in asked] == [f"Line {number:02}" for number in range(MESSAGES)]
    # Each answer that arrived says what it answers: together everything, once, and nothing before what came earlier.
    replies = list(Delivery.objects.order_by("out_seq").values_list("message__text", flat=True))
    assert sent == replies
    reach = [tuple(map(int, text.split("-"))) for text in sent]
    answered = [message.seq for start, end in reach for message in asked if start <= message.seq <= end]
    assert answered == [message.seq for message in asked]
    # One answer to all of them would be in order whatever the workers did.
    assert len(sent) > 1


def is_done() -> bool:
    """Whether everything is answered, and every answer sent."""
    asked = Message.objects.filter(direction=Message.Direction.INBOUND)
    is_answered = asked.filter(disposition=Message.Disposition.ANSWERED).count() == MESSAGES
    return is_answered and not Delivery.objects.exclude(state=Delivery.State.SENT).exists()
