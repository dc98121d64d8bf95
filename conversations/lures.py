"""Words that try to make staff harm themselves: a console to paste into, a program to run, somebody to let onto the screen.

Customers of a shop need none of it. What is found is no judgement of the customer, whose message is answered as any other:
it is a warning beside the words, for the person who reads them.
"""

import re

_LURES = re.compile(
    # A script where an address should be, or a page that is one.
    r"\b(?:java|vb)script\s*:\s*\S|\bdata:text/html|"
    # The place where browsers run what is pasted.
    r"\b(?:browser|dev(?:eloper)?|js|javascript)[- ]?(?:tools?[- ]?)?(?:console|konsole)\b|\bdevtools\b|\bentwickler(?:konsole|werkzeuge)\b|"
    r"\bconsola (?:del navegador|de desarrollador)|\bconsole del browser\b|\bconsole van (?:je|uw|de) browser\b|"
    # Programs that show or give the screen to somebody else.
    r"\b(?:any ?desk|team ?viewer|rust ?desk|ultra ?viewer|screen ?connect|supremo|ammyy|quick ?assist)\b|"
    r"\bremote (?:desktop|support|access|control|session)\b|\bfern(?:wartung|zugriff|steuerung)\b|\bacceso remoto\b|\baccesso remoto\b|"
    r"\b(?:hulp|toegang) op afstand\b|"
    # Something to be run.
    r"\bhttps?://\S+\.(?:exe|msi|scr|bat|cmd|ps1|vbs|hta|jar|apk|dmg|iso|lnk)\b|\bpowershell\b|\bcmd(?:\.exe)? ?/c\b|\bmshta\b|"
    r"\b(?:curl|wget|iwr)\b[^\n|]{0,200}\|\s*(?:ba|z)?sh\b|\bwin(?:dows)?(?:[- ]taste)? ?\+ ?r\b|"
    r"\b(?:enable|allow) (?:the )?macros\b|\bmakros (?:aktivieren|zulassen)\b",
    re.IGNORECASE,
)
# What is longer is looked at no further than staff would read before they act.
_LOOKED_AT = 4_000


def lures_staff(text: str) -> bool:
    """Whether the text asks its reader for what scams ask of support staff."""
    return _LURES.search(text[:_LOOKED_AT]) is not None


# Other customers' words or particulars are asked for, on whose authority ever.
_OF_OTHERS = re.compile(
    # en
    r"\b(?:last|recent|previous|other|all|any|another|every|next)\s(?:\d{1,4}\s|few\s|the\s|of\s|your\s)*(?:customers?|users?|clients?|people)(?:'s?|s')?\s"
    r"(?:conversations?|chats?|messages?|data|details|e-?mails?|addresses|orders?|names|records?|passwords?)\b|"
    r"\b(?:conversations?|chats?|messages?|data|details|e-?mails?|addresses|orders|names|records)\s(?:of|from|by)\s(?:the\s|your\s|all\s|any\s)*"
    r"(?:other|another|previous|last|all)\s(?:\d{1,4}\s)?(?:customers?|users?|clients?|people)\b|"
    # de
    r"\b(?:letzten?|anderen?|anderer|aller?|vorigen?|fremden?)\s(?:\d{1,4}\s)?kunden(?:gespräche?|daten|chats?|adressen|nachrichten)\b|"
    r"\b(?:gespräche?|chats?|daten|adressen|nachrichten|bestellungen)\s(?:von\s|der\s|des\s)+(?:anderen?|anderer|letzten|aller)\s(?:\d{1,4}\s)?(?:kunden?|nutzern?)\b|"
    # es
    r"\b(?:conversaciones|chats|datos|correos|direcciones|mensajes|pedidos)\s(?:de\s|con\s)(?:los\s|todos\s|las\s)*(?:otros?|últimos|demás|todos los)?\s?(?:\d{1,4}\s)?"
    r"(?:otros\s|últimos\s)?(?:clientes|usuarios)\b|"
    # it
    r"\b(?:conversazioni|chat|dati|indirizzi|messaggi|ordini)\s(?:di|degli|dei|con)\s(?:tutti\s|gli\s|i\s)*(?:altri|ultimi)?\s?(?:\d{1,4}\s)?(?:clienti|utenti)\b|"
    # nl
    r"\b(?:gesprekken|chats|gegevens|adressen|berichten|bestellingen)\svan\s(?:de\s|alle\s)*(?:andere|laatste|vorige)?\s?(?:\d{1,4}\s)?(?:klanten|gebruikers)\b|"
    r"\b(?:andere|laatste|alle)\s(?:\d{1,4}\s)?klantgesprekken\b|\b(?:últimas|otras)\s(?:\d{1,4}\s)?conversaciones\b|\bultime\s(?:\d{1,4}\s)?conversazioni\b",
    re.IGNORECASE,
)


def asks_for_others(text: str) -> bool:
    """Whether the text asks for what other customers said or are. The agent has none of it; staff should know of the attempt."""
    return _OF_OTHERS.search(text[:_LOOKED_AT]) is not None
