"""The words by which messages are read, in the five languages of the product; folded: lower case, no accents."""

from collections.abc import Mapping

from agent.engine.numerals import CARDINALS, DOZEN, ONE
from core import weekdays


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


NUMBERS: Mapping[str, int] = {
    **{word: number for word, number in CARDINALS.items() if " " not in word},
    **dict.fromkeys(ONE, 1),
    **dict.fromkeys(DOZEN, 12),
}
NOT_A_QUANTITY = ONE | _set("sei once")
"""Numbers that are articles or other words as often: they count only before a word for pieces."""

PIECES = _set(
    "x pieces piece pcs pc units unit items stuck stueck stk exemplare mal piezas pieza unidades unidad uds ud pezzi pezzo "
    "unita stuks stuk"
)

PRICE = _set(
    "price prices cost costs quote offer much preis preise kostet kosten angebot teuer precio precios cuesta cuestan "
    "vale valen presupuesto prezzo prezzi costa costano preventivo prijs prijzen kost offerte duur"
)

OWN = _set(
    "my our mine i we mein meine meinen meinem meiner unser unsere unseren ich wir mi mis mio mia mios nuestro nuestra "
    "il miei mie nostro nostra mijn ons onze ik wij"
)

YES = _set("yes yeah yep sure ok okay agree agreed ja gerne einverstanden si claro acuerdo certo va bene graag akkoord")

HOURS = _set(
    "open opened opens opening hours close closes closed closing geoffnet offen offnet offnungszeiten geschlossen schliesst "
    "offnen auf abierto abierta abiertos abren abre horario horarios cerrado cierran cierra aperto aperta aperti apre aprite "
    "orari orario chiuso chiude chiudete open geopend openingstijden gesloten sluit sluiten dicht"
)
REACHING = _set(
    "phone telephone call number email mail address where parking telefon nummer anrufen adresse wo parken telefono numero "
    "llamar direccion correo donde chiamare indirizzo dove telefoonnummer bellen adres waar"
)
"""Words of a question about ways to reach the business, which its articles answer."""

WEEKDAYS: Mapping[str, int] = {
    **weekdays.WEEKDAYS,
    **{f"{word}s": number for word, number in weekdays.WEEKDAYS.items()},
}
"""Also as one says them of every week."""

DAYS_FROM_NOW: Mapping[str, int] = {
    word: number
    for number, words in {
        0: "today tonight heute hoy oggi vandaag",
        1: "tomorrow morgen manana domani",
        2: "ubermorgen uebermorgen dopodomani overmorgen",
    }.items()
    for word in words.split()
}
