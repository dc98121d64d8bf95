"""``among``: one of some constants of ours, written into the statement, so that SQLite sees which partial index holds them.

SQLite plans a statement before it knows its parameters. It looks again for ``state = ?`` once that is bound, but not for
``state IN (?, ?)``, and then walks over the whole table.
"""

import re
from collections.abc import Iterable
from typing import Any

from django.db.models import Lookup
from django.db.models.sql.compiler import SQLCompiler

_CONSTANT = re.compile(r"[a-z_]{1,40}")


class Among(Lookup):
    """``state__among=("pending", "retry_wait")``; only small letters and underscores, so that nothing needs quoting."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """The column, and the constants in their order."""
        column, params = self.process_lhs(compiler, connection)
        constants: Iterable[str] = [str(value) for value in self.rhs]
        for constant in constants:
            if not _CONSTANT.fullmatch(constant):
                raise ValueError(f"{constant!r} is no constant: use `in` for what is not written in the code.")
        quoted = ", ".join(f"'{constant}'" for constant in constants)
        return f"{column} IN ({quoted})", list(params)
