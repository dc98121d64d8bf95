"""A site that has a web chat, as tests play it: it signs who its visitors are, and calls as its pages do."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from integrations.models import PlatformAccount

SECRET = "a-secret-that-only-the-site-and-we-know"
OLDER_SECRET = "the-secret-that-was-in-use-before-this-one"


def signed(claims: dict[str, Any], *, secret: str = SECRET, header: dict[str, Any] | None = None) -> str:
    """A JSON Web Token by HMAC-SHA256, whatever its header says."""
    parts = [_encoded(json.dumps(part).encode()) for part in (header or {"alg": "HS256", "typ": "JWT"}, claims)]
    words = ".".join(parts)
    return f"{words}.{_encoded(hmac.digest(secret.encode(), words.encode(), hashlib.sha256))}"


def identity(subject: str = "customer-7", *, seconds: int = 600, secret: str = SECRET, **claims: Any) -> str:
    """The site's word on somebody, good for so many seconds."""
    return signed({"sub": subject, "exp": int(time.time()) + seconds, **claims}, secret=secret)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class ChatPage:
    """An open chat page: its requests with its token, from our own host or from another site's ``origin``."""

    def __init__(self, client: Client, account: PlatformAccount, *, origin: str = "") -> None:
        self.client = client
        self.base = f"/chat/{account.public_key}/"
        self.origin = origin
        self.token = ""

    def begin(self, **body: Any) -> Any:
        """Begin a session; the answer. Its token is used from now on."""
        answer = self.post("session", {"locale": "en", **body})
        self.token = answer.json().get("token", self.token)
        return answer

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """A POST of JSON."""
        return self.client.post(
            self.base + path, json.dumps(body), content_type="application/json", headers=self._headers()
        )

    def get(self, path: str) -> Any:
        """A GET."""
        return self.client.get(self.base + path, headers=self._headers())

    def options(self, path: str) -> Any:
        """What a browser asks before another site's page may call."""
        return self.client.options(self.base + path, headers=self._headers())

    def say(self, text: str) -> Any:
        """Write a message."""
        return self.post("messages", {"client_msg_id": str(uuid.uuid4()), "text": text})

    def send(self, *files: tuple[str, bytes], text: str = "", client_msg_id: str = "") -> Any:
        """Send files, each a name and its bytes."""
        uploads = [SimpleUploadedFile(name, content) for name, content in files]
        form = {"client_msg_id": client_msg_id or str(uuid.uuid4()), "text": text, "files": uploads}
        return self.client.post(f"{self.base}files", form, headers=self._headers())

    def texts(self) -> list[str]:
        """What was said, as this page sees it."""
        return [message["text"] for message in self.get("messages").json()["messages"]]

    def _headers(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return headers | ({"Origin": self.origin} if self.origin else {})
