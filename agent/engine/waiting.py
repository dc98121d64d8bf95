"""How long somebody says they have waited, against how long a text says that it takes."""

from __future__ import annotations

import re

from agent.engine.numerals import CARDINALS, ONE
from agent.engine.text import fold

_VALUES = {
    **{word: number for word, number in CARDINALS.items() if number <= 12},
    **dict.fromkeys([*ONE, "a", "an"], 1),
    **dict.fromkeys(["couple", "paar"], 2),
}
_UNITS = {
    1 / 24: "hour hours stunde stunden hora horas ora ore uur uren",
    1: "day days tag tage tagen dia dias giorno giorni dag dagen",
    1.4: "werktag werktage werktagen werkdag werkdagen",
    7: "week weeks woche wochen semana semanas settimana settimane weken",
    30: "month months monat monate monaten mes meses mese mesi maand maanden",
    365: "year years jahr jahre jahren ano anos anno anni jaar jaren",
}
_DAYS = {word: days for days, line in _UNITS.items() for word in line.split()}
_WORKING = "working|business|full working|laborables|habiles|lavorativi"
_WORKING_FACTOR = 1.4
_SPAN = re.compile(
    rf"\b(?P<number>\d{{1,3}}|{'|'.join(_VALUES)})\s+(?P<working>(?:{_WORKING})\s+)?(?P<unit>{'|'.join(_DAYS)})\b"
    rf"(?P<after>\s+(?:{_WORKING})\b)?"
)
_LAST = re.compile(
    r"\b(?:last|letzte[nr]?|vergangene[nr]?|vorige[nr]?|pasad[oa]|scors[oa]|vorige|afgelopen)\s+(?P<unit>\w+)|\b(?P<before>semana|mes|ano|settimana|mese|anno)\s+(?:pasad[oa]|scors[oa])\b"
)
_PAST = re.compile(
    r"\b(?:ago|after|since|been|waiting|waited|still|already|nach|vor|seit|schon|immer noch|gewartet|warte|hace|desde|llev[oa]|llevamos|"
    r"tras|despues de|todavia|da|fa|dopo|gia|ancora|aspetto|na|geleden|sinds|al|wacht|nog steeds)\b"
)


def waited_days(text: str) -> float:
    """How many days of waiting a message tells of; 0 where it tells of none."""
    folded = fold(text)
    last = [_DAYS.get(match["unit"] or match["before"], 0.0) for match in _LAST.finditer(folded)]
    spans = _spans(folded) if _PAST.search(folded) else []
    return max([*spans, *last], default=0.0)


def allowed_days(text: str) -> float:
    """The longest time that a text speaks of, in days; 0 where it speaks of none."""
    return max(_spans(fold(text)), default=0.0)


def _spans(folded: str) -> list[float]:
    found = []
    for match in _SPAN.finditer(folded):
        number = float(match["number"]) if match["number"].isdigit() else float(_VALUES[match["number"]])
        factor = _WORKING_FACTOR if match["working"] or match["after"] else 1.0
        found.append(number * _DAYS[match["unit"]] * factor)
    return found
