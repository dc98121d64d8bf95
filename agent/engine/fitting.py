"""Fitting the heads: logistic regression, temperature, thresholds and the report, all by 5-fold cross-validation."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from agent.engine.encoder import Encoder
from agent.engine.heads import (
    BinaryHead,
    FloatArray,
    Heads,
    HeadSet,
    IntentHead,
    LinearHead,
    NgramProjection,
    join_embeddings,
    mix_score,
    softmax,
    unit_rows,
)
from agent.engine.ngrams import ngram_counts
from agent.engine.sentiment import lexicon_features
from agent.engine.text import clean, mask
from agent.engine.types import OTHER_INTENT, SENTIMENT_LABELS, Example, IntentSpec, LabelledText

FOLDS = 5
_SEED = 20
_COMPONENTS = 256
_INTENT_STRENGTH, _SENTIMENT_STRENGTH, _SIGNAL_STRENGTH = 20.0, 1.0, 5.0
_PRECISION_TARGET = 0.95
_FALSE_REJECTS = 0.05
_RECALL_WEIGHT = 1.5
_SIGNAL_THRESHOLDS = (0.1, 0.5)
_LEAST_ENGLISH = 5
_MISSING_CLASS = -30.0


class NotEnoughExamples(ValueError):
    """There is too little to fit a head from; the message names what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """One head to be fitted: embeddings (n, width), extra features (n, k), labels and classes in their order."""

    embeddings: FloatArray
    extras: FloatArray
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    strength: float
    class_weight: str | None = "balanced"


def fit(
    examples: Sequence[Example],
    intents: Sequence[IntentSpec],
    sentiment: Sequence[LabelledText],
    heads: Mapping[str, Sequence[LabelledText]],
    encoder: Encoder,
    cache: MutableMapping[str, bytes] | None = None,
) -> Heads:
    """Fit every head from examples and seeds.

    ``heads`` maps an escalation head's name to texts labelled yes or no. Examples of unknown intents are left out.
    With ``cache`` the vectors of texts already seen are not computed again. Raises NotEnoughExamples.
    """
    started = time.process_time()
    known = {spec.key for spec in intents}
    usable = [example for example in examples if example.intent in known and clean(example.text)]
    if len({example.intent for example in usable}) < 2:
        raise NotEnoughExamples("Examples of at least two intents are needed.")
    missing = set(SENTIMENT_LABELS) - {text.label for text in sentiment}
    if missing:
        raise NotEnoughExamples(f"Sentiment examples are missing: {', '.join(sorted(missing))}.")
    ngrams = _fit_ngrams([mask(clean(example.text)) for example in usable])
    report: dict[str, Any] = {"examples": len(usable), "intents": len({example.intent for example in usable})}
    general = _fit_set(usable, intents, sentiment, heads, _General(encoder, cache), ngrams, report, "general")
    english = None
    if encoder.has_english:
        chosen = _english_examples(usable)
        if len({example.intent for example in chosen}) >= 2:
            english = _fit_set(chosen, intents, sentiment, heads, _English(encoder, cache), ngrams, report, "english")
    report["cpu_seconds"] = round(time.process_time() - started, 2)
    return Heads(
        fingerprint=encoder.fingerprint,
        english_fingerprint=encoder.english_fingerprint if english is not None else "",
        languages=tuple(sorted({example.language for example in usable})),
        intents=tuple(intents),
        ngrams=ngrams,
        general=general,
        english=english,
        report=report,
    )


class _General:
    """Embeddings of the multilingual encoder."""

    def __init__(self, encoder: Encoder, cache: MutableMapping[str, bytes] | None) -> None:
        self.encoder, self.cache = encoder, cache

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        return self.encoder.encode([mask(clean(text)) for text in texts], self.cache)


class _English(_General):
    """Embeddings of both encoders beside each other."""

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        masked = [mask(clean(text)) for text in texts]
        return join_embeddings(self.encoder.encode(masked, self.cache), self.encoder.encode_english(masked, self.cache))


def _english_examples(examples: Sequence[Example]) -> list[Example]:
    counts = Counter(example.intent for example in examples if example.language == "en")
    # An intent that was never shown in English still has to be known to the English head.
    return [example for example in examples if example.language == "en" or counts[example.intent] < _LEAST_ENGLISH]


def _fit_set(
    examples: Sequence[Example],
    intents: Sequence[IntentSpec],
    sentiment: Sequence[LabelledText],
    heads: Mapping[str, Sequence[LabelledText]],
    embed: _General,
    ngrams: NgramProjection,
    report: dict[str, Any],
    name: str,
) -> HeadSet:
    english_only = name == "english"
    embeddings = embed([example.text for example in examples])
    extras = ngrams.transform([clean(example.text) for example in examples])
    own: dict[str, Any] = {}
    report[name] = own
    intent_head = _fit_intents(examples, embeddings, extras, own)
    # Tone has few examples, and those of other languages teach more by the shared half of the vectors than the half that
    # knows English only confuses.
    tone_head = _fit_sentiment(sentiment, embed, own)
    signals = {
        head: _fit_signal(head, _signal_texts(head, seeds, examples, intents, english_only), embed, own)
        for head, seeds in heads.items()
    }
    return HeadSet(intents=intent_head, sentiment=tone_head, signals=signals)


