"""What LinkedIn's endpoints are given, and how they refuse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.http.messages import InvalidBody, Request, Response
from simulator.linkedin.pages import Page
from simulator.store import Transaction
from simulator.world import World


class Refused(Exception):
    """A refusal in LinkedIn's words."""

    def __init__(self, status: int, message: str, code: int = 100) -> None:
        self.status, self.message, self.code = status, message, code
        super().__init__(message)


@dataclass(slots=True, kw_only=True)
class Call:
    """One call by a known Page."""

    world: World
    transaction: Transaction
    request: Request
    page: Page
    about: str
    number: str

    def order(self) -> dict[str, Any]:
        """The body's JSON object. Raises Refused."""
        try:
            return self.request.json_object()
        except InvalidBody as error:
            raise Refused(400, str(error)) from error


Endpoint = Callable[[Call], Response]
