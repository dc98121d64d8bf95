"""Exports: asked for, agreed to where a second person has to, written in the background, given to whoever asked."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from conversations.models import Customer
from core import audit, leases
from core.exceptions import NotAllowed
from core.models import User
from core.policy import Action, allows, require
from core.rates import record_export
from privacy import folder
from privacy.exceptions import AlreadyErased, NeedsAnotherPerson, NotWaiting
from privacy.models import Export
from privacy.services.messages_file import write_messages
from privacy.services.person_file import write_person

logger = logging.getLogger(__name__)

LIFE = timedelta(hours=24)
MAX_ATTEMPTS = 5

State = Export.State
NEEDED = {Export.Kind.PERSON.value: Action.ERASE_SUBJECT, Export.Kind.CONVERSATIONS.value: Action.EXPORT_CONVERSATIONS}


@transaction.atomic
def request_person_export(customer: Customer, by: User) -> Export:
    """Ask for everything about a customer. With four eyes a second person has to agree.

    Raises AlreadyErased, TooManyExports and NotAllowed.
    """
    require(by, Action.ERASE_SUBJECT)
    if customer.erased_at is not None:
        raise AlreadyErased
    export = Export.objects.create(
        kind=Export.Kind.PERSON,
        customer=customer,
        requested_by=by,
        state=State.REQUESTED if settings.FOUR_EYES else State.APPROVED,
    )
    record_export(by, "export.requested", export, after={"kind": export.kind, "customer": customer.pk})
    return export


@transaction.atomic
def request_messages_export(by: User, *, since: datetime | None = None, until: datetime | None = None) -> Export:
    """Ask for the messages of a period, of all conversations that ``by`` may read. Raises TooManyExports and NotAllowed."""
    require(by, Action.EXPORT_CONVERSATIONS)
    export = Export.objects.create(
        kind=Export.Kind.CONVERSATIONS,
        requested_by=by,
        since=since,
        until=until or timezone.now(),
        state=State.APPROVED,
    )
    period = {"since": since.isoformat() if since else "", "until": export.until.isoformat()}
    record_export(by, "export.requested", export, after={"kind": export.kind, **period})
    return export


@transaction.atomic
def decide_export(export: Export, by: User, *, agreed: bool) -> Export:
    """Agree to an export of a person, or decline it. Raises NeedsAnotherPerson, NotWaiting and NotAllowed."""
    require(by, NEEDED[export.kind])
    if agreed and settings.FOUR_EYES and export.requested_by_id == by.pk:
        raise NeedsAnotherPerson
    state = State.APPROVED if agreed else State.DECLINED
    if not Export.objects.filter(pk=export.pk, state=State.REQUESTED).update(state=state, decided_by=by):
        raise NotWaiting
    audit.record(by, "export.approved" if agreed else "export.declined", export)
    export.refresh_from_db()
    return export


def due_exports(limit: int = 10) -> list[int]:
    """Exports that are to be written, the oldest first."""
    return list(Export.objects.filter(state=State.APPROVED).order_by("id").values_list("pk", flat=True)[:limit])


def work_export(pk: int) -> bool:
    """Write an export, or the next part of it; True once it is whole. Killed anywhere, it goes on from its last part."""
    with leases.held(f"export {pk}", seconds=settings.DATA_RIGHTS_LEASE_SECONDS) as is_ours:
        try:
            return is_ours and _write(pk)
        except OSError:
            logger.exception("Export %d could not be written.", pk)
            return False


def _write(pk: int) -> bool:
    export = Export.objects.select_related("customer", "requested_by").filter(pk=pk, state=State.APPROVED).first()
    if export is None:
        return False
    if not _may_still(export):
        return _fail(export, "Whoever asked for it may no longer have it.")
    if export.attempts >= MAX_ATTEMPTS:
        return _fail(export, f"It could not be written in {MAX_ATTEMPTS} tries. Ask for it again.")
    Export.objects.filter(pk=pk).update(attempts=export.attempts + 1)
    is_whole = write_person(export) if export.kind == Export.Kind.PERSON else write_messages(export)
    Export.objects.filter(pk=pk).update(attempts=0)
    return is_whole and _finish(export)


def export_for(public_id: str, by: User) -> Export | None:
    """The whole export of this id that ``by`` asked for and may still have; None otherwise."""
    export = Export.objects.filter(public_id=public_id, requested_by=by, state=State.READY).first()
    if export is None or export.expires_at is None or export.expires_at <= timezone.now():
        return None
    require(by, NEEDED[export.kind])
    return export if folder.path_of(export).exists() else None


def remove_expired() -> int:
    """Remove the files whose day is over, and what no export names; returns how many."""
    over = Export.objects.filter(state=State.READY, expires_at__lte=timezone.now())
    over.update(state=State.EXPIRED)
    return folder.remove_all_but_live()


def _may_still(export: Export) -> bool:
    """Whether the person who asked still has the right to it; an operator has."""
    if export.kind == Export.Kind.PERSON and (export.customer is None or export.customer.erased_at is not None):
        return False
    return export.requested_by is not None and allows(export.requested_by, NEEDED[export.kind])


def _fail(export: Export, problem: str) -> bool:
    Export.objects.filter(pk=export.pk).update(state=State.FAILED, problem=problem)
    folder.partial_path_of(export).unlink(missing_ok=True)
    return False


def _finish(export: Export) -> bool:
    """Show the file, which is whole now; False if it was dropped meanwhile."""
    now = timezone.now()
    with transaction.atomic():
        shown = Export.objects.filter(pk=export.pk, state=State.APPROVED, version=export.version).update(
            state=State.READY, ready_at=now, expires_at=now + LIFE
        )
        if shown:
            audit.record(
                export.requested_by,
                "export.written",
                export,
                after={"kind": export.kind, "rows": export.rows, "bytes": export.size},
            )
    return bool(shown)


def note_download(export: Export, by: User) -> None:
    """Write down that the file was taken. Raises NotAllowed."""
    if export.requested_by_id != by.pk:
        raise NotAllowed("Only whoever asked for a file can have it.")
    audit.record(by, "export.downloaded", export, after={"rows": export.rows})
