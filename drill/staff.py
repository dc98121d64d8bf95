"""A person at the workspace: signs in as anybody would, and takes conversations over."""

import re
from dataclasses import dataclass, field

import httpx2

from drill.rig import PASSWORD, STAFF, DrillFailed, Rig

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(slots=True, kw_only=True)
class Colleague:
    """One signed-in person. A session outlives the process that began it."""

    rig: Rig
    _client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=30, follow_redirects=False))
    _token: str = ""

    def sign_in(self) -> None:
        """By the page's own form."""
        address = f"{self.rig.url}/accounts/login/"
        page = self._client.get(address)
        found = _TOKEN.search(page.text)
        if found is None:
            raise DrillFailed(f"The sign-in page has no form (HTTP {page.status_code}).")
        form = {"login": STAFF, "password": PASSWORD, "csrfmiddlewaretoken": found[1]}
        answer = self._client.post(address, data=form, headers={"Referer": address})
        if answer.status_code != 302:
            raise DrillFailed(f"Nobody could sign in (HTTP {answer.status_code}).")
        self._token = self._client.cookies["csrftoken"]

    def take_over(self, public_id: str) -> int:
        """Take a conversation over; the answer's status. Raises httpx2.TransportError where nobody answered."""
        address = f"{self.rig.url}/workspace/c/{public_id}/take-over/"
        headers = {"X-CSRFToken": self._token, "Referer": f"{self.rig.url}/workspace/", "HX-Request": "true"}
        return self._client.post(address, headers=headers).status_code
