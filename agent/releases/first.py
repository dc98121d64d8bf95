"""Release 1: the constants, the default rules and the seed files, loaded once into an empty product and published."""

from django.db import IntegrityError, transaction

from agent.engine.seeds import Seeds
from agent.knowledge.services import ArticleText, save_article
from agent.models import (
    AgentConfig,
    ArticleVersion,
    EscalationRule,
    Intent,
    Phrase,
    Release,
    ReplyTemplate,
    TrainingExample,
)
from agent.releases.defaults.rules import RULES
from agent.releases.defaults.texts import TEXTS
from agent.releases.keys import KEYS
from agent.releases.services import current_release, new_release, publish

DEMO_SETTINGS = {"business.name": "Tarnhollow", "links.allowed": "tarnhollow.example"}
"""The seed articles speak for this shop, so the first release does too."""

_ROWS_AT_ONCE = 500


def ensure_first_release() -> Release:
    """The published release; in a product that has none, release 1 is made and published. Safe to call at every start.

    Of two processes that start at once one makes it, because a release's number stands once; the other finds it.
    """
    current = current_release()
    if current is not None:
        return current
    try:
        return _make()
    except IntegrityError:
        current = current_release()
        if current is None:
            raise
        return current


@transaction.atomic
def _make() -> Release:
    seeds = Seeds()
    release = new_release(None, note="What the product comes with.")
    AgentConfig.objects.bulk_create(
        AgentConfig(
            release=release,
            config_key=key,
            config_value=DEMO_SETTINGS.get(key, known.default),
            description=known.description,
        )
        for key, known in KEYS.items()
    )
    _add_language(release, seeds)
    _add_rules(release)
    _add_texts(release, seeds)
    release.articles.set(_articles(seeds))
    return publish(release, None)


def _add_language(release: Release, seeds: Seeds) -> None:
    Intent.objects.bulk_create(
        Intent(
            release=release,
            key=spec.key,
            route=spec.route,
            description=spec.description,
            signals=list(spec.signals),
            is_background=spec.background,
        )
        for spec in seeds.intents
    )
    rows = [
        (TrainingExample.Purpose.INTENT.value, example.intent, example.language, example.text)
        for example in seeds.examples
    ]
    rows += [
        (TrainingExample.Purpose.SENTIMENT.value, seed.label, seed.language, seed.text) for seed in seeds.sentiment
    ]
    rows += [(head, seed.label, seed.language, seed.text) for head, texts in seeds.heads.items() for seed in texts]
    TrainingExample.objects.bulk_create(
        (
            TrainingExample(release=release, purpose=purpose, label=label, language=language, text=text)
            for purpose, label, language, text in dict.fromkeys(rows)
        ),
        batch_size=_ROWS_AT_ONCE,
    )
    phrases = dict.fromkeys((phrase.head, phrase.language, phrase.text) for phrase in seeds.phrases)
    Phrase.objects.bulk_create(
        (Phrase(release=release, head=head, language=language, text=text) for head, language, text in phrases),
        batch_size=_ROWS_AT_ONCE,
    )


def _add_rules(release: Release) -> None:
    EscalationRule.objects.bulk_create(
        EscalationRule(
            release=release,
            key=rule.key,
            name=rule.name,
            conditions=[{"fact": fact, "operator": sign, "value": value} for fact, sign, value in rule.when],
            reason=rule.reason,
            priority=rule.priority,
            order=(number + 1) * 10,
        )
        for number, rule in enumerate(RULES)
    )


def _add_texts(release: Release, seeds: Seeds) -> None:
    texts = {(key, language): text for language, own in seeds.templates.items() for key, text in own.items()}
    texts |= {(key, language): text for key, own in TEXTS.items() for language, text in own.items()}
    ReplyTemplate.objects.bulk_create(
        ReplyTemplate(release=release, key=key, language=language, text=text) for (key, language), text in texts.items()
    )


def _articles(seeds: Seeds) -> list[ArticleVersion]:
    return [
        save_article(
            ArticleText(
                slug=article.slug,
                language=article.language,
                title=article.title,
                body=article.body,
                questions=article.questions,
                audience=article.audience,
            ),
            None,
        )
        for article in seeds.articles
    ]
