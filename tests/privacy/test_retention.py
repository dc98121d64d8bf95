"""Letting go of what is too old: only that, counted before, and once."""

import json
import os
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from agent.models import AgentRun, Release, SpendLedger
from conversations.models import Conversation, Customer, Delivery, Message, SeenKey
from core import audit
from core.models import AuditEvent
from integrations.models import IdentifiedPerson, Visitor, WebhookEvent
from integrations.webchat import services as webchat
from privacy import services
from tests.factories import make_account, make_conversation, make_delivery, make_message, make_release, make_team
from tests.integrations.tiktok import keep, text_event
from tests.integrations.webchat.sites import SECRET as SITE_SECRET
from tests.integrations.webchat.sites import identity

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def run_of(conversation: Conversation, started_at: datetime, *, epoch: int) -> AgentRun:
    """A run that ended, with a trace."""
    return AgentRun.objects.create(
        conversation_id=conversation.pk, epoch=epoch, release=Release.objects.first() or make_release(), from_seq=1, to_seq=1, state="replied",
        draft="Hello", envelope={"brief": 1}, trace={"steps": []}, started_at=started_at, ended_at=started_at,
    )  # fmt: skip


def dated(days: int, now: datetime) -> tuple[datetime, datetime, datetime]:
    """A second younger than the limit, at the limit, and a second older."""
    limit = now - timedelta(days=days)
    return limit + SECOND, limit, limit - SECOND


def test_at_the_limit_only_what_is_older_goes_and_only_once(now: datetime) -> None:
    conversation = make_conversation()
    for moment in dated(365, now):
        make_message(conversation, "Hi", disposition="ignored", created_at=moment)
    for number, moment in enumerate(dated(30, now)):
        event = keep(text_event("Hi", message_id=f"m-{number}"))
        WebhookEvent.objects.filter(pk=event.pk).update(state="ingested", received_at=moment)
        SeenKey.objects.create(account_id=1, key=f"read:{number}", seen_at=moment)
    for number, moment in enumerate(dated(90, now)):
        run_of(conversation, moment, epoch=number)

    counted = services.count_old(now)
    gone = services.apply_retention(now=now)
    again = services.apply_retention(now=now)

    expected = {
        "conversations.message": 1,
        "integrations.webhookevent": 1,
        "conversations.seenkey": 1,
        "agent.agentrun": 1,
    }
    assert {label: count for label, count in counted.items() if count} == expected
    assert {label: count for label, count in gone.items() if count} == expected
    assert not any(again.values())
    assert Message.objects.count() == 2
    assert WebhookEvent.objects.count() == 2
    assert AgentRun.objects.count() == 3
    assert AgentRun.objects.exclude(trace={}).count() + AgentRun.objects.filter(draft="Hello").count() >= 2


def test_what_is_under_way_stays_however_old_it_is(now: datetime) -> None:
    old = now - timedelta(days=400)
    conversation = make_conversation()
    make_message(conversation, "Still waits", created_at=old)
    Message.objects.filter(pk=make_delivery(conversation).message_id).update(created_at=old)
    event = keep(text_event("Hi", message_id="m-1"))
    WebhookEvent.objects.filter(pk=event.pk).update(received_at=old)

    gone = services.apply_retention(now=now)

    assert not any(gone.values())
    assert Delivery.objects.count() == 1


def test_a_conversation_goes_with_its_last_message_and_the_customer_with_it(now: datetime) -> None:
    old = now - timedelta(days=400)
    conversation = make_conversation(mode="closed")
    make_message(conversation, "Hi", disposition="ignored", created_at=old)
    Customer.objects.update(created_at=old)

    services.apply_retention(now=now)

    assert not Conversation.objects.exists()
    assert not Customer.objects.exists()


def test_days_of_none_keep_for_ever(now: datetime, settings: Settings) -> None:
    settings.RETENTION_DAYS = dict.fromkeys(settings.RETENTION_DAYS, 0)
    make_message(make_conversation(), disposition="ignored", created_at=now - timedelta(days=4000))

    assert not any(services.count_old(now).values())
    services.apply_retention(now=now)

    assert Message.objects.count() == 1


def test_the_audit_trail_loses_its_oldest_links_and_stays_whole(now: datetime) -> None:
    team = make_team()
    for days in (800, 790, 780, 10, 1):
        event = audit.record(None, "team.changed", team)
        # What was written long ago cannot be written today: the database refuses to change it afterwards.
        AuditEvent.objects.bulk_create([AuditEvent(**_copy(event, at=now - timedelta(days=days)))])
    audit.seal()
    before = AuditEvent.objects.count()

    # The events that were written today stand between the old ones, so only the beginning can go.
    trimmed = audit.trim(now - timedelta(days=730), most=500)

    assert trimmed == 0
    assert AuditEvent.objects.count() == before
    assert audit.broken_links() == []


