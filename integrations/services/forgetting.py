"""Erasing what the platforms' events and the web chat hold of a person. The rows stay, for the balance of what came in."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import BinaryField, F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Now

from core.keyed import keyed_hash
from integrations.models import IdentifiedPerson, PlatformAccount, Visitor, WebhookEvent, WebhookEventQuerySet

FORGOTTEN = "erased: the customer was erased."
MARK = "erased:"


class PlaceIn(Func):
    """Where ``needle`` begins within a column's bytes, counted from 1; 0 where it does not occur."""

    function = "INSTR"
    output_field = IntegerField()

    def __init__(self, needle: bytes, column: str) -> None:
        super().__init__(F(column), Value(needle, output_field=BinaryField()))

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """The standard's words for it."""
        column, needle = self.get_source_expressions()
        column_sql, column_params = compiler.compile(column)
        needle_sql, needle_params = compiler.compile(needle)
        return f"POSITION({needle_sql}::bytea IN {column_sql})", (*needle_params, *column_params)


def events_about(
    account: PlatformAccount, *, customer_id: str, thread_keys: Sequence[str], message_pks: QuerySet[Any]
) -> WebhookEventQuerySet:
    """Every event of an account that became a message of the person, or names the person or one of their threads.

    Most are found by their thread; what could not be read, by the ids within its bytes.
    """
    about = Q(conv_key__in=[key for key in thread_keys if key]) | Q(message_id__in=message_pks)
    found = WebhookEvent.objects.filter(source__in=account.sources)
    for index, quoted in enumerate(_quoted([customer_id, *thread_keys])):
        name = f"place_{index}"
        found = found.alias(**{name: PlaceIn(quoted, "body")})
        about |= Q(**{f"{name}__gt": 0})
    return found.filter(about)


def forget_events(events: QuerySet[WebhookEvent]) -> int:
    """Erase what these events hold; returns how many. Keys stay as hashes, so that none is taken for another."""
    pks = list(events.values_list("pk", flat=True))
    for pk in pks:
        forget_event(pk)
    return len(pks)


def forget_event(pk: int) -> None:
    """Erase what one event holds. A repetition of an event that was erased before leaves no row."""
    event = (
        WebhookEvent.objects.filter(pk=pk)
        .exclude(event_key__startswith=MARK)
        .only("source", "event_key", "state")
        .first()
    )
    if event is None:
        return
    key = f"{MARK}{keyed_hash('event', event.source, event.event_key)}"
    if WebhookEvent.objects.filter(source=event.source, event_key=key).exists():
        event.delete()
        return
    taken_in = event.state == WebhookEvent.State.INGESTED
    # What waits was there before the person was erased and has had no effect; now it has none any more.
    waits = event.state == WebhookEvent.State.RECEIVED
    WebhookEvent.objects.filter(pk=pk).update(
        event_key=key,
        body=b"",
        body_sha256="",
        headers={},
        conv_key="",
        reason="" if taken_in else FORGOTTEN,
        state=WebhookEvent.State.IGNORED if waits else F("state"),
        ingested_at=Now() if waits else F("ingested_at"),
    )


def visitors_about(account: PlatformAccount, customer_id: str) -> QuerySet[Visitor]:
    """The browsers of a web chat in which the customer writes."""
    if account.platform != PlatformAccount.Platform.WEBCHAT:
        return Visitor.objects.none()
    return Visitor.objects.of_thread(account, customer_id)


def people_about(account: PlatformAccount, customer_id: str) -> QuerySet[IdentifiedPerson]:
    """The customer as a web chat's site knows them: one row, or none."""
    if account.platform != PlatformAccount.Platform.WEBCHAT:
        return IdentifiedPerson.objects.none()
    return IdentifiedPerson.objects.filter(account=account, public_id=customer_id)


def forget_visitors(account: PlatformAccount, customer_id: str) -> int:
    """Erase a web chat's visitor: the tokens they hold prove nobody any more. Returns how many there were.

    Where the site knows who they are, its id of them goes too: whoever comes back begins a new record.
    """
    gone = visitors_about(account, customer_id).delete()[0]
    people_about(account, customer_id).delete()
    return gone


def _quoted(ids: Iterable[str]) -> list[bytes]:
    """An id as it stands in JSON, and in JSON within JSON; with its quotes, so that no longer id is meant."""
    return [form for each in ids if each for form in (f'"{each}"'.encode(), f'\\"{each}\\"'.encode())]
