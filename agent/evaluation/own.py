"""The product's own sets: its seeds in held-out folds, and messages and questions that nothing is fitted from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from sklearn.model_selection import StratifiedKFold

from agent.engine.fitting import FOLDS
from agent.engine.types import OTHER_INTENT, SENTIMENT_LABELS, LabelledText
from agent.evaluation import figures as fig
from agent.evaluation import held
from agent.evaluation.business import Business, Workshop
from agent.evaluation.figures import Figures, Finding
from agent.evaluation.languages import Spoken, measure_language
from agent.evaluation.retrieval import Asked, Question, ask, judge_gate, judge_retrieval
from agent.evaluation.rows import Row
from agent.evaluation.understanding import Heard, hear, judge_intents, judge_scope, judge_sentiment

_SEED = 20

Item = TypeVar("Item")


def measure_intents(workshop: Workshop) -> Finding:
    """The example utterances of the intents, and the routes of messages that nothing is fitted from."""
    heard, milliseconds = _examples(workshop)
    own = [each for each in heard if not each.row.is_foreign]
    return fig.together([judge_intents(own), _routes(workshop), _took(milliseconds)], count=len(own))


def measure_scope(workshop: Workshop) -> Finding:
    """The example utterances: background talk is out of scope, everything else is in it."""
    heard, milliseconds = _examples(workshop)
    return fig.together([judge_scope(heard), _took(milliseconds)], count=len(heard))


def measure_sentiment(workshop: Workshop) -> Finding:
    """The sentiment seeds."""
    labels = {str(label): label for label in SENTIMENT_LABELS}
    heard: list[Heard] = []
    milliseconds: list[float] = []
    texts = workshop.seeds.sentiment
    for kept, left_out in _folds(texts, lambda text: f"{text.label} {text.language}", workshop):
        business = workshop.seeded(sentiment=kept, heads={})
        rows = [
            Row(text=text.text, language=text.language, is_training=False, sentiment=labels[text.label])
            for text in left_out
        ]
        own, took = hear(business, rows)
        heard.extend(own)
        milliseconds.extend(took)
    return fig.together([judge_sentiment(heard), _took(milliseconds)], count=len(heard))


def measure_languages(workshop: Workshop) -> Finding:
    """What customers write in the seeds' languages, and the fixed texts and phrases in all that the business speaks."""
    seeds = workshop.seeds
    pairs = [
        *((example.text, example.language) for example in seeds.examples),
        *((question.text, question.language) for question in held.questions()),
        *((message.text, message.language) for message in held.routed_messages()),
        *((text, language) for language, texts in seeds.templates.items() for text in texts.values()),
        *((phrase.text, phrase.language) for phrase in seeds.phrases),
    ]
    languages: dict[str, set[str]] = {}
    for text, language in pairs:
        languages.setdefault(text, set()).add(language)
    # What two languages write alike belongs to neither.
    texts = [Spoken(text=text, language=next(iter(own))) for text, own in languages.items() if len(own) == 1]
    return fig.together([measure_language(texts, workshop.languages)], count=len(texts))


def measure_retrieval(workshop: Workshop) -> Finding:
    """Questions that the shipped articles answer, asked of all of these."""
    asked = _asked(workshop, [question for question in held.questions() if question.articles])
    return fig.together([judge_retrieval(asked), _took([each.milliseconds for each in asked])], count=len(asked))


def measure_gate(workshop: Workshop) -> Finding:
    """Questions with and without an article that answers, and the former once more with that article taken out."""
    questions = held.questions()
    asked = _asked(workshop, questions)
    without: list[Asked] = []
    workshop.tell("Asking again without the articles that answer …")
    passages = workshop.seeds.public_passages
    for articles in sorted({each.articles for each in questions if each.articles}, key=sorted):
        rest = [passage for passage in passages if passage.article_id.split(".")[0] not in articles]
        engine = workshop.asked(rest)
        theirs = [question for question in questions if question.articles == articles]
        without.extend(ask(engine, replace(_question(each, workshop.shipped), articles=frozenset())) for each in theirs)
    took = _took([each.milliseconds for each in asked])
    return fig.together([judge_gate(asked, without), took], count=len(asked) + len(without))


