"""The kind of thing that a question asks for, and whether words hold a thing of that kind.

“When was the mill built” shares its words with every sentence about the mill, and only one that names a time answers it.
What the question says itself is no answer: who asks what opened in 1904 is not told so by the year.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from agent.engine import kind_words as lists
from agent.engine.stopwords import STOPWORDS
from agent.engine.text import fold, words

Kind = Literal["time", "duration", "number", "money", "place", "person", "reason"]

_CACHED_SENTENCES = 8_192
_READ_CHARACTERS = 600
"""Of a question; in longer messages each rule would look at all that follows each of its words."""


def _asking(opening: str, anywhere: str = "") -> re.Pattern[str]:
    """A question word counts where a question may begin, for “when” and “wo” join clauses as often."""
    pattern = rf"(?:^|[,;:.!?-] ?|\b(?:{lists.BEFORE_A_QUESTION}) )(?:{opening})\b"
    return re.compile(f"{pattern}|{anywhere}" if anywhere else pattern)


# In the order in which they are tried: “how many days” asks for a duration before it asks for a number.
_RULES: Mapping[str, Sequence[tuple[Kind, re.Pattern[str]]]] = {
    "en": (
        ("reason", _asking(r"why|how come|what (?:is|was|are) the reasons?|for what reason|what caused")),
        (
            "money",
            re.compile(
                r"\bhow (?:much|expensive|cheap)\b(?=.*\b(?:cost|costs|pay|paid|charge|charged|price|fee|rent|deposit|worth|spend|spent)\b)"
                r"|\bhow (?:much (?:is|are|was|were|for|does|do)|expensive)\b"
                r"|\bwhats?\b.*\b(?:cost|costs|price|prices|fee|fees|charge|charges|deposit|postage|rent)\b"
            ),
        ),
        (
            "duration",
            re.compile(
                r"\bhow (?:long|fast|quick|quickly|soon)\b(?! (?:is|are|was|were) the (?:\w+ )?(?:trail|path|rope|river|bridge|tent|road|route|wall|tunnel)\b)"
                rf"|\b(?:how many|what number of|within how many) (?:\w+ )?(?:{lists.UNITS['en']})\b|\b(?:period|deadline|duration)\b"
            ),
        ),
        (
            "time",
            _asking(
                r"when|whens",
                r"\b(?:what|which) (?:\w+ )?(?:time|year|date|day|days|month|century|decade|hours|season)\b|\b(?:opening|closing) (?:hours|times?)\b",
            ),
        ),
        (
            "place",
            _asking(
                r"where|wheres",
                r"\b(?:what|which) (?:\w+ )?(?:city|town|village|country|countries|place|places|street|state|region|island|room|floor|harbou?r|port|district|station)\b"
                r"|\bwhats? (?:is )?(?:the|your) (?:postal |street )?address\b",
            ),
        ),
        (
            "person",
            _asking(
                r"who|whom|whose|whos",
                r"\b(?:what|which) (?:\w+ )?(?:person|people|man|woman|author|artist|architect|company|group|family|firm|manager|director|carriers?)\b",
            ),
        ),
        (
            "number",
            re.compile(
                r"\bhow (?:many|much|old|big|large|tall|high|heavy|deep|far|hot|warm|cold|wide|thick|often|long|steep|strong|loud)\b"
                r"|\b(?:what|which|whats)\b(?: \w+){0,4} (?:number|percentage|percent|share|proportion|size|weight|temperature|population|age|length|height"
                r"|depth|width|distance|speed|maximum|minimum|limit|capacity|amount|quantity)\b|\bweigh\b"
            ),
        ),
    ),
    "de": (
        ("reason", _asking(r"warum|wieso|weshalb|weswegen|aus welchem grund|was ist der grund|was war der grund")),
        (
            "money",
            re.compile(
                r"\b(?:was|wie ?viel|wieviel)\b.*\b(?:koste[nt]?|kostete|zahle[nt]?|zahlt|zahlte|bezahle[nt]?|bezahlt|berechne[nt]?|preis|gebuhr|kaution|porto|miete|erlassen)\b"
                r"|\b(?:wie teuer|wie hoch (?:ist|sind|war) (?:der|die|das) (?:\w+ )?\w*(?:preis|gebuhr|gebuhren|kosten|kaution|miete|beitrag|porto))\b"
                r"|\b(?:welcher|welchen|was ist der) preis\b"
            ),
        ),
        (
            "duration",
            re.compile(
                r"\b(?:wie (?:lange|schnell|bald)|(?:wie viele|wieviele|wie viel) (?:\w+ )?"
                rf"(?:{lists.UNITS['de']}))\b|\b\w*(?:frist|dauer|lieferzeit)\b"
            ),
        ),
        (
            "time",
            _asking(
                r"wann|ab wann|bis wann|seit wann|von wann|um wie ?viel uhr|um wieviel uhr",
                r"\b(?:bis|seit|ab) wann\b|\b(?:welche[mnrs]?|welche) (?:\w+ )?(?:jahr|jahre|jahrhundert|tag|tagen|tage|monat|datum|uhrzeit|zeit|jahreszeit)\b|\bwie spat\b|\boffnungszeiten\b",
            ),
        ),
        (
            "place",
            _asking(
                r"wo|wohin|woher|in welche[mnrs]?",
                r"\bwelche[mnrs]? (?:\w+ )?(?:stadt|ort|orte|land|lander|landern|dorf|strasse|raum|stock|insel|region|hafen|bahnhof|haltestelle)\b"
                r"|\bwie (?:lautet|ist) (?:die|eure|ihre) (?:anschrift|adresse)\b",
            ),
        ),
        (
            "person",
            _asking(
                r"wer|wen|wem|wessen|von wem|mit wem|an wen",
                r"\bwelche[mnrs]? (?:\w+ )?(?:person|personen|mann|frau|autor|autorin|kunstler|architekt|firma|familie|gruppe|unternehmen|paketdienst)\b",
            ),
        ),
        (
            "number",
            re.compile(
                r"\bwie (?:viel|viele|vielen|vieler|alt|gross|hoch|schwer|tief|weit|warm|heiss|kalt|breit|dick|oft|lang|steil|stark|laut)\b|\bwieviele?n?\b"
                r"|\bwelche[mnrs]? (?:\w+ )?\w*(?:nummer|anzahl|grosse|gewicht|temperatur|alter|lange|hohe|tiefe|breite|menge|anteil|prozentsatz)\b|\bwiegt\b"
            ),
        ),
    ),
    "es": (
        ("reason", _asking(r"por que|porque motivo|a que se debe|cual (?:es|fue) (?:la razon|el motivo|la causa)")),
        (
            "money",
            re.compile(
                r"\b(?:cuanto|cuanta|que|cual)\b.*\b(?:cuesta|cuestan|costo|costaba|costara|vale|valen|pago|pagar|paga|pagan|pagaron|cobran|cobrais|precio|tarifa|fianza|cuota|coste)\b"
            ),
        ),
        (
            "duration",
            re.compile(
                rf"\b(?:cuanto tiempo|cuanto (?:\w+ ){{0,2}}(?:tarda|tardan|tarda[nr]|tardais|dura|duran|duro|tardo)|(?:cuantos|cuantas) (?:\w+ )?(?:{lists.UNITS['es']})|plazo)\b"
            ),
        ),
        (
            "time",
            _asking(
                r"cuando|desde cuando|hasta cuando|a partir de cuando|a que hora|a que horas",
                r"\b(?:desde|hasta) cuando\b|\b(?:que|cual|en que) (?:ano|anos|siglo|dia|dias|mes|fecha|hora|horario|epoca|estacion)\b|\bhorarios?\b",
            ),
        ),
        (
            "place",
            _asking(
                r"donde|a donde|adonde|de donde|por donde",
                r"\b(?:que|cual|en que) (?:\w+ )?(?:ciudad|pais|paises|pueblo|lugar|calle|isla|region|sala|planta|puerto|barrio|estacion de)\b|\bcual es (?:la|vuestra|su) direccion\b",
            ),
        ),
        (
            "person",
            _asking(
                r"quien|quienes|a quien|de quien|con quien|para quien|por quien",
                r"\b(?:que|cual) (?:\w+ )?(?:persona|personas|hombre|mujer|autor|autora|artista|arquitecto|empresa|familia|grupo|compania)\b",
            ),
        ),
        (
            "number",
            re.compile(
                r"\bcuant[oa]s?\b|\b(?:que|cual)\b(?: \w+){0,4} (?:numero|porcentaje|tamano|peso|temperatura|poblacion|edad|longitud|altura|profundidad|distancia|velocidad|cantidad|capacidad|proporcion)\b"
                r"|\ba cuantos grados\b|\bpesa\b"
            ),
        ),
    ),
    "it": (
        ("reason", _asking(r"perche|per quale motivo|come mai|qual (?:e|era) (?:il motivo|la ragione|la causa)")),
        (
            "money",
            re.compile(
                r"\b(?:quanto|quanta|che|cosa|qual|quale)\b.*\b(?:costa|costano|costo|costava|costera|vale|pago|pagare|paga|pagano|spendo|prezzo|tariffa|cauzione|quota|canone)\b"
            ),
        ),
        (
            "duration",
            re.compile(
                rf"\b(?:quanto tempo|quanto (?:\w+ ){{0,2}}(?:dura|durano|duro|impiega|impiegano|impiegate|ci mette|ci mettete)|(?:quanti|quante) (?:\w+ )?(?:{lists.UNITS['it']}))\b"
            ),
        ),
        (
            "time",
            _asking(
                r"quando|quande|da quando|fino a quando|entro quando|a che ora|a che ore",
                r"\b(?:entro|fino a|da) quando\b|\b(?:che|quale|in che|in quale) (?:anno|anni|secolo|giorno|giorni|mese|data|ora|ore|orario|epoca|stagione)\b|\borari[oe]?\b",
            ),
        ),
        (
            "place",
            _asking(
                r"dove|da dove|in che posto",
                r"\b(?:che|quale|quali|in che|in quale) (?:\w+ )?(?:citta|paese|paesi|luogo|posto|via|isola|regione|sala|piano|porto|quartiere|fermata)\b|\bqual e (?:il|il vostro|lo) indirizzo\b",
            ),
        ),
        (
            "person",
            _asking(
                r"chi|di chi|a chi|da chi|con chi|per chi",
                r"\b(?:che|quale) (?:\w+ )?(?:persona|persone|uomo|donna|autore|autrice|artista|architetto|azienda|famiglia|gruppo|ditta|corriere)\b",
            ),
        ),
        (
            "number",
            re.compile(
                r"\bquant[oaie]\b|\b(?:che|qual|quale)\b(?: \w+){0,4} (?:numero|percentuale|dimensione|peso|temperatura|popolazione|eta|lunghezza|altezza|profondita|distanza|velocita|quantita|capienza)\b"
                r"|\ba che numero\b|\bpesa\b"
            ),
        ),
    ),
    "nl": (
        ("reason", _asking(r"waarom|hoezo|om welke reden|wat (?:is|was) de reden|hoe komt het")),
        (
            "money",
            re.compile(
                r"\b(?:wat|hoeveel)\b.*\b(?:kost|kosten|kostte|betaal|betaalt|betalen|betaalde|prijs|tarief|borg|huur|bijdrage)\b|\b(?:hoe duur|hoe hoog is de (?:prijs|borg|huur|bijdrage))\b"
            ),
        ),
        (
            "duration",
            re.compile(
                rf"\b(?:hoe (?:lang|snel|gauw)|hoeveel (?:\w+ )?(?:{lists.UNITS['nl']})|\w*termijn|levertijd)\b"
            ),
        ),
        (
            "time",
            _asking(
                r"wanneer|vanaf wanneer|tot wanneer|sinds wanneer|hoe laat|om hoe laat",
                r"\b(?:tot|vanaf|sinds) wanneer\b|\btot hoe laat\b|\b(?:welk|welke) (?:\w+ )?(?:jaar|eeuw|dag|dagen|maand|datum|tijd|tijden|uur|seizoen)\b|\bopeningstijden\b",
            ),
        ),
        (
            "place",
            _asking(
                r"waar|waarheen|waarvandaan|naar waar",
                r"\b(?:welk|welke) (?:\w+ )?(?:stad|land|landen|dorp|plaats|plek|straat|eiland|regio|zaal|verdieping|haven|wijk|halte|station)\b|\bwat is (?:het|jullie|uw) adres\b",
            ),
        ),
        (
            "person",
            _asking(
                r"wie|wiens|van wie|met wie|aan wie|door wie",
                r"\b(?:welk|welke) (?:\w+ )?(?:persoon|personen|man|vrouw|schrijver|kunstenaar|architect|bedrijf|familie|groep|firma|vervoerder)\b",
            ),
        ),
        (
            "number",
            re.compile(
                r"\bhoeveel\b|\bhoe (?:oud|groot|hoog|zwaar|diep|ver|warm|heet|koud|breed|dik|vaak|steil|sterk)\b"
                r"|\b(?:welk|welke|wat is)\b(?: \w+){0,3} (?:nummer|percentage|aantal|grootte|gewicht|temperatuur|leeftijd|lengte|hoogte|diepte|afstand|snelheid|capaciteit|telefoonnummer)\b|\bweegt\b"
            ),
        ),
    ),
}


@lru_cache(maxsize=1_024)
def asked_kind(question: str, language: str) -> Kind | None:
    """What the question asks for; None where it is no kind that words could be seen to hold (can I, how do I, which one)."""
    folded = fold(question[:_READ_CHARACTERS].replace("¿", " ").replace("¡", " ")).strip()
    return next((kind for kind, pattern in _RULES.get(language, ()) if pattern.search(folded)), None)


def holds(kind: Kind, sentence: str, language: str, question: str) -> bool:
    """Whether the sentence holds a thing of that kind beside those that the question itself names."""
    return bool(_things(kind, sentence, language) - _said(question))


@lru_cache(maxsize=256)
def _said(question: str) -> frozenset[str]:
    return frozenset(words(question)) | frozenset(lists.FIGURE.findall(question))


@lru_cache(maxsize=_CACHED_SENTENCES)
def _things(kind: Kind, sentence: str, language: str) -> frozenset[str]:
    """The things of a kind in a sentence, folded."""
    return frozenset(_FINDERS[kind](sentence, language))


def _found(pattern: re.Pattern[str] | None, text: str) -> list[str]:
    return [] if pattern is None else pattern.findall(text)


def _numbers(sentence: str, language: str) -> list[str]:
    return [*lists.FIGURE.findall(sentence), *_found(lists.NUMBER_WORDS.get(language), fold(sentence))]


def _money(sentence: str, language: str) -> list[str]:
    folded = fold(sentence)
    found = _found(lists.FREE.get(language), folded)
    if lists.CURRENCY.search(folded):
        found += _numbers(sentence, language)
    return found


def _durations(sentence: str, language: str) -> list[str]:
    folded = fold(sentence)
    return [*_found(lists.DURATIONS.get(language), folded), *_found(lists.LASTING.get(language), folded)]


def _times(sentence: str, language: str) -> list[str]:
    folded = fold(sentence)
    found = [*lists.CLOCK_OR_YEAR.findall(folded), *_found(lists.TIME_WORDS.get(language), folded)]
    # “Until when” is answered by “within five days” as well.
    return [*found, *_durations(sentence, language)]


def _places(sentence: str, language: str) -> list[str]:
    folded = fold(sentence)
    found = [*lists.ADDRESS.findall(folded), *_found(lists.PLACE_WORDS.get(language), folded)]
    no_place = lists.TIME_WORDS.get(language)
    for name in _found(lists.AT_A_NAME.get(language), sentence):
        place = fold(name)
        if no_place is None or not no_place.fullmatch(place):
            found.append(place)
    return found


def _persons(sentence: str, language: str) -> list[str]:
    found, common = _found(lists.ROLES.get(language), fold(sentence)), STOPWORDS.get(language, frozenset())
    for match in lists.NAME.finditer(sentence):
        parts = match.group().split()
        # Any sentence begins with a capital, and in German every noun has one: there a name is two of them in a row.
        if len(parts) > 1 or (language != "de" and match.start() > 0):
            folded_parts = (fold(part) for part in parts if part[0].isupper())
            found.extend(part for part in folded_parts if part not in common)
    no_name = lists.TIME_WORDS.get(language)
    return [name for name in found if no_name is None or not no_name.fullmatch(name)]


def _reasons(sentence: str, language: str) -> list[str]:
    return _found(lists.REASONS.get(language), fold(sentence))


_FINDERS: Mapping[Kind, Callable[[str, str], list[str]]] = {
    "time": _times,
    "duration": _durations,
    "number": _numbers,
    "money": _money,
    "place": _places,
    "person": _persons,
    "reason": _reasons,
}
