"""Whether a message declines a person: the words for a person stand in it, and a "not" or "no" before them.

The heads hear "a human" and not the "don't want" in front of it, so the refusal is read from the words of each clause.
"""

from __future__ import annotations

import re

from agent.engine.text import fold

_CLAUSES = re.compile(r"[.,;:!?\n…–—]+|\b(?:but|aber|sondern|pero|sino|ma|bensi|maar|instead)\b")
_APOSTROPHES = re.compile(r"['’`´]")

_PERSON = (
    r"(?:humans?|persons?|people|agents?|someone|somebody|anyone|anybody|colleagues?|representatives?|managers?|operators?|staff|"
    r"mensch(?:en)?|person(?:en)?|mitarbeiter(?:in|innen)?n?|jemand(?:em|en)?|niemand(?:em|en)?|kolleg(?:e|en|in|innen)|"
    r"berater(?:in)?|personas?|humanos?|nadie|alguien|agentes?|persona|persone|operatori?|operatore|nessuno|qualcuno|umano|"
    r"umani|mens(?:en)?|persoon|iemand|niemand|medewerkers?|collegas?)"
)
_HAS_PERSON = re.compile(rf"\b{_PERSON}\b")
# What stands between: not the wish for something else, or for the end of a machine.
_BETWEEN = r"(?:(?!(?:bots?|robots?|robotern?|maschinen?|machines?|computers?|ai|ki|chatbots?|wait|warten|give|get|gebt|geben)\b)\w+\s+){0,6}?"
_REFUSALS = tuple(
    re.compile(rf"\b{before}\s+{_BETWEEN}{_PERSON}\b")
    for before in (
        r"(?:dont|do not|doesnt|never|not|no longer)\s+(?:\w+\s+)?(?:want\w*|wanna|need|wish|like|care)",
        r"(?:no need|rather not|prefer not|please no|please not|please dont|without)",
        r"(?:will|mochte|moechte|brauche|wunsche|wuensche|wollen|mochten|moechten|brauchen|mag|muss)\s+(?:\w+\s+){0,3}?(?:keinen?|keinem|keiner|nicht|nie)",
        r"(?:bitte|lieber)\s+(?:keinen?|keinem|keiner|nicht)",
        r"ohne",
        r"no\s+(?:quiero|necesito|deseo|quisiera|hace falta)",
        r"(?:sin|senza|zonder)",
        r"non\s+(?:voglio|vorrei|mi serve|ho bisogno|desidero)",
        r"(?:wil|hoef|moet|zou)\s+(?:\w+\s+){0,3}?(?:geen|niet)",
        r"(?:liever|alstublieft|graag)\s+(?:geen|niet)",
    )
)
_NEGATIVE_WORD = re.compile(
    r"\b(?:will|mochte|moechte|brauche|muss|wil|hoef)\s+(?:\w+\s+){0,3}?(?:mit |met )?niemand(?:em|en)?\b"
)
_BARE = re.compile(
    rf"^\W*(?:no|not a|kein(?:en|e)?|geen|ningun|ninguna|nessun|nessuna)\s+(?:real |echten? |echte )?{_PERSON}(?:\s+(?:please|bitte|por favor|per favore|alstublieft))?\W*$"
)


def refuses_person(text: str) -> bool:
    """Whether a clause of the text declines a person and none asks for one after all."""
    plain = _APOSTROPHES.sub("", fold(text))
    if not _HAS_PERSON.search(plain):
        # All refusals name a person.
        return False
    clauses = [clause.strip() for clause in _CLAUSES.split(plain) if clause.strip()]
    refused = [clause for clause in clauses if _declines(clause)]
    others = [clause for clause in clauses if clause not in refused]
    return bool(refused) and not any(_HAS_PERSON.search(clause) for clause in others)


def offers_person(text: str) -> bool:
    """Whether a sentence of the text asks whether somebody would like a person."""
    questions = (sentence for sentence in re.split(r"(?<=[.!?…])\s+", text) if sentence.rstrip().endswith("?"))
    return any(_HAS_PERSON.search(fold(question)) for question in questions)


def _declines(clause: str) -> bool:
    return bool(
        _BARE.search(clause) or _NEGATIVE_WORD.search(clause) or any(refusal.search(clause) for refusal in _REFUSALS)
    )