def measure_escalation(workshop: Workshop) -> Finding:
    """The seeds of the escalation heads and, as they stand, the phrases that fire one."""
    pairs = [(head, text) for head, texts in workshop.seeds.heads.items() for text in texts]
    decided: dict[str, list[tuple[bool, bool]]] = {}
    milliseconds: list[float] = []
    business: Business | None = None
    for kept, left_out in _folds(pairs, lambda pair: f"{pair[0]} {pair[1].label}", workshop):
        heads: Mapping[str, Sequence[LabelledText]] = {
            head: [text for own, text in kept if own == head] for head in workshop.seeds.heads
        }
        business = workshop.seeded(heads=heads)
        rows = [Row(text=text.text, language=text.language, is_training=False) for _, text in left_out]
        heard, took = hear(business, rows)
        milliseconds.extend(took)
        for (head, text), each in zip(left_out, heard, strict=True):
            decided.setdefault(head, []).append((text.label == "yes", each.said.signals[head].fired))
    lines = ["escalation: head, recall, false alarms"]
    scores: list[float] = []
    for head, pairs_of in sorted(decided.items()):
        truth, fired = [own for own, _ in pairs_of], [other for _, other in pairs_of]
        scores.append(fig.macro_f1([str(own) for own in truth], [str(other) for other in fired]))
        caught = fig.share(other for own, other in pairs_of if own)
        alarms = fig.share(other for own, other in pairs_of if not own)
        lines.append(f"  {head:<16} {fig.percent(caught):>7} {fig.percent(alarms):>7}  of {len(pairs_of)}")
    every = [own == other for each in decided.values() for own, other in each]
    figures: Figures = {"accuracy": fig.share(every), "macro_f1": round(float(np.mean(scores)), 4)}
    silent = [phrase for phrase in workshop.seeds.phrases if not _fires(business, phrase.text, phrase.head)]
    lines.append(
        f"  phrases that fire their head: {len(workshop.seeds.phrases) - len(silent)} of {len(workshop.seeds.phrases)}"
    )
    lines.extend(f"  silent: {phrase.text} ({phrase.head})" for phrase in silent)
    return fig.together([Finding(figures=figures, lines=tuple(lines)), _took(milliseconds)], count=len(every))


def _took(milliseconds: Sequence[float]) -> Finding:
    return Finding(figures={}, milliseconds=tuple(milliseconds))


def _fires(business: Business | None, text: str, head: str) -> bool:
    if business is None:
        return False
    said = business.engine.understand(text, language_prior=None, languages=business.languages)
    return head in said.signals and said.signals[head].fired


def _examples(workshop: Workshop) -> tuple[list[Heard], list[float]]:
    """Every example utterance, heard by heads that never saw it."""
    heard: list[Heard] = []
    milliseconds: list[float] = []
    for kept, left_out in _folds(workshop.seeds.examples, lambda each: f"{each.intent} {each.language}", workshop):
        business = workshop.seeded(examples=kept, heads={})
        rows = [
            Row(
                text=example.text,
                language=example.language,
                is_training=False,
                intent=None if example.intent == OTHER_INTENT else example.intent,
                in_scope=example.intent != OTHER_INTENT,
            )
            for example in left_out
        ]
        own, took = hear(business, rows)
        heard.extend(own)
        milliseconds.extend(took)
    return heard, milliseconds


def _routes(workshop: Workshop) -> Finding:
    business = workshop.shipped
    right: dict[str, list[bool]] = {}
    for message in held.routed_messages():
        said = business.engine.understand(message.text, language_prior=None, languages=business.languages)
        right.setdefault(message.route, []).append(said.route == message.route)
    every = [hit for own in right.values() for hit in own]
    line = f"routes of {len(every)} messages that nothing was fitted from: {fig.percent(fig.share(every))} are right"
    return Finding(figures={}, lines=(line, *fig.by_group(right)))


def _asked(workshop: Workshop, questions: Sequence[held.Question]) -> list[Asked]:
    shipped = workshop.shipped
    return [ask(shipped.engine, _question(question, shipped)) for question in questions]


def _question(question: held.Question, business: Business) -> Question:
    said = business.engine.understand(question.text, language_prior=question.language, languages=business.languages)
    return Question(
        text=question.text,
        language=question.language,
        # Any version answers; of one that there is in the question's language only that is looked at.
        articles=frozenset(f"{slug}.{language}" for slug in question.articles for language in business.languages),
        topics=said.topics,
    )


def _folds(
    items: Sequence[Item], label: Callable[[Item], str], workshop: Workshop
) -> Iterator[tuple[list[Item], list[Item]]]:
    """Those to fit from and those to measure, by turns; every label is spread over the folds."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=_SEED)
    split = folds.split(np.zeros(len(items)), [label(item) for item in items])
    for number, (kept, left_out) in enumerate(split, start=1):
        workshop.tell(f"Fold {number} of {FOLDS} …")
        yield [items[place] for place in kept], [items[place] for place in left_out]


MEASURES: Mapping[str, Callable[[Workshop], Finding]] = {
    "intents": measure_intents,
    "oos": measure_scope,
    "sentiment": measure_sentiment,
    "language": measure_languages,
    "retrieval": measure_retrieval,
    "gate": measure_gate,
    "escalation": measure_escalation,
}
