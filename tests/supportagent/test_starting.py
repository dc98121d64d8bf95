"""The order in which the embedded product's parts start: whoever is called first listens."""

import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from drill import wire
from drill.ports import free_ports
from supportagent.embedded.simulator import SimulatorProcess
from tests.product import RunningProduct
from tests.waiting import wait_until

ANSWER_BY_A_PERSON = """
from conversations import services
from conversations.models import Conversation
from core.models import User
services.reply(Conversation.objects.filter(platform="tiktok").first(), "Written while nothing ran.", User.objects.get(username="sam"))
"""
ATTEMPTS = """
SELECT attempt.outcome FROM conversations_deliveryattempt AS attempt
JOIN conversations_delivery AS delivery ON delivery.id = attempt.delivery_id
JOIN conversations_message AS message ON message.id = delivery.message_id
WHERE message.text = 'Written while nothing ran.' AND delivery.state = 'sent'
"""


@pytest.mark.product
def test_what_was_due_before_a_start_goes_out_at_the_first_attempt(
    start: Callable[..., RunningProduct], tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    before = start(demo=True, folder=folder)
    wire.post(f"{before.simulator_url}/_sim/scripted", json={"enabled": False}, timeout=30).raise_for_status()
    said = wire.post(f"{before.simulator_url}/_sim/say", json={"user": "early", "text": "Hello"}, timeout=30)
    said.raise_for_status()
    wait_until(lambda: rows(folder, "SELECT 1 FROM conversations_conversation"), seconds=30, what="the conversation")
    before.process.send_signal(signal.SIGTERM)
    before.process.wait(20)
    before.manage("shell", "--verbosity", "0", "--command", ANSWER_BY_A_PERSON)

    after = start(demo=True, folder=folder)

    wait_until(lambda: rows(folder, ATTEMPTS), seconds=30, what="the answer to be sent")
    assert rows(folder, ATTEMPTS) == [("ok",)]
    assert "refused" not in after.log.read_text().lower()


def test_a_simulator_listens_when_it_is_said_to(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    simulator = SimulatorProcess(port=port, folder=tmp_path / "simulator", config={})

    simulator.start()

    try:
        assert simulator.wait_until_it_listens(30)
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    finally:
        simulator.stop()
    assert not simulator.wait_until_it_listens(0)


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    """What the product's database answers; nothing while it has no tables yet."""
    with closing(sqlite3.connect(folder / "db.sqlite3", timeout=10)) as connection:
        return list(connection.execute(sql))
