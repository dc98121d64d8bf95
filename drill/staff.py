"""A person at the workspace and in the admin: signs in as anybody would, and does there what people do."""

import re
from dataclasses import dataclass, field

import httpx2

from drill import wire
from drill.rig import PASSWORD, STAFF, DrillFailed, Rig

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_MADE = re.compile(r"/core/user/(\d+)/change/")


def _client() -> httpx2.Client:
    """A connection for each request: one that is kept may be closed by the server just as it is used again."""
    return wire.Client(timeout=60, follow_redirects=False, limits=httpx2.Limits(max_keepalive_connections=0))


@dataclass(slots=True, kw_only=True)
class Colleague:
    """One signed-in person. A session outlives the process that began it."""

    rig: Rig
    name: str = STAFF
    _client: httpx2.Client = field(default_factory=_client)
    _token: str = ""

    def sign_in(self) -> None:
        """By the page's own form."""
        address = f"{self.rig.pages_url}/accounts/login/"
        self._client.cookies.clear()
        page = self._client.get(address)
        found = _TOKEN.search(page.text)
        if found is None:
            raise DrillFailed(f"The sign-in page has no form (HTTP {page.status_code}).")
        form = {"login": self.name, "password": PASSWORD, "csrfmiddlewaretoken": found[1]}
        answer = self._client.post(address, data=form, headers={"Referer": address})
        if answer.status_code != 302:
            raise DrillFailed(f"{self.name} could not sign in (HTTP {answer.status_code}).")
        self._token = self._client.cookies["csrftoken"]

    def hire(self, name: str) -> "Colleague":
        """Make another admin in the admin's pages; answers them signed in."""
        person = {"username": name, "password1": PASSWORD, "password2": PASSWORD, "_continue": "1"}
        made = _MADE.search(self.fill_in("core/user/add/", person).headers["Location"])
        if made is None:
            raise DrillFailed(f"{name} could not be made.")
        access = {"username": name, "role": "admin", "is_active": "on", "is_staff": "on", "languages": "[]"}
        self.fill_in(f"core/user/{made[1]}/change/", access)
        hired = Colleague(rig=self.rig, name=name)
        hired.sign_in()
        return hired

    def take_over(self, public_id: str) -> int:
        """Take a conversation over; the answer's status. Raises httpx2.TransportError where nobody answered."""
        return self.act(public_id, "take-over").status_code

    def act(self, public_id: str, deed: str, **form: str) -> httpx2.Response:
        """One deed of the workspace, by its address. Raises httpx2.TransportError where nobody answered."""
        headers = {"X-CSRFToken": self._token, "Referer": f"{self.rig.pages_url}/workspace/", "HX-Request": "true"}
        return self._client.post(f"{self.rig.pages_url}/workspace/c/{public_id}/{deed}/", data=form, headers=headers)

    def look(self, path: str, **headers: str) -> httpx2.Response:
        """Open a page, or fetch a file."""
        return self._client.get(f"{self.rig.pages_url}/{path}", headers=headers)

    def fill_in(self, page: str, form: dict[str, str]) -> httpx2.Response:
        """Send a form of the admin's pages. Raises DrillFailed where it was not taken."""
        address = f"{self.rig.pages_url}/admin/{page}"
        sent = {**form, "csrfmiddlewaretoken": self._token}
        answer = self._client.post(address, data=sent, headers={"Referer": address})
        if answer.status_code != 302:
            raise DrillFailed(f"{self.name} could not fill in {page} (HTTP {answer.status_code}).")
        return answer

    def socket_headers(self) -> dict[str, str]:
        """What this person's browser sends when a page opens its socket."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())
        return {"Cookie": cookies, "Origin": self.rig.pages_url}
