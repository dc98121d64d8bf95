"""One API call on its way to an endpoint: parameters, and who is calling."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.http.messages import Request, Response
from simulator.store import Transaction
from simulator.tiktok import apps, threads
from simulator.tiktok.apps import Account
from simulator.tiktok.errors import ApiError, Code, invalid_param
from simulator.tiktok.threads import Conversation
from simulator.world import World


@dataclass(slots=True, kw_only=True)
class Call:
    """What an endpoint works with. ``noted`` goes into the truth log beside the call."""

    world: World
    transaction: Transaction
    request: Request
    parameters: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)
    account: Account | None = None
    noted: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A parameter that must be a text and not empty. Raises ApiError."""
        value = self.parameters.get(name)
        if not isinstance(value, str) or not value:
            raise invalid_param(name)
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        """A parameter that must be an object. Raises ApiError."""
        value = self.parameters.get(name)
        if not isinstance(value, dict):
            raise invalid_param(name)
        return value

    def choice(self, name: str, allowed: frozenset[str]) -> str:
        """A parameter that must be one of these. Raises ApiError."""
        value = self.text(name)
        if value not in allowed:
            raise invalid_param(name)
        return value

    def texts(self, name: str) -> list[str]:
        """A parameter of a GET query that holds a JSON list of texts. Raises ApiError."""
        try:
            value = json.loads(self.text(name))
        except ValueError as error:
            raise invalid_param(name) from error
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise invalid_param(name)
        return value

    def business(self) -> Account:
        """The account the caller's token is for."""
        if self.account is None:
            raise ApiError(Code.BAD_TOKEN)
        return self.account

    def conversation(self, name: str) -> Conversation:
        """The conversation named by this parameter, which must be the caller's own. Raises ApiError."""
        conversation = threads.find(self.transaction, self.text(name))
        if conversation is None or conversation.business_id != self.business().business_id:
            raise invalid_param(name)
        self.noted["conversation_id"] = conversation.id
        return conversation

    def app(self, key_name: str, secret_name: str) -> str:
        """The app whose id and secret are in these parameters. Raises ApiError."""
        client_key = self.parameters.get(key_name)
        if not apps.secret_fits(self.transaction, client_key, self.parameters.get(secret_name)):
            raise ApiError(Code.BAD_APP_SECRET)
        return str(client_key)


# An endpoint answers the ``data`` of the envelope, or a whole response where it is not JSON.
Endpoint = Callable[[Call], Mapping[str, Any] | Response]
