"""Who may have a person erased, and what is erased again after a restore."""

import pytest
from pytest_django import Settings

from conversations.models import Customer
from core.exceptions import NotAllowed
from core.policy import Role
from privacy import services
from privacy.exceptions import AlreadyAsked, NeedsAnotherPerson, NotWaiting
from privacy.models import Erasure, Export
from tests.factories import make_customer, make_user
from tests.privacy.marker import places
from tests.privacy.people import told

MARKER = "zq7xkvwp93"


@pytest.fixture(autouse=True)
def _two_eyes(settings: Settings) -> None:
    settings.FOUR_EYES = False


def erase(customer: Customer) -> Erasure:
    """Ask and do."""
    erasure = services.request_erasure(customer, None)
    assert services.work_erasure(erasure.pk)
    erasure.refresh_from_db()
    return erasure


@pytest.mark.django_db
def test_a_second_person_has_to_agree(settings: Settings) -> None:
    settings.FOUR_EYES = True
    first, second, supervisor = make_user(role=Role.ADMIN), make_user(role=Role.ADMIN), make_user(role=Role.SUPERVISOR)
    customer = make_customer()

    with pytest.raises(NotAllowed):
        services.request_erasure(customer, supervisor)
    erasure = services.request_erasure(customer, first)
    with pytest.raises(AlreadyAsked):
        services.request_erasure(customer, second)
    with pytest.raises(NeedsAnotherPerson):
        services.approve_erasure(erasure, first)
    with pytest.raises(NotAllowed):
        services.approve_erasure(erasure, supervisor)

    assert services.due_erasures() == []
    services.approve_erasure(erasure, second)
    assert services.due_erasures() == [erasure.pk]
    with pytest.raises(NotWaiting):
        services.decline_erasure(erasure, second)


@pytest.mark.django_db
def test_a_declined_wish_erases_nobody(settings: Settings) -> None:
    settings.FOUR_EYES = True
    customer = make_customer(name="Ada")
    erasure = services.request_erasure(customer, make_user(role=Role.ADMIN))

    services.decline_erasure(erasure, make_user(role=Role.ADMIN))

    assert services.due_erasures() == []
    customer.refresh_from_db()
    assert customer.name == "Ada"


@pytest.mark.django_db
def test_whom_a_back_up_brought_back_is_erased_again() -> None:
    customer = make_customer(external_id="back-again")
    erase(customer)
    log = services.erasure_log()
    Erasure.objects.all().delete()
    Customer.objects.filter(pk=customer.pk).update(external_id="back-again", erased_at=None, name="Ada")

    again = services.erase_again(int(str(log[0]["account"])), str(log[0]["subject"]))

    assert again is not None
    assert services.work_erasure(again.pk)
    customer.refresh_from_db()
    assert customer.name == ""
    assert services.erase_again(customer.account_id, "0" * 40) is None


@pytest.mark.django_db
def test_exports_that_hold_the_person_go_too(settings: Settings) -> None:
    settings.FOUR_EYES = False
    person = told(MARKER)
    admin = make_user(role=Role.ADMIN)
    files = [services.request_person_export(person.customer, admin), services.request_messages_export(admin)]
    for export in files:
        assert services.work_export(export.pk)
    assert any("exports" in place for place in places(MARKER)) or Export.objects.filter(state="ready").count() == 2

    erase(person.customer)

    assert set(Export.objects.values_list("state", flat=True)) == {"expired"}
    assert places(MARKER) == []
