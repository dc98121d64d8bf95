"""Public ids of rows that have only a number, because each column costs where they are written: at the platforms' door."""

import uuid

# Version 8 is for whoever makes the id to fill: ours ends in the row's number.
_PREFIX = uuid.UUID("5afe0000-0000-8000-8000-000000000000").int
_NUMBERS = 2**48


def id_of(number: int) -> uuid.UUID:
    """The id of a row by its number."""
    return uuid.UUID(int=_PREFIX + number)


def number_of(public_id: uuid.UUID) -> int | None:
    """The number in such an id; None where it is none of ours."""
    number = public_id.int - _PREFIX
    return number if 0 < number < _NUMBERS else None
