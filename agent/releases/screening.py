"""What no prompt and no fixed text may hold: a secret, an address that replies may not link to, more than anybody reads."""

from agent.exceptions import InvalidValue
from agent.graph.links import foreign_links
from core.redaction import secret_in

MOST_CHARACTERS = 20_000
MOST_SHOWN = 5
SHOWN = 80


def screen(name: str, text: str, *, allowed_hosts: frozenset[str]) -> None:
    """Raise InvalidValue, which names ``name`` and the reason, unless the text may be kept."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidValue(name, f"it is too long: {MOST_CHARACTERS} characters at most.")
    if found := secret_in(text):
        raise InvalidValue(name, f"it holds {found}. Secrets belong into the environment.")
    for address in foreign_links(text, allowed_hosts):
        raise InvalidValue(name, f"replies may not link to {address[:SHOWN]}. Add its host to “links.allowed” first.")


def left_out(text: str, *, allowed_hosts: frozenset[str]) -> str:
    """What whoever saves an article is told of its addresses that no answer will hold; empty where all may be said."""
    found = foreign_links(text, allowed_hosts)
    if not found:
        return ""
    shown = ", ".join(address[:SHOWN] for address in found[:MOST_SHOWN])
    more = f" and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
    return f"Answers leave out {shown}{more}: only hosts in “links.allowed” may be linked to. Add them there if they are yours."
