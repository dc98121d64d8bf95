"""What a model may say again of what it was not told: placeholders, and what they stand for."""

import re
from collections.abc import Mapping


def filled_in(text: str, spoken: Mapping[str, str]) -> str:
    """The text with what its placeholders stand for, each read once."""
    if not spoken:
        return text
    return re.sub("|".join(map(re.escape, spoken)), lambda match: spoken[match.group()], text)
