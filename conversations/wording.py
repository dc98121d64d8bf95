"""Fixed words of the record itself: what needs no answer, what cannot wait, and the text when no bot is there to write.

The agent's own texts are templates of a release; these hold when the agent cannot run at all.
"""

import re
import unicodedata
from collections.abc import Mapping

_PLEASANTRIES = frozenset(
    """
    thanks|thank you|thank you so much|thank you very much|thanks a lot|many thanks|thx|ty|cheers|great thanks|ok thanks|ok thank you|
    perfect thanks|ok|okay|great|perfect|cool|got it|
    danke|danke schön|danke dir|vielen dank|besten dank|super danke|ok danke|alles klar|alles klar danke|passt|super|perfekt|
    gracias|muchas gracias|mil gracias|ok gracias|vale|vale gracias|perfecto|genial|
    grazie|grazie mille|molte grazie|ok grazie|perfetto|va bene|
    dank je|dank je wel|dankjewel|bedankt|hartelijk dank|ok bedankt|top|prima
    """.replace("\n", " ").split("|")
)
_PLEASANT = frozenset(" ".join(words.split()) for words in _PLEASANTRIES)
_URGENT = re.compile(
    r"\b(emergency|urgent|urgently|immediately|asap|fire|injured|hurt|hospital|police|lawyer|"
    r"notfall|dringend|sofort|verletzt|feuer|brennt|anwalt|polizei|"
    r"urgente|emergencia|emergenza|subito|abogado|avvocato|spoed|noodgeval|dringend|advocaat|"
    r"suicide|suicidal|kill(?:ing)? myself|hurt myself|harm myself|end (?:it all|my life)|wan(?:t to|na) die|not? want to live|"
    r"don't want to live|worth living|selbstmord|suizid|umbringen|bringe? mich um|nicht mehr leben|(?:will|möchte) sterben|"
    r"suicidio|suicidarme|quiero morir|matarme|acabar con (?:todo|mi vida)|no quiero (?:seguir viviendo|vivir)|"
    r"suicidarmi|voglio morire|uccidermi|ammazzarmi|farla finita|voglio più vivere|"
    r"zelfmoord|zelfdoding|wil dood|einde aan (?:maken|mijn leven)|niet meer leven|mezelf (?:iets aandoen|van kant maken|doden))\b",
    re.IGNORECASE,
)

# What answering machines say of themselves. A person asks whether it is one, in another order of words.
_AUTOMATIC = re.compile(
    r"\bthis is an? (?:automated|automatic|auto[- ]?(?:generated )?)\s?(?:reply|response|message|answer|e-?mail)|^[^\w\n]*+(?:auto[- ]?reply|automatic reply)\b|"
    r"\bdies ist eine automatische|^[^\w\n]*+(?:automatische antwort|abwesenheitsnotiz)\b|dit is een automatisch|^[^\w\n]*+automatisch antwoord\b|"
    r"(?:esta|este) es (?:una?|el) (?:respuesta|mensaje) autom[aá]tic[ao]|^[^\w\n]*+respuesta autom[aá]tica\b|"
    r"quest[ao] è una risposta automatica|^[^\w\n]*+risposta automatica\b",
    re.IGNORECASE | re.MULTILINE,
)

HOLDING = {
    "en": "Sorry, I could not answer that myself. A person from our team will read it and reply to you here.",
    "de": "Das konnte ich leider nicht selbst beantworten. Jemand aus unserem Team liest es und antwortet dir hier.",
    "es": "Lo siento, no he podido responder a eso. Una persona de nuestro equipo lo leerá y te contestará aquí.",
    "it": "Mi dispiace, non sono riuscito a rispondere. Una persona del nostro team leggerà il messaggio e ti risponderà qui.",
    "nl": "Sorry, dat kon ik zelf niet beantwoorden. Iemand van ons team leest het en antwoordt je hier.",
}

HANDED_OVER = {
    "en": "A person from our team will read this and answer you right here.",
    "de": "Jemand aus unserem Team liest das und antwortet hier.",
    "es": "Una persona de nuestro equipo lo leerá y responderá aquí.",
    "it": "Una persona del nostro team leggerà il messaggio e risponderà qui.",
    "nl": "Iemand van ons team leest dit en antwoordt hier.",
}
DANGER = {
    "en": "Thank you for telling us. If someone is in danger, please call the emergency number now. Our team will look at this before anything else and answer you right here.",
    "de": "Danke, dass Sie uns das sagen. Wenn jemand in Gefahr ist, rufen Sie bitte jetzt den Notruf. Unser Team sieht sich das vor allem anderen an und antwortet hier.",
    "es": "Gracias por avisarnos. Si alguien está en peligro, llame ahora al número de emergencias. Nuestro equipo lo verá antes que nada y le responderá aquí.",
    "it": "Grazie della segnalazione. Se qualcuno è in pericolo, chiami subito il numero di emergenza. Il nostro team se ne occuperà prima di tutto e le risponderà qui.",
    "nl": "Bedankt dat u dit meldt. Als er iemand in gevaar is, bel dan nu het alarmnummer. Ons team bekijkt dit vóór al het andere en antwoordt u hier.",
}  # fmt: skip
PEOPLE_BACK = {
    "en": "Our team is back {opens}.",
    "de": "Unser Team ist {opens} wieder da.",
    "es": "Nuestro equipo volverá a estar disponible {opens}.",
    "it": "Il nostro team sarà di nuovo disponibile {opens}.",
    "nl": "Ons team is er {opens} weer.",
}
PEOPLE_WAIT = {
    "en": "At present an answer takes about {wait}.",
    "de": "Eine Antwort dauert zurzeit etwa {wait}.",
    "es": "En este momento, una respuesta tarda aproximadamente {wait}.",
    "it": "Al momento una risposta richiede circa {wait}.",
    "nl": "Op dit moment duurt een antwoord ongeveer {wait}.",
}


def is_pleasantry(text: str) -> bool:
    """Whether the text is only thanks, assent or signs such as emoji, so that nobody need be called for it."""
    letters = "".join(
        character if unicodedata.category(character)[0] in "LMN" else " " for character in text.casefold()
    )
    words = " ".join(letters.split())
    return not words or words in _PLEASANT


def sounds_urgent(text: str) -> bool:
    """Whether the text holds a word that must not wait for the customer to finish typing."""
    return _URGENT.search(text) is not None


def is_automatic(text: str) -> bool:
    """Whether the text says of itself that a machine wrote it."""
    return _AUTOMATIC.search(text[:1_000]) is not None


def said_in(language: str, texts: Mapping[str, str]) -> str:
    """One of the texts above in the customer's language where there is one, else in English."""
    return texts.get(language, texts["en"])
