"""What a message asks, one question at a time, and what the questions lean on.

People ask several things at once (“how long does delivery take and what does it cost”), and each has its own article.
Where a question has no topic of its own, its topic stands in the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.engine.stopwords import STOPWORDS
from agent.engine.text import fold, sentence_spans, words

_SUBJECTS = {
    "en": "i|you|u|it|they|we|he|she|this|that|these|those|there|the|my|your|a|an|any|anyone",
    "de": "ich|man|sie|ihr|es|er|wir|das|der|die|den|dies|diese|dieser|mein|meine|meinen|ein|eine|einen|auch",
    "nl": "ik|je|jij|u|jullie|het|hij|zij|ze|we|wij|dat|dit|de|die|deze|mijn|een|er",
}
_AUXILIARIES = {
    "en": "can|could|do|does|did|is|are|was|will|would|may|should|must|have|has",
    "de": "kann|kannst|konnen|konnt|darf|muss|ist|sind|gibt|habt|haben|hat|liefert|liefern|wird|werden|kostet|geht|passt",
    "nl": "kan|kunnen|kun|mag|moet|moeten|is|zijn|hebben|heeft|heb|leveren|doen|wordt|worden|kost",
}
_STARTS: Mapping[str, re.Pattern[str]] = {
    "en": re.compile(
        rf"(?:how|why)\b|(?:what|when|where|which|who|whats|wheres)\b(?:\s+\w+){{0,2}}?\s+(?:{_AUXILIARIES['en']})\b|(?:whats|wheres)\b"
        rf"|(?:{_AUXILIARIES['en']})\s+(?:{_SUBJECTS['en']})\b"
    ),
    "de": re.compile(
        rf"(?:wie|was|wann|wo|wohin|woher|warum|wieso|welche[rsnm]?|wer|wieviel)\b"
        rf"|(?:{_AUXILIARIES['de']})\s+(?:{_SUBJECTS['de']})\b"
    ),
    "es": re.compile(
        r"(?:cuant[oa]s?|como|cuando|donde|cual(?:es)?|quien(?:es)?|por que|que)\b"
        r"|(?:puedo|puede|pueden|podeis|hay|tienen|teneis|tengo|envian|hacen|aceptan|se puede)\b"
    ),
    "it": re.compile(
        r"(?:quant[oaie]|come|quando|dove|cosa|che cosa|quale?|quali|chi|perche)\b"
        r"|(?:posso|puo|potete|si puo|avete|ce|e possibile|spedite|accettate|devo)\b"
    ),
    "nl": re.compile(
        rf"(?:hoe|hoeveel|wat|wanneer|waar|waarom|welke?|wie)\b|(?:{_AUXILIARIES['nl']})\s+(?:{_SUBJECTS['nl']})\b"
    ),
}
_AND = {
    "en": "and|also|plus",
    "de": "und|außerdem|ausserdem",
    "es": "y|e|además|ademas",
    "it": "e|ed|inoltre",
    "nl": "en|ook",
}
_TELLING = frozenset(
    [
        "say",
        "tell",
        "know",
        "explain",
        "ask",
        "sagen",
        "wissen",
        "erklaren",
        "verraten",
        "fragen",
        "weiss",
        "sagt",
        "decir",
        "decirme",
        "saber",
        "explicar",
        "dire",
        "dirmi",
        "sapere",
        "spiegare",
        "zeggen",
        "weten",
        "vertellen",
        "uitleggen",
        "weet",
    ]
)
"""What stands before a question that is only put politely: “can you tell me, when …” is one question."""

_POLITE = frozenset(
    [
        "help",
        "question",
        "questions",
        "quick",
        "short",
        "ask",
        "tell",
        "say",
        "know",
        "wonder",
        "possible",
        "sure",
        "right",
        "correct",
        "normal",
        "ok",
        "okay",
        "thing",
        "something",
        "idea",
        "say",
        "hilfe",
        "helfen",
        "frage",
        "fragen",
        "kurze",
        "kurz",
        "sagen",
        "wissen",
        "moglich",
        "stimmt",
        "richtig",
        "etwas",
        "ayuda",
        "ayudar",
        "ayudarme",
        "pregunta",
        "decir",
        "decirme",
        "saber",
        "posible",
        "verdad",
        "aiuto",
        "aiutare",
        "aiutarmi",
        "domanda",
        "dire",
        "dirmi",
        "sapere",
        "possibile",
        "vero",
        "hulp",
        "helpen",
        "vraag",
        "vragen",
        "zeggen",
        "weten",
        "mogelijk",
        "klopt",
    ]
)
_MEASURES = frozenset(
    [
        "long",
        "much",
        "many",
        "day",
        "days",
        "week",
        "weeks",
        "month",
        "months",
        "hour",
        "hours",
        "time",
        "take",
        "takes",
        "cost",
        "costs",
        "price",
        "expensive",
        "fast",
        "soon",
        "late",
        "pay",
        "charge",
        "lang",
        "lange",
        "viel",
        "viele",
        "tag",
        "tage",
        "woche",
        "wochen",
        "monat",
        "monate",
        "zeit",
        "dauert",
        "dauern",
        "kostet",
        "kosten",
        "preis",
        "teuer",
        "schnell",
        "bezahlen",
        "zahlen",
        "dia",
        "dias",
        "semana",
        "semanas",
        "mes",
        "meses",
        "hora",
        "horas",
        "tiempo",
        "tarda",
        "tardan",
        "cuesta",
        "cuestan",
        "vale",
        "precio",
        "caro",
        "rapido",
        "pagar",
        "giorno",
        "giorni",
        "settimana",
        "settimane",
        "mese",
        "mesi",
        "ore",
        "tempo",
        "ci",
        "vuole",
        "impiega",
        "costa",
        "costano",
        "prezzo",
        "caro",
        "veloce",
        "pagare",
        "dag",
        "dagen",
        "week",
        "weken",
        "maand",
        "maanden",
        "uur",
        "tijd",
        "duurt",
        "duren",
        "kost",
        "kosten",
        "prijs",
        "duur",
        "snel",
        "betalen",
    ]
)
_LEADING = re.compile(r"^[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a message. ``asks`` says that it is put as a question; ``anchors`` are the words that name its topic.

    A part ``is_empty`` when nothing in it could be searched for, and ``leans`` when its topic must stand elsewhere.
    """

    text: str
    line: int
    asks: bool
    anchors: tuple[str, ...]
    is_empty: bool

    @property
    def leans(self) -> bool:
        """Whether it asks for a measure (how long, how much) and does not say of what."""
        return self.asks and not self.anchors and not self.is_empty


