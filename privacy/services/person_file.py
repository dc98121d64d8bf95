"""Everything about one person as a ZIP: a JSON line for each row of each table, and the files that came with messages."""

import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import QuerySet

from agent.models import AgentRun, Replay
from conversations.models import Conversation, Customer, Message
from integrations import services as integrations
from integrations.models import PlatformAccount
from privacy import folder
from privacy.models import Export
from privacy.tables import NOT_EXPORTED, files_of, tables

CHUNK = 500
READ_ME = (
    "Everything that is kept about one customer. Each .jsonl file is one kind of record, one JSON object a line;\n"
    "the folder files/ has the pictures and other files that came with messages.\n"
)


def write_person(export: Export) -> bool:
    """Write the file, and put it into its place once it is whole; False if there is nobody to write about."""
    if export.customer is None:
        return False
    partial = folder.partial_path_of(export)
    export.rows = write_zip(export.customer, partial)
    export.size = partial.stat().st_size
    same = Export.objects.filter(pk=export.pk, state=Export.State.APPROVED, version=export.version)
    if not same.update(rows=export.rows, size=export.size):
        partial.unlink()
        return False
    partial.replace(folder.path_of(export))
    return True


def write_zip(customer: Customer, path: Path) -> int:
    """Write the ZIP to ``path`` and to the disk; returns how many rows it has."""
    count = 0
    with path.open("wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", READ_ME)
            for label, rows in rows_about(customer):
                count += _write_rows(archive, label, rows)
            for name in sorted(set(files_of(customer))):
                _write_file(archive, name)
        file.flush()
        os.fsync(file.fileno())
    return count


def rows_about(customer: Customer) -> Iterator[tuple[str, QuerySet[Any]]]:
    """Every table with rows about a customer, and these rows."""
    for table in tables():
        yield table.label, table.rows(customer)
    threads = Conversation.objects.filter(customer=customer)
    runs = AgentRun.objects.filter(conversation_id__in=threads.values("pk"))
    yield "agent.agentrun", runs.order_by("pk")
    yield "agent.replay", Replay.objects.filter(run__in=runs).order_by("pk")
    account = PlatformAccount.objects.filter(pk=customer.account_id).first()
    if account is None:
        return
    about = integrations.events_about(
        account,
        customer_id=customer.external_id,
        thread_keys=list(threads.values_list("thread_key", flat=True)),
        message_pks=Message.objects.filter(conversation__customer=customer).values("pk"),
    )
    yield "integrations.webhookevent", about.order_by("pk")
    yield "integrations.visitor", integrations.visitors_about(account, customer.external_id).order_by("pk")
    yield "integrations.identifiedperson", integrations.people_about(account, customer.external_id).order_by("pk")


def _write_rows(archive: zipfile.ZipFile, label: str, rows: QuerySet[Any]) -> int:
    count = 0
    hidden = NOT_EXPORTED.get(label, frozenset())
    if not rows.exists():
        return 0
    with archive.open(f"{label}.jsonl", "w", force_zip64=True) as member:
        for line in _as_json(rows.iterator(CHUNK), hidden):
            member.write(line)
            count += 1
    return count


def _as_json(rows: Iterable[models.Model], hidden: frozenset[str]) -> Iterator[bytes]:
    for row in rows:
        fields = [field for field in row._meta.concrete_fields if field.name not in hidden]
        values = {field.attname: _plain(getattr(row, field.attname)) for field in fields}
        yield json.dumps(values, cls=DjangoJSONEncoder, ensure_ascii=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return value.name if isinstance(value, models.fields.files.FieldFile) else value


def _write_file(archive: zipfile.ZipFile, name: str) -> None:
    if not default_storage.exists(name):
        return
    with (
        default_storage.open(name) as source,
        archive.open(f"files/{Path(name).name}", "w", force_zip64=True) as member,
    ):
        shutil.copyfileobj(source, member)
