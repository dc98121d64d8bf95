"""Files of customers: for those who may see the conversation, as downloads that nothing runs."""

import uuid

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from conversations.models import Attachment, Message
from core.policy import Role
from tests.workspace.scene import browser, customer_writes, set_scene

pytestmark = pytest.mark.django_db


def kept(message: Message, *, content_type: str, name: str) -> Attachment:
    """A file that was fetched and kept."""
    attachment = Attachment(message=message, kind="image", name=name, content_type=content_type, state="kept")
    attachment.file.save("stored.bin", ContentFile(b"<script>alert(1)</script>"), save=False)
    attachment.save()
    return attachment


def test_a_kept_file_is_a_download_for_its_team_only() -> None:
    scene = set_scene()
    message = customer_writes(scene.team).messages.get()
    address = reverse("workspace-attachment", args=[kept(message, content_type="image/png", name="leg.png").public_id])

    answer = browser(scene.person(Role.AGENT)).get(address)
    others = [
        browser(person).get(address).status_code for person in (scene.stranger, scene.person(Role.PROMPT_EDITOR), None)
    ]

    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="leg.png"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert others == [404, 403, 302]


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/javascript", "", "text/xml"])
def test_what_a_browser_might_run_is_called_bytes(content_type: str) -> None:
    scene = set_scene()
    message = customer_writes(scene.team).messages.get()
    attachment = kept(message, content_type=content_type, name='"../x\r\n.html')

    answer = browser(scene.person(Role.AGENT)).get(reverse("workspace-attachment", args=[attachment.public_id]))

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert not set("/\r\n") & set(answer.headers["Content-Disposition"])


def test_what_is_not_kept_or_gone_is_not_found() -> None:
    scene = set_scene()
    message = customer_writes(scene.team).messages.get()
    gone = kept(message, content_type="image/png", name="x.png")
    gone.file.storage.delete(str(gone.file.name))
    waiting = Attachment.objects.create(message=message, kind="image", media_id="1", state="waiting")
    client = browser(scene.person(Role.AGENT))

    statuses = [
        client.get(reverse("workspace-attachment", args=[public_id])).status_code
        for public_id in (gone.public_id, waiting.public_id, uuid.uuid4())
    ]

    assert statuses == [404, 404, 404]
