"""Customers whom a fault must not touch: each asks one thing that can be answered, and how long that took is compared."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from types import TracebackType
from typing import Self

from drill.accounts import SHOP
from drill.channels import EVENTS, LINKEDIN, TIKTOK
from drill.faults.base import Stage
from drill.recovery import percentile
from drill.rig import wait_for

GAP_SECONDS = 0.4
QUIET_SHARE = 0.4
# Fewer answers on either side say nothing.
FEWEST = 5
WARM_SECONDS = 120.0
LOOK_SECONDS = 0.5
# At two seconds an answer, so many of them wait at any time.
UNDER_WAY = 8
QUESTION = "How long does delivery to France take?"


@dataclass(slots=True, kw_only=True)
class Bystanders:
    """Somebody new asks every ``GAP_SECONDS`` on one of ``channels`` in turn, as long as the block runs."""

    stage: Stage
    channels: Sequence[str] = (TIKTOK, LINKEDIN, EVENTS)
    asked: dict[str, float] = field(default_factory=dict)
    _quiet_since: float = 0.0
    _struck: float = 0.0
    _over: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Let them ask."""
        self._thread = threading.Thread(target=self._ask, name="bystanders", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let nobody else ask."""
        self._over = time.time()
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def wait_for_a_quiet_measure(self) -> None:
        """Let nothing happen for a while: what answers take then is what they are compared with. The fault strikes next.

        A product that has just begun answers its first customers slowly; that is waited for, and the fault's time begins after it.
        """
        stage = self.stage
        wait_for(self._are_usual, seconds=WARM_SECONDS, what="the first answers")
        self._quiet_since, now = time.time(), time.monotonic()
        stage.began_at, stage.ends_at = now, now + stage.ends_at - stage.began_at
        stage.pause((stage.ends_at - now) * QUIET_SHARE)
        self._struck = time.time()

    def _are_usual(self) -> bool:
        """Whether those who asked at last were answered, all but the newest few."""
        time.sleep(LOOK_SECONDS)
        asked, first = list(self.asked), self._answered()
        return len(asked) > UNDER_WAY and all(thread in first for thread in asked[:-UNDER_WAY])

    def judge_at_rest(self, *, most: float) -> None:
        """Once all is at rest: under the fault the p95 was at most so many times what it was before, and all were answered."""
        self.stage.at_rest(lambda: self._judge(most))

    def _judge(self, most: float) -> None:
        stage, first = self.stage, self._answered()
        took = {thread: first[thread] - at for thread, at in self.asked.items() if thread in first}
        before = [
            took[thread]
            for thread, at in self.asked.items()
            if self._quiet_since <= at < self._struck and thread in took
        ]
        during = [
            took[thread] for thread, at in self.asked.items() if self._struck <= at < self._over and thread in took
        ]
        unanswered = len(self.asked) - len(took)
        stage.figures |= {"bystanders": len(self.asked), "bystanders unanswered": unanswered}
        if unanswered:
            stage.object_to(f"{unanswered} bystanders had no answer of the bot's.")
        if min(len(before), len(during)) < FEWEST:
            stage.object_to("Too little was answered to compare.")
            return
        own, then = (percentile(values, 0.95) or 0.0 for values in (before, during))
        ratio = then / own
        stage.figures |= {"others' p95 before, s": round(own, 2), "others' p95 during, s": round(then, 2)}
        stage.figures |= {"ratio": round(ratio, 2), "ratio allowed": most}
        late = f"The others' p95 was {ratio:.1f} times as long under the fault (allowed: {most:g})."
        stage.judge_time(ratio, most, late)

    def _answered(self) -> dict[str, float]:
        """When each of their threads was answered first."""
        first: dict[str, float] = {}
        for row in self.stage.rig.log("accepted"):
            if row["conversation_id"] in self.asked:
                first.setdefault(row["conversation_id"], row["at"])
        return first

    def _ask(self) -> None:
        ways: dict[str, Callable[[str], str]] = {TIKTOK: self._message, LINKEDIN: self._comment, EVENTS: self._post}
        for number, channel in enumerate(cycle(self.channels)):
            if self._stop.wait(GAP_SECONDS):
                return
            at = time.time()
            self.asked[ways[channel](f"bystander-{number}")] = at

    def _message(self, who: str) -> str:
        return str(self.stage.say(who, QUESTION)["conversation_id"])

    def _comment(self, who: str) -> str:
        made = self.stage.rig.simulator("POST", "linkedin/comment", {"user": who, "text": QUESTION})
        return str(made["comments"][0])

    def _post(self, who: str) -> str:
        order = {"partner": SHOP, "user": who, "text": QUESTION}
        return str(self.stage.rig.simulator("POST", "partner-says", order)["conversation_id"])
