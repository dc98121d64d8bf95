"""The Celery application. Tasks are bells: they carry a primary key, and losing one costs time, never a message."""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from celery import Celery, Task
from celery.concurrency.thread import TaskPool
from celery.signals import (
    celeryd_init,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from django.conf import settings
from django.db import close_old_connections

from core import memory
from supportagent import watchdog

if TYPE_CHECKING:
    from supportagent.hands import Hands

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportagent.settings")

# What is under way when a worker is told to end has so long.
GRACE_SECONDS = 20.0


class Bell(Task):  # type: ignore[type-arg]  # the class is generic for checkers alone
    """What every task is. A worker loads how it is asked for; others need not."""

    Request = "supportagent.acknowledging:LateRequest"


app: "Celery[Task[Any, Any]]" = Celery("supportagent", task_cls=Bell)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Celery would close the database's connections before and after each task; below they age as between requests.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize


@setup_logging.connect
def leave_the_logs_alone(**_: object) -> None:
    """Celery would set everybody's level by its own option, and a worker or beat would be silent about what it does."""


@celeryd_init.connect
def refuse_a_broker_of_its_own(conf: Any, **_: object) -> None:
    """A worker of its own would wait for ever at a broker in its own memory."""
    if str(conf.broker_url).startswith("memory:"):
        sys.exit(
            "Without Redis everything runs in one process: start it with manage.py up, or set REDIS_URL for a worker."
        )


@celeryd_init.connect
def be_sparing(**_: object) -> None:
    """A worker holds the engine, and a pool of memory for each thread beside it would be too much."""
    memory.be_sparing()


@celeryd_init.connect
def put_no_bell_back(**_: object) -> None:
    """A worker whose broker went away ends for good where it cannot put back what it had not begun (kombu 5.7).

    A bell that is lost costs two seconds; a worker that is gone costs them at every message, until somebody starts it again.
    """
    from kombu.transport import redis  # noqa: PLC0415  (only a worker needs it)

    redis.Channel.do_restore = False


@worker_ready.connect
def watch(sender: Any, **_: object) -> None:
    """Celery's own time limits do nothing to threads, so a worker of threads gets a watchdog. And it loads the engine.

    What is shared out by the thread is shared out by those that there are, whatever WORK_THREADS says. What its tasks ask for
    next it does with hands of its own: a message would go through the broker three times more, and come back here. And where
    more is due than bells are rung for, those hands look for it as the sweeper's do.
    """
    if not isinstance(sender.pool, TaskPool):
        return
    settings.WORK_THREADS = sender.pool.limit
    clock = watchdog.TaskClock()
    oldest: list[Callable[[], float]] = [clock.oldest_seconds]
    stalled: list[Callable[[], float]] = [lambda: 0.0]
    if not settings.EMBEDDED:
        # The applications are loaded by now; where this module is, they are not.
        from core import bells  # noqa: PLC0415
        from supportagent.hands import Hands  # noqa: PLC0415
        from supportagent.warming import load_the_engine_meanwhile  # noqa: PLC0415

        hands = Hands(is_second=True)
        oldest.append(hands.oldest_seconds)
        bells.answer(hands.answer)
        told = _end_with(hands)
        # Once it is told to end it looks no more, which is no stall.
        stalled.append(lambda: 0.0 if told.is_set() else hands.stalled_seconds)
        threading.Thread(target=hands.run, args=(told,), name="looking", daemon=True).start()
        load_the_engine_meanwhile()
    watchdog.Watchdog(
        oldest=lambda: max(seconds() for seconds in oldest), stalled=lambda: max(seconds() for seconds in stalled)
    ).start()


def _end_with(hands: "Hands") -> threading.Event:
    """Let a worker's own hands begin nothing more once it is told to end, and have so long from then on to end.

    What is set when it is told.
    """
    told = threading.Event()
    told_at: list[float] = []

    def retire(**_: object) -> None:
        told.set()
        told_at.append(time.monotonic())
        hands.retire()

    def wait(**_: object) -> None:
        since = time.monotonic() - told_at[0] if told_at else 0.0
        hands.wait(max(0.0, GRACE_SECONDS - since))

    worker_shutting_down.connect(retire, weak=False)
    worker_shutdown.connect(wait, weak=False)
    return told


@task_prerun.connect
@task_postrun.connect
def let_connections_age(sender: Any, **_: object) -> None:
    """Close what is too old or broken, and have the rest looked at when it is used next."""
    if not sender.request.is_eager:
        close_old_connections()
