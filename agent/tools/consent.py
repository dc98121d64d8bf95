"""Whether a customer said yes or no when they were asked whether sales may write to them, in the product's five languages.

Only what is a yes as a whole is one: with courtesies, an address, and what qualifies a lead beside it, and with nothing else. A yes
that a question follows is no agreement, and a “no problem” is no refusal.
"""

import re
from typing import Literal

from agent.tools import slots
from agent.tools.words import PIECES, PRICE, YES

Answer = Literal["yes", "no", ""]

# Said as a yes, though a word of refusal or a question word stands in them.
_ASSENTS = (
    "no problem", "no problems", "not a problem", "no worries", "no objection", "no objections", "why not", "dont mind", "do not mind",
    "kein problem", "keine ursache", "kein ding", "kein thema", "nichts dagegen", "keine einwande", "warum nicht", "wieso nicht",
    "no hay problema", "ningun problema", "sin problema", "sin problemas", "no hay inconveniente", "ningun inconveniente", "por que no",
    "nessun problema", "non ce problema", "non c e problema", "senza problemi", "nulla in contrario", "perche no",
    "geen probleem", "geen bezwaar", "waarom niet", "go ahead", "of course", "please do", "naturlich", "selbstverstandlich", "por supuesto",
    "desde luego", "certamente", "volentieri", "naturalmente", "natuurlijk", "uiteraard", "doe maar", "absolutely", "certainly", "definitely",
    "they may", "you may", "durfen sie", "darf er", "pueden", "puede", "possono", "puo", "dat mag", "mag wel",
)  # fmt: skip
_REFUSALS = (
    "rather not", "better not", "do not want", "dont want", "do not write", "dont write", "do not contact", "dont contact", "not interested",
    "lieber nicht", "besser nicht", "mochte ich nicht", "mochte das nicht", "will ich nicht", "will das nicht", "kein interesse",
    "keine werbung", "mejor no", "prefiero que no", "prefiero no", "no quiero", "no me escriban", "no me interesa", "meglio di no",
    "preferisco di no", "preferirei di no", "non voglio", "non mi scriva", "non mi scrivete", "non mi interessa", "liever niet", "beter niet",
    "wil ik niet", "wil dat niet", "wil het niet", "niet schrijven", "geen interesse",
)  # fmt: skip
_COURTESIES = frozenset(
    [
        "please",
        "thanks",
        "thank",
        "you",
        "very",
        "much",
        "many",
        "a",
        "lot",
        "great",
        "good",
        "fine",
        "perfect",
        "lovely",
        "nice",
        "hi",
        "hello",
        "cheers",
        "that",
        "thats",
        "is",
        "would",
        "be",
        "my",
        "our",
        "mail",
        "email",
        "e",
        "address",
        "here",
        "its",
        "it",
        "this",
        "to",
        "at",
        "on",
        "the",
        "me",
        "us",
        "may",
        "can",
        "could",
        "write",
        "they",
        "them",
        "you",
        "sales",
        "team",
        "with",
        "and",
        "do",
        "so",
        "i",
        "we",
        "am",
        "are",
        "works",
        "happy",
        "contact",
        "pieces",
        "budget",
        "by",
        "about",
        "need",
        "bitte",
        "danke",
        "dank",
        "schon",
        "sehr",
        "vielen",
        "herzlichen",
        "gut",
        "prima",
        "super",
        "perfekt",
        "toll",
        "hallo",
        "das",
        "ist",
        "ware",
        "meine",
        "unsere",
        "mailadresse",
        "emailadresse",
        "adresse",
        "hier",
        "an",
        "mir",
        "uns",
        "durfen",
        "konnen",
        "schreiben",
        "sie",
        "ihr",
        "er",
        "und",
        "mit",
        "fur",
        "es",
        "geht",
        "freundlichen",
        "gruss",
        "grusse",
        "klar",
        "naturlich",
        "die",
        "der",
        "lautet",
        "per",
        "stuck",
        "bis",
        "zu",
        "wir",
        "ich",
        "brauchen",
        "por",
        "favor",
        "gracias",
        "muchas",
        "bien",
        "perfecto",
        "genial",
        "hola",
        "es",
        "mi",
        "nuestro",
        "correo",
        "electronico",
        "direccion",
        "aqui",
        "a",
        "me",
        "nos",
        "pueden",
        "puede",
        "escribir",
        "escribirme",
        "escribanme",
        "y",
        "con",
        "de",
        "la",
        "el",
        "un",
        "esta",
        "este",
        "lo",
        "va",
        "per",
        "favore",
        "grazie",
        "mille",
        "molte",
        "perfetto",
        "ottimo",
        "ciao",
        "buongiorno",
        "la",
        "mia",
        "nostra",
        "posta",
        "elettronica",
        "indirizzo",
        "qui",
        "ecco",
        "mi",
        "ci",
        "possono",
        "puo",
        "scrivere",
        "scrivermi",
        "scrivetemi",
        "e",
        "con",
        "il",
        "va",
        "d",
        "del",
        "di",
        "questo",
        "questa",
        "cordiali",
        "saluti",
        "alstublieft",
        "aub",
        "alsjeblieft",
        "dank",
        "u",
        "je",
        "wel",
        "bedankt",
        "hartelijk",
        "goed",
        "mooi",
        "top",
        "prima",
        "hallo",
        "het",
        "dat",
        "is",
        "mijn",
        "ons",
        "onze",
        "mailadres",
        "emailadres",
        "adres",
        "hier",
        "naar",
        "mij",
        "ons",
        "mogen",
        "mag",
        "kunt",
        "u",
        "schrijven",
        "en",
        "met",
        "de",
        "via",
    ]
)
# “No sé” and “non ho capito” begin like a no and are none: a no stands alone, before a mark, or with courtesies.
_NO = frozenset({"no", "nope", "nein", "nee", "never", "nunca", "mai"})
_NO_AND_A_MARK = re.compile(r"\A\W*+(?:no|nope|nein|nee|never|nunca|mai)\s*(?:[,.!;:–—-]|$)", re.IGNORECASE)
_MARKS = re.compile(r"[\W_]+")


