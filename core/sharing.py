"""Who comes next where more wait than can be named: a crowd does not keep those who belong to others from their turn."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import zip_longest
from typing import TypeVar

Waiting = TypeVar("Waiting")
Owner = TypeVar("Owner", bound=Hashable)


def shared(
    first: Sequence[Waiting],
    limit: int,
    *,
    owner: Callable[[Waiting], Owner],
    elsewhere: Callable[[Owner], Iterable[Waiting]],
) -> list[Waiting]:
    """Those who wait longest; in a full list that is mostly one owner's, every other place is for who waits ``elsewhere``.

    That is asked only then, because it reads past the whole crowd.
    """
    if len(first) < limit or limit < 2:
        return list(first)
    ((crowded, number),) = Counter(map(owner, first)).most_common(1)
    if number <= limit // 2:
        return list(first)
    crowd = [each for each in first if owner(each) == crowded]
    return [each for pair in zip_longest(elsewhere(crowded), crowd) for each in pair if each is not None][:limit]
