"""Lists as files for spreadsheets."""

import csv
import io
from collections.abc import Iterable

# With one of these in front, a spreadsheet would compute the cell instead of showing it.
COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def as_csv(lines: Iterable[list[str]]) -> str:
    """The lines as CSV (RFC 4180), with a byte order mark so that spreadsheets read it as UTF-8."""
    text = io.StringIO()
    text.write("\ufeff")
    csv.writer(text).writerows([shown_as_is(cell) for cell in line] for line in lines)
    return text.getvalue()


def shown_as_is(cell: str) -> str:
    """The cell, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(COMPUTED) else cell
