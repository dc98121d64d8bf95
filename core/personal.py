"""What in a person's words must not be shown or passed on: addresses, numbers to call, to pay and to identify by, secrets.

Logs and lists show a kind in brackets in its place. A model of somebody else's is given numbered placeholders, and what
it answers with them is filled in here. Every repetition is bounded, so that no text of a stranger is expensive.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What kind of thing was found."""

    E_MAIL = "e-mail"
    CARD = "card"
    ACCOUNT = "account"
    IDENTITY = "identity number"
    SECRET = "secret"  # noqa: S105  (the name of a kind)
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Found:
    """Where something personal stands in a text."""

    start: int
    end: int
    kind: Kind


_SPANISH_CHECK = "TRWAGMYFPDXBNJZSQVHLCKE"
# What a row of digits behind it is the number of: an order is looked up by it and a log read by it, so it stays.
_ID_WORDS = re.compile(
    r"(?:(?<![^\W_])(?:order|purchase|auftrag\w*|pedido|ordine|bestelling|invoice|factura|fattura|factuur|tracking|seguimiento|spedizione|"
    r"zending|shipment|parcel|paket|paquete|pacco|pakket|ticket|case|item|article|artículo|articolo|sku|product|produkt|serial|customer|"
    r"cliente|ref|reference|id|system)|(?:bestel|order|auftrags|rechnungs|sendungs|serien|kunden|klant|artikel|referen|vorgangs?)\w{0,12})\b"
    r"(?:[\s.:#='\"-]{0,3}(?:numbers?|no|nr|num|nummer|numero|número|code|is|ist|es|è|de|di|van|of|my|mein\w?)(?!\w)){0,3}[\s.:#='\"-]{0,4}\Z",
    re.IGNORECASE,
)
_LOOKS_BACK = 48
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_SPELT_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}(?:\s?[(\[{<]\s?(?:at|ät|arroba|chiocciola|apenstaartje)\s?[)\]}>]\s?[\w-]{1,63}"
    r"(?:(?:\.(?=\w)|\s?[(\[{<]\s?(?:dot|punkt|punto|punt)\s?[)\]}>]\s?|\s(?:dot|punkt|punto|punt)\s)[\w-]{1,63}){0,8}"
    r"|\s(?:at|ät|arroba|chiocciola|apenstaartje)\s[\w-]{1,63}(?:\s(?:dot|punkt|punto|punt)\s[\w-]{1,63}){1,8})",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
# In small letters as well; only the first group may be without a figure, so that no word behind it is taken along.
_IBAN = re.compile(
    r"\b[A-Z]{2}\d{2}[ -]?[A-Z0-9]{4}(?:[ -]?(?=[A-Z0-9]{0,3}\d)[A-Z0-9]{4}){2,6}(?:[ -]?(?=[A-Z0-9]{0,3}\d)[A-Z0-9]{1,4})?\b",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w+.-])(?:\+\d[\d ()./-]{6,18}\d|\(?0\d{1,4}\)?[ /-]\d[\d ./-]{4,14}\d|\(\d{3}\) ?\d{3}[ -]\d{4})(?![\w-])"
)
# As they are written without a plus and without a gap behind the zero: in Europe, of mobiles in Italy and Spain, in America.
_BARE_PHONE = re.compile(
    r"(?<![\w+.#/-])(?:0\d{9,12}|3[2-9]\d{8}|3[2-9]\d[ .-]\d{3}[ .-]?\d{4}|[679]\d{8}|[679]\d{2}[ .-]\d{3}[ .-]\d{3}|[679]\d{2}(?: \d{2}){3}|"
    r"[2-9]\d{2}([ .-])\d{3}\1\d{4})(?![\w-])(?!\.\d)"
)
_CALLED = re.compile(
    r"\b(?:phone|mobile|cell|tel|telephone|call me|call|ring|whatsapp|telefon\w*|handy\w*|mobil\w*|rufnummer|teléfono|telefono|móvil|movil|cellulare|"
    r"telefoon\w*|mobiel\w*|gsm|bel)\b[^\d\n]{0,20}(?P<value>\(?\d(?:[ ()./-]{0,2}\d){5,14})(?![\w-])",
    re.IGNORECASE,
)
_SOCIAL_SECURITY = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_ITALIAN = re.compile(r"\b[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\b", re.IGNORECASE)
_SPANISH = re.compile(r"\b(?:[XYZ]\d{7}|\d{8})-?[A-Z]\b")
# What a word before it calls the number of a document or a person; its own form differs from country to country.
_NAMED_IDENTITY = re.compile(
    r"\b(?:passport|reisepass|personalausweis|ausweis|identity card|id card|national id|social security|ssn|steuer-?id|"
    r"sozialversicherung|bsn|burgerservicenummer|paspoort|pasaporte|dni|passaporto|codice fiscale)\w{0,10}"
    r"(?:\s{1,3}(?:number|no\.?|nr\.?|nummer|numero|número))?\s{0,3}(?:(?:ist|is|lautet|es|è)\b|[:=#])?\s{0,3}"
    r"(?P<value>[A-Z0-9](?:[ -]?[A-Z0-9]){4,17})(?![\w-])",
    re.IGNORECASE,
)
_WAYS_IN = r"(?:pass ?word|passwd|pass ?code|pass ?phrase|passwort|kennwort|contraseña|contrasena|clave|wachtwoord|parola d'ordine|parola segreta)"
_SAYS = r"(?:\s{0,3}[:=]|\s{1,3}(?:is|ist|lautet|war|es|è|e'|was)(?!\w)\s{0,3}:?)"
# What is said of a password and is none: "my password is wrong".
_OF_WAYS_INS = (
    r"(?:the|a|an|my|your|not|no|never|too|so|still|now|also|only|always|just|very|already|probably|maybe|here|there|this|that|being|in|on|at|to|for|"
    r"wrong|invalid|incorrect|correct|right|weak|strong|safe|secure|unsafe|old|new|empty|missing|gone|lost|unknown|forgotten|ok|okay|fine|bad|good|long|"
    r"short|different|reset|stolen|broken|\w{2,30}(?:ed|ing|able)|der|die|das|ein|eine|mein|meine|nicht|kein|nie|zu|noch|schon|auch|immer|jetzt|leider|"
    r"wohl|doch|wieder|bei|im|falsch|ungültig|richtig|korrekt|schwach|sicher|unsicher|alt|neu|leer|weg|fehlt|verloren|unbekannt|vergessen|abgelaufen|"
    r"gesperrt|geändert|zurückgesetzt|el|la|un|una|mi|su|muy|ya|siempre|demasiado|incorrect[oa]|correct[oa]|errónea|válida|inválida|débil|segura|nueva|"
    r"vieja|vacía|olvidada|caducada|bloqueada|robada|para|que|necesari[oa]|importante|il|lo|mio|mia|non|più|troppo|sempre|già|sbagliata|errata|corretta|"
    r"valida|debole|sicura|nuova|vecchia|vuota|scaduta|bloccata|dimenticata|rubata|de|het|een|mijn|niet|geen|al|weer|altijd|verkeerd|fout|onjuist|"
    r"ongeldig|juist|zwak|veilig|onveilig|oud|nieuw|leeg|kwijt|verlopen|vergeten|geblokkeerd|gewijzigd|gestolen|onbekend)"
)
_SAID_SECRET = re.compile(
    rf"\b{_WAYS_IN}{_SAYS}\s{{0,3}}[\"'“„]?(?P<value>(?!{_OF_WAYS_INS}(?![\w@!]))[^\s\"'”“.,;!?]{{1,64}}(?:[.,;!?]+[^\s\"'”“.,;!?]{{1,64}}){{0,4}}!?)",
    re.IGNORECASE,
)
# Of keys and tokens people say much else: only a word with a digit in it is one.
_SAID_KEY = re.compile(
    rf"\b(?:api[ _-]?key|secret|token){_SAYS}\s{{0,3}}[\"'“„]?(?P<value>(?=[^\s\"'”“]{{0,63}}\d)[^\s\"'”“]{{4,64}})",
    re.IGNORECASE,
)
_SAID_PIN = re.compile(
    rf"\b(?:pin|pincode|cvv|cvc|cvv2|security code|prüfziffer|geheimzahl|codice pin|{_WAYS_IN})(?:{_SAYS})?\s{{0,3}}(?P<value>\d{{3,8}})\b",
    re.IGNORECASE,
)
_KEY = re.compile(r"\b(?:sk|pk|rk)[-_](?=[A-Za-z0-9_-]{0,40}\d)[A-Za-z0-9_-]{8,200}")


