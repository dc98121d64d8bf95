"""Links in outgoing text: what is not on the business's list is taken out, in whichever form it was written."""

import re
import unicodedata
from collections.abc import Set as AbstractSet

from agent.engine.text import UNSPACED_CHARACTERS

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
_IMAGE = re.compile(r"!\[[^\]]*\]\s*[\[(][^\])]*[\])]")
# An address that holds a bracket ends there: what follows it may be the next link, and would be read again and again.
_INLINE = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]{0,300}\]){1,600})\]\(\s*+<?([^)\s>\[]*+)>?[^)]{0,1000}+\)")
_DEFINITION = re.compile(r"^[ \t]{0,3}\[[^\]]+\]:[ \t]*\S+.*$", re.MULTILINE)
_REFERENCE = re.compile(r"\[([^\[\]]++)\]\[[^\]]*+\]")
_SCHEMES = (
    "https|http|ftps|ftp|sftp|file|mailto|tel|sms|data|javascript|vbscript|intent|wss|ws|blob|view-source|whatsapp|skype|"
    "callto|facetime|sips|sip|xmpp|irc|tg|viber|slack|bitcoin|ethereum|magnet|market|itms|geo|ssh|ldap|about|chrome"
)
# Marks that belong to a letter before them are no letters to a regular expression, though hosts have them.
_MARKS = "\u0300-\u036f\u0900-\u0963\u0970-\u0dff\u0e31-\u0e4e\u0eb1-\u0ece\u102b-\u103e\u17b4-\u17d3"
_LABEL = rf"(?:[^\W_]|[-{_MARKS}]){{1,63}}"
_TOP_LEVEL = rf"(?:xn--[a-z0-9-]{{1,59}}|(?:[^\W\d_]|[{_MARKS}]){{2,24}})"
_REST = r"(?:[/?#:\\\u2044\u2215\u29f8][^\s<>\"'\]]*)"
_ADDRESS = re.compile(
    rf"(?:(?<![^\W_])(?:{_SCHEMES}):(?://)?|(?<![^\W_])[a-z][a-z0-9+.-]{{0,30}}://|//|(?<![^\W_])www\.(?=\w))[^\s<>\"'\]]+"
    rf"|[\w.+-]{{1,64}}@(?:{_LABEL}\.){{1,9}}{_TOP_LEVEL}"
    rf"|(?<![^\W_])(?P<bare>(?:{_LABEL}\.){{1,9}}{_TOP_LEVEL})(?![^\W_]){_REST}?"
    rf"|(?<![\w.])(?:localhost|\d{{1,3}}(?:\.\d{{1,3}}){{3}}){_REST}",
    re.IGNORECASE,
)
_TOP_LEVELS_LIST = (
    "com net org io co eu de es it nl fr uk at ch be pl us ca cn ru jp br in au me tv to ly gg ai app dev shop store info "
    "biz xyz online site top link click live page club cloud tech example test invalid localhost onion zip mov"
)
_TOP_LEVELS = frozenset(_TOP_LEVELS_LIST.split())
"""Those that a word after a missing space is not mistaken for: "today.Please" is two sentences, "today.Com" an address."""

_FILES_LIST = (
    "pdf jpg jpeg png gif webp heic svg tif tiff csv txt doc docx xls xlsx ppt pptx xml json html htm mp3 mp4 avi wav log "
    "ics gpx vcf exe dmg apk js"
)
_FILES = frozenset(_FILES_LIST.split())
"""What ends the name of a file, and no host's."""

_SHORT_LIST = (
    "e.g i.e z.b d.h u.a p.ej p.es m.b.t u.s u.k a.m p.m o.g z.zt u.dgl s.o co.kg approx nr no st mr mrs ms dr prof inc ltd "
    "ca bzw usw etc vs sr sra dott sig bijv enz ecc pag art abs str tel ggf inkl zzgl mo di mi do fr sa so"
)
_SHORT = frozenset(_SHORT_LIST.split())
"""Abbreviations in whose middle, or after which, a space is often missing."""

