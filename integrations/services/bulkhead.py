"""How many sends of one account this process has under way, so that a slow platform does not hold every hand."""

import threading
from collections import Counter, defaultdict


class Bulkhead:
    """Lets ``most`` in for each account; whoever comes beyond that leaves the conversation to those who are in.

    What they do not come to either is still due in its row, where the sweeper finds it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within: Counter[int] = Counter()
        # Dictionaries for their order, in which nothing stands twice.
        self._left_over: defaultdict[int, dict[int, None]] = defaultdict(dict)

    def enter(self, account_pk: int, conversation_pk: int, *, most: int) -> bool:
        """Whether there is room. Who is let in leaves by ``go_on`` or by ``leave``."""
        with self._lock:
            if self._within[account_pk] < most:
                self._within[account_pk] += 1
                return True
            self._left_over[account_pk][conversation_pk] = None
            return False

    def go_on(self, account_pk: int) -> int | None:
        """The conversation that was left over longest, for who is in; where there is none they are out by this."""
        with self._lock:
            left_over = self._left_over[account_pk]
            for conversation_pk in left_over:
                del left_over[conversation_pk]
                return conversation_pk
            self._within[account_pk] -= 1
            return None

    def leave(self, account_pk: int) -> None:
        """Be out, whatever is left over."""
        with self._lock:
            self._within[account_pk] -= 1
