"""Words of danger, of theft and of haste, heard where no agent listens: people own the talk, or the bot is switched off or down.

The agent's own lists are phrases of a release, and its heads hear more than words. These hold without it: they are fixed, so
that no release and no switch can take them away. They err on the side of calling a person once too often.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from conversations.types import Priority, ReasonCategory

_MARKS = re.compile(r"[\W_]+")

# Folded: lower case, no accents, no apostrophes, one space between words; each matches whole words.
_DANGER: Mapping[str, str] = {
    "en": r"gas (?:is |was |keeps |still )*leak\w*|leak\w* (?:of )?gas|gas leaks?|smells? (?:of |like )?gas|smelling gas|gas smell|"
    r"carbon monoxide|caught fire|catch(?:es|ing)? fire|on fire|(?:is|are|started|still) burning|exploded|explodes|explosion|"
    r"electric shock|electrocuted|bleeding|concussion|(?:to|in) (?:the )?hospital|injured|life threatening|life or death|unconscious|"
    r"burn(?:ed|t) (?:my|myself|his|her)|swallowed|poisoned|(?:cant|cannot|can not) breathe|ambulance|overdose|better off dead|"
    r"(?:do not|dont) want to live|end it all|end my life|(?:harm|hurt|kill|killing|cut|cutting) myself|no reason to live|self harm|"
    r"suicidal|suicide|take my (?:own )?life|(?:want to|wanna) die|not worth living|"
    r"wish i (?:was|were) dead",
    "de": r"gas (?:tritt|stromt|entweicht)(?: aus)?|(?:tritt|stromt|entweicht) (?:\w+ )?gas(?: aus)?|gasleck|gasaustritt|gasgeruch|(?:riecht|stinkt)(?: \w+){0,3} nach gas|"
    r"kohlenmonoxid|feuer gefangen|fangt feuer|in flammen|(?:es|das|akku|gerat|batterie) brennt|explodiert|explosion|stromschlag|bewusstlos|"
    r"blutet|gehirnerschutterung|(?:ins|im) krankenhaus|lebensgefahrlich|lebensgefahr|leben und tod|notarzt|krankenwagen|verletzt|"
    r"verschluckt|vergiftet|verbrannt|uberdosis|(?:bekomm|krieg)(?:e|t) keine luft|kann nicht atmen|allem ein ende setzen|das leben nehmen|"
    r"mein leben beenden|mich umbringen|bringe mich um|nicht mehr leben|selbstmord|sterben wollen|(?:will|mochte) sterben|suizid|"
    r"mir etwas antun|schluss mit dem leben|lieber tot",
    "es": r"fuga de gas|(?:pierde|pierden|sale|escapa|perdiendo|saliendo) gas|(?:huele|olor|oler) a gas|monoxido de carbono|"
    r"explotado|exploto|explosion|en llamas|se incendio|prendio fuego|(?:se )?esta (?:ardiendo|quemando)|arde|descarga electrica|herid[oa]|"
    r"al hospital|a urgencias|ambulancia|me queme|se quemo la mano|me he quemado|sangrando|sangra mucho|inconsciente|conmocion cerebral|"
    r"se (?:ha tragado|trago)|envenenado|intoxicado|sobredosis|no (?:puedo|puede) respirar|peligro de muerte|de vida o muerte|"
    r"quiero morir(?:me)?|matarme|quitarme la vida|acabar con (?:todo|mi vida)|suicidarme|suicidio|no quiero (?:seguir )?(?:vivir|viviendo)|"
    r"mejor muert[oa]|hacerme dano|autolesionarme",
    "it": r"fuga di gas|(?:perde|esce|perdita di|uscendo) gas|(?:odore|puzza) di gas|monossido di carbonio|esplos[oae]|esplosione|"
    r"in fiamme|preso fuoco|dato fuoco|prende fuoco|sta bruciando|scossa elettrica|ferit[oa]|in ospedale|al pronto soccorso|ambulanza|"
    r"mi sono (?:bruciat|ustionat)[oa]|sanguina|perde sangue|svenut[oa]|privo di sensi|trauma cranico|ha (?:ingoiato|inghiottito)|avvelenato|"
    r"intossicato|overdose|non (?:riesco|riesce) a respirare|pericolo di vita|questione di vita o di morte|voglio morire|uccidermi|ammazzarmi|"
    r"togliermi la vita|farla finita|suicidarmi|suicidio|non voglio piu vivere|meglio mort[oa]|farmi del male|autolesionismo",
    "nl": r"gaslek|gaslucht|gasgeur|gas (?:lekt|ontsnapt)|lekt (?:er )?gas|ontsnapt (?:er )?gas|(?:ruikt|stinkt)(?: \w+){0,3} naar gas|koolmonoxide|"
    r"ontploft|explosie|geexplodeerd|(?:staat|vloog|vliegt) in brand|in brand (?:gevlogen|staat)|vlam gevat|elektrische schok|gewond|"
    r"(?:naar|in) het ziekenhuis|spoedeisende hulp|ambulance|verbrand|brandwonden|bloedt|bewusteloos|flauwgevallen|hersenschudding|ingeslikt|"
    r"vergiftigd|overdosis|krijgt? geen lucht|(?:kan|kunnen) niet ademen|levensgevaar|levensgevaarlijk|leven of dood|wil dood|mezelf doden|"
    r"mezelf van kant maken|een einde aan (?:mijn leven|maken)|zelfmoord|zelfdoding|niet meer leven|beter dood|"
    r"mezelf (?:iets aandoen|pijn doen)",
}
_SECURITY: Mapping[str, str] = {
    "en": r"data breach|hacked|identity theft|stolen card|account was stolen|account taken over|phishing|unauthori[sz]ed (?:payment|charge)|"
    r"someone logged into my account",
    "de": r"datenleck|gehackte?r?|identitatsdiebstahl|gestohlene karte|konto (?:ubernommen|gestohlen)|phishing|unberechtigte abbuchung|"
    r"fremder zugriff",
    "es": r"hackead[oa]|(?:me |han )?hackearon|robo de identidad|suplantacion de identidad|suplantado la identidad|tarjeta robada|"
    r"robado la (?:tarjeta|cuenta)|cuenta robada|filtracion de datos|phishing|(?:pago|cargo) no autorizado|"
    r"alguien (?:entro|ha entrado) en mi cuenta",
    "it": r"hackerat[oa]|furto (?:di |d)identita|carta rubata|rubato (?:la carta|l ?account)|account rubato|violazione dei dati|fuga di dati|phishing|"
    r"(?:pagamento|addebito|accesso) non autorizzato|e entrato nel mio account",
    "nl": r"gehackt|datalek|identiteits(?:diefstal|fraude)|gestolen kaart|(?:kaart|pas) is gestolen|account (?:overgenomen|gestolen)|phishing|"
    r"niet (?:toegestane|geautoriseerde) betaling|ingebroken op mijn account|iemand zit in mijn account",
}
_URGENT: Mapping[str, str] = {
    "en": r"asap|emergency|immediately|urgent|urgently",
    "de": r"auf der stelle|dringend|eilt sehr|notfall|schnellstmoglich|sehr eilig|umgehend|sofort",
    "es": r"urgente|urgentemente|urgentisimo|emergencia|inmediatamente|de inmediato|lo antes posible|con urgencia",
    "it": r"urgente|urgentemente|urgentissimo|emergenza|immediatamente|con urgenza|al piu presto|il prima possibile|subito subito|adesso subito",
    "nl": r"dringend|spoed|noodgeval|onmiddellijk|per direct|zo snel mogelijk|met spoed|zeer urgent|urgent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What a text gives the alarm for: why, how soon a person should look, and the language of the words."""

    reason: ReasonCategory
    priority: Priority
    language: str

    @property
    def detail(self) -> str:
        """The alarm in a sentence for staff; never the customer's words."""
        return _DETAILS[self.reason]


