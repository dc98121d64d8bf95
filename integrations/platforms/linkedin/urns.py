"""LinkedIn's names of things: one spelling for each comment, and the threads that comments make."""

import re

_URN = re.compile(r"urn:li:[A-Za-z]{1,40}:[A-Za-z0-9_.~%=-]{1,100}")
_COMMENT = re.compile(
    r"urn:li:comment:\((?P<object>(?:urn:li:)?[A-Za-z]{1,40}:[A-Za-z0-9_-]{1,60}),(?P<id>[0-9]{1,30})\)"
)
ORGANIZATION = "urn:li:organization:"
PERSON = "urn:li:person:"
APPLICATION = "urn:li:developerApplication:"
SEPARATOR = "|"


def urn(value: object) -> str:
    """The URN, or an empty text where it is none."""
    return value if isinstance(value, str) and _URN.fullmatch(value) else ""


def comment(value: object, *, on: str = "") -> str:
    """The comment's long name, from any of its spellings; its bare number needs the post it is ``on``. Empty for none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    if value.isascii() and value.isdigit() and len(value) <= 30:
        return f"urn:li:comment:({on},{value})" if on else ""
    found = _COMMENT.fullmatch(value)
    if found is None:
        return ""
    about = found["object"] if found["object"].startswith("urn:li:") else f"urn:li:{found['object']}"
    return f"urn:li:comment:({about},{found['id']})"


def post_of(name: str) -> str:
    """The post that a comment is on; a post's own name is its own."""
    found = _COMMENT.fullmatch(name)
    return found["object"] if found else name


def number_of(name: str) -> str:
    """A comment's number within its post."""
    found = _COMMENT.fullmatch(name)
    return found["id"] if found else ""


def thread(top: str, author: str) -> str:
    """The name of a thread: what stands at its top, and who talks with us under it."""
    return f"{top}{SEPARATOR}{author}"


def top_of(thread_key: str) -> str:
    """What stands at a thread's top: a comment, or a post that mentions us."""
    return thread_key.partition(SEPARATOR)[0]


def member_name(author: str) -> str:
    """What staff call somebody of whom only the URN is known."""
    kind, _, number = author.removeprefix("urn:li:").partition(":")
    return f"{'Member' if kind == 'person' else kind.capitalize()} {number}"[:200]
