"""Links in outgoing text: what is not on the business's list is taken out, in whichever form it was written."""

import re
import unicodedata
from collections.abc import Set as AbstractSet

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
_IMAGE = re.compile(r"!\[[^\]]*\]\s*[\[(][^\])]*[\])]")
_INLINE = re.compile(r"\[([^\]]+)\]\(\s*<?([^)\s>]*)>?[^)]*\)")
_DEFINITION = re.compile(r"^[ \t]{0,3}\[[^\]]+\]:[ \t]*\S+.*$", re.MULTILINE)
_REFERENCE = re.compile(r"\[([^\]]+)\]\[[^\]]*\]")
_TOP_LEVELS = (
    "com|net|org|io|co|eu|de|es|it|nl|fr|uk|at|ch|be|pl|us|ca|cn|ru|jp|br|in|au|me|tv|to|ly|gg|ai|app|dev|shop|store|"
    "info|biz|xyz|online|site|top|link|click|live|page|club|cloud|tech|example|test|invalid|localhost|onion|zip|mov"
)
_ADDRESS = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]{1,20}):(?://)?|//|\bwww\.(?=\w))[^\s<>\"'\]]+"
    r"|[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,24}"
    rf"|(?<![\w@.])(?:[a-z0-9-]+\.)+(?:(?:{_TOP_LEVELS})\b(?:[/?#:][^\s<>\"'\]]*)?|[a-z]{{2,24}}/[^\s<>\"'\]]*)",
    re.IGNORECASE,
)
_SCHEMES = frozenset(
    [
        "http",
        "https",
        "ftp",
        "ftps",
        "file",
        "mailto",
        "tel",
        "sms",
        "data",
        "javascript",
        "vbscript",
        "intent",
        "ws",
        "wss",
        "blob",
        "view-source",
        "whatsapp",
    ]
)
_TRAILING = ".,;:!?)»”’"
_REDIRECTS = re.compile(r"redirect|(?:^|/)(?:out|away|goto|jump|r|l)(?:/|$)", re.IGNORECASE)


def without_foreign_links(text: str, allowed: AbstractSet[str]) -> tuple[str, int]:
    """The text with links to hosts of ``allowed`` (and below them) kept plain, all others taken out, and how many were.

    A text without any link comes back unchanged; a markdown link loses its address and keeps its words.
    """
    plain = _normal(text)
    if not (_ADDRESS.search(plain) or _IMAGE.search(plain) or _DEFINITION.search(plain)):
        return text, 0
    removed = 0

    def count(keep: str) -> str:
        nonlocal removed
        removed += 1
        return keep

    def inline(match: re.Match[str]) -> str:
        kept = _kept(match[2], allowed)
        return f"{match[1]} ({kept})" if kept else count(match[1])

    def address(match: re.Match[str]) -> str:
        found = match.group()
        scheme = match["scheme"]
        if scheme is not None and scheme.lower() not in _SCHEMES and "//" not in found:
            return found
        tail = found[len(found.rstrip(_TRAILING)) :]
        kept = _kept(found.rstrip(_TRAILING), allowed)
        return kept + tail if kept else count(tail)

    plain = _IMAGE.sub(lambda _: count(""), plain)
    plain = _DEFINITION.sub(lambda _: count(""), plain)
    plain = _REFERENCE.sub(lambda match: match[1], _INLINE.sub(inline, plain))
    cleaned = _ADDRESS.sub(address, plain)
    if removed == 0 and cleaned == plain == _normal(text):
        return text, 0
    return re.sub(r"<\s*>", "", re.sub(r"[ \t]{2,}", " ", cleaned)).strip(), removed


def foreign_links(text: str, allowed: AbstractSet[str]) -> int:
    """How many links the text has that are not on the list."""
    return without_foreign_links(text, allowed)[1]


def _normal(text: str) -> str:
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).replace("。", ".").replace("｡", ".")
    plain = re.sub(r"\[\s*(?:\.|dot)\s*\]|\(\s*dot\s*\)", ".", plain, flags=re.IGNORECASE)
    return re.sub(r"\bhxxp", "http", plain, flags=re.IGNORECASE)


def _kept(address: str, allowed: AbstractSet[str]) -> str:
    """The address as it may be sent, without query and fragment; empty if it may not."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = "", address.removeprefix("//")
    if scheme.lower() not in {"", "https"} or (not scheme and ":" in rest.split("/")[0]):
        return ""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    is_mail = "@" in authority
    if is_mail and (scheme or "/" in rest):
        return ""
    host = authority.rpartition("@")[2].split(":")[0].lower().rstrip(".").removeprefix("www.")
    if not any(host == own or host.endswith("." + own) for own in allowed):
        return ""
    path = re.split(r"[?#]", rest[len(authority) :], maxsplit=1)[0]
    if _REDIRECTS.search(path):
        return ""
    return f"{scheme}{'://' if scheme else ''}{authority}{path}"
