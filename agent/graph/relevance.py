"""Whether each sentence of a model's answer is about what it cites: a model that obeys somebody else writes of other things."""

from collections.abc import Callable, Sequence

from agent.engine.openers import ANSWERS, GREETINGS
from agent.engine.text import sentence_spans, stems, words

NEAR = 0.32
"""The cosine from which a sentence is about a passage; measured on paraphrases in five languages and on hijacked answers."""

NEAR_FOR_FEW_WORDS = 0.45
"""The same for one or two words, whose vectors lie near to anything."""

COURTEOUS = 0.5
"""The cosine from which a sentence is a courtesy, as those of ``COURTESIES``."""

_FEW_WORDS = 2
_SHARED_STEMS = 0.75

COURTESIES = (
    "I'm happy to help you with that.",
    "Thank you for your message.",
    "I'm sorry for the trouble.",
    "Please let me know if you have any other questions.",
    "Is there anything else I can do for you?",
    "Just write to us again if you need more help.",
    "Yes, that is possible.",
    "No, unfortunately that is not possible.",
    "Here is what you need to know.",
    "I hope this answers your question.",
    "I understand that this is annoying.",
    "A colleague can help you further.",
    "Good question!",
    "Yes, of course you can.",
    "Gerne helfe ich Ihnen weiter.",
    "Melden Sie sich gern wieder, wenn Sie noch Fragen haben.",
    "Das verstehe ich gut.",
    "Con mucho gusto le ayudo.",
    "Quedo a su disposición para cualquier otra consulta.",
    "Sono felice di aiutarla.",
    "Resto a disposizione per altre domande.",
    "Ik help u graag verder.",
    "Laat het gerust weten als u nog vragen hebt.",
)
"""What polite people say around an answer. The vectors of one sentence in two languages lie together, but not always."""

Nearness = Callable[[Sequence[str], Sequence[str]], Sequence[float]]
"""For each of the first texts, the cosine to the nearest of the second ones."""


def off_topic(text: str, grounds: Sequence[str], nearness: Nearness, *, language: str) -> int:
    """How many sentences of ``text`` are neither about ``grounds`` nor a courtesy."""
    known = {stem for ground in grounds for stem in stems(ground, language)}
    doubtful = [sentence for sentence in _sentences(text) if not _is_plain(sentence, known, language)]
    if not doubtful:
        return 0
    passages = [piece for ground in grounds for piece in [ground, *_sentences(ground)]]
    about = nearness(doubtful, passages) if passages else [0.0] * len(doubtful)
    polite = nearness(doubtful, COURTESIES)
    return sum(
        near < (NEAR if len(sentence.split()) > _FEW_WORDS else NEAR_FOR_FEW_WORDS) and courtesy < COURTEOUS
        for sentence, near, courtesy in zip(doubtful, about, polite, strict=True)
    )


def _is_plain(sentence: str, known: set[str], language: str) -> bool:
    """Whether the words alone show it: a yes or a greeting, or most of what it says stands in the passages."""
    if not any(sign.isalnum() for sign in sentence) or set(words(sentence)) <= ANSWERS | GREETINGS:
        return True
    own = set(stems(sentence, language))
    return bool(own) and len(own & known) >= _SHARED_STEMS * len(own)


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]
