"""What a visitor is asked before the first message, and what they may answer. Nobody has verified any of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.personal import find
from core.text import clean_text
from integrations.models import PlatformAccount
from integrations.webchat.exceptions import DetailsWrong
from integrations.webchat.identity import LONGEST_NAME, is_address

MISSING, INVALID = "missing", "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a visitor says of themselves; empty where they say nothing."""

    name: str = ""
    email: str = ""


def details_of(account: PlatformAccount, body: Mapping[str, Any]) -> Details:
    """What was said of what the account asks for; anything else is passed over. Raises DetailsWrong."""
    asked = {"name": account.ask_name, "email": account.ask_email}
    given = {name: _text(body.get(name)) for name, how in asked.items() if how != PlatformAccount.Asked.OFF}
    wrong = {name: INVALID for name, value in given.items() if value and not _FITS[name](value)}
    wrong |= {
        name: MISSING for name, value in given.items() if not value and asked[name] == PlatformAccount.Asked.REQUIRED
    }
    if wrong:
        raise DetailsWrong({name: wrong[name] for name in asked if name in wrong})
    return Details(**given)


def _text(value: object) -> str:
    return clean_text(value).strip() if isinstance(value, str) else ""


def _is_name(value: str) -> bool:
    # Names are shown wherever the customer is; addresses and numbers are hidden until somebody asks for them.
    return len(value) <= LONGEST_NAME and "\n" not in value and not find(value)


_FITS = {"name": _is_name, "email": is_address}