# The words for a dot, in front of an ending that is no word of the same language.
_ENDINGS = "com|net|org|info|biz|io|eu|app|dev|shop|xyz|example|ru|cn|uk"
_SPELT = (
    re.compile(r"\s{0,3}[\[({<]\s{0,3}(?:\.|dot|punkt|punto|punt)\s{0,3}[\])}>]\s{0,3}", re.IGNORECASE),
    re.compile(
        rf"(?<=[^\W_]) (?:dot|punkt|punto|punt) (?=(?:{_ENDINGS})\b|[a-z]{{2,24}}/\S|(?:(?<=punkt )de|(?<=punt )nl)\b)",
        re.IGNORECASE,
    ),
    re.compile(r"(?<=[^\W_]{2}) \. ?(?=[^\W\d_]{2})"),
)
# Between signs of a script without spaces it ends a sentence.
_IDEOGRAPHIC_DOT = re.compile(rf"(?<![{UNSPACED_CHARACTERS}])[。｡](?![{UNSPACED_CHARACTERS}])")
_HANDLE = re.compile(r"(?:^|[\s(])@\Z")
_TRAILING = ".,;:!?)»”’"
_REDIRECTS = re.compile(r"redirect|(?:^|/)(?:out|away|goto|jump|r|l)(?:/|$)", re.IGNORECASE)


def without_foreign_links(text: str, allowed: AbstractSet[str]) -> tuple[str, int]:
    """The text with links to hosts of ``allowed`` (and below them) kept plain, all others taken out, and how many were.

    A text without any link comes back unchanged; a markdown link loses its address and keeps its words. What is rather a
    missing space than a host ("today.Please") gets the space, so that nobody's client makes a link of it.
    """
    cleaned, removed = _without(text, allowed)
    return cleaned, len(removed)


def foreign_links(text: str, allowed: AbstractSet[str]) -> tuple[str, ...]:
    """The links of the text that are not on the list, as they would be taken out, each once."""
    return tuple(dict.fromkeys(_without(text, allowed)[1]))


def _without(text: str, allowed: AbstractSet[str]) -> tuple[str, list[str]]:
    plain = _normal(text)
    if not any(form.search(plain) for form in (_ADDRESS, _IMAGE, _INLINE, _DEFINITION)):
        return text, []
    removed: list[str] = []

    def count(what: str, keep: str) -> str:
        removed.append(what.strip())
        return keep

    def inline(match: re.Match[str]) -> str:
        kept = _kept(match[2], allowed)
        return f"{match[1]} ({kept})" if kept else count(match[2], match[1])

    def address(match: re.Match[str]) -> str:
        found = match.group()
        said = _said(match)
        if said:
            return said
        tail = found[len(found.rstrip(_TRAILING)) :]
        kept = _kept(found.rstrip(_TRAILING), allowed)
        return kept + tail if kept else count(found.rstrip(_TRAILING), tail)

    plain = _IMAGE.sub(lambda match: count(match.group(), ""), plain)
    plain = _DEFINITION.sub(lambda match: count(match.group(), ""), plain)
    plain = _REFERENCE.sub(lambda match: match[1], _INLINE.sub(inline, plain))
    cleaned = _ADDRESS.sub(address, plain)
    if not removed and cleaned == plain == _normal(text):
        return text, []
    return re.sub(r"<\s*>", "", re.sub(r"[ \t]{2,}", " ", cleaned)).strip(), removed


def _normal(text: str) -> str:
    plain = _IDEOGRAPHIC_DOT.sub(".", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))
    for spelt in _SPELT:
        plain = spelt.sub(".", plain)
    return re.sub(r"\bhxxp", "http", plain, flags=re.IGNORECASE)


def _said(match: re.Match[str]) -> str:
    """What looks like a host and is none, as it may be sent: an abbreviation, a file's name, a missing space, a handle."""
    bare = match["bare"]
    if bare is None or match.group().rstrip(_TRAILING) != bare:
        return ""
    before, _, last = bare.rpartition(".")
    if _HANDLE.search(match.string[: match.start()]) or bare.lower() in _SHORT or last.lower() in _FILES:
        return match.group()
    is_host = last.lower() in _TOP_LEVELS or last.lower().startswith("xn--")
    begins_anew = last[0].isupper() and last[1:].islower()
    if not is_host and (begins_anew or before.isdigit() or before.lower() in _SHORT):
        return f"{before}. {match.group()[len(before) + 1 :]}"
    return ""


def _kept(address: str, allowed: AbstractSet[str]) -> str:
    """The address as it may be sent, without query and fragment; empty if it may not."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = "", address.removeprefix("//")
    if scheme.lower() not in {"", "https"} or "\\" in rest or (not scheme and ":" in rest.split("/")[0]):
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
