"""Fixed words of the record itself: what needs no answer, what cannot wait, and the text when no bot is there to write.

The agent's own texts are templates of a release; these hold when the agent cannot run at all.
"""

import re
import unicodedata

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
    r"suicide|suicidal|kill myself|end it all|want to die|selbstmord|suizid|umbringen|suicidio|zelfmoord)\b",
    re.IGNORECASE,
)

# What answering machines say of themselves. A person asks whether it is one, in another order of words.
_AUTOMATIC = re.compile(
    r"\bthis is an? (?:automated|automatic|auto[- ]?(?:generated )?)\s?(?:reply|response|message|answer|e-?mail)|^\W*(?:auto[- ]?reply|automatic reply)\b|"
    r"\bdies ist eine automatische|^\W*(?:automatische antwort|abwesenheitsnotiz)\b|dit is een automatisch|^\W*automatisch antwoord\b|"
    r"(?:esta|este) es (?:una?|el) (?:respuesta|mensaje) autom[aá]tic[ao]|^\W*respuesta autom[aá]tica\b|"
    r"quest[ao] è una risposta automatica|^\W*risposta automatica\b",
    re.IGNORECASE | re.MULTILINE,
)

HOLDING = {
    "en": "Sorry, I could not answer that myself. A person from our team will read it and reply to you here.",
    "de": "Das konnte ich leider nicht selbst beantworten. Jemand aus unserem Team liest es und antwortet dir hier.",
    "es": "Lo siento, no he podido responder a eso. Una persona de nuestro equipo lo leerá y te contestará aquí.",
    "it": "Mi dispiace, non sono riuscito a rispondere. Una persona del nostro team leggerà il messaggio e ti risponderà qui.",
    "nl": "Sorry, dat kon ik zelf niet beantwoorden. Iemand van ons team leest het en antwoordt je hier.",
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


def holding_text(language: str) -> str:
    """What a customer reads when the bot gave up, in their language where there is one."""
    return HOLDING.get(language, HOLDING["en"])