_DETAILS: Mapping[ReasonCategory, str] = {
    ReasonCategory.DANGER: "Words of danger to people stand in a message.",
    ReasonCategory.SECURITY: "Words of a hacked account or of theft stand in a message.",
    ReasonCategory.URGENT: "An urgent word stands in a message.",
}


def _compiled(lists: Mapping[str, str]) -> Mapping[str, re.Pattern[str]]:
    return {language: re.compile(rf"(?<!\w)(?:{words})(?!\w)") for language, words in lists.items()}


_ALARMS: tuple[tuple[ReasonCategory, Priority, Mapping[str, re.Pattern[str]]], ...] = (
    (ReasonCategory.DANGER, Priority.FIRST, _compiled(_DANGER)),
    (ReasonCategory.SECURITY, Priority.HIGH, _compiled(_SECURITY)),
    (ReasonCategory.URGENT, Priority.HIGH, _compiled(_URGENT)),
)


def alarm_in(text: str, *, language: str = "") -> Alarm | None:
    """The gravest alarm that the text gives; ``language`` is the one that is looked for first."""
    words = _folded(text)
    for reason, priority, lists in _ALARMS:
        for spoken in sorted(lists, key=lambda each: each != language):
            if lists[spoken].search(words):
                return Alarm(reason=reason, priority=priority, language=spoken)
    return None


def _folded(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.casefold()).replace("'", "").replace("’", "")
    letters = "".join(character for character in bare if not unicodedata.combining(character))
    return _MARKS.sub(" ", letters).strip()
