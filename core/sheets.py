"""Lists as files for spreadsheets: as they are, and never as formulas."""

import csv
import io
import re
from collections.abc import Iterable

# Spreadsheets read a file as UTF-8 if it begins with this.
BYTE_ORDER_MARK = "\ufeff"
# With one of these in front, a spreadsheet would compute a cell instead of showing it; full-width ones count as well.
# After a separator they would, should a program cut the cell there although it is quoted.
_COMPUTED = re.compile(
    r"\A\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|\A[\t\r\n]|[;,\t\r\n|]\s*[\"']?[=+\-@\uff1d\uff0b\uff0d\uff20]"
)


Cell = str | int | float


def as_csv(lines: Iterable[Iterable[Cell]], *, is_start: bool = True) -> str:
    """The lines as CSV (RFC 4180), every cell quoted; ``is_start`` is false where they go on with a file.

    A number stays one, also below zero: nothing is computed from it that it is not.
    """
    text = io.StringIO()
    if is_start:
        text.write(BYTE_ORDER_MARK)
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(
        [shown_as_is(cell) if isinstance(cell, str) else cell for cell in line] for line in lines
    )
    return text.getvalue()


def shown_as_is(cell: str) -> str:
    """The cell, with an apostrophe in front where a spreadsheet would take it, or a part of it, for a formula."""
    return f"'{cell}" if _COMPUTED.search(cell) else cell
