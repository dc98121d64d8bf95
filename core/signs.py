"""Whether a text can hold anything that patterns look for, asked before all of them: most lines of a log hold nothing.

What stands here is only what each pattern cannot do without, so a text may be suspected for nothing, and is never passed over
wrongly. It knows ASCII, where a letter has two forms and a digit one; every other text is suspected.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Each sign as a small letter, or as a space where it is none.
_LETTERS = bytes(bytes([sign]).lower()[0] if bytes([sign]).isalpha() else ord(" ") for sign in range(256))


@dataclass(frozen=True, slots=True, eq=False)
class Signs:
    """What gives something away: ``parts`` anywhere, ``words`` by themselves, both in small letters, and ``shapes``.

    A word is a row of letters alone: digits and underscores end it.
    """

    parts: tuple[bytes, ...]
    words: frozenset[bytes]
    shapes: tuple[re.Pattern[str], ...]

    def __or__(self, other: "Signs") -> "Signs":
        """The signs of both."""
        return Signs(
            tuple(dict.fromkeys(self.parts + other.parts)), self.words | other.words, self.shapes + other.shapes
        )

    def may_stand_in(self, text: str) -> bool:
        """Whether one of them stands in the text, or the text is not ASCII."""
        if not text.isascii() or any(shape.search(text) for shape in self.shapes):
            return True
        signs = text.encode()
        words = signs.translate(_LETTERS).split()
        return not self.words.isdisjoint(words) or any(map(signs.lower().__contains__, self.parts))


def signs(*, parts: Sequence[str], words: str, shapes: Sequence[str]) -> Signs:
    """Signs as they are written down; between words stand spaces."""
    return Signs(
        parts=tuple(part.encode() for part in parts),
        words=frozenset(words.encode().split()),
        shapes=tuple(map(re.compile, shapes)),
    )
