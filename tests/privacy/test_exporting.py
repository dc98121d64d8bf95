"""Exports: whole or not there, for whoever asked and for a day, and never a formula."""

import csv
import io
import json
import uuid
import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Attachment, Customer, Message
from core.exceptions import NotAllowed, TooManyExports
from core.models import AuditEvent, User
from core.policy import Role
from core.sheets import as_csv, shown_as_is
from integrations.webchat import services as webchat
from integrations.webchat.files import SentFile
from privacy import folder, services
from privacy.exceptions import NeedsAnotherPerson
from privacy.models import Export
from privacy.services import messages_file
from tests.factories import make_account, make_api_key, make_conversation, make_customer, make_message, make_user
from tests.integrations.webchat.sites import SECRET, identity
from tests.privacy.people import told

pytestmark = pytest.mark.django_db
MARKER = "zq7xkvwp93"


@pytest.fixture
def admin(settings: Settings) -> User:
    settings.FOUR_EYES = False
    return make_user(role=Role.ADMIN)


def written(export: Export) -> Export:
    """The export when it is whole."""
    for _ in range(20):
        if services.work_export(export.pk):
            break
    export.refresh_from_db()
    assert export.state == Export.State.READY
    return export


def lines(export: Export) -> list[list[str]]:
    """The rows of a written file, without the names of its columns."""
    text = folder.path_of(export).read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def test_a_person_gets_every_row_and_every_file(admin: User) -> None:
    person = told(MARKER)

    export = written(services.request_person_export(person.customer, admin))

    with zipfile.ZipFile(folder.path_of(export)) as archive:
        names = set(archive.namelist())
        said = [json.loads(line) for line in archive.read("conversations.message.jsonl").splitlines()]
        events = archive.read("integrations.webhookevent.jsonl").decode()
    assert {"conversations.customer.jsonl", "conversations.note.jsonl", "workspace.draft.jsonl"} <= names
    assert any(name.startswith("files/") for name in names)
    assert len(said) == Message.objects.count()
    assert MARKER in events
    assert AuditEvent.objects.get(action="export.written").after["rows"] == export.rows


def test_messages_are_written_part_by_part_and_go_on_after_a_kill(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = make_conversation(customer=make_customer(name="=HYPERLINK(1)"))
    for number in range(7):
        make_message(conversation, f"+{number}", disposition="ignored")
    monkeypatch.setattr(messages_file, "CHUNK", 2)
    monkeypatch.setattr(messages_file, "PART_SECONDS", 0.0)
    export = services.request_messages_export(admin)

    assert not services.work_export(export.pk)
    monkeypatch.setattr(messages_file, "PART_SECONDS", 10.0)
    export.refresh_from_db()
    # A part whose row was never saved: half a line, as a killed process leaves it.
    with folder.partial_path_of(export).open("ab") as file:
        file.write(b'"half a li')
    assert not folder.path_of(export).exists()

    found = lines(written(export))
    assert [line[9] for line in found] == [f"'+{number}" for number in range(7)]
    assert {line[3] for line in found} == {"'=HYPERLINK(1)"}
    assert Export.objects.get().rows == 7


def test_what_was_said_in_a_voice_note_stands_in_its_line_and_is_no_formula(admin: User) -> None:
    message = make_message(make_conversation(), "", kind="audio", disposition="ignored")
    read = {
        "reading_state": Attachment.ReadingState.DONE,
        "reading_provider": "openai",
        "reading_model": "whisper-test",
    }
    Attachment.objects.create(message=message, kind="audio", reading_text="=1+1 is what I said", **read)
    Attachment.objects.create(message=message, kind="image", reading_text="A mug.", **read)

    ((*_, transcripts),) = lines(written(services.request_messages_export(admin)))

    assert transcripts == "'=1+1 is what I said"


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER, Role.PROMPT_EDITOR])
def test_who_may_not_export_is_refused(role: Role) -> None:
    with pytest.raises(NotAllowed):
        services.request_messages_export(make_user(role=role))
    with pytest.raises(NotAllowed):
        services.request_person_export(make_customer(), make_user(role=role))


def test_a_supervisor_exports_messages_and_no_person() -> None:
    supervisor = make_user(role=Role.SUPERVISOR)

    assert services.request_messages_export(supervisor).state == Export.State.APPROVED
    with pytest.raises(NotAllowed):
        services.request_person_export(make_customer(), supervisor)


