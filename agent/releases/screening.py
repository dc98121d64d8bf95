"""What no prompt and no fixed text may hold: a secret, an address that replies may not link to, more than anybody reads."""

import re

from agent.exceptions import InvalidValue
from agent.graph.links import foreign_links
from core.redaction import secret_in

MOST_CHARACTERS = 20_000
_ADDRESS = re.compile(r"https?://[^\s<>\"')\]]{1,200}", re.IGNORECASE)


def screen(name: str, text: str, *, allowed_hosts: frozenset[str]) -> None:
    """Raise InvalidValue, which names ``name`` and the reason, unless the text may be kept."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidValue(name, f"it is too long: {MOST_CHARACTERS} characters at most.")
    if found := secret_in(text):
        raise InvalidValue(name, f"it holds {found}. Secrets belong into the environment.")
    for match in _ADDRESS.finditer(text):
        if foreign_links(match[0], allowed_hosts):
            shown = match[0][:80]
            raise InvalidValue(name, f"replies may not link to {shown}. Add its host to “links.allowed” first.")
