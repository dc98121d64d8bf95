"""What a page holds and does not show. Nobody who reads an article sees it, so no customer may be told it.

Django is not loaded: the reader of files uses it in a process of its own.
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape

EMPTY = frozenset(
    {"br", "hr", "img", "input", "link", "meta", "wbr", "area", "base", "col", "embed", "source", "track"}
)
"""The elements that hold nothing."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?|\\(.)", re.IGNORECASE)
_UNSEEN = re.compile(
    r"(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|content-visibility:hidden|color:transparent"
    r"|(?:opacity|font-size|zoom):(?:0*\.?0+)(?:px|pt|em|rem|ex|ch|vw|vh|%)?"
    r"|font-size:(?:0?\.\d+|1)(?:px|pt)"
    r"|font:(?:[a-z]+)*0(?:px|pt|em|rem|%)?[/a-z'\",]"
    r"|(?:max-)?(?:height|width):0(?:px)?"
    r"|(?:left|right|top|bottom|text-indent|margin-left|margin-top):-(?:\d{4,}|[5-9]\d\d)(?:\.\d+)?(?:px|pt|em|rem|%|vw|vh)?"
    r"|transform:scale\(0(?:,0)?\)|clip:rect\([01](?:px)?[^)]*\)|clip-path:inset\((?:50|100)%[^)]*\))(?=[;!/,'\"a-z]|\)|$)"
)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)((?:[^<>\"']|\"[^\"]{0,2000}\"|'[^']{0,2000}')*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")


def is_hidden(attributes: Mapping[str, str | None]) -> bool:
    """Whether an element with these attributes, named in small letters, is not shown."""
    if "hidden" in attributes or (attributes.get("aria-hidden") or "").strip().lower() == "true":
        return True
    style = _CSS_ESCAPE.sub(_letter, _CSS_COMMENT.sub("", attributes.get("style") or ""))
    return bool(_UNSEEN.search("".join(style.lower().split())))


def without_hidden(text: str) -> str:
    """A text in Markdown or HTML without its comments and without the elements that are not shown.

    One that is not ended hides all that follows, as a browser has it.
    """
    text = _COMMENT.sub("", text)
    kept, at = [], 0
    for start, end in _unseen(text):
        kept.append(text[at:start])
        at = end
    return "".join([*kept, text[at:]])


def _unseen(text: str) -> Iterator[tuple[int, int]]:
    """From where to where elements are not shown, one after another."""
    name, depth, start = "", 0, 0
    for tag in _TAG.finditer(text):
        ends, found = bool(tag[1]), tag[2].lower()
        if not name:
            if not ends and found not in EMPTY and is_hidden(_attributes(tag[3])):
                name, depth, start = found, 1, tag.start()
        elif found == name:
            depth += -1 if ends else 1
            if depth == 0:
                yield start, tag.end()
                name = ""
    if name:
        yield start, len(text)


def _attributes(written: str) -> dict[str, str]:
    return {name.lower(): unescape(a or b or c or "") for name, a, b, c in _ATTRIBUTE.findall(written)}


def _letter(escape: re.Match[str]) -> str:
    code = int(escape[1], 16) if escape[1] else 0
    return (chr(code) if 0 < code < 0x110000 else "") if escape[1] else escape[2]