def test_a_person_is_exported_when_a_second_admin_agreed(settings: Settings) -> None:
    settings.FOUR_EYES = True
    first, second = make_user(role=Role.ADMIN), make_user(role=Role.ADMIN)
    export = services.request_person_export(make_customer(), first)

    assert services.due_exports() == []
    with pytest.raises(NeedsAnotherPerson):
        services.decide_export(export, first, agreed=True)
    services.decide_export(export, second, agreed=True)
    assert services.due_exports() == [export.pk]


def test_five_files_an_hour(admin: User) -> None:
    for _ in range(5):
        services.request_messages_export(admin)

    with pytest.raises(TooManyExports, match="5 files an hour"):
        services.request_messages_export(admin)

    assert Export.objects.count() == 5


def test_the_link_is_for_whoever_asked_and_for_a_day(admin: User, client: Client) -> None:
    make_message(make_conversation(), "Hello")
    export = services.request_messages_export(admin)
    address = f"/exports/{export.public_id}/"

    client.force_login(admin)
    assert client.get(address).status_code == 404
    written(export)
    answer = client.get(address)
    assert answer.status_code == 200
    assert b"Hello" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer["Content-Disposition"].startswith("attachment")
    assert AuditEvent.objects.filter(action="export.downloaded").count() == 1

    for role in (Role.ADMIN, Role.AGENT, Role.VIEWER):
        client.force_login(make_user(role=role))
        assert client.get(address).status_code == 404
    client.logout()
    _, key = make_api_key(scopes=("conversations:read",))
    assert client.get(address, headers={"Authorization": f"Bearer {key}"}).status_code == 302

    client.force_login(admin)
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(address).status_code == 404
    services.remove_expired()
    assert not folder.path_of(export).exists()


def test_a_role_that_was_taken_away_ends_the_export(admin: User) -> None:
    export = services.request_messages_export(admin)
    User.objects.filter(pk=admin.pk).update(role=Role.VIEWER)

    assert not services.work_export(export.pk)

    assert Export.objects.get().state == Export.State.FAILED


def test_an_erasure_makes_a_file_being_written_begin_anew(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    person = told(MARKER)
    monkeypatch.setattr(messages_file, "PART_SECONDS", 0.0)
    export = services.request_messages_export(admin)
    monkeypatch.setattr(messages_file, "CHUNK", 2)
    services.work_export(export.pk)
    erasure = services.request_erasure(person.customer, None)
    services.work_erasure(erasure.pk)
    monkeypatch.setattr(messages_file, "PART_SECONDS", 10.0)

    export = written(export)

    assert MARKER not in folder.path_of(export).read_text()


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20a", "a;=1+1", "a,=1", 'a"\n=1'],
)  # fmt: skip
def test_no_cell_is_a_formula(cell: str) -> None:
    assert shown_as_is(cell) == f"'{cell}"
    assert as_csv([[cell]], is_start=False).startswith("\"'")


@pytest.mark.parametrize("cell", ["", "Hello", "1+1", "a=b", "e-mail", "2026-11-22", "Ünï 😀"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert shown_as_is(cell) == cell


def test_a_visitor_of_the_web_chat_gets_what_the_site_told_and_their_devices(admin: User) -> None:
    account = make_account(platform="webchat", secrets={"secret": SECRET})
    word = identity("customer-7", name="Ada Marsh", email=f"{MARKER}@example.org")
    visitor, token = webchat.identify(account, word, locale="en")
    webchat.identify(account, word, locale="de")
    pdf = SentFile(name="invoice.pdf", content=b"%PDF-1.7 %%EOF")
    webchat.send_files(account, visitor, client_msg_id=uuid.uuid4(), text="", sent=[pdf])
    stranger, _ = webchat.begin(account, locale="en", address="192.0.2.7")

    export = written(services.request_person_export(Customer.objects.get(), admin))

    with zipfile.ZipFile(folder.path_of(export)) as archive:
        person = json.loads(archive.read("integrations.identifiedperson.jsonl"))
        devices = archive.read("integrations.visitor.jsonl").decode()
        files = [archive.read(name) for name in archive.namelist() if name.startswith("files/")]
    assert (person["subject"], person["email"]) == ("customer-7", f"{MARKER}@example.org")
    assert len(devices.splitlines()) == 2
    assert not [each for each in (token, "token_hash", str(stranger.public_id)) if each in devices]
    assert files == [b"%PDF-1.7 %%EOF"]