def parts_of(text: str, language: str) -> tuple[Part, ...]:
    """The message's sentences in their order, those with several questions cut between them."""
    found: list[Part] = []
    for number, line in enumerate(text.splitlines()):
        for start, end in sentence_spans(line):
            found.extend(_part(piece, number, language) for piece in _questions(line[start:end], language))
    return tuple(found)


def topic_of(text: str, language: str) -> str:
    """The words of a text that name what it is about, as they were written."""
    return " ".join(_anchors(text, language))


def _part(text: str, line: int, language: str) -> Part:
    said = list(words(text))
    anchors = _anchors(text, language)
    measures = any(word in _MEASURES for word in said)
    return Part(
        text=text,
        line=line,
        asks=text.rstrip(" \"'»”)").endswith(("?", "？")) or _starts_question(text, language),
        anchors=anchors,
        is_empty=not anchors and not measures,
    )


def _anchors(text: str, language: str) -> tuple[str, ...]:
    common = STOPWORDS.get(language, frozenset())
    return tuple(
        word
        for word in re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text)
        if len(word) > 2 and not {fold(word), fold(word.split("'")[0])} & (common | _POLITE | _MEASURES)
    )


def _starts_question(text: str, language: str) -> bool:
    start = _STARTS.get(language)
    return start is not None and bool(start.match(_without_and(_plain(text), language)))


def _plain(text: str) -> str:
    return _LEADING.sub("", fold(text))


def _without_and(folded: str, language: str) -> str:
    return re.sub(rf"^(?:(?:{_AND.get(language, 'and')})\b[\s,]*)+", "", folded)


def _questions(sentence: str, language: str) -> Iterator[str]:
    """The sentence cut before each further question in it; one that is no question stays whole."""
    start = _STARTS.get(language)
    if start is None or not (_starts_question(sentence, language) or sentence.rstrip().endswith("?")):
        yield sentence
        return
    begin = 0
    for seam in re.finditer(rf"\s*[,;]?\s+(?:(?:{_AND[language]})\s+)?(?=[^\s])", sentence, re.IGNORECASE):
        joined = seam.group().strip()
        if not joined or not start.match(_plain(sentence[seam.end() :])):
            continue
        before = sentence[begin : seam.start()]
        said = list(words(before))
        # One word is no question yet, and after “tell me” comes the only one.
        if len(said) < 2 or (
            joined in {",", ";"} and (said[-1] in _TELLING or not _is_question(before, start, language))
        ):
            continue
        yield before.strip()
        begin = seam.end()
    yield sentence[begin:].strip()


def _is_question(text: str, start: re.Pattern[str], language: str) -> bool:
    return bool(start.match(_without_and(_plain(text), language)))
