"""An export of a million messages beside people who work: it is written in the background, memory does not grow with it,
and pages answer as they did before.

Times are compared within one run, turn about, so that it says the same on any machine that has nothing else to do.
"""

import os
import threading
import time
from statistics import median

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from conversations.models import Conversation, Customer, Message
from core.policy import Role
from drill.vitals import memory
from privacy import folder
from privacy import services as privacy
from privacy.models import Export
from tests.factories import make_conversation, make_user
from tests.hostile.cases import covers

# Loading and writing take minutes.
pytestmark = [pytest.mark.volume, pytest.mark.timeout(3600), pytest.mark.django_db(transaction=True)]
THREADS, EACH = 2_000, 500
MOST_MEGABYTES, MOST_TIMES = 100.0, 1.2
LOOKS = 40
PAGES = ("/workspace/queue/?view=all", "/api/v1/conversations/")
UUIDS = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}


@covers("F-023")
def test_a_million_messages_are_exported_and_nobody_notices(settings: Settings) -> None:
    settings.API_CALLS_PER_MINUTE = 1_000_000
    load()
    supervisor, client = make_user(role=Role.SUPERVISOR), Client()
    client.force_login(supervisor)
    export = privacy.request_messages_export(supervisor)
    # The first of each costs what is kept afterwards.
    looked(client)
    before, most, alone, beside = memory(os.getpid()), 0.0, list[float](), list[float]()

    is_whole = False
    while not is_whole:
        alone += looked(client)
        writing = Writing(export.pk)
        writing.start()
        while writing.is_alive():
            beside += looked(client)
            most = max(most, memory(os.getpid()))
        writing.join()
        assert writing.problem is None
        is_whole = writing.is_whole

    export.refresh_from_db()
    assert (export.state, export.rows) == (Export.State.READY, THREADS * EACH)
    with folder.path_of(export).open("rb") as file:
        assert sum(1 for _ in file) == THREADS * EACH + 1
    assert most - before < MOST_MEGABYTES
    assert median(beside) < MOST_TIMES * median(alone), (median(alone), median(beside), len(beside))


class Writing(threading.Thread):
    """The sweeper's hand that writes one part."""

    def __init__(self, export: int) -> None:
        super().__init__()
        self._export = export
        self.is_whole = False
        self.problem: Exception | None = None

    def run(self) -> None:
        """Write, and give the connection back."""
        try:
            self.is_whole = privacy.work_export(self._export)
        except Exception as error:  # noqa: BLE001  (whatever it is, the test is to say it)
            self.problem = error
        finally:
            connection.close()


def looked(client: Client) -> list[float]:
    """What each of some looks at the pages took, in seconds."""
    took = []
    for number in range(LOOKS):
        began = time.perf_counter()
        assert client.get(PAGES[number % len(PAGES)]).status_code == 200
        took.append(time.perf_counter() - began)
    return took


def load() -> None:
    """A million messages: those of one conversation, copied by the database into all others."""
    first = make_conversation()
    Message.objects.bulk_create(
        Message(
            conversation=first, account_id=first.account_id, seq=number, direction="in", sender_type="customer",
            text="Where is my parcel? I have been waiting for days.", disposition="ignored", disposition_reason="test",
        )
        for number in range(1, EACH + 1)
    )  # fmt: skip
    customers = Customer.objects.bulk_create(
        Customer(platform=first.platform, account_id=first.account_id, external_id=f"copy-{number}")
        for number in range(THREADS - 1)
    )
    Conversation.objects.bulk_create(
        Conversation(
            customer=customer, platform=first.platform, account_id=first.account_id, thread_key=f"copy-{number}",
            mode=Conversation.Mode.HUMAN, last_seq=EACH, last_in_seq=EACH, answered_to_seq=EACH,
        )
        for number, customer in enumerate(customers)
    )  # fmt: skip
    copied = {
        "conversation_id": "thread.id",
        "public_id": UUIDS[connection.vendor],
    }
    columns = [str(field.column) for field in Message._meta.concrete_fields if not field.primary_key]
    values = [copied.get(column, f"message.{connection.ops.quote_name(column)}") for column in columns]
    into = ", ".join(connection.ops.quote_name(column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO conversations_message ({into}) SELECT {', '.join(values)} FROM conversations_message AS message"  # noqa: S608
            " CROSS JOIN conversations_conversation AS thread WHERE message.conversation_id = %s AND thread.id <> %s",
            [first.pk, first.pk],
        )
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE")
    assert Message.objects.count() == THREADS * EACH
