"""Promises: what an answer grants, assures or dates, in five languages, and whether a cited passage says so."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from agent.engine.text import fold, sentence_spans

_WEEKDAYS = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lunes|martes|"
    "miercoles|jueves|viernes|sabado|domingo|lunedi|martedi|mercoledi|giovedi|venerdi|domenica|maandag|dinsdag|woensdag|donderdag|"
    "vrijdag|zaterdag|zondag"
)
_DONE = (
    r"cancel\w*|refund\w*|reimburs\w*|issue[ds]?|credit\w*|appl(?:y|ied)|book(?:ed)?|upgrad\w*|delet\w*|extend\w*|process(?:ed)?|waiv\w*|"
    r"chang\w*|reset|sent|ship(?:ped)?|replac\w*|reserv\w*|unlock\w*|grant\w*|approv\w*|transfer\w* (?:the )?(?:money|amount)"
)
_DONE_EN = (
    r"(?:cancell?ed|refunded|reimbursed|credited|applied|booked|upgraded|deleted|erased|removed|closed|extended|waived|changed|reset|"
    r"replaced|reserved|unlocked|granted|approved|transferred)\b"
)
_DONE_DE = r"storn\w*|\w*erstatt\w*|gutgeschrieben|gutschreib\w*|veranlass\w*|gebucht|verlanger\w*|\w*uberw(?:ies|eis)\w*|geander\w*|freigeschaltet|genehmig\w*|losch\w*|geloscht"
_DONE_ES = (
    r"cancelad\w|reembolsad\w|abonad\w|aplicad\w|enviad\w|cambiad\w|tramitad\w|aprobad\w|anulad\w|ampliad\w|eliminad\w"
)
_DONE_IT = r"annullat\w|rimborsat\w|accreditat\w|applicat\w|inviat\w|spedit\w|modificat\w|approvat\w|prorogat\w|cancellat\w|disposto"
_DONE_NL = r"geannuleerd|terugbetaal\w*|teruggestort|gecrediteerd|toegepast|verstuurd|gewijzigd|goedgekeurd|verlengd|verwijderd|geregeld"


def _starting(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{alternatives})")


KINDS: Mapping[str, re.Pattern[str]] = {
    "refund": _starting(
        r"refund\w*|reimburs\w*|money back|\w*erstatt\w*|geld (?:wieder )?zuruck|ruckzahl\w*|zuruckzahl\w*|zuruckgezahlt|"
        r"(?:re)?embols\w*|reintegr\w*|devol\w+ (?:el |su |del |de su )?(?:dinero|importe)|rimbors\w*|restitui\w+ (?:i |il )?(?:soldi|denaro|importo)|"
        r"soldi indietro|terugbeta\w*|geld terug|terugstort\w*|teruggestort|"
        r"(?:return|repa|pay|paid|give|send|transfer|wire)\w* .{0,40}\b(?:money|sum|amount|cash|price)\b.{0,20}\bback\b|"
        r"(?:pa(?:y|id|ys)|paying) .{0,40}\bback\b|repay\w*|repaid|"
        r"return\w* (?:you )?(?:all |the |your |my |whole |full |entire )+(?:money|sum|amount|price)|"
        r"(?:money|sum|amount|price) .{0,30}\b(?:return\w*|(?:sent|paid|given|transferred|put|come\w*|go\w*) back)|"
        r"(?:geld|betrag|kaufpreis|summe) .{0,40}\b(?:zuruck|wieder)\w*|zahl\w* .{0,40}\bzuruck\b|"
        r"(?:devolv|devuelv)\w* .{0,30}\b(?:dinero|importe|cantidad|suma)|(?:dinero|importe|suma) .{0,30}\b(?:devuelt\w|de vuelta|vuelve)|"
        r"recuper\w* .{0,20}\bdinero|(?:soldi|denaro|importo|somma) .{0,30}\b(?:indietro|restituit\w|torn\w+|ritorn\w+)|"
        r"(?:restitui\w*|ridiamo|ridaremo|riavra\w*|riavere) .{0,20}\b(?:soldi|denaro|importo|somma)|"
        r"(?:geld|bedrag|aankoopprijs) .{0,30}\bterug\w*|betal\w* .{0,30}\bterug\b"
    ),
    "discount": _starting(
        r"discount\w*|percent off|% off|price (?:cut|match\w*)|voucher\w*|coupon\w*|promo code\w*|\w*rabatt\w*|\w*nachlass\w*|\w*gutschein\w*|"
        r"half (?:the )?price|half off|halben preis|mitad de precio|meta prezzo|halve prijs|bestpreis\w*|descuento\w*|rebaja\b|cupon\w*|vale de|scont[oi]\b|buon[oi] (?:da|di|acquisto|sconto)|\w*korting\w*|tegoedbon\w*|waardebon\w*"
    ),
    "free": _starting(
        r"(?<!feel )free\b(?! to\b)(?! of(?! charge))|at no (?:extra )?(?:cost|charge)|no (?:extra )?charge|free of charge|complimentary|waiv\w*|"
        r"on the house|kostenlos\w*|kostenfrei\w*|gratis\w*|umsonst|geschenkt|unentgeltlich\w*|gratuit\w*|sin (?:ningun )?(?:coste|costo|cargo|gastos)|"
        r"senza (?:costi|spese|alcun costo)|in omaggio|kosteloos|kosteloze|kwijtgescholden|"
        r"(?:won t|will not|wont|needn t|need not|do not|don t|dont|never|no longer) (?:\w+ )?(?:have to |need to )(?:pay|spend)(?:ing)?\b|"
        r"(?:won t|will not|wont|needn t|need not) (?:pay|be (?:charged|billed|invoiced))|nothing (?:\w+ )?to pay|(?:pay|pays|paying) (?:you )?nothing|"
        r"costs? (?:you |him |her )?nothing|without (?:having to )?pay\w*|for nothing|"
        r"(?:nichts|keinen cent|kein geld) (?:dafur |mehr |dazu )*(?:be|zu |zuzu)?zahlen|ohne (?:etwas )?zu (?:be)?zahlen|"
        r"(?:kost\w+|zahl\w+|bezahl\w+) (?:\w+ ){0,3}(?:nichts|keinen cent)|"
        r"no (?:tiene\w*|tendra\w*|hay|habra|debe\w*|hace falta) (?:que )?pagar|no (?:paga\w*|cuesta|costara|le cuesta|le costara|te cuesta) (?:nada|ni un)|sin (?:tener que )?pagar|"
        r"non (?:deve|dovra|devi|dovrai|c ee|bisogna|serve) (?:da |nulla da )?pagare|non (?:paga\w*|pagher\w*|costa|costera|le costa|le costera|ti costa) (?:nulla|niente)|senza pagare|"
        r"hoef\w* (?:\w+ ){0,3}(?:niets|niet|geen cent) (?:meer )?te betalen|(?:betaal\w*|kost\w*) (?:\w+ ){0,2}(?:niets|geen cent)|zonder te betalen"
    ),
    "assurance": _starting(
        r"guaranteed|guarantees|(?:i|we|can|will|ll|hereby) guarantee|promis\w*|assure you|rest assured|(?:i|we) swear|\bbinding|"
        r"(?:its|it s|thats|that s|is|have) a deal|garantier\w*|garantiert\w*|versprech\w*|versproch\w*|zusicher\w*|zugesichert|versicher\w* ihnen|"
        r"\w*verbindlich\w*|abgemacht|garantiz\w*|promet\w*|promes\w*|(?:le|les|te|os) asegur\w+|asegur(?:o|amos)|vinculante\w*|trato hecho|es un trato|"
        r"garanti(?:amo|sco|to|ta|re|sce)\b|promett\w*|(?:le|ti|vi) assicur\w+|assicur(?:o|iamo)|vincolant\w*|affare fatto|"
        r"^\W*(?:deal|agreed|einverstanden|topp|trato|hecho|affare|akkoord)\b|(?<!choice )(?:is|are|s) (?:all )?yours\b|(?:it|car|order|item|product) (?:can|could) be yours|"
        r"(?:have|get|take|buy) (?:it|them|this|the \w+) for (?:just |only |a )*(?:\d|one|two)|(?:let you have|sell (?:you )?(?:it|this|them|the \w+)) .{0,20}\bfor|"
        r"gehor(?:t|en) (?:\w+ )?(?:ihnen|dir)|(?:ist|sind) (?:jetzt |nun )?(?:ihr\w?|deins?)\b .{0,20}\bfur|(?:uberlassen|verkaufen) wir|"
        r"(?:es|son) suy[oa]s? por|(?:es|son) tuy[oa]s? por|(?:ee|sono) (?:suo|sua|tuo|tua|suoi) per|is van u\b|is voor u voor|is (?:nu )?(?:van jou|de uwe)|"
        r"garandeer\w*|gegarandeerd\w*|garander\w*|beloof\w*|belov\w*|belofte\w*|verzeker u|verzeker je|verzekeren u|\w*bindend\w*|afgesproken"
    ),
    "compensation": _starting(
        r"\w*compens\w*|goodwill|make it up to you|store credit|credit (?:of|your|you)|credited|entschadig\w*|schadensersatz|\w*kulanz\w*|"
        r"cover (?:all |any |the |your |full )+(?:\w+ )?(?:costs?|damages?|expenses|fees|bill)|pay for (?:all |any |the |your )+(?:\w+ )?(?:damages?|losses|repairs?|trouble)|"
        r"(?:is|are|s) on us\b|(?:ubernehmen|tragen|ersetzen) (?:\w+ ){0,5}(?:\w*kosten|schaden)|(?:kosten|schaden) (?:\w+ ){0,4}(?:ubernehmen|tragen|ersetzen) wir|"
        r"geht auf uns|auf unsere kosten|zahlen (?:\w+ ){0,4}schaden|corre\w* (?:\w+ ){0,2}por nuestra cuenta|nos hacemos cargo|a nuestro cargo|invita la casa|"
        r"a nostro carico|ci facciamo carico|offre la casa|copriamo|paghiamo (?:\w+ ){0,3}dann\w|(?:op|voor) onze (?:kosten|rekening)|"
        r"betalen (?:wij |we )?(?:\w+ ){0,3}schade|gutschrift\w*|gutgeschrieben|gutschreib\w*|indemniz\w*|abonar\w*|risarc\w*|indennizz\w*|accredit\w*|schadevergoed\w*|tegemoetkoming|vergoed\w*"
    ),
    "approval": _starting(
        r"approv\w*|authori[sz]\w*|granted|exception\w*|exempt\w*|confirmed|genehmig\w*|bewillig\w*|ausnahm\w*|bestatigt|aprob\w*|autoriz\w*|"
        r"excepcion\w*|confirmad[oa]|approvat\w*|autorizz\w*|eccezion\w*|confermat\w*|goedgekeurd|goedkeur\w*|toegekend|uitzondering\w*|bevestigd"
    ),
    "replacement": _starting(
        r"replacement\w*|(?:send|ship) you (?:a )?new|\w*ersatz(?:lieferung|produkt|artikel|teil\w*)?\b|reemplaz\w*|sustituci\w*|sostituzion\w*|"
        r"vervanging\w*|vervangend\w*"
    ),
    "call-back": _starting(
        r"(?:will|ll|going to|can) (?:call|phone|ring) you|call you (?:back|soon|today|tomorrow)|call ?back|"
        r"ruf\w* (?:sie|dich) .{0,30}(?:an|zuruck)\b|ruckruf\w*|"
        r"(?:le|te) llamar\w+|llamar(?:le|te|emos)|(?:la|ti) (?:ri)?chiamer\w+|richiamer\w*|bellen (?:u|je)\b|bel(?:t|len)? (?:u|je) .{0,20}terug|terugbel\w*"
    ),
    "date": _starting(
        rf"(?:by|on|until|before|next|this|am|bis|nachsten|kommenden|el|este|proximo|entro|questo|prossimo|op|voor|uiterlijk|volgende) (?:{_WEEKDAYS})\b|"
        r"today|tonight|tomorrow|next week|this (?:week|evening|afternoon)|by the end of the (?:day|week)|within the hour|heute|(?<!guten )morgen\b|"
        r"ubermorgen|nachste woche|diese woche|\bhoy\b|(?<!por la )(?<!de la )manana|esta (?:semana|tarde)|la semana que viene|\boggi\b|stasera|domani|"
        r"dopodomani|questa settimana|vandaag|vanavond|overmorgen|deze week|volgende week"
    ),
    "liability": _starting(
        r"(?:we|i) (?:are|am|re|m) (?:\w+ )?(?:liable|responsible|to blame)|(?:is|was|s) (?:entirely |all |completely )?our (?:own )?(?:fault|mistake|responsibility)|"
        r"our (?:own )?fault|admit (?:the|our|fault|liability)|"
        r"(?:accept|take|assume|bear|acknowledge|admit)s? (?:\w+ ){0,3}(?:responsibility|liability|blame|guilt)|"
        r"unsere (?:eigene )?schuld|(?:wir haften|haften wir)|(?:ubern\w+|tragen|trage) (?:\w+ ){0,4}(?:\w*verantwortung|\w*haftung|schuld)|"
        r"wir sind (?:\w+ )?(?:schuld|verantwortlich|haftbar)|culpa nuestra|nuestra culpa|(?:asum\w+|acept\w+|reconoc\w+) (?:\w+ ){0,4}(?:responsabilidad|culpa)|"
        r"somos (?:\w+ )?(?:responsables|culpables)|colpa nostra|nostra colpa|"
        r"(?:assum\w+|accett\w+|prend\w+|riconosc\w+) (?:\w+ ){0,4}(?:responsabilita|colpa)|siamo (?:\w+ )?responsabili|"
        r"onze (?:eigen )?schuld|(?:wij|we) zijn (?:\w+ )?(?:aansprakelijk|verantwoordelijk)|"
        r"(?:nemen|aanvaarden|dragen|accepteren|erkennen) (?:\w+ ){0,4}(?:verantwoordelijkheid|aansprakelijkheid|schuld)"
    ),
    "done": _starting(
        rf"(?:your|this|the) (?:\w+ ){{1,3}}?(?:has|have|had) (?:\w+ )?been (?:\w+ )?{_DONE_EN}|your (?:\w+ ){{1,3}}?(?:was|were|(?:is|are) now) (?:\w+ )?{_DONE_EN}|"
        rf"(?:ihr\w*|dein\w*) (?:\w+ ){{1,3}}?(?:wurden?|ist|sind) (?:\w+ ){{0,5}}?(?:{_DONE_DE})|"
        rf"(?:su|sus|tu|tus) (?:\w+ ){{1,3}}?(?:ha sido|han sido|fue|fueron|esta|estan|queda) (?:\w+ )?(?:{_DONE_ES})|"
        rf"(?:suo|sua|suoi|sue|tuo|tua) (?:\w+ ){{1,3}}?(?:ee|sono) (?:stat\w |gia )+(?:{_DONE_IT})|"
        rf"(?:uw|je|jouw) (?:\w+ ){{1,3}}?(?:is|zijn|werd|werden) (?:\w+ ){{0,5}}?(?:{_DONE_NL})"
    ),
}  # fmt: skip
"""What is promised, by kind, as it is written without accents, capitals and apostrophes."""

_DEED = re.compile(
    rf"\bi (?:ve|have|ll|will|can|am going to|m going to|just|now|hereby)(?: (?:just|now|already|also|hereby))* (?:{_DONE})|"
    rf"\bi (?:cancelled|canceled|refunded|issued|credited|applied|booked|extended|waived|upgraded|unlocked|approved)\b|"
    rf"\bich\b.{{0,60}}\b(?:{_DONE_DE})|\bhe (?:{_DONE_ES})|\bhemos (?:{_DONE_ES})|\b(?:reembolsare|cancelare|anulare|enviare|aplicare)\b|"
    rf"^\W*(?:all )?(?:done|erledigt|listo|hecho|fatto|geregeld|gedaan)\W*$|\bho (?:{_DONE_IT})|\babbiamo (?:{_DONE_IT})|\b(?:rimborsero|annullero|applichero|inviero)\b|\bik\b.{{0,60}}\b(?:{_DONE_NL})"
)
"""What the assistant says that it does or did itself. It acts on nothing, so no passage can bear it out."""

_CONDITION = re.compile(
    r"\b(?:when|whenever|once|if|after|until|before|while|as soon as|unless|wenn|sobald|falls|nachdem|bevor|solange|cuando|si|una vez|despues|hasta|"
    r"antes|quando|se|una volta|dopo|finche|prima|als|zodra|wanneer|nadat|indien|totdat|voordat)\b"
)
"""What makes of "your order was sent" a case and not a claim."""

_NO_DENIAL = re.compile(
    r"no problem\w*|no worries|never mind|no doubt|not only|no takesies|why not|not a problem|kein problem|keine sorge|kein thema|nicht nur|"
    r"no hay problema|no se preocupe|no solo|nessun problema|non si preoccupi|non solo|geen probleem|geen zorgen|niet alleen"
)
_DENIAL = re.compile(
    r"\b(?:not|no|never|cannot|cant|wont|dont|doesnt|isnt|arent|unable|neither|nicht|kein\w*|nie|niemals|nunca|ningun\w*|tampoco|non|nessun\w*|mai|"
    r"niet|geen|nooit)\b|\b\w+n t\b|\bcan t\b"
)
_CLAUSE = re.compile(r"[,;:()\u2013\u2014\n]| - |\b(?:but|however|aber|sondern|pero|sino|maar|tuttavia)\b")
_IS = "ee"
"""How the Italian for "is" is written here: without its accent it would be the word for "and"."""
_AND = {"en": r"\band\b", "de": r"\bund\b", "es": r"\by\b", "it": r"\be\b", "nl": r"\ben\b"}


def broken_promises(text: str, grounds: Iterable[str], *, language: str) -> list[str]:
    """The kinds of promises in ``text`` that no passage of ``grounds`` makes; ``deed`` is what the assistant claims to do.

    A denial and a question promise nothing. A promise stands where the passage's clause of that kind which is nearest in
    words makes it too: "express is refunded" does not follow from "express is not refunded".
    """
    given = [clause for ground in grounds for clause in _clauses(ground, "")]
    broken: dict[str, None] = {}
    for clause in _clauses(text, language):
        if clause.endswith("?") or denies(clause):
            continue
        if _DEED.search(clause):
            broken["deed"] = None
        for kind, pattern in KINDS.items():
            if kind == "done" and _CONDITION.search(clause):
                continue
            if pattern.search(clause) and not _is_borne_out(clause, pattern, given):
                broken[kind] = None
    return list(broken)


def _is_borne_out(clause: str, pattern: re.Pattern[str], given: list[str]) -> bool:
    same = [each for each in given if pattern.search(each)]
    if not same:
        return False
    own = _content(pattern.sub(" ", clause))
    shared = [len(own & _content(pattern.sub(" ", each))) for each in same]
    nearest = [each for each, count in zip(same, shared, strict=True) if count == max(shared)]
    return any(not denies(each) for each in nearest)


def _content(clause: str) -> set[str]:
    return {word[:6] for word in re.findall(r"\w{4,}", clause)}


def denies(clause: str) -> bool:
    """Whether the clause says that something is not so; "at no cost" denies nothing."""
    rest = KINDS["free"].sub(" ", _NO_DENIAL.sub(" ", clause))
    return _DENIAL.search(rest) is not None


def _clauses(text: str, language: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text)
    found: list[str] = []
    for start, end in sentence_spans(plain):
        sentence = re.sub(r"\b[èÈ]\b", _IS, plain[start:end].replace("'", " ").replace("\u2019", " "))
        is_question = sentence.rstrip("\"'”’») ").endswith(("?", "？"))
        parts = [part for piece in _CLAUSE.split(fold(sentence)) for part in _joined_parts(piece, language)]
        clauses = [part.strip() for part in parts if part.strip()]
        if clauses and is_question:
            # What stands before the question is said, not asked.
            clauses[-1] += "?"
        found.extend(clauses)
    return found


def _joined_parts(piece: str, language: str) -> list[str]:
    return re.split(_AND[language], piece) if language in _AND else [piece]
