"""The words by which times, durations, prices, places, persons and reasons are known, in the five languages of the product.

Folded, as ``agent.engine.text.fold`` leaves them: lower case, no accents, no apostrophes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.engine.numerals import cardinals_of

BEFORE_A_QUESTION = (
    "and|or|know|me|say|tell|ask|exactly|then|hi|hello|please|so|in|to|from|by|since|until|at|for|with|of|und|oder|wissen|sagen|denn|"
    "genau|hallo|bitte|also|von|mit|fur|an|y|o|saber|decirme|hola|e|sapere|dirmi|ciao|en|of|weten|zeggen|hoi|a|de|da|di|con|per|para|por"
)
"""After these a question may begin in the middle of what somebody writes."""

UNITS: Mapping[str, str] = {
    "en": "seconds?|minutes?|hours?|days?|nights?|weeks?|weekends?|months?|years?|decades?|centuries|mins?",
    "de": "sekunden?|minuten?|stunden?|tage?n?|nachte?n?|wochen?|werktage?n?|arbeitstage?n?|monate?n?|jahre?n?|jahrzehnte?n?",
    "es": "segundos?|minutos?|horas?|dias?|noches?|semanas?|mes|meses|anos?|decadas?|siglos?",
    "it": "second[oi]|minut[oi]|or[ae]|giorn[oi]|nott[ei]|settiman[ae]|mes[ei]|ann[oi]|decenni?o?|secol[oi]",
    "nl": "seconden?|minuten?|minuut|uren|uur|dag|dagen|nacht|nachten|weken?|week|werkdagen|maanden?|maand|jaren|jaar|eeuwen",
}
_SOME: Mapping[str, str] = {
    "en": "a|an|one|half|few|several|many|couple",
    "de": "ein|eine|einen|einem|einer|halbe[nrs]?|paar|einige[nr]?|mehrere[nr]?|viele[nr]?|wenige[nr]?",
    "es": "un|una|medio|media|varios|varias|pocos|pocas|muchos|unos",
    "it": "un|una|mezzo|mezza|pochi|poche|alcuni|alcune|molti|qualche",
    "nl": "een|half|halve|paar|enkele|enige|meerdere|veel",
}

FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
CLOCK_OR_YEAR = re.compile(
    r"\b(?:1[0-9]{3}|20[0-9]{2})(?:s|er)?\b|\b\d{1,2}[:.]\d{2}\b(?! ?(?:euro|dollar|pound|m\b|km|kg|cm|l\b))"
    r"|\b\d{1,2} ?(?:am|pm|a\.m|p\.m|uhr|uur|oclock)\b"
)
CURRENCY = re.compile(
    r"[€$£¥%]|\b(?:euros?|eur|dollars?|usd|gbp|pounds?|pence|cents?|chf|francs?|percent|pfund|franken|prozent|dolares|dolar|libras?|francos?"
    r"|centimos?|dollar[oi]|sterline|franchi|centesimi|ponden|procent|centen|kronen|crowns?|shillings?)\b"
)
ADDRESS = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.\w+|(?<![\w-])[\w-]{1,63}\.(?:example|com|org|net|de|es|it|nl)\b[\w/.-]*"
    r"|[\"“„«][^\"”“»]{2,40}[\"”“»]"
)
NAME = re.compile(
    r"(?:\b[A-ZÀ-ÖØ-Þ][\w’'-]+|\b[A-Z]{2,})(?:\s+(?:(?:of|the|and|de|del|la|van|der|von|di|da|y|e|&)\s+)?[A-ZÀ-ÖØ-Þ][\w’'-]+)*"
)


def _words(listed: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(listed.split())})\b")


def _said_in(listed: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    return {language: re.compile(rf"\b(?:{alternatives})\b") for language, alternatives in listed.items()}


NUMBER_WORDS: Mapping[str, re.Pattern[str]] = {language: _words(" ".join(cardinals_of(language))) for language in UNITS}
DURATIONS: Mapping[str, re.Pattern[str]] = {
    language: re.compile(
        rf"\b(?:(?<![\d.,])\d[\d.,]{{0,15}}|{'|'.join(cardinals_of(language))}|{_SOME[language]})[ -](?:\w{{1,30}} )?(?:{units})\b"
    )
    for language, units in UNITS.items()
}
LASTING = _said_in(
    {
        "en": r"at once|immediately|forever|permanently|overnight|(?:do|does|never) (?:not )?expires?|lifelong|lifetime|unlimited",
        "de": r"sofort|umgehend|unbegrenzt|unbefristet|dauerhaft|uber nacht|verfallen nicht|lebenslang\w*|ganzjahrig|ein halbes jahr",
        "es": r"inmediatamente|enseguida|al instante|para siempre|ilimitad[oa]s?|no caducan?|de por vida|todo el ano",
        "it": r"subito|immediatamente|per sempre|illimitat[oaie]|non scad(?:e|ono)|a vita|tutto lanno",
        "nl": r"meteen|direct|onmiddellijk|altijd|onbeperkt|verlopen niet|levenslang|het hele jaar",
    }
)
TIME_WORDS = _said_in(
    {
        "en": r"mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|january|february|march|april|june|july|august|september|october"
        r"|november|december|\d{1,2}(?:st|nd|rd|th)?(?: of)? may|may \d{1,4}|spring|summer|autumn|winter|today|tomorrow|tonight|noon|midnight"
        r"|mornings?|afternoons?|evenings?|weekends?|weekdays?|christmas|easter|holidays?|daily|century|centuries|decade|ago",
        "de": r"montags?|dienstags?|mittwochs?|donnerstags?|freitags?|samstags?|sonntags?|januar|februar|marz|april|mai|juni|juli|august|september|oktober"
        r"|november|dezember|fruhling|fruhjahr|sommer|herbst|winter|heute|morgens?|mittags?|mitternacht|vormittags?|nachmittags?|abends?"
        r"|wochenenden?|werktags|weihnachten|ostern|feiertagen?|taglich|wochentlich|jahrhunderts?|tags darauf",
        "es": r"lunes|martes|miercoles|jueves|viernes|sabados?|domingos?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre"
        r"|diciembre|primavera|verano|otono|invierno|hoy|manana|mediodia|medianoche|tarde|noche|fin(?:es)? de semana|navidad|semana santa"
        r"|festivos?|diario|diariamente|siglo|decada",
        "it": r"lunedi|martedi|mercoledi|giovedi|venerdi|sabato|domenica|domeniche|gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre"
        r"|ottobre|novembre|dicembre|primavera|estate|autunno|inverno|oggi|domani|mezzogiorno|mezzanotte|mattina|mattino|pomeriggio|sera"
        r"|fine settimana|natale|pasqua|festivi|ogni giorno|secolo|decennio",
        "nl": r"maandags?|dinsdags?|woensdags?|donderdags?|vrijdags?|zaterdags?|zondags?|januari|februari|maart|april|mei|juni|juli|augustus|september"
        r"|oktober|november|december|lente|voorjaar|zomer|herfst|najaar|winter|vandaag|morgens?|middernacht|middags?|ochtends?|avonds?|weekend|weekends"
        r"|kerst|kerstmis|pasen|feestdagen|dagelijks|eeuw",
    }
)
FREE = _said_in(
    {
        "en": r"free|nothing is charged|no (?:fee|charge|cost|deposit)|at no cost|without charge|complimentary|included in the price",
        "de": r"kostenlos\w*|kostenfrei\w*|gratis|umsonst|frei|nichts berechnet|keine (?:gebuhr|kosten)|inbegriffen",
        "es": r"gratis|gratuit[oa]s?|gratuitamente|sin (?:coste|costo|cargo)|incluid[oa]s?",
        "it": r"gratis|gratuit[oaie]|gratuitamente|senza (?:costi|spese)|compres[oaie]|inclus[oaie]",
        "nl": r"gratis|kosteloos|kosteloze|geen (?:kosten|toeslag)|inbegrepen|inclusief",
    }
)
PLACE_WORDS = _said_in(
    {
        "en": r"street|road|square|avenue|lane|bank|city|town|village|store|shop|warehouse|yard|building|hall|room|floor|upstairs|downstairs|outside|indoors"
        r"|outdoors|north|south|east|west|coast|shore|valley|hill|station|harbou?r|port|website|sign-in page|entrance|desk|counter|behind|beside|next to|opposite",
        "de": r"\w*strasse|\w*platz|\w*gasse|\w*weg|stadt|dorf|laden|geschaft|\w*lager|hof|gebaude|\w*haus|\w*halle|\w*raum|erdgeschoss|stock|draussen"
        r"|drinnen|norden|suden|osten|westen|kuste|ufer|tal|\w*bahnhof|\w*hafen|eingang|theke|empfang|hinter|neben|gegenuber|webseite|anmeldeseite",
        "es": r"calle|plaza|avenida|camino|ciudad|pueblo|tienda|almacen|patio|edificio|sala|salon|planta|fuera|dentro|norte|sur|este|oeste|costa|orilla"
        r"|valle|colina|estacion|puerto|entrada|mostrador|recepcion|detras|junto|frente|web|pagina",
        "it": r"via|piazza|viale|corso|citta|paese|negozio|magazzino|cortile|edificio|sala|salone|piano|fuori|dentro|nord|sud|est|ovest|costa|riva"
        r"|valle|collina|stazione|porto|ingresso|banco|reception|dietro|accanto|davanti|sito|pagina",
        "nl": r"\w*straat|\w*plein|\w*weg|\w*kade|stad|dorp|winkel|magazijn|erf|gebouw|\w*zaal|\w*kamer|verdieping|buiten|binnen|noorden|zuiden|oosten"
        r"|westen|kust|oever|dal|heuvel|station|\w*haven|ingang|balie|achter|naast|tegenover|website|pagina",
    }
)
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w’'-]+"
AT_A_NAME: Mapping[str, re.Pattern[str]] = {
    "en": re.compile(
        rf"\b(?:in|at|near|from|to|of|on|outside|between|via|under|through|around)\s+(?:the\s+)?({_CAPITAL})"
    ),
    "de": re.compile(
        rf"\b(?:in|im|am|an|bei|beim|aus|nach|zum|zur|vor|auf|unter|über|durch|um)\s+(?:der\s+|dem\s+|den\s+|die\s+|das\s+)?({_CAPITAL})"
    ),
    "es": re.compile(
        rf"\b(?:en|a|al|desde|de|del|hasta|hacia|por|entre|cerca de)\s+(?:el\s+|la\s+|los\s+|las\s+)?({_CAPITAL})"
    ),
    "it": re.compile(
        rf"\b(?:in|a|ad|al|allo|alla|da|dal|dalla|di|del|della|nel|nella|sul|sulla|per|tra|presso)\s+(?:il\s+|la\s+|lo\s+)?({_CAPITAL})"
    ),
    "nl": re.compile(
        rf"\b(?:in|op|bij|aan|uit|naar|van|tot|te|door|langs|onder|tussen|rond)\s+(?:de\s+|het\s+)?({_CAPITAL})"
    ),
}
ROLES = _said_in(
    {
        "en": r"we|us|our team|you|yourself|customers?|recipient|sender|carrier|staff|members?|guests?|students?|teachers?|founder|founded by|owner|mayor"
        r"|director|manager|captain|engineer|sisters?|brothers?|widow|daughter|son|parents|companies|volunteers?|drivers?|nobody|everyone|anyone",
        "de": r"wir|uns|kunden?|empfanger|absender|paketdienst|spediteur|mitarbeiter\w*|team|mitglieder|gaste|studierende\w*|lehrkrafte|lehrer\w*|grunder\w*"
        r"|inhaber\w*|burgermeister\w*|leiter\w*|leitung|kapitan\w*|ingenieur\w*|schwestern?|bruder\w*|witwe|tochter|sohn|eltern|firmen|niemand|jeder|alle",
        "es": r"nosotros|usted|ustedes|clientes?|destinatario|remitente|transportista|personal|equipo|soci[oa]s?|miembros|invitados|estudiantes|profesores|fundador\w*"
        r"|dueno|duena|alcalde\w*|director\w*|capitan\w*|ingenier[oa]s?|hermanas?|hermanos?|viuda|hija|hijo|padres|empresas|voluntari[oa]s|nadie|cualquiera",
        "it": r"noi|lei|voi|client[ei]|destinatario|mittente|corriere|personale|squadra|soci[oe]?|membri|ospiti|student[ei]|insegnanti|fondator[ei]|fondatrice"
        r"|proprietari[oa]|sindac[oa]|direttor[ei]|direttrice|capitan[oa]|ingegner[ei]|sorell[ae]|fratell[oi]|vedova|figli[oa]|genitori|aziende|volontari|nessuno|chiunque",
        "nl": r"wij|we|ons|klant|klanten|ontvanger|afzender|vervoerder|bezorger|personeel|medewerkers?|team|leden|gasten|studenten|docenten|oprichters?|eigenaar|eigenares"
        r"|burgemeester|directeur|kapitein|ingenieur|zussen|zus|broers?|weduwe|dochter|zoon|ouders|bedrijven|vrijwilligers|niemand|iedereen",
    }
)
REASONS = _said_in(
    {
        "en": r"because|since|due to|owing to|so that|in order to|therefore|for \w+ reasons|thanks to|as a result|otherwise|to avoid|to keep|to prevent|or \w+ will",
        "de": r"weil|denn|da|damit|wegen|aufgrund|daher|deshalb|darum|sonst|um \w+ zu|aus \w+ grunden|dank",
        "es": r"porque|ya que|debido a|por eso|para que|para \w+[aei]r(?:l[oae]s?)?|a causa de|gracias a|pues|de lo contrario|por motivos|por razones",
        "it": r"perche|poiche|siccome|a causa di|dovuto a|percio|per questo|affinche|grazie a|altrimenti|per motivi|per evitare",
        "nl": r"omdat|want|doordat|vanwege|zodat|daarom|wegens|anders|om \w+ redenen|dankzij|om \w+ te",
    }
)