def test_an_old_beginning_goes_and_the_chain_knows_it(now: datetime) -> None:
    team = make_team()
    blank = AuditEvent(
        actor_kind="system", actor_name="system", action="x", target_kind="core.team", target_id=str(team.pk)
    )
    for days in (800, 790, 780, 10, 1):
        AuditEvent.objects.create(**_copy(blank, at=now - timedelta(days=days)))
    audit.seal()

    assert services.count_old(now)["core.auditevent"] == 3
    assert services.apply_retention(now=now)["core.auditevent"] == 3

    audit.seal()
    assert audit.broken_links() == []
    assert AuditEvent.objects.filter(at__lt=now - timedelta(days=730)).count() == 0
    assert services.apply_retention(now=now)["core.auditevent"] == 0


def test_files_without_a_row_go_after_a_day(settings: Settings) -> None:
    folder = Path(settings.MEDIA_ROOT) / "attachments" / "2026"
    folder.mkdir(parents=True)
    stray, fresh = folder / "stray.jpg", folder / "fresh.jpg"
    for file in (stray, fresh):
        file.write_bytes(b"x")
    long_ago = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(stray, (long_ago, long_ago))

    exported = Path(settings.EXPORTS_ROOT) / "left.zip"
    exported.parent.mkdir(parents=True, exist_ok=True)
    exported.write_bytes(b"x")

    counted = services.count_old()
    assert stray.exists()
    assert exported.exists()
    gone = services.apply_retention()

    assert (gone["files without a row"], gone["exported files"]) == (1, 1)
    assert counted == gone
    assert not stray.exists()
    assert fresh.exists()


def test_an_answer_to_a_lead_form_is_kept_as_long_as_messages(now: datetime) -> None:
    event = keep(text_event("Hi", message_id="m-lead"))
    lead = WebhookEvent.objects.filter(pk=event.pk)
    lead.update(platform="linkedin", event_key="lead:urn:li:leadFormResponse:1:CREATED", state="ignored", reason="lead")

    lead.update(received_at=now - timedelta(days=364))
    assert not any(services.apply_retention(now=now).values())
    lead.update(received_at=now - timedelta(days=366))
    assert services.apply_retention(now=now)["answers to lead forms"] == 1
    assert not lead.exists()


def test_what_single_customers_cost_goes_and_what_all_cost_stays(now: datetime) -> None:
    for moment in dated(90, now):
        for scope in ("global", "account:1", "customer:1", "conversation:1"):
            SpendLedger.objects.get_or_create(
                scope=scope, day=(moment - timedelta(days=1)).date(), defaults={"cap": 100, "spent": 10}
            )
    held = SpendLedger.objects.create(scope="customer:2", day=(now - timedelta(days=200)).date(), cap=100, reserved=5)
    days = {row.day for row in SpendLedger.objects.filter(scope="global")}

    gone = services.apply_retention(now=now)

    old = {day for day in days if day < (now - timedelta(days=90)).date()}
    assert gone["agent.spendledger"] == 2 * len(old) > 0
    assert {row.day for row in SpendLedger.objects.filter(scope__in=["global", "account:1"])} == days
    assert {row.day for row in SpendLedger.objects.filter(scope="customer:1")} == days - old
    assert SpendLedger.objects.filter(pk=held.pk).exists()


def test_the_command_counts_and_then_does(now: datetime) -> None:
    make_message(make_conversation(), disposition="ignored", created_at=now - timedelta(days=400))

    dry, real = StringIO(), StringIO()
    call_command("retention", "--dry-run", stdout=dry)
    assert Message.objects.count() == 1
    call_command("retention", stdout=real)

    assert json.loads(dry.getvalue())["rows"]["conversations.message"] == 1
    assert json.loads(real.getvalue())["rows"]["conversations.message"] == 1
    assert Message.objects.count() == 0


def _copy(event: AuditEvent, **changes: object) -> dict[str, object]:
    names = [field.attname for field in AuditEvent._meta.concrete_fields if field.attname != "id"]
    return {name: getattr(event, name) for name in names} | changes


def test_whom_no_site_named_for_a_year_is_forgotten_with_their_devices(now: datetime) -> None:
    account = make_account(platform="webchat", secrets={"secret": SITE_SECRET})
    for subject, moment in zip(("younger", "at", "older"), dated(365, now), strict=True):
        webchat.identify(account, identity(subject), locale="en")
        IdentifiedPerson.objects.filter(subject=subject).update(proven_at=moment)

    services.apply_retention(now=now)

    assert set(IdentifiedPerson.objects.values_list("subject", flat=True)) == {"younger", "at"}
    assert Visitor.objects.count() == 2
