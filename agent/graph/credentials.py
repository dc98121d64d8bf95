"""Questions for what lets somebody into an account or a purse, in five languages; no passage's own question is one."""

import re
import unicodedata
from collections.abc import Iterable

from agent.engine.text import fold, sentence_spans
from agent.graph.promises import denies

_WANTED = (
    r"\b(?:pass ?words?|pass ?code|pass ?phrase|pin(?: (?:number|code))?|cvv|cvc|otp|tan|one[- ]time (?:code|password)|"
    r"(?:verification|confirmation|login|security|access) codes?|card(?:s)? (?:number|details|data)|(?:credit|debit|bank) card|iban|"
    r"(?:account|bank|banking|login|log-in) (?:number|details|data|credentials)|credentials|security question|maiden name|"
    r"passwor\w+|kennwort\w*|zugangsdaten|anmeldedaten|login-?daten|bankdaten|bankverbindung|kontonummer|karten(?:nummer|daten)|kreditkarte\w*|"
    r"prufziffer|geheimzahl|sicherheitscode|bestatigungscode|einmalcode|"
    r"contrasena|clave|(?:numero|datos) de (?:la |su |tu )?(?:tarjeta|cuenta)|datos bancarios|codigo de (?:seguridad|verificacion|acceso|confirmacion)|credenciales|"
    r"(?:numero|dati) (?:della|di) (?:sua |tua )?(?:carta|conto)|numero del (?:suo |tuo )?conto|dati bancari|parola d ?ordine|credenziali|"
    r"codice (?:di (?:sicurezza|verifica|accesso|conferma)|pin|segreto)|"
    r"wachtwoord|pincode|(?:kaart|rekening)nummer|(?:bank|kaart|inlog)gegevens|beveiligingscode|verificatiecode|toegangscode)\b"
)
_TELL = (
    r"\b(?:send|give|tell|share|enter|provide|need|type|reply|respond|confirm|verify|write|text|message|forward|submit|state|post|supply|"
    r"disclose|reveal|spell|repeat|read (?:out|me|us)|let (?:me|us) (?:have|know)|(?:i|we) (?:require|want)|"
    r"schick\w*|send\w*|nenn\w*|gib|geben|teil\w*|brauche\w*|benotig\w*|bestatig\w*|antwort\w*|schreib\w*|verrat\w*|ubermittel\w*|sag\w*|buchstabier\w*|"
    r"envi\w+|dig\w+|indi\w+|facilit\w+|confirm\w+|respond\w+|escrib\w+|proporcion\w+|necesit\w+|compart\w+|introdu\w+|decir\w*|dar(?:me|nos)|deme|denos|dime|dame|"
    r"mand\w+|comunic\w+|conferm\w+|rispond\w+|scriv\w+|fornisc\w+|fornir\w+|inseri\w+|dirmi|dirci|darmi|darci|dica|dimmi|mi dia|serve|"
    r"stuur|geef|geven|deel|noem|bevestig\w*|antwoord\w*|schrijf|vermeld|verstrek|typ|zeg|vertel\w*|heb ik\b.{0,20}\bnodig|hebben we)\b"
)
_ASK = (
    r"\b(?:what|which)(?: ?s|re| is| are| was)? (?:\w+ ){0,3}|\b(?:could|can|may|might|shall) (?:i|we) (?:\w+ ){0,2}(?:have|get|ask|know|see)\b.{0,40}|"
    r"\bwie (?:lautet|lauten|ist|heisst|war)\b.{0,30}|\bwelche\w*\b.{0,20}|\bwas (?:ist|war)\b.{0,20}|"
    r"\bcual(?:es)? (?:es|son|era)\b.{0,30}|\bque (?:contrasena|clave)\b.{0,30}|\bme (?:puede|podria|puedes|podrias|da|dice)\b.{0,40}|"
    r"\bqual ?e?\b.{0,30}|\bquali sono\b.{0,30}|\b(?:posso|possiamo) (?:avere|sapere|chiedere)\b.{0,40}|\bmi (?:puo|potrebbe|puoi|da|dice)\b.{0,40}|"
    r"\b(?:wat|welke?)\b (?:is|zijn|was)?.{0,20}|\b(?:mag|mogen|kan|kunnen) (?:ik|we|wij)\b.{0,40}"
)
_TOLD_LAST = r"\b(?:nennen|mitteilen|geben|schicken|senden|sagen|verraten|angeben|bestatigen|schreiben|doorgeven|geven|sturen|delen|noemen|vertellen)"
_YOURS = r"(?:your|ihr\w*|dein\w*|su|tu|(?:il|la|i) (?:suo|sua|tuo|tua|suoi)|uw|je|jouw)"
_PLEASE = r"(?:please|bitte|por favor|per favore|per piacere|alstublieft|alsjeblieft|aub|svp)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_TELL}.{{0,60}}{_WANTED}",
        # "Which card" may be asked of anybody, and "what if my password is wrong" is a heading.
        rf"(?:{_ASK}){_WANTED}(?=.{{0,60}}\?)",
        rf"{_WANTED}.{{0,30}}{_TOLD_LAST}\W*\Z",
        rf"{_WANTED}.{{0,12}}\b(?:brauche\w*|benotig\w*) (?:ich|wir)\b|{_WANTED}.{{0,12}}\bheb(?:ben)? (?:ik|we|wij)\b",
        rf"\A\W*(?:and |und |y |e |en )?{_YOURS} (?:\w+ )?{_WANTED}.{{0,40}}(?:\?|{_PLEASE}\W*)\Z",
        rf"\A\W*{_WANTED}.{{0,12}}{_PLEASE}\W*\Z",
    )
)
_NEVER = re.compile(r"\b(?:never|nie|niemals|nunca|jamas|mai|nooit)\b")


_KINDS = {
    "password": re.compile(
        r"pass|kennwort|contrasen|clave|wachtwoord|parola|credenti|credenci|credenz|zugang|anmelde|log-?in|inlog|question|maiden"
    ),
    "code": re.compile(r"\bpin|code|codigo|codice|\botp|\btan\b|geheimzahl"),
    "card": re.compile(r"card|karte|kaart|tarjeta|carta|kredit|cvv|cvc|prufziffer"),
    "account": re.compile(r"iban|account|bank|konto|conto|cuenta|rekening|bancari"),
}


def asks_for_credentials(text: str, grounds: Iterable[str]) -> bool:
    """Whether the text asks for what nobody may ask for; "never send your PIN" does not, nor what a passage asks too."""
    asked = _asked(text)
    return bool(asked) and not asked <= {kind for ground in grounds for kind in _asked(ground)}


def _asked(text: str) -> set[str]:
    """The kinds of what the text asks for."""
    plain = unicodedata.normalize("NFKC", text)
    sentences = [fold(plain[start:end]) for start, end in sentence_spans(plain)]
    found = [match for sentence in sentences if not _NEVER.search(sentence) for match in _matches(sentence)]
    return {
        kind
        for match in found
        for wanted in re.findall(_WANTED, match.group())
        for kind, pattern in _KINDS.items()
        if pattern.search(wanted)
    }


def _matches(sentence: str) -> list[re.Match[str]]:
    return [match for form in _FORMS for match in form.finditer(sentence) if not denies(_clause_of(match))]


def _clause_of(match: re.Match[str]) -> str:
    """The match with what stands before it since the last comma: "if not, send your PIN" asks."""
    before = match.string[: match.start()]
    return re.split(r"[,;:()]|\s[-–—]\s", before)[-1] + match.group()
