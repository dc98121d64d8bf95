"""How things stand: what waits and for how long, what is broken, and which processes give signs of life."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from agent.models import SpendLedger
from conversations.models import Conversation, Delivery, Escalation
from conversations.types import ReasonCategory
from core.clock import database_now
from core.models import WorkerHeartbeat
from integrations import services as integrations
from integrations.models import PlatformAccount, Subscription, WebhookEvent

LATE_SECONDS = 15
GONE_SECONDS = 3600
WEEK = timedelta(days=7)
OVERDUE = {"answer": 120, "event": 30, "send": 120}
MICROS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure and the way to its rows. ``kind`` is ok, warn or danger where it asks for eyes."""

    key: str
    label: str
    value: str
    url: str
    unit: str = ""
    note: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of ours and the seconds since its last sign of life."""

    kind: str
    name: str
    version: str
    age: float
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that does not work, in words, and since when where that is known."""

    title: str
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Everything but the balance. ``is_swept`` is whether a sweeper lives; ``spent`` is today's, in dollars."""

    tiles: list[Tile]
    processes: list[Process]
    troubles: list[Trouble]
    is_swept: bool
    spent: str
    cap: str


def read(*, now: datetime) -> Vitals:
    """At most 11 queries, and one after a restore, however many rows there are."""
    processes, breakers, compared = _processes()
    spent, cap = _spend(now)
    accounts = _accounts()
    return Vitals(
        tiles=[*_set_aside(), *_sends(now), *_turns(now), _connections(len(accounts)), *_waits(now)],
        processes=processes,
        troubles=[*accounts, *_silent(compared), *_subscribers(), *breakers],
        is_swept=any(process.kind == "sweeper" and process.age < LATE_SECONDS for process in processes),
        spent=spent,
        cap=cap,
    )


def span(seconds: float) -> tuple[str, str]:
    """A length of time as a number and its unit."""
    if seconds < 90:
        return f"{seconds:.0f}", _("s")
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f}", _("min")
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f}", _("h")
    return f"{seconds / 86400:.0f}", _("d")


def _set_aside() -> list[Tile]:
    State = WebhookEvent.State  # noqa: N806  (a class)
    found = WebhookEvent.objects.filter(state__in=[State.QUARANTINED, State.CONFLICT, State.DEAD]).aggregate(
        quarantined=Count("pk", filter=Q(state=State.QUARANTINED)),
        refused=Count("pk", filter=Q(state=State.CONFLICT)),
        dead=Count("pk", filter=Q(state=State.DEAD)),
    )
    address = reverse("operations-events")
    return [
        _tile(
            "quarantined",
            _("Quarantined"),
            found["quarantined"],
            f"{address}?period=all&state=quarantined",
            _("events"),
            "warn",
        ),
        _tile(
            "refused",
            _("Refused"),
            found["refused"],
            f"{address}?period=all&state=refused",
            _("known key, new body"),
            "warn",
        ),
        _tile("dead", _("Given up"), found["dead"], f"{address}?period=all&state=dead", _("events"), "danger"),
    ]


def _sends(now: datetime) -> list[Tile]:
    found = Delivery.objects.filter(state__in=[*Delivery.STUCK, Delivery.State.UNKNOWN]).aggregate(
        review=Count("pk", filter=Q(state=Delivery.State.NEEDS_REVIEW)),
        dead=Count("pk", filter=Q(state=Delivery.State.DEAD)),
        unknown=Count("pk", filter=Q(state=Delivery.State.UNKNOWN)),
        oldest=Min("unknown_since", filter=Q(state=Delivery.State.UNKNOWN)),
    )
    address = reverse("operations-sends")
    waited = " ".join(span(_age(found["oldest"], now))) if found["oldest"] else _("being looked up")
    return [
        _tile(
            "sends-to-decide",
            _("To decide"),
            found["review"],
            f"{address}?state=needs_review",
            _("replies in doubt"),
            "warn",
        ),
        _tile("sends-failed", _("Failed"), found["dead"], f"{address}?state=dead", _("replies"), "danger"),
        _tile("sends-unknown", _("Unknown"), found["unknown"], "/dashboard/rows/sends-unknown/", waited, "info"),
    ]


def _turns(now: datetime) -> list[Tile]:
    raised = Escalation.objects.filter(
        created_at__gte=now - WEEK, reason__in=[ReasonCategory.BOT_FAILED, ReasonCategory.BOT_UNAVAILABLE]
    ).aggregate(
        failed=Count("pk", filter=Q(reason=ReasonCategory.BOT_FAILED)),
        late=Count("pk", filter=Q(reason=ReasonCategory.BOT_UNAVAILABLE)),
    )
    rows = "/dashboard/rows/escalations-raised/?period=7d&part="
    return [
        _tile("turns-given-up", _("Turns given up"), raised["failed"], rows + "bot_failed", _("in 7 days"), "danger"),
        _tile(
            "turns-late",
            _("Not answered"),
            raised["late"],
            rows + "bot_unavailable",
            _("in 120 s, 7 days"),
            "danger",
        ),
    ]


def _connections(number: int) -> Tile:
    return _tile("accounts", _("Disconnected"), number, "#board-troubles", _("accounts"), "danger")


