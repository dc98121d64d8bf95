"""The escalation rules of release 1, in the order in which they are judged. The first that fires gives the reason."""

from dataclasses import dataclass
from typing import Any

from conversations.types import Priority, ReasonCategory


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRule:
    """A rule as it is first stored; ``when`` holds (fact, operator, value)."""

    key: str
    name: str
    when: tuple[tuple[str, str, Any], ...]
    reason: ReasonCategory
    priority: Priority = Priority.NORMAL


RULES: tuple[DefaultRule, ...] = (
    DefaultRule(
        key="danger",
        name="Somebody may be in danger.",
        when=(("danger", "is", True),),
        reason=ReasonCategory.DANGER,
        priority=Priority.FIRST,
    ),
    DefaultRule(
        key="danger-topic",
        name="An injury or a dangerous product is reported.",
        when=(("intent", "is", "injury_safety"), ("route", "is", "urgent")),
        reason=ReasonCategory.DANGER,
        priority=Priority.FIRST,
    ),
    DefaultRule(
        key="security",
        name="An account, a card or data may be in wrong hands.",
        when=(("security", "is", True),),
        reason=ReasonCategory.SECURITY,
        priority=Priority.HIGH,
    ),
    DefaultRule(
        key="security-topic",
        name="Fraud, a taken-over account or leaked data is reported.",
        when=(("intent", "is", "security_incident"), ("route", "is", "urgent"), ("threat", "is", False)),
        reason=ReasonCategory.SECURITY,
        priority=Priority.HIGH,
    ),
    DefaultRule(
        key="threat",
        name="The customer threatens with lawyers, authorities or the press, or accuses the business.",
        when=(("threat", "is", True),),
        reason=ReasonCategory.DISPUTE,
        priority=Priority.HIGH,
    ),
    DefaultRule(
        key="urgent",
        name="An urgent word stands in the message.",
        when=(("urgent_phrase", "is", True),),
        reason=ReasonCategory.URGENT,
        priority=Priority.HIGH,
    ),
    # The head fires early, to miss nothing; alone it is believed only when it is rather sure.
    DefaultRule(
        key="urgent-tone",
        name="The message sounds urgent.",
        when=(("urgent_score", "at_least", 0.5),),
        reason=ReasonCategory.URGENT,
        priority=Priority.HIGH,
    ),
    DefaultRule(
        key="urgent-topic",
        name="The topic is always urgent.",
        when=(("route", "is", "urgent"), ("in_scope", "is", True)),
        reason=ReasonCategory.URGENT,
        priority=Priority.HIGH,
    ),
    DefaultRule(
        key="asks-for-person",
        name="The customer asks for a person.",
        when=(("wants_person", "is", True),),
        reason=ReasonCategory.ASKED,
    ),
    DefaultRule(
        key="accepts-person",
        name="The customer accepted the offer of a person.",
        when=(("accepts_offer", "is", True),),
        reason=ReasonCategory.ASKED,
    ),
    DefaultRule(
        key="picture",
        name="The customer sent a picture and no words.",
        when=(("sent_picture", "is", True), ("without_words", "is", True)),
        reason=ReasonCategory.PICTURE,
    ),
    DefaultRule(
        key="picture-and-question",
        name="The customer sent a picture, with words that no article answers.",
        when=(("sent_picture", "is", True), ("answerable", "is", False)),
        reason=ReasonCategory.PICTURE,
    ),
    DefaultRule(
        key="language",
        name="The bot does not answer in this language.",
        when=(("language_supported", "is", False),),
        reason=ReasonCategory.LANGUAGE,
    ),
    DefaultRule(
        key="switched-off",
        name="People answer this topic.",
        when=(("intent_enabled", "is", False),),
        reason=ReasonCategory.POLICY,
    ),
    DefaultRule(
        key="very-negative",
        name="The customer is very unhappy.",
        when=(("sentiment", "at_most", -0.96), ("answerable", "is", False), ("small_talk", "is", False)),
        reason=ReasonCategory.NEGATIVE,
    ),
    DefaultRule(
        key="negative-trend",
        name="The last three messages were all unhappy.",
        when=(("sentiment_trend", "is", True),),
        reason=ReasonCategory.NEGATIVE,
    ),
    DefaultRule(
        key="leaving",
        name="The customer wants to leave and is unhappy.",
        when=(("churn", "is", True), ("sentiment", "at_most", -0.3)),
        reason=ReasonCategory.NEGATIVE,
    ),
    DefaultRule(
        key="complaint",
        name="A complaint that no article answers.",
        when=(("intent", "is", "complaint"), ("answerable", "is", False), ("sentiment", "at_most", -0.3)),
        reason=ReasonCategory.NEGATIVE,
    ),
    DefaultRule(
        key="did-not-help",
        name="Two answers in a row did not help.",
        when=(("says_not_helped", "is", True), ("repeated_failure", "at_least", 1)),
        reason=ReasonCategory.REPEATED,
    ),
    DefaultRule(
        key="asked-again",
        name="The customer asks the same a third time, and a person was offered.",
        when=(("asked_before", "at_least", 2), ("small_talk", "is", False), ("offers", "at_least", 1)),
        reason=ReasonCategory.REPEATED,
    ),
    DefaultRule(
        key="asked-in-vain",
        name="The bot offered a person and has no answer again.",
        when=(("answerable", "is", False), ("small_talk", "is", False), ("offers", "at_least", 1)),
        reason=ReasonCategory.REPEATED,
    ),
    DefaultRule(
        key="never-understood",
        name="The bot asked back as often as it may and still has no answer.",
        when=(("answerable", "is", False), ("small_talk", "is", False), ("asked_enough", "is", True)),
        reason=ReasonCategory.LOW_CONFIDENCE,
    ),
)