def _fit_ngrams(texts: Sequence[str]) -> NgramProjection:
    counts = sparse.hstack(ngram_counts(texts), format="csr")
    frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log((1 + len(texts)) / (1 + frequency)).astype(np.float32) + 1
    components = max(1, min(_COMPONENTS, len(texts) - 1))
    weighted = counts.multiply(idf).tocsr()
    reduction = TruncatedSVD(components, random_state=_SEED, n_iter=3).fit(weighted)
    matrix = (idf[:, None] * reduction.components_.T).astype(np.float16)
    return NgramProjection(matrix=matrix.astype(np.float32))


def _fit_intents(
    examples: Sequence[Example], embeddings: FloatArray, extras: FloatArray, report: dict[str, Any]
) -> IntentHead:
    classes = tuple(sorted({example.intent for example in examples}))
    numbers = {key: number for number, key in enumerate(classes)}
    labels = np.array([numbers[example.intent] for example in examples], dtype=np.int64)
    problem = _Problem(embeddings=embeddings, extras=extras, labels=labels, classes=classes, strength=_INTENT_STRENGTH)
    folds = _folds(labels)
    logits = _cross_validated(problem, folds)
    temperature = _fit_temperature(logits, labels)
    linear, iterations = _fit_linear(problem, temperature)
    probabilities = softmax(logits, temperature)
    accept = _accept_threshold(probabilities, labels)
    centred = linear.centre(embeddings)
    other = numbers.get(OTHER_INTENT, -1)
    scope = _cross_validated_mix(logits, centred, labels, folds, other)
    known = labels != other
    scope_threshold = float(np.quantile(scope[known], _FALSE_REJECTS))
    report["intent"] = _describe_intents(probabilities, labels, classes, accept)
    report["intent"].update(
        temperature=round(temperature, 4),
        accept_threshold=round(accept, 4),
        scope_threshold=round(scope_threshold, 4),
        other_rejected=round(float((scope[~known] < scope_threshold).mean()), 4) if (~known).any() else None,
        iterations=iterations,
    )
    return IntentHead(
        linear=linear,
        examples=centred[known].astype(np.float16),
        accept_threshold=accept,
        scope_threshold=scope_threshold,
    )


def _fit_sentiment(texts: Sequence[LabelledText], embed: _General, report: dict[str, Any]) -> LinearHead:
    numbers: dict[str, int] = {label: number for number, label in enumerate(SENTIMENT_LABELS)}
    labels = np.array([numbers[text.label] for text in texts], dtype=np.int64)
    problem = _Problem(
        embeddings=embed([text.text for text in texts]),
        extras=np.stack([lexicon_features(clean(text.text), text.language) for text in texts]),
        labels=labels,
        classes=SENTIMENT_LABELS,
        strength=_SENTIMENT_STRENGTH,
    )
    logits = _cross_validated(problem, _folds(labels))
    temperature = _fit_temperature(logits, labels)
    linear, iterations = _fit_linear(problem, temperature)
    report["sentiment"] = {
        "macro_f1": round(float(f1_score(labels, logits.argmax(axis=1), average="macro")), 4),
        "temperature": round(temperature, 4),
        "iterations": iterations,
    }
    return linear


def _signal_texts(
    head: str,
    seeds: Sequence[LabelledText],
    examples: Sequence[Example],
    intents: Sequence[IntentSpec],
    english_only: bool,  # noqa: FBT001
) -> list[LabelledText]:
    specs = {spec.key: spec for spec in intents}
    texts = [text for text in seeds if not english_only or text.language == "en"]
    if len({text.label for text in texts}) < 2:
        texts = list(seeds)
    for example in examples:
        spec = specs[example.intent]
        if head in spec.signals:
            texts.append(LabelledText(text=example.text, label="yes", language=example.language))
        elif spec.background:
            texts.append(LabelledText(text=example.text, label="no", language=example.language))
    return texts


def _fit_signal(head: str, texts: Sequence[LabelledText], embed: _General, report: dict[str, Any]) -> BinaryHead:
    if len({text.label for text in texts}) < 2:
        raise NotEnoughExamples(f"The head {head} needs texts labelled yes and texts labelled no.")
    labels = np.array([int(text.label == "yes") for text in texts], dtype=np.int64)
    problem = _Problem(
        embeddings=embed([text.text for text in texts]),
        extras=np.empty((len(texts), 0), np.float32),
        labels=labels,
        classes=("no", "yes"),
        strength=_SIGNAL_STRENGTH,
        class_weight=None,
    )
    logits = _cross_validated(problem, _folds(labels))
    temperature = _fit_temperature(logits, labels)
    linear, iterations = _fit_linear(problem, temperature)
    scores = softmax(logits, temperature)[:, 1]
    threshold = _signal_threshold(scores, labels)
    fired = scores >= threshold
    report.setdefault("signals", {})[head] = {
        "recall": round(float(fired[labels == 1].mean()), 4),
        "false_alarms": round(float(fired[labels == 0].mean()), 4),
        "threshold": round(threshold, 4),
        "iterations": iterations,
    }
    return BinaryHead(linear=linear, threshold=threshold)


