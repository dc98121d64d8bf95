"""How customers write on each channel, and what must hold on those of which the invariants' own questions know nothing.

Of every eight customers four are on TikTok, two on LinkedIn, one writes by signed webhook, to the shop or to the forum, and
one in the web chat.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx2

from drill.accounts import FORUM, PAGE, REPLY, SHOP, said_to
from drill.invariants import Found

if TYPE_CHECKING:
    from drill.rig import Rig

TIKTOK, LINKEDIN, EVENTS, CHAT = "tiktok", "linkedin", "events", "webchat"
CHANNELS = (TIKTOK, LINKEDIN, TIKTOK, EVENTS, TIKTOK, LINKEDIN, TIKTOK, CHAT)
# A back-up that is put back knows nothing of what came after it, and nobody repeats what was written in the web chat.
WITH_A_PLATFORM = (TIKTOK, LINKEDIN, TIKTOK, LINKEDIN)
ALIKE = """
SELECT m.conversation_id, m.text, count(*) FROM conversations_message m
JOIN integrations_platformaccount a ON a.id = m.account_id
WHERE m.direction = 'in' AND a.platform <> 'tiktok'
GROUP BY m.conversation_id, m.text HAVING count(*) > 1
"""
IN_CHAT = """
SELECT c.thread_key, m.seq, m.public_id, m.sender_type, m.platform_message_id FROM conversations_message m
JOIN conversations_conversation c ON c.id = m.conversation_id WHERE c.delivers_itself ORDER BY m.conversation_id, m.seq
"""
SAID_AFTER = """
SELECT m.id, m.conversation_id, e.id FROM conversations_message m
JOIN conversations_conversation c ON c.id = m.conversation_id AND c.delivers_itself
JOIN core_auditevent e ON e.target_kind = 'conversations.conversation' AND e.action = 'conversation.take_over'
  AND CAST(e.target_id AS INTEGER) = m.conversation_id
WHERE m.sender_type = 'bot' AND m.created_at > e.at AND NOT EXISTS (
  SELECT 1 FROM core_auditevent b WHERE b.target_kind = e.target_kind AND b.target_id = e.target_id
    AND b.action = 'conversation.hand_back' AND b.id > e.id AND b.at < m.created_at)
"""
NEVER_SHOWN = ("system",)


@dataclass(slots=True, kw_only=True)
class Customers:
    """Customers by number. Each stays on the channel that the number says, and in one thread there."""

    rig: "Rig"
    client: httpx2.Client
    channels: tuple[str, ...] = CHANNELS
    _comments: dict[int, str] = field(default_factory=dict)

    def write(self, number: int, line: str, count: int) -> None:
        """Somebody says ``count`` messages in one breath."""
        write = {TIKTOK: self._message, LINKEDIN: self._comment, EVENTS: self._post, CHAT: self._chat}
        write[self.channels[number % len(self.channels)]](number, line, count)

    def _message(self, number: int, line: str, count: int) -> None:
        self._order("say", {"user": f"customer-{number}", "text": line, "count": count})

    def _comment(self, number: int, line: str, count: int) -> None:
        """What follows somebody's first comment stands under it; a breath is one batch."""
        lines = _lines(line, count)
        if number not in self._comments:
            first = self._order("linkedin/comment", {"user": f"Customer {number}", "text": lines.pop(0)})
            self._comments[number] = first["comments"][0]
        if lines:
            order: dict[str, object] = {"user": f"Customer {number}", "texts": lines, "parent": self._comments[number]}
            self._order("linkedin/comment", order)

    def _post(self, number: int, line: str, count: int) -> None:
        partner = (SHOP, FORUM)[number // len(self.channels) % 2]
        for each in _lines(line, count):
            self._order("partner-says", {"partner": partner, "user": f"customer-{number}", "text": each})

    def _chat(self, number: int, line: str, count: int) -> None:
        for each in _lines(line, count):
            self.rig.visitors.say(f"customer-{number}", each)

    def _order(self, name: str, order: dict[str, object]) -> dict[str, list[str]]:
        answer = self.client.post(f"/_sim/{name}", json=order)
        answer.raise_for_status()
        found: dict[str, list[str]] = answer.json()
        return found


def broken(rig: "Rig") -> dict[int, Found]:
    """Under each invariant's number what breaks it on LinkedIn, by signed webhook and in the web chat."""
    found: dict[int, Found] = defaultdict(list)
    kept = {row[0] for row in rig.query("SELECT platform_message_id FROM conversations_message") if row[0]}
    commented = {
        name for row in rig.log("webhook") if row["status"] == 200 and row["account"] == PAGE for name in said_to(row)
    }
    found[1] += [("commented and acked, not kept", name) for name in sorted(commented - kept)]
    found[1] += [("kept twice", *row) for row in rig.query(ALIKE)]
    found[3] += [
        ("posted again where no key is known", row["message_id"])
        for row in rig.log("call")
        if row["account"] == FORUM and row["name"] == REPLY and row["status"] == 200
    ]
    _chat_broken(rig, found)
    return found


def _chat_broken(rig: "Rig", found: dict[int, Found]) -> None:
    """Each message that was acked is there, in the order of the acks; the page shows what is there, each once."""
    there: dict[str, list[tuple[int, str, str, str]]] = defaultdict(list)
    for thread, seq, public_id, sender, platform_id in rig.query(IN_CHAT):
        there[str(thread)].append((seq, str(public_id).replace("-", ""), sender, platform_id or ""))
    places = {platform_id: seq for rows in there.values() for seq, _, _, platform_id in rows if platform_id}
    highest: dict[str, int] = {}
    for acked in rig.visitors.acked:
        seq = places.get(f"{acked.thread}:{acked.id}")
        if seq is None:
            found[1].append(("written in the chat and acked, not kept", acked.thread, acked.id))
            continue
        if seq < highest.get(acked.thread, 0):
            found[6].append(("acked before, numbered after", acked.thread, seq))
        highest[acked.thread] = max(seq, highest.get(acked.thread, 0))
    for page in rig.visitors.pages:
        shown = rig.visitors.shown(page)
        names = Counter(each["id"].replace("-", "") for each in shown)
        ours = {name for _, name, sender, _ in there[page.thread] if sender not in NEVER_SHOWN}
        found[1] += [("in the record, not on the page", name) for name in sorted(ours - set(names))]
        found[3] += [("twice on the page", name) for name, times in names.items() if times > 1]
        if (order := [each["seq"] for each in shown]) != sorted(order):
            found[5].append(("out of order on the page", page.thread))
    found[7] += [("said in the chat after the taking over", *row) for row in rig.query(SAID_AFTER)]


def _lines(line: str, count: int) -> list[str]:
    return [f"{line} {part}/{count}" for part in range(1, count + 1)] if count > 1 else [line]
