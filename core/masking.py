"""Taking people out of text: what names, reaches or quotes somebody becomes dots, and the shape of the text stays."""

import re

DOTS = "•••"
# Members of a platform's JSON that hold a person's words, names or addresses, at any depth of quoting.
_MEMBERS = (
    "text|body|message|caption|comment|name|customer_name|username|user_name|display_name|nickname|"
    "first_name|last_name|email|phone|address|from|to|avatar|avatar_url|profile_image"
)
# A mark of quoting, with what escapes it: a whole run of backslashes, or the end of one, which a long run does not multiply.
_QUOTE = r'(?P<quote>(?:(?<!\\)\\*+|\\{0,15}+)")'
_MEMBER = re.compile(rf"{_QUOTE}(?P<key>{_MEMBERS})(?P=quote)(?P<gap>\s*:\s*)(?P=quote)(?:.*?)(?<!\\)(?P=quote)")
_UNENDED = re.compile(rf'(?P<head>{_QUOTE}(?:{_MEMBERS})(?P=quote)\s*:\s*(?P=quote))[^"\\]*$')
_EMAIL = re.compile(r"[\w.+-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63})+")
# Numbers a person could be called by or pay with. Bare numbers of JSON are times and ids, and ids are longer anyway.
_NUMBER = re.compile(r"(?<![\w.+-])(?<!:)(?<!: )\+?\d(?:[ ()./-]?\d){6,15}(?![\w-])")


def mask(text: str) -> str:
    """The text without personal words, names, addresses and telephone or card numbers.

    It works on the text and not on what it means, so that it also holds for JSON that cannot be read.
    """
    text = _MEMBER.sub(rf"\g<quote>\g<key>\g<quote>\g<gap>\g<quote>{DOTS}\g<quote>", text)
    text = _UNENDED.sub(rf"\g<head>{DOTS}", text)
    return _NUMBER.sub(DOTS, _EMAIL.sub(DOTS, text))
