"""The audit trail: appended to, chained, never changed."""

import pytest
from django.db import DatabaseError, connection, transaction

from core import audit
from core.models import AuditEvent, AuditSeal
from tests.factories import make_api_key, make_team, make_user

pytestmark = pytest.mark.django_db


def test_an_event_says_who_did_what_to_which_from_where() -> None:
    team, user = make_team(), make_user()
    token = audit.origin.set(audit.Origin(address="203.0.113.9", request_id="trace-1"))
    try:
        event = audit.record(user, "team.renamed", team, reason="typo", before={"name": "a"}, after={"name": "b"})
    finally:
        audit.origin.reset(token)

    event.refresh_from_db()
    assert (event.actor_kind, event.actor_id, event.actor_name) == ("user", user.pk, user.display_name)
    assert (event.target_kind, event.target_id) == ("core.team", str(team.pk))
    assert (event.address, event.request_id, event.before, event.after) == (
        "203.0.113.9",
        "trace-1",
        {"name": "a"},
        {"name": "b"},
    )


def test_keys_and_the_product_itself_act_too() -> None:
    key, _ = make_api_key()

    assert audit.record(key, "a", make_team()).actor_kind == "key"
    assert audit.record(None, "a", make_team()).actor_kind == "system"


def test_the_chain_holds_and_sealing_again_changes_nothing() -> None:
    for _ in range(3):
        audit.record(None, "done", make_team())

    assert audit.seal() == 3
    assert audit.seal() == 0
    audit.record(None, "done", make_team())
    assert audit.seal() == 1
    assert audit.broken_links() == []
    assert list(AuditSeal.objects.values_list("position", flat=True)) == [1, 2, 3, 4]


def test_an_event_committed_far_behind_the_newest_seal_is_found_when_all_are_looked_at() -> None:
    late = audit.record(None, "committed late", make_team())
    newest = audit.record(None, "done", make_team())
    AuditSeal.objects.create(event=newest, position=1, previous_hash=audit.GENESIS, hash="0" * 64)

    assert audit.seal(look_back=newest.pk - late.pk) == 0
    assert audit.seal(look_back=None) == 1
    assert late.seal.position == 2


@pytest.mark.parametrize("table", ["core_auditevent", "core_auditseal"])
@pytest.mark.parametrize("statement", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"])
def test_the_database_refuses_to_change_what_happened(table: str, statement: str) -> None:
    audit.record(None, "done", make_team())
    audit.seal()
    column = "actor_name" if table == "core_auditevent" else "hash"

    with (
        pytest.raises(DatabaseError, match="audit trail cannot be changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table=table, column=column))

    assert (AuditEvent.objects.count(), AuditSeal.objects.count()) == (1, 1)


def test_the_models_are_refused_as_well() -> None:
    event = audit.record(None, "done", make_team())
    event.actor_name = "somebody else"

    for change in (event.save, event.delete, lambda: AuditEvent.objects.update(reason="none")):
        with pytest.raises(DatabaseError, match="audit trail cannot be changed"), transaction.atomic():
            change()


def test_a_tampered_event_breaks_the_chain(without_triggers: None) -> None:
    events = [audit.record(None, "done", make_team()) for _ in range(3)]
    audit.seal()

    AuditEvent.objects.filter(pk=events[1].pk).update(actor_name="somebody else")

    assert audit.broken_links() == [2]


@pytest.fixture
def without_triggers(db: None) -> None:
    """What somebody with the rights of the database's owner could do; undone with the test's transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE core_auditevent DISABLE TRIGGER USER")
        else:
            cursor.execute("DROP TRIGGER core_auditevent_refuses_update")


@pytest.mark.django_db(transaction=True)
def test_the_triggers_are_there_after_a_flush_too() -> None:
    test_the_database_refuses_to_change_what_happened("core_auditevent", "DELETE FROM {table}")


@pytest.mark.django_db(transaction=True)
def test_a_flush_leaves_nothing_behind() -> None:
    assert AuditEvent.objects.count() == 0
