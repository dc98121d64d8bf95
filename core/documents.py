"""Documents by their bytes: whether a file is what it calls itself."""

PDF = "application/pdf"

_STARTS = (b"%PDF-1.", b"%PDF-2.")
_END = b"%%EOF"
# Where readers look for the end: some programs write a few bytes behind it.
_WITHIN = 1024


def is_pdf(content: bytes) -> bool:
    """Whether the bytes begin and end as a PDF does. What it holds is for a reader on the other side to judge."""
    return content.startswith(_STARTS) and _END in content[-_WITHIN:]
