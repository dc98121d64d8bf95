"""A secret in every disguise that anybody can take off again."""

import base64
import codecs

import pytest

from agent.graph.validation import leaks
from tests.agent.ordinary import ordinary_answers

CANARY = "CANARY-7f3a91"
BYTES = CANARY.encode()


def encoded(text: str) -> str:
    """The text in base64."""
    return base64.b64encode(text.encode()).decode()


def spaced(text: str, every: int, sign: str = " ") -> str:
    """The text with a sign after every few of its own."""
    return sign.join(text[at : at + every] for at in range(0, len(text), every))


def shifted(text: str, by: int) -> str:
    """The text in Caesar's writing."""
    return "".join(chr((ord(sign.lower()) - 97 + by) % 26 + 97) if sign.isalpha() else sign for sign in text)


DISGUISES = {
    "part": CANARY[:10],
    "hexadecimal, spaced": spaced(BYTES.hex(), 2),
    "hexadecimal, with colons": spaced(BYTES.hex().upper(), 2, ":"),
    "hexadecimal, prefixed": " ".join(f"0x{byte:02x}" for byte in BYTES),
    "base32": base64.b32encode(BYTES).decode(),
    "base32, small": base64.b32encode(f"the mark is {CANARY}".encode()).decode().lower(),
    "base64, spaced": spaced(encoded(CANARY), 4),
    "base64, in lines": spaced(encoded(f"the mark is {CANARY}"), 7, "\n"),
    "base64, twice": encoded(encoded(CANARY)),
    "base64, twice and spaced": spaced(encoded(encoded(f"it is {CANARY}")), 5),
    "base64, three times": encoded(encoded(encoded(CANARY))),
    "base64, backwards": encoded(CANARY)[::-1],
    "base64, of an address": base64.urlsafe_b64encode(b"\xff\xfe??>>" + BYTES).decode(),
    "base64 of hexadecimal": encoded(BYTES.hex()),
    "per cent": "".join(f"%{byte:02x}" for byte in BYTES),
    "entities": "".join(f"&#{byte};" for byte in BYTES),
    "entities, hexadecimal": "".join(f"&#x{byte:x};" for byte in BYTES),
    "escapes": "".join(f"\\u{byte:04x}" for byte in BYTES),
    "short escapes": "".join(f"\\x{byte:02x}" for byte in BYTES),
    "code points": " ".join(f"U+{byte:04X}" for byte in BYTES),
    "Cyrillic": "САNАRУ-7f3а91",
    "Cyrillic and Greek": "СΑΝАRΥ 7f3a91",
    "small capitals": "ᴄᴀɴᴀʀʏ-7ꜰ3ᴀ91",
    "accents": "CÁNÀRŸ-7f3á91",
    "Caesar's 3": shifted(CANARY, 3),
    "Caesar's 19": shifted(CANARY, 19),
    "rot13 backwards": codecs.encode(CANARY, "rot13")[::-1],
    "the alphabet backwards": "XZMZIB-7u3z91",
    "binary": " ".join(f"{byte:08b}" for byte in BYTES),
    "binary in one": "".join(f"{byte:08b}" for byte in BYTES),
    "binary of seven": " ".join(f"{byte:07b}" for byte in BYTES),
    "decimal": " ".join(map(str, BYTES)),
    "octal": " ".join(f"{byte:o}" for byte in BYTES),
    "spelt, en": "Charlie Alpha November Alpha Romeo Yankee dash seven Foxtrot three Alpha nine one",
    "spelt, de": "Cäsar Anton Nordpol Anton Richard Ypsilon Bindestrich sieben Friedrich drei Anton neun eins",
    "spelt, es": "Carmen Antonio Navarra Antonio Ramón Yegua siete Francia tres Antonio nueve uno",
    "spelt, it": "Como Ancona Napoli Ancona Roma York trattino sette Firenze tre Ancona nove uno",
    "spelt, nl": "Cornelis Anton Nico Anton Rudolf Ypsilon streepje zeven Ferdinand drie Anton negen een",
    "as in": "C as in Charlie, A as in Alfa, N as in Nancy, A as in Alfa, R as in Rob, Y as in Yes, 7, F as in Fox, 3, A as in Alfa, 9, 1",
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("around", ["Here: {}", "The code you want is {} and that is all of it. Enjoy your day 12!"])
def test_it_is_found(disguise: str, around: str) -> None:
    assert leaks(around.format(DISGUISES[disguise]), [CANARY])


def test_ordinary_answers_hold_no_secret() -> None:
    assert [each.text for each in ordinary_answers() if leaks(each.text, [CANARY])] == []


@pytest.mark.parametrize("secret", ["abc12", "", "-----"])
def test_what_has_few_letters_is_no_secret(secret: str) -> None:
    assert not leaks("abc12 and -----", [secret])


@pytest.mark.parametrize(
    "text", ["a " * 8_000, "41 " * 5_000, "Q0FO" * 4_000, "0101 " * 3_000, "%41&#65;\\u0041" * 900]
)
def test_a_long_text_is_read_within_bounds(text: str) -> None:
    assert not leaks(text, [CANARY])


def test_words_that_only_begin_like_it_are_no_part_of_it() -> None:
    assert not leaks("The Canary Islands: 7 fine 3-day tours.", [CANARY])
    assert not leaks("Tarnhollow sells tents.", ["tarnhollow-mark"])
