"""What goes wrong inside a process of the product where a drill put it: called by the edits of ``drill.mutant``.

Which work goes wrong is said by a word in the customer's message, so that everybody else's is as always.
"""

import os
import random
import signal
import threading
import time
from typing import NoReturn

POISON, UNREADABLE, HUNGRY, GREEDY, ENDLESS = "arsenic", "illegible", "ravenous", "insatiable", "everlasting"
STEP_BYTES, MOST_BYTES = 16 * 1024 * 1024, 1024 * 1024 * 1024
PAGE = 4096
COLLIDING_POINTS = frozenset({"turn.commit_mid_tx", "settle"})
COLLISIONS = ("deadlock_detected", "serialization_failure")
COLLIDING_SHARE = 0.4
_dice = random.SystemRandom()


def think(message: str) -> None:
    """The agent begins to think about a customer's words."""
    if POISON in message:
        os.kill(os.getpid(), signal.SIGKILL)
    if ENDLESS in message:
        _hang()
    if GREEDY in message:
        bytearray(1 << 60)
    if HUNGRY in message:
        _eat()


def read(body: bytes) -> None:
    """An event begins to be read."""
    if UNREADABLE.encode() in body:
        raise RecursionError("This event cannot be read, however often it is tried.")


def collide(point: str) -> None:
    """A write is under way: now and then the database breaks its transaction off, as it does where two wait for each other."""
    if point in COLLIDING_POINTS and _dice.random() < COLLIDING_SHARE:
        from django.db import connection  # noqa: PLC0415  (the product's process has it)

        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE {_dice.choice(COLLISIONS)}; END $$")


def _hang() -> NoReturn:
    while True:
        threading.Event().wait()


def _eat() -> NoReturn:
    """Take memory, page by page, until somebody ends this; never more than is safe for the machine."""
    eaten = []
    for _ in range(MOST_BYTES // STEP_BYTES):
        piece = bytearray(STEP_BYTES)
        piece[::PAGE] = b"x" * (STEP_BYTES // PAGE)
        eaten.append(piece)
        time.sleep(0.05)
    _hang()
