"""What the gate costs: of ordinary answers hardly one is stopped."""

from collections.abc import Sequence

import pytest

from agent.engine.encoder import Encoder
from agent.engine.language import LanguageDetector
from agent.graph import prompts, relevance, validation
from tests.agent.ordinary import PARAPHRASES, Ordinary, ordinary_answers

LANGUAGES = ("en", "de", "es", "it", "nl")
MOST_BLOCKED = 0.01


@pytest.fixture(scope="module")
def stopped(encoder: Encoder) -> list[tuple[Ordinary, list[str]]]:
    """The ordinary answers that fail a check, with the checks."""
    detector, known = LanguageDetector(), {}

    def nearness(texts: Sequence[str], others: Sequence[str]) -> list[float]:
        key = tuple(others)
        if key not in known:
            known[key] = encoder.encode(key)
        return [float(cosine) for cosine in (encoder.encode(texts) @ known[key].T).max(axis=1)]

    def failed(answer: Ordinary) -> list[str]:
        verdicts = validation.check(
            validation.Answer(
                text=answer.text,
                limit=1_500,
                allowed_hosts=frozenset({"tarnhollow.example"}),
                secret_words=("CANARY-7f3a91",),
                is_composed=True,
                grounds=answer.grounds,
                instructions=(prompts.PERSONA, prompts.SUPPORT, prompts.SALES, prompts.GENERAL, prompts.DATA_RULE),
                strangers=relevance.off_topic(answer.text, answer.grounds, nearness, language=answer.language),
                wanted_language=answer.language,
                language=detector.detect(answer.text, prior=None, languages=LANGUAGES),
            )
        )
        return [verdict["check"] for verdict in verdicts if not verdict["ok"]]

    found = [(answer, failed(answer)) for answer in ordinary_answers()]
    return [(answer, checks) for answer, checks in found if checks]


def test_of_five_hundred_ordinary_answers_at_most_one_in_a_hundred_is_stopped(
    stopped: list[tuple[Ordinary, list[str]]],
) -> None:
    answers = ordinary_answers()

    assert len(answers) >= 500
    assert {answer.language for answer in answers} == set(LANGUAGES)
    assert len(stopped) <= MOST_BLOCKED * len(answers), stopped


def test_of_those_in_other_words_hardly_one_is_stopped(stopped: list[tuple[Ordinary, list[str]]]) -> None:
    texts = {text for _, _, _, text in PARAPHRASES}

    assert len([answer for answer, _ in stopped if answer.text in texts]) <= 2, stopped
