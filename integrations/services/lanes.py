"""Lanes: what has to be taken in one after another, and which lanes come next."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from operator import itemgetter

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from core.sharing import shared
from core.statements import Read
from integrations.models import WebhookEvent, WebhookEventQuerySet
from integrations.parsing import MANY_THREADS

MOST_AT_ONCE = 50
# Elsewhere a thread's own key may begin as a Page's lane does.
WITH_PAGES = "linkedin:"


@dataclass(frozen=True, slots=True)
class Lane:
    """Events that must be taken in one after another: one thread's, or a single event that names no thread."""

    source: str
    conv_key: str
    event_pk: int

    @property
    def name(self) -> tuple[str, str | int]:
        """What it is known by. A single event that names no thread is a lane of its own."""
        return self.source, self.conv_key or self.event_pk

    @property
    def is_of_many_threads(self) -> bool:
        """Whether it stands for many threads, so that one after another is asked for and it takes its time."""
        return self.source.startswith(WITH_PAGES) and self.conv_key.startswith(MANY_THREADS)

    def waiting(self) -> WebhookEventQuerySet:
        """What of it is not dealt with, oldest first."""
        waiting = WebhookEvent.objects.to_ingest().order_by("id")
        if not self.conv_key:
            return waiting.filter(pk=self.event_pk)
        return waiting.filter(source=self.source, conv_key=self.conv_key)

    def first_two(self) -> list[WebhookEvent]:
        """The oldest two of them."""
        return _two_of.all(self.source, self.conv_key) if self.conv_key else _itself.all(self.event_pk)

    def first_ones(self) -> list[WebhookEvent]:
        """The oldest of them, ``MOST_AT_ONCE`` at most."""
        return _first_of.all(self.source, self.conv_key) if self.conv_key else _itself.all(self.event_pk)


@Read
def _first_of(source: str, conv_key: str) -> QuerySet[WebhookEvent]:
    return Lane(source, conv_key, 0).waiting()[:MOST_AT_ONCE]


@Read
def _two_of(source: str, conv_key: str) -> QuerySet[WebhookEvent]:
    return Lane(source, conv_key, 0).waiting()[:2]


@Read
def _itself(pk: int) -> QuerySet[WebhookEvent]:
    return Lane("", "", pk).waiting()


def lanes_of(event_pks: Collection[int]) -> list[Lane]:
    """The lanes in which these events wait, each once."""
    lanes: dict[tuple[str, str | int], Lane] = {}
    for found in _lanes_of.all(tuple(sorted(event_pks))) if event_pks else ():
        lanes.setdefault(Lane(*found).name, Lane(*found))
    return list(lanes.values())


@Read
def _lanes_of(pks: tuple[int, ...]) -> QuerySet[WebhookEvent, tuple[str, str, int]]:
    waiting = WebhookEvent.objects.to_ingest().filter(pk__in=pks)
    return waiting.order_by("id").values_list("source", "conv_key", "pk")


def due_lanes(limit: int) -> list[Lane]:
    """The lanes that have waited longest. Where one source's are a crowd, every other place is for another one's."""
    heads = shared(_heads_due(limit).all(), limit, owner=itemgetter(0), elsewhere=_heads_elsewhere(limit).all)
    return [Lane(*head) for head in heads]


# Looked for many times a second.
@cache
def _heads_due(limit: int) -> Read[[], tuple[str, str, int]]:
    return Read(lambda: _heads(WebhookEvent.objects.to_ingest(), limit))


@cache
def _heads_elsewhere(limit: int) -> Read[[str], tuple[str, str, int]]:
    def heads(source: str) -> QuerySet[WebhookEvent, tuple[str, str, int]]:
        return _heads(WebhookEvent.objects.to_ingest().exclude(source=source), limit)

    return Read(heads)


def _heads(among: WebhookEventQuerySet, limit: int) -> QuerySet[WebhookEvent, tuple[str, str, int]]:
    # In the index's order; by the key alone SQLite would walk over every event there ever was.
    return first_and_due(among).order_by("next_attempt_at", "id").values_list("source", "conv_key", "pk")[:limit]


def first_and_due(among: WebhookEventQuerySet) -> WebhookEventQuerySet:
    """Those of waiting events that nothing waits before in their lanes, and for which it is time."""
    earlier = WebhookEvent.objects.to_ingest().filter(
        source=OuterRef("source"), conv_key=OuterRef("conv_key"), id__lt=OuterRef("id")
    )
    return among.filter(Q(conv_key="") | ~Exists(earlier), next_attempt_at__lte=Now())


def behind(event_pks: Collection[int]) -> list[Lane]:
    """The lanes of these events in which something waits."""
    found = _behind.all(tuple(sorted(event_pks))) if event_pks else []
    return [Lane(source, conv_key, pk) for source, conv_key, pk in found if pk is not None]


@Read
def _behind(pks: tuple[int, ...]) -> QuerySet[WebhookEvent, tuple[str, str, int | None]]:
    waiting = WebhookEvent.objects.to_ingest().filter(source=OuterRef("source"), conv_key=OuterRef("conv_key"))
    taken = WebhookEvent.objects.filter(pk__in=pks).exclude(conv_key="").order_by()
    return taken.values_list("source", "conv_key", Subquery(waiting.order_by("id").values("pk")[:1]))