def answer_in(text: str) -> Answer:
    """The answer that the message is as a whole; empty where it is something else, or a question too."""
    words = _words(text)
    left, assents = _without_assents(words)
    said = left.split()
    if asks(text):
        return ""
    if _refuses(left, text):
        return "no"
    is_yes = assents or bool(YES.intersection(said))
    return "yes" if is_yes and set(said) <= YES | _COURTESIES else ""


def asks(text: str) -> bool:
    """Whether the message asks something itself."""
    return "?" in text or "？" in text or slots.has_any(slots.without_details(text), PRICE)


def refuses(text: str) -> bool:
    """Whether the message says no, whatever else it asks: who says that is not asked again."""
    left, _ = _without_assents(_words(text))
    return _refuses(left, text)


def _refuses(words: str, text: str) -> bool:
    if any(f" {phrase} " in f" {words} " for phrase in _REFUSALS):
        return True
    first, *others = words.split() or [""]
    return first in _NO and (_NO_AND_A_MARK.match(text) is not None or set(others) <= _COURTESIES)


def _words(text: str) -> str:
    """The folded words, without addresses, telephones, sums, days, and numbers of pieces."""
    bare = slots.without_details(text)
    words = slots.words_of(_MARKS.sub(" ", bare.replace("'", "").replace("’", "")))
    return " ".join(word for word in words if not word.isdigit() and word not in PIECES)


def _without_assents(words: str) -> tuple[str, bool]:
    """The words without what is an assent as a whole, and whether there was one."""
    left = f" {words} "
    for phrase in _ASSENTS:
        left = left.replace(f" {phrase} ", " ")
    return " ".join(left.split()), " ".join(left.split()) != words
