"""Faults on command: which rule strikes this call or this webhook."""

import itertools
import random
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

API_PLACES = frozenset(
    {
        "api", "token", "refresh", "revoke", "token_info", "webhook_update", "webhook_list", "webhook_delete",
        "send", "capabilities", "upload", "download", "file", "conversation_list", "content_list", "business_get",
        "comment_create", "comment_list", "comment_get", "comment_delete", "notifications", "messages", "me", "linkedin_token",
        "organization_acls", "organization", "subscription_get", "subscription_put", "subscription_delete",
    }
)  # fmt: skip
WEBHOOK_PLACES = frozenset({"webhook", "echo"})
PARTNER = "partner"

NUMBERED = re.compile(r"http_[45]\d\d|code_\d{5}")
# After these the work is done and only the answer is lost, late or spoilt.
AFTER_KINDS = frozenset({"timeout_after_accept", "reset_after_accept", "half_response", "html_200"})
API_KINDS = AFTER_KINDS | {"slow", "reset_before"}
PARTNER_KINDS = frozenset({"reset_before", "reset_after_accept", "timeout_after_accept"})
WEBHOOK_KINDS = frozenset({"duplicate", "reorder", "late", "drop_echo", "forge", "stale", "hang_up"})


class InvalidRule(ValueError):
    """A fault rule that cannot be meant."""


@dataclass(slots=True, kw_only=True)
class Rule:
    """One fault: where it strikes, how often, how hard.

    ``seconds`` is the delay, the hold or the Retry-After; ``accepted`` makes an error answer come after the work
    was done; ``copies`` is how many duplicates; ``count`` how often it may strike (None: for ever).
    """

    where: str
    kind: str
    id: int = 0
    probability: float = 1.0
    count: int | None = None
    seconds: float | None = None
    account: str | None = None
    accepted: bool = False
    copies: int = 1
    applied: int = field(default=0)


def parse_rule(raw: object) -> Rule:
    """A rule from its JSON object. Raises InvalidRule with a sentence that says what is wrong."""
    if not isinstance(raw, Mapping):
        raise InvalidRule("A rule is an object.")
    unknown = set(raw) - {"where", "kind", "probability", "count", "seconds", "account", "accepted", "copies"}
    if unknown:
        raise InvalidRule(f"A rule has no {', '.join(sorted(map(str, unknown)))}.")
    where, kind = str(raw.get("where", "")), str(raw.get("kind", ""))
    _check_place(where, kind)
    rule = Rule(where=where, kind=kind, account=_text(raw.get("account")), accepted=raw.get("accepted") is True)
    rule.probability = _number(raw, "probability", 1.0)
    if not 0 <= rule.probability <= 1:
        raise InvalidRule("probability is between 0 and 1.")
    rule.seconds = _number(raw, "seconds", -1.0) if raw.get("seconds") is not None else None
    rule.count = int(_number(raw, "count", 0)) if raw.get("count") is not None else None
    rule.copies = int(_number(raw, "copies", 1))
    if rule.copies > 100:
        raise InvalidRule("copies is at most 100.")
    return rule


class FaultBook:
    """The rules in force. They live in memory: a restarted simulator is healthy."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._rules: list[Rule] = []
        self._dice = random.Random()

    @property
    def any(self) -> bool:
        """Whether there is a rule at all."""
        return bool(self._rules)

    def seed(self, seed: int) -> None:
        """Make the coming throws repeatable."""
        with self._lock:
            self._dice.seed(seed)

    def add(self, rules: Sequence[Rule], *, replace: bool = False) -> list[int]:
        """Put rules in force; answers their ids."""
        with self._lock:
            if replace:
                self._rules.clear()
            for rule in rules:
                rule.id = next(self._ids)
                self._rules.append(rule)
            return [rule.id for rule in rules]

    def remove(self, rule_id: int | None = None) -> int:
        """Take one rule, or all, out of force; answers how many."""
        with self._lock:
            kept = [rule for rule in self._rules if rule_id is not None and rule.id != rule_id]
            removed = len(self._rules) - len(kept)
            self._rules = kept
            return removed

    def as_json(self) -> list[dict[str, Any]]:
        """The rules in force, with how often each has struck."""
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def strike(
        self,
        places: Sequence[str],
        *,
        account: str | None,
        kinds: frozenset[str] | None = None,
        but_not: frozenset[str] = frozenset(),
    ) -> Rule | None:
        """The first rule that strikes here now; each matching rule throws its own dice, in order."""
        with self._lock:
            for rule in self._rules:
                if rule.where not in places or rule.kind in but_not or (kinds is not None and rule.kind not in kinds):
                    continue
                if rule.account is not None and rule.account != account:
                    continue
                if rule.count is not None and rule.applied >= rule.count:
                    continue
                if rule.probability < 1 and self._dice.random() >= rule.probability:
                    continue
                rule.applied += 1
                return rule
        return None


def _check_place(where: str, kind: str) -> None:
    # People ask for a lost echo where they think of it: at the send.
    if where == "send" and kind == "drop_echo":
        return
    if where in API_PLACES:
        fits = kind in API_KINDS or bool(NUMBERED.fullmatch(kind))
        known = [*sorted(API_KINDS), "http_<status>", "code_<number>"]
    elif where in WEBHOOK_PLACES:
        fits, known = kind in WEBHOOK_KINDS, sorted(WEBHOOK_KINDS)
    elif where == PARTNER:
        fits = kind in PARTNER_KINDS or bool(NUMBERED.fullmatch(kind) and kind.startswith("http_"))
        known = [*sorted(PARTNER_KINDS), "http_<status>"]
    else:
        places = sorted(API_PLACES | WEBHOOK_PLACES | {PARTNER})
        raise InvalidRule(f"There is no place {where!r}; known are {', '.join(places)}.")
    if not fits:
        raise InvalidRule(f"{kind!r} cannot happen at {where!r}; possible are {', '.join(known)}.")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(raw: Mapping[str, object], name: str, default: float) -> float:
    value = raw.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise InvalidRule(f"{name} is a number from 0.")
    return float(value)