def _signal_threshold(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The score at which recall, counted twice as much as precision, and precision are best together."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    weight = _RECALL_WEIGHT**2
    quality = (1 + weight) * hits / (weight * hits[-1] + np.arange(1, len(order) + 1))
    best = int(quality.argmax())
    # Between two scores seen, the middle is as good on these texts and safer on others.
    below = scores[order[min(best + 1, len(order) - 1)]]
    return float(np.clip((scores[order[best]] + below) / 2, *_SIGNAL_THRESHOLDS))


def _folds(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The fold of each row; every class is spread over the folds as evenly as its size allows."""
    shuffled = np.random.default_rng(_SEED)
    folds = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = shuffled.permutation(np.flatnonzero(labels == label))
        folds[rows] = (np.arange(len(rows)) + label) % FOLDS
    return folds


def _regression(problem: _Problem) -> LogisticRegression:
    # The default tolerance stays: a looser one can stop at the uniform classifier after no iteration at all.
    return LogisticRegression(C=problem.strength, max_iter=500, class_weight=problem.class_weight)


def _decision(model: LogisticRegression, features: NDArray[Any]) -> NDArray[np.float64]:
    decision = np.asarray(model.decision_function(features), dtype=np.float64)
    return decision if decision.ndim == 2 else np.stack([np.zeros_like(decision), decision], axis=1)


def _cross_validated(problem: _Problem, folds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each row's logits from a model that never saw it, shape (n, classes)."""
    logits = np.full((len(problem.labels), len(problem.classes)), _MISSING_CLASS)
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        if len(np.unique(problem.labels[train])) < 2:
            continue
        mean = problem.embeddings[train].mean(axis=0)
        features = np.concatenate([unit_rows(problem.embeddings - mean), problem.extras], axis=1)
        model = _regression(problem).fit(features[train], problem.labels[train])
        logits[np.ix_(test, model.classes_)] = _decision(model, features[test])
    return logits


def _fit_linear(problem: _Problem, temperature: float) -> tuple[LinearHead, int]:
    mean = problem.embeddings.mean(axis=0)
    features = np.concatenate([unit_rows(problem.embeddings - mean), problem.extras], axis=1)
    model = _regression(problem).fit(features, problem.labels)
    iterations = int(np.max(model.n_iter_))
    if iterations == 0:
        raise NotEnoughExamples("The regression stopped before its first step; the examples do not differ.")
    coefficients, intercept = model.coef_, model.intercept_
    if len(problem.classes) == 2:
        coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
        intercept = np.concatenate([[0.0], intercept])
    head = LinearHead(
        classes=problem.classes,
        mean=mean.astype(np.float32),
        coefficients=coefficients.astype(np.float32),
        intercept=intercept.astype(np.float32),
        temperature=temperature,
    )
    return head, iterations


def _fit_temperature(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        chosen = softmax(logits, float(np.exp(log_temperature)))[rows, labels]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 2.0), method="bounded").x))


def _accept_threshold(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The lowest probability from which the accepted are right in 95 % of the cases."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    order = np.argsort(-confidence)
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= _PRECISION_TARGET)
    return float(confidence[order[good[-1]]]) if len(good) else float(confidence.max())


def _cross_validated_mix(
    logits: NDArray[np.float64],
    centred: FloatArray,
    labels: NDArray[np.int64],
    folds: NDArray[np.int64],
    other: int,
) -> NDArray[np.float64]:
    scores = np.zeros(len(labels))
    probabilities = softmax(logits)
    for fold in np.unique(folds):
        test = folds == fold
        pool = ~test & (labels != other)
        scores[test] = mix_score(probabilities[test], centred[test] @ centred[pool].T, other)
    return scores


def expected_calibration_error(confidence: NDArray[Any], right: NDArray[Any], bins: int = 15) -> float:
    """The mean distance of confidence and accuracy over equally wide bins, weighted by their size."""
    edges = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    error = 0.0
    for number in np.unique(edges):
        inside = edges == number
        error += float(inside.mean()) * abs(float(confidence[inside].mean()) - float(right[inside].mean()))
    return error


def _describe_intents(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], classes: Sequence[str], accept: float
) -> dict[str, Any]:
    predicted = probabilities.argmax(axis=1)
    confidence, right = probabilities.max(axis=1), predicted == labels
    covered = confidence >= accept
    by_intent = f1_score(labels, predicted, average=None, labels=np.arange(len(classes)), zero_division=0.0)
    return {
        "accuracy": round(float(right.mean()), 4),
        "macro_f1": round(float(by_intent.mean()), 4),
        "calibration_error": round(expected_calibration_error(confidence, right), 4),
        "covered": round(float(covered.mean()), 4),
        "precision": round(float(right[covered].mean()), 4) if covered.any() else None,
        "f1": {key: round(float(score), 4) for key, score in zip(classes, by_intent, strict=True)},
    }
