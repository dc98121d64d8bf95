"""The challenge of senders that only want to see their own words again."""

from collections.abc import Mapping

from integrations.exceptions import InvalidChallenge

MAX_CHALLENGE = 512


def echo(query: Mapping[str, str]) -> dict[str, str]:
    """The challenge given back, or a word that somebody is there. Raises InvalidChallenge."""
    challenge = query.get("challenge")
    if challenge is None:
        return {"status": "webhook endpoint ready"}
    if len(challenge) > MAX_CHALLENGE:
        raise InvalidChallenge("This challenge is too long.")
    return {"challenge": challenge}