def _is_card(text: str) -> bool:
    """Whether the digits add up as those of a payment card do (Luhn)."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0 and len(set(digits)) > 1


def _is_spanish(text: str) -> bool:
    """Whether the letter is the one that the number demands."""
    number = text[:-1].rstrip("-")
    if number[0] in "XYZ":
        number = str("XYZ".index(number[0])) + number[1:]
    return _SPANISH_CHECK[int(number) % len(_SPANISH_CHECK)] == text[-1]


def _has_digits(text: str) -> bool:
    """Whether there are as many digits as a number has that names one person."""
    return sum(sign.isdigit() for sign in text) >= 5


def _is_no_id(match: re.Match[str]) -> bool:
    """Whether no word before the digits says that they are the number of an order, a parcel, a product."""
    start = match.start(_group(match.re))
    before = match.string[max(0, start - _LOOKS_BACK) : start]
    return _ID_WORDS.search(before) is None


_Check = Callable[[re.Match[str]], bool]


def _of_value(check: Callable[[str], bool]) -> _Check:
    """The check, of what the match found."""
    return lambda match: check(match.group(_group(match.re)))


def _group(pattern: re.Pattern[str]) -> str | int:
    return "value" if "value" in pattern.groupindex else 0


# In the order of their claim: what one has found, no later one takes a part of.
_PATTERNS: tuple[tuple[re.Pattern[str], Kind, _Check | None], ...] = (
    (_SAID_SECRET, Kind.SECRET, None),
    (_SAID_KEY, Kind.SECRET, None),
    (_KEY, Kind.SECRET, None),
    (_EMAIL, Kind.E_MAIL, None),
    (_SPELT_EMAIL, Kind.E_MAIL, None),
    (_CARD, Kind.CARD, _of_value(_is_card)),
    (_IBAN, Kind.ACCOUNT, None),
    (_NAMED_IDENTITY, Kind.IDENTITY, _of_value(_has_digits)),
    (_SOCIAL_SECURITY, Kind.IDENTITY, None),
    (_ITALIAN, Kind.IDENTITY, None),
    (_SPANISH, Kind.IDENTITY, _of_value(_is_spanish)),
    (_PHONE, Kind.PHONE, None),
    (_CALLED, Kind.PHONE, _is_no_id),
    (_BARE_PHONE, Kind.PHONE, _is_no_id),
    (_SAID_PIN, Kind.SECRET, None),
)


def find(text: str) -> list[Found]:
    """What is personal in the text, in order, nothing twice."""
    found: list[Found] = []
    for pattern, kind, check in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span(_group(pattern))
            if check is not None and not check(match):
                continue
            if all(end <= other.start or other.end <= start for other in found):
                found.append(Found(start, end, kind))
    return sorted(found, key=lambda each: each.start)


def masked(text: str) -> str:
    """The text with a kind in brackets in the place of everything personal."""
    return "".join(_with(text, lambda each: f"[{each.kind.value}]"))


def hidden_address(address: str) -> str:
    """What stands in the place of an e-mail address that is a field of its own; empty for none."""
    return f"[{Kind.E_MAIL.value}]" if address else ""


class Placeholders:
    """The personal things of one request to a model: the same one has the same placeholder wherever it stands."""

    def __init__(self) -> None:
        """Begin with none."""
        self._values: dict[str, tuple[Kind, str]] = {}
        self._names: dict[tuple[Kind, str], str] = {}

    def hide(self, text: str) -> str:
        """The text as it may leave."""
        return "".join(_with(text, lambda each: self._name(each.kind, text[each.start : each.end])))

    def spoken(self, text: str) -> dict[str, str]:
        """What each placeholder of a model's answer stands for, as an answer may say it.

        Addresses and numbers to call come back whole. Of what one pays or is identified by only the last signs do, and
        of secrets nothing: no answer of a machine has to say them.
        """
        return {
            match.group(): self._spoken(match) for match in _PLACEHOLDER.finditer(text) if match.group() in self._values
        }

    def _name(self, kind: Kind, value: str) -> str:
        key = (kind, "".join(value.split()).lower())
        if key not in self._names:
            number = sum(known is kind for known, _ in self._names) + 1
            self._names[key] = f"[{kind.value} {number}]"
            self._values[self._names[key]] = (kind, value)
        return self._names[key]

    def _spoken(self, match: re.Match[str]) -> str:
        kind, value = self._values.get(match.group(), (None, ""))
        match kind:
            case None:
                return match.group()
            case Kind.E_MAIL | Kind.PHONE:
                return value
            case Kind.SECRET:
                return "•••"
            case _:
                return f"•••{''.join(value.split())[-4:]}"


_PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(re.escape(kind.value) for kind in Kind)}) \d{{1,4}}\]")


def _with(text: str, name: Callable[[Found], str]) -> Iterator[str]:
    """The text's pieces, each personal one replaced."""
    at = 0
    for each in find(text):
        yield text[at : each.start]
        yield name(each)
        at = each.end
    yield text[at:]