def _waits(now: datetime) -> list[Tile]:
    event = WebhookEvent.objects.to_ingest().aggregate(at=Min("received_at"))["at"]
    answer = Conversation.objects.unanswered_longer_than(0).aggregate(at=Min("first_unanswered_at"))["at"]
    send = Delivery.objects.due().aggregate(at=Min("created_at"))["at"]
    return [
        _wait("event", _("Oldest event"), event, now, f"{reverse('operations-events')}?period=all&state=waiting"),
        _wait("answer", _("Oldest question"), answer, now, "/dashboard/rows/with-bot/"),
        _wait("send", _("Oldest reply due"), send, now, "/dashboard/rows/sends-waiting/"),
    ]


def _wait(key: str, label: str, since: datetime | None, now: datetime, url: str) -> Tile:
    if since is None:
        return Tile(key=f"oldest-{key}", label=label, value="–", url=url, note=_("nothing waits"))
    age = _age(since, now)
    value, unit = span(age)
    return Tile(
        key=f"oldest-{key}",
        label=label,
        value=value,
        unit=unit,
        url=url,
        note=_("waiting"),
        kind="danger" if age > OVERDUE[key] else "",
    )


def _tile(key: str, label: str, number: int, url: str, note: str, kind: str) -> Tile:
    return Tile(key=key, label=label, value=f"{number:,}", url=url, note=note, kind=kind if number else "")


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _processes() -> tuple[list[Process], list[Trouble], dict[int, tuple[int, int]]]:
    """The processes of the last hour, what they say is being left alone, and how far accounts are compared after a restore."""
    now = database_now()
    rows = WorkerHeartbeat.objects.filter(at__gte=now - timedelta(seconds=GONE_SECONDS)).order_by("kind", "-at")[:50]
    processes, breakers, compared = [], {}, {}
    for row in rows:
        age = _age(row.at, now)
        details: dict[str, Any] = row.details
        processes.append(
            Process(
                kind=row.kind,
                name=row.process.removeprefix(f"{row.kind}:"),
                version=str(details.get("version", "")),
                age=age,
                state=_process_state(row.kind, age),
            )
        )
        if age < LATE_SECONDS:
            breakers.update({str(name): row.kind for name in details.get("breakers", [])})
            compared.update({int(pk): (done, there) for pk, (done, there) in details.get("compared", {}).items()})
    troubles = [
        Trouble(
            title=_("%(name)s is left alone") % {"name": name},
            text=_("It failed too often; the %(process)s tries again soon and does without it until then.")
            % {"process": process},
        )
        for name, process in sorted(breakers.items())
    ]
    return processes, troubles, compared


def _process_state(kind: str, age: float) -> str:
    """Web processes beat when they are asked for their health, the others by themselves."""
    if age < LATE_SECONDS or (kind not in {"sweeper", "worker"} and age < 120):
        return "ok"
    return "gone" if age > 120 else "warn"


def _accounts() -> list[Trouble]:
    """Accounts that do not work, and those that will not for long: an active one has a reason only if somebody must act."""
    accounts = PlatformAccount.objects.receiving().exclude(state=PlatformAccount.State.ACTIVE, state_reason="")
    return [
        Trouble(
            title=_account_title(account) % {"name": account.name},
            text=account.state_reason or _("The platform no longer takes its key. What has to be sent waits."),
        )
        for account in accounts.defer("secrets").order_by("-state", "pk")[:20]
    ] + [
        Trouble(
            title=_("%(name)s cannot be reached") % {"name": account.name},
            text=_("Its platform does not answer us: what it did not tell us is not looked for, and replies may wait.")
            if account.read_back_to
            else _("It never answered since the account was added: see that its keys and its id are right."),
        )
        for account in integrations.not_reached()
    ]


def _account_title(account: PlatformAccount) -> str:
    if account.state == PlatformAccount.State.RECONNECT:
        return _("%(name)s must be connected again")
    if account.state_reason == account.notified_problem:
        return _("%(name)s is not told at once what happens")
    return _("%(name)s must be connected again soon")


def _silent(compared: dict[int, tuple[int, int]]) -> list[Trouble]:
    """Accounts through which nothing is said until they are compared with their platform, for the record was restored."""
    names = PlatformAccount.objects.filter(pk__in=compared).order_by("pk").values_list("pk", "name") if compared else ()
    return [
        Trouble(
            title=_("%(name)s says nothing yet") % {"name": name},
            text=_(
                "The record was restored, and its platform is asked what was said since: %(done)d of %(there)d threads"
                " are compared. Messages are taken in meanwhile."
            )
            % {"done": compared[pk][0], "there": compared[pk][1]},
        )
        for pk, name in names
    ]


def _subscribers() -> list[Trouble]:
    """Subscribers that were given up; those that a person silenced are meant to be silent."""
    given_up = Subscription.objects.filter(state=Subscription.State.DISABLED, failing_since__isnull=False)
    return [
        Trouble(
            title=_("%(name)s is told nothing any more") % {"name": each.name},
            text=each.state_reason,
            url=reverse("operations-subscriber", args=[each.public_id]),
        )
        for each in given_up.defer("secrets")[:20]
    ]


def _spend(now: datetime) -> tuple[str, str]:
    row = SpendLedger.objects.filter(scope="global", day=now.date()).first()
    if row is None:
        return "$0.00", ""
    return f"${row.spent / MICROS:,.2f}", f"${row.cap / MICROS:,.2f}"
