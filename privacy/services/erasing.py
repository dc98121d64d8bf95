"""Erasing a person: asked for, agreed to by a second person, then done in steps that may be interrupted anywhere.

First everything under way is stopped or waited for. Then one transaction empties the rows and puts keyed hashes in the
place of ids, and at last the files go. Whatever dies in between, the next pass goes on where the row says.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from agent.services.forgetting import forget_articles, forget_runs
from conversations import services as conversations
from conversations.models import Conversation, Customer, Message
from core import audit, leases
from core.crashpoints import crash_point
from core.keyed import keyed_hash, keyed_hashes
from core.models import User
from core.policy import Action, require
from core.transactions import retried
from integrations import services as integrations
from integrations.models import PlatformAccount
from privacy import folder
from privacy.exceptions import AlreadyAsked, AlreadyErased, NeedsAnotherPerson, NotWaiting
from privacy.models import Erasure, Export
from privacy.services.changes import empty_log_of_changes
from privacy.tables import files_of, tables

logger = logging.getLogger(__name__)

# A send that began may be recorded until its lease is over, and an event is tried for less; longer is not waited.
LONGEST_WAIT = timedelta(seconds=45)

State = Erasure.State


def request_erasure(customer: Customer, by: User | None, *, agreed_by: User | None = None) -> Erasure:
    """Ask for a customer to be erased; ``by`` None is the product, after a restore.

    It begins at once without four eyes, or where a second person has agreed. Raises AlreadyErased, AlreadyAsked,
    NeedsAnotherPerson and NotAllowed.
    """
    if by is not None:
        require(by, Action.ERASE_SUBJECT)
    if customer.erased_at is not None:
        raise AlreadyErased
    try:
        with transaction.atomic():
            erasure = Erasure.objects.create(
                customer=customer,
                account_id=customer.account_id,
                subject_hash=keyed_hash("subject", customer.account_id, customer.external_id),
                requested_by=by,
            )
            audit.record(by, "person.erase_requested", erasure, after={"customer": customer.pk})
            if not settings.FOUR_EYES or by is None:
                _approve(erasure, by)
            elif agreed_by is not None:
                approve_erasure(erasure, agreed_by)
    except IntegrityError as error:
        raise AlreadyAsked from error
    return erasure


@transaction.atomic
def approve_erasure(erasure: Erasure, by: User) -> Erasure:
    """Agree that a customer is erased. Raises NeedsAnotherPerson, NotWaiting and NotAllowed."""
    require(by, Action.ERASE_SUBJECT)
    if settings.FOUR_EYES and erasure.requested_by_id == by.pk:
        raise NeedsAnotherPerson
    _approve(erasure, by)
    return erasure


@transaction.atomic
def decline_erasure(erasure: Erasure, by: User) -> Erasure:
    """Decide that a customer is not erased. Raises NotWaiting and NotAllowed."""
    require(by, Action.ERASE_SUBJECT)
    if not Erasure.objects.filter(pk=erasure.pk, state=State.REQUESTED).update(state=State.DECLINED, decided_by=by):
        raise NotWaiting
    audit.record(by, "person.erase_declined", erasure)
    erasure.refresh_from_db()
    return erasure


def due_erasures(limit: int = 20) -> list[int]:
    """Erasures under way, the oldest first."""
    return list(Erasure.objects.filter(state__in=Erasure.UNDER_WAY).order_by("id").values_list("pk", flat=True)[:limit])


def work_erasure(pk: int) -> bool:
    """Take an erasure on; True once it is done. False: it waits for a send under way, or somebody else has it."""
    with leases.held(f"erasure {pk}", seconds=settings.DATA_RIGHTS_LEASE_SECONDS) as is_ours:
        if not is_ours:
            return False
        erasure = Erasure.objects.select_related("customer").get(pk=pk)
        if erasure.state == State.APPROVED and _is_quiet(erasure):
            _erase_rows(erasure)
        if erasure.state == State.FILES:
            _remove_files(erasure)
        return erasure.state == State.DONE


def erasure_log() -> list[dict[str, object]]:
    """What has been erased, as it is kept beside back-ups: hashes and numbers, the oldest first."""
    done = Erasure.objects.filter(state=State.DONE).order_by("id")
    return [
        {"account": each.account_id, "subject": each.subject_hash, "done_at": each.done_at.isoformat()}
        for each in done.iterator(500)
        if each.done_at is not None
    ]


def to_erase_again() -> list[tuple[int, str]]:
    """Whom a back-up of an earlier day would bring back: everybody erased, or being erased, as account and hash."""
    begun = Erasure.objects.filter(state__in=[*Erasure.UNDER_WAY, State.DONE]).order_by("id")
    return list(begun.values_list("account_id", "subject_hash"))


def erase_again(account_id: int, subject_hash: str) -> Erasure | None:
    """Erase somebody whom a restored back-up brought back; None if nobody here is meant."""
    customers = Customer.objects.filter(account_id=account_id, erased_at=None)
    for customer in customers.iterator(500):
        if subject_hash in keyed_hashes("subject", account_id, customer.external_id):
            return request_erasure(customer, None)
    return None


def _approve(erasure: Erasure, by: User | None) -> None:
    moved = Erasure.objects.filter(pk=erasure.pk, state=State.REQUESTED).update(
        state=State.APPROVED, decided_by=by, started_at=timezone.now()
    )
    if not moved:
        raise NotWaiting
    audit.record(by, "person.erase_approved", erasure)
    erasure.refresh_from_db()


def _is_quiet(erasure: Erasure) -> bool:
    """Whether nothing is under way for the customer any more; stops what can be stopped.

    What waits to be taken in is taken in first, so that its ids are known when it is repeated later, and so that nothing is
    lost that others wrote and that came with it, as LinkedIn's comments do.
    """
    threads = list(Conversation.objects.filter(customer=erasure.customer))
    account = PlatformAccount.objects.filter(pk=erasure.account_id).first()
    waits = False
    if account is not None:
        for thread in threads:
            integrations.ingest_thread(account, thread.thread_key)
        waits = _is_waiting(erasure, account, [thread.thread_key for thread in threads])
    sending = sum(conversations.stop(thread.pk) for thread in threads)
    started = erasure.started_at or timezone.now()
    return not (sending or waits) or timezone.now() - started > LONGEST_WAIT


def _is_waiting(erasure: Erasure, account: PlatformAccount, thread_keys: list[str]) -> bool:
    """Take in whatever names the customer; whether any of it has to wait."""
    named = integrations.events_about(
        account,
        customer_id=erasure.customer.external_id,
        thread_keys=thread_keys,
        message_pks=Message.objects.none().values("pk"),
    ).to_ingest()
    for pk in list(named.values_list("pk", flat=True)):
        integrations.ingest_event(pk)
    return named.exists()


@retried
def _erase_rows(erasure: Erasure) -> None:
    """Empty every row about the customer, or none."""
    customer = conversations.hold_customer(erasure.customer_id)
    threads = list(Conversation.objects.filter(customer=customer).order_by("pk"))
    for thread in threads:
        conversations.stop(thread.pk)
    counts: dict[str, int] = {}
    account = PlatformAccount.objects.filter(pk=erasure.account_id).first()
    if account is not None:
        about = integrations.events_about(
            account,
            customer_id=customer.external_id,
            thread_keys=[thread.thread_key for thread in threads],
            message_pks=Message.objects.filter(conversation__customer=customer).values("pk"),
        )
        counts["integrations.webhookevent"] = integrations.forget_events(about)
        counts["integrations.visitor"] = integrations.forget_visitors(account, customer.external_id)
    counts["agent.article"] = forget_articles([thread.pk for thread in threads])
    counts["agent.agentrun"] = forget_runs(thread.pk for thread in threads)
    erasure.files = sorted(set(files_of(customer)))
    conversations.forget_ids(customer)
    crash_point("erase.mid_tx")
    # Rows that hang on others go before those.
    for table in reversed(tables()):
        rows = table.rows(customer)
        counts[table.label] = rows.update(**table.emptied()) if table.is_kept else rows.delete()[0]
    _drop_exports(customer)
    erasure.counts = {label: count for label, count in counts.items() if count}
    erasure.state = State.FILES
    erasure.save(update_fields=["files", "counts", "state"])
    audit.record(erasure.decided_by, "person.erased", erasure, after={"counts": erasure.counts})


def _drop_exports(customer: Customer) -> None:
    """Files that hold what was just erased are removed, and those being written begin anew."""
    about = Export.objects.filter(customer=customer) | Export.objects.filter(kind=Export.Kind.CONVERSATIONS)
    for export in about.filter(state__in=[Export.State.REQUESTED, Export.State.APPROVED, Export.State.READY]):
        if export.kind == Export.Kind.CONVERSATIONS and export.state != Export.State.READY:
            # Whoever is writing it right now finds another version, and starts again.
            export.cursor = export.size = export.rows = 0
            export.version += 1
        else:
            export.state = Export.State.EXPIRED
            export.problem = "Removed, because a customer in it was erased."
        export.save(update_fields=["cursor", "size", "rows", "version", "state", "problem"])


def _remove_files(erasure: Erasure) -> None:
    """Remove what the rows named, and end. Doing it twice changes nothing."""
    for name in erasure.files:
        default_storage.delete(name)
    folder.remove_all_but_live()
    erasure.files = []
    erasure.state, erasure.done_at = State.DONE, timezone.now()
    erasure.save(update_fields=["files", "state", "done_at"])
    # Last, so that the files' names go too.
    empty_log_of_changes()
    logger.info("Erasure %d is done.", erasure.pk)
