"""Every door that is not the admin's, and what the policy is asked at it. An address without an entry fails a test."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from agent.models import Gap, KnowledgeSearch
from conversations.models import Conversation
from core import ids
from core.models import User
from core.policy import Action, Role
from tests.access.matrix import permits, reads
from tests.access.rows import SharedRows, TeamRows, exported_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a call may name: the rows of one team, those of everybody, and the caller where it is a person."""

    team: TeamRows
    shared: SharedRows
    user: User | None


Words = Callable[[Given], dict[str, Any]]


def nothing(_: Given) -> dict[str, Any]:
    """No words."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One call: where it goes, what it says when it is right, and what the caller must be allowed.

    ``about`` is whether it names a row of a team ("row"), one of everybody ("shared"), or none (""). ``people_only`` is a
    page; ``no_keys`` a door of REST that answers a key that only a person can do this.
    """

    name: str
    needs: tuple[Action, ...]
    method: Literal["GET", "POST", "PUT"] = "GET"
    about: Literal["", "row", "shared"] = ""
    address: Words = nothing
    query: Words = nothing
    body: Words = nothing
    people_only: bool = False
    no_keys: bool = False
    label: str = ""

    def opens(self, role: Role, *, own: bool, scoped: bool = True, bound: bool = False) -> bool:
        """What the matrix says; ``own`` is whether the row is of the caller's team."""
        if (self.people_only or self.no_keys) and (bound or role == Role.API_CLIENT):
            return False
        if self.about == "shared" and bound:
            return False
        own = own or self.about != "row"
        if self.about == "row" and not reads(role, own=own, scoped=scoped, bound=bound):
            return False
        return all(permits(role, need, own=own, scoped=scoped, bound=bound) for need in self.needs)


def conversation(key: str = "public_id", row: str = "with_bot") -> Words:
    """The address of one of the team's conversations."""

    def named(given: Given) -> dict[str, Any]:
        found: Conversation = given.team.waiting.conversation if row == "waiting" else getattr(given.team, row)
        return {key: found.pk if key == "number" else found.public_id}

    return named


def public(pick: Callable[[Given], Any]) -> Words:
    """The address of a row by its public id."""
    return lambda given: {"public_id": pick(given).public_id}


def page(name: str, needs: Action | tuple[Action, ...], **more: Any) -> Door:
    """A page of staff's, which keys do not open."""
    return Door(name=name, needs=needs if isinstance(needs, tuple) else (needs,), people_only=True, **more)


def rest(name: str, needs: Action | tuple[Action, ...], **more: Any) -> Door:
    """A door of programs."""
    return Door(name=name, needs=needs if isinstance(needs, tuple) else (needs,), **more)


READ, OPERATE = Action.VIEW_TEAM_CONVERSATIONS, Action.VIEW_OPERATIONS


def token(_: Given) -> dict[str, Any]:
    """A form's token, and words for whoever wants them."""
    return {"token": str(uuid.uuid4()), "text": "It is on its way.", "mode": "reply"}


def event_address(given: Given) -> dict[str, Any]:
    """The number of an event."""
    return {"pk": given.shared.event.pk}


def event_id(given: Given) -> dict[str, Any]:
    """The id of an event, as the API says it."""
    return {"public_id": ids.id_of(given.shared.event.pk)}


def of_message(pick: str) -> Words:
    """A message within its conversation."""

    def named(given: Given) -> dict[str, Any]:
        message = getattr(given.team, pick)
        return {"public_id": message.conversation.public_id, "message_id": message.public_id}

    return named


def of_file(given: Given) -> dict[str, Any]:
    """A file within its conversation."""
    attachment = given.team.attachment
    return {"public_id": attachment.message.conversation.public_id, "attachment_id": attachment.public_id}


def colleague(given: Given) -> dict[str, Any]:
    """To whom, and why."""
    return {"to": str(given.team.colleague.public_id), "reason": "She knows the case."}


def own_search(given: Given) -> dict[str, Any]:
    """What the caller asked the articles."""
    asked = KnowledgeSearch.objects.create(asked_by=given.user, text="returns") if given.user else None
    return {"public_id": asked.public_id if asked else uuid.uuid4()}


def a_gap(_: Given) -> dict[str, Any]:
    """What customers asked and no article answers."""
    return {"public_id": Gap.objects.create(vector=b"", count=1).public_id}


def decision(_: Given) -> dict[str, Any]:
    """That a message of ours goes once more."""
    return {"decision": "send_again"}


def escalation_reason(_: Given) -> dict[str, Any]:
    """Why a person is needed."""
    return {"detail": "A damaged parcel.", "reason": "A damaged parcel."}


def export_address(given: Given) -> dict[str, Any]:
    """A file that the caller asked for themselves."""
    return {"public_id": exported_file(given.user).public_id if given.user else uuid.uuid4()}


def replay_address(given: Given) -> dict[str, Any]:
    """A replay of the run behind a message."""
    return of_message("bot_message")(given) | {"replay_id": given.team.replay.public_id}


WORKSPACE = [
    page("workspace", READ),
    page("workspace-queue", READ),
    page("workspace-rows", READ),
    page("workspace-knowledge", (READ, Action.REPLY), method="POST", body=lambda _: {"q": "returns"}),
    page("workspace-knowledge-found", READ, address=own_search),
    page("workspace-next", (READ, Action.CLAIM_ESCALATION), method="POST"),
    page("workspace-conversation", READ, about="row", address=conversation()),
    page("workspace-earlier", READ, about="row", address=conversation(), query=lambda _: {"before": "2"}),
    page("workspace-why", READ, about="row", address=of_message("bot_message")),
    page(
        "workspace-replay-ask", Action.EVALUATE, method="POST", about="row", address=of_message("bot_message"),
        body=lambda _: {"kind": "exact"},
    ),
    page("workspace-replay", Action.EVALUATE, about="row", address=replay_address),
    page("workspace-reveal", Action.REVEAL_PII, method="POST", about="row", address=of_message("waiting_message")),
    page("workspace-reveal-address", Action.REVEAL_PII, method="POST", about="row", address=conversation()),
    page("workspace-reveal-reading", Action.REVEAL_PII, method="POST", about="row", address=of_file),
    page("workspace-reply", Action.REPLY, method="POST", about="row", address=conversation(), body=token),
    page("workspace-note", Action.ANNOTATE, method="POST", about="row", address=conversation(), body=token),
    page("workspace-draft", Action.REPLY, method="POST", about="row", address=conversation(), body=token, label="reply"),
    page(
        "workspace-draft", Action.ANNOTATE, method="POST", about="row", address=conversation(),
        body=lambda given: token(given) | {"mode": "note"}, label="note",
    ),
    page(
        "workspace-promise", Action.REPLY, method="POST", about="row", address=conversation(),
        body=lambda _: {"text": "A call.", "due_at": "2999-01-01T10:00"},
    ),
    page(
        "workspace-promise-end", Action.REPLY, method="POST", about="row", address=public(lambda given: given.team.promise),
        body=lambda _: {"became": "kept"},
    ),
    page("workspace-claim", Action.CLAIM_ESCALATION, method="POST", about="row", address=conversation(row="waiting")),
    page("workspace-take-over", Action.TAKE_OVER, method="POST", about="row", address=conversation()),
    page(
        "workspace-assign", Action.ASSIGN, method="POST", about="row", address=conversation(row="waiting"), body=colleague
    ),
    page("workspace-hand-back", Action.TAKE_OVER, method="POST", about="row", address=conversation(row="waiting")),
    page("workspace-resolve", Action.CLOSE, method="POST", about="row", address=conversation(row="waiting")),
    page("workspace-reopen", Action.CLOSE, method="POST", about="row", address=conversation(row="closed")),
    page("workspace-escalate", Action.TAKE_OVER, method="POST", about="row", address=conversation()),
    page("workspace-suggestion", Action.REPLY, method="POST", about="row", address=conversation(row="waiting")),
    page(
        "workspace-approval", Action.REPLY, method="POST", about="row", address=conversation(row="waiting"),
        body=lambda given: {"approval": str(given.team.approval.public_id), "decision": "decline"},
    ),
    page(
        "workspace-delivery", Action.DECIDE_DELIVERY, method="POST", about="row",
        address=public(lambda given: given.team.dead), body=decision,
    ),
    page("workspace-attachment", READ, about="row", address=public(lambda given: given.team.attachment)),
]  # fmt: skip

OPERATIONS = [
    page("operations", OPERATE),
    page("operations-board", OPERATE),
    page("operations-bot", (OPERATE, Action.PAUSE_BOT), method="POST", body=lambda _: {"deed": "pause:all"}),
    page("operations-events", OPERATE),
    page(
        "operations-events-decide", (OPERATE, Action.REPLAY_EVENTS), method="POST",
        body=lambda _: {"deed": "replay", "all": "1", "state": "quarantined"},
    ),
    page("operations-event", OPERATE, about="shared", address=event_address),
    page("operations-event-reveal", (OPERATE, Action.REVEAL_PII), method="POST", about="shared", address=event_address),
    page("operations-sends", OPERATE),
    page(
        "operations-send", (OPERATE, Action.DECIDE_DELIVERY), method="POST", about="row",
        address=public(lambda given: given.team.dead),
        body=lambda given: {"decision": "send_again", "fence": str(given.team.dead.fence)},
    ),
    page("operations-subscribers", OPERATE),
    page("operations-subscriber", OPERATE, about="shared", address=public(lambda given: given.shared.told.subscription)),
    page(
        "operations-subscriber-decide", (OPERATE, Action.REPLAY_EVENTS), method="POST", about="shared",
        address=public(lambda given: given.shared.told.subscription), body=lambda _: {"deed": "replay-failed"},
    ),
    page(
        "operations-event-replay", (OPERATE, Action.REPLAY_EVENTS), method="POST", about="shared",
        address=public(lambda given: given.shared.told),
    ),
    page("operations-drills", OPERATE, method="POST"),
    page("operations-drill", OPERATE, about="shared", address=public(lambda given: given.shared.drill)),
]  # fmt: skip

KNOWLEDGE = [
    page("knowledge-gaps", (READ, Action.EDIT_KNOWLEDGE, Action.VIEW_ALL_CONVERSATIONS)),
    page(
        "knowledge-gap", (READ, Action.EDIT_KNOWLEDGE, Action.VIEW_ALL_CONVERSATIONS), method="POST",
        address=a_gap, body=lambda _: {"deed": "dismiss"},
    ),
]  # fmt: skip

DASHBOARD = [
    page("dashboard", Action.VIEW_DASHBOARD),
    page("dashboard-tiles", Action.VIEW_DASHBOARD),
    page("dashboard-rows", Action.VIEW_DASHBOARD, address=lambda _: {"key": "waiting-for-person"}),
    page(
        "dashboard-file",
        (Action.VIEW_DASHBOARD, Action.EXPORT_ANALYTICS),
        address=lambda _: {"key": "waiting-for-person"},
    ),
    page("exported-file", Action.EXPORT_CONVERSATIONS, address=export_address),
]

ACCOUNTS = [
    page("oauth-connect", Action.MANAGE_ACCOUNTS, address=lambda _: {"platform": "tiktok"}),
    page("oauth-connect", Action.MANAGE_ACCOUNTS, method="POST", address=lambda _: {"platform": "tiktok"}),
]

API = [
    rest("api-figures-list", Action.VIEW_ANALYTICS),
    rest("api-figures-export", Action.EXPORT_ANALYTICS, address=lambda _: {"key": "runs"}),
    rest("api-conversations-list", READ),
    rest("api-conversations-detail", READ, about="row", address=conversation()),
    rest("api-conversations-export", Action.EXPORT_CONVERSATIONS),
    rest("api-conversations-notes", READ, about="row", address=conversation()),
    rest("api-conversations-reply", Action.REPLY, method="POST", about="row", address=conversation(), body=lambda _: {"text": "Soon."}),
    rest("api-conversations-note", Action.ANNOTATE, method="POST", about="row", address=conversation(), body=lambda _: {"text": "Kind."}),
    rest("api-conversations-escalate", Action.TAKE_OVER, method="POST", about="row", address=conversation(), body=lambda _: {"detail": "Odd."}),
    rest("api-conversations-take-over", Action.TAKE_OVER, method="POST", about="row", address=conversation()),
    rest("api-conversations-hand-back", Action.TAKE_OVER, method="POST", about="row", address=conversation(row="waiting")),
    rest("api-conversations-assign", Action.ASSIGN, method="POST", no_keys=True, about="row", address=conversation(row="waiting"), body=colleague),
    rest("api-conversations-close", Action.CLOSE, method="POST", about="row", address=conversation(row="waiting")),
    rest("api-conversations-reopen", Action.CLOSE, method="POST", about="row", address=conversation(row="closed")),
    rest("api-messages-list", READ),
    rest("api-messages-detail", READ, about="row", address=public(lambda given: given.team.bot_message)),
    rest("api-messages-export", Action.EXPORT_CONVERSATIONS),
    rest("api-messages-reveal", Action.REVEAL_PII, method="POST", no_keys=True, about="row", address=public(lambda given: given.team.waiting_message)),
    rest("api-customers-list", READ),
    rest("api-customers-detail", READ, about="row", address=public(lambda given: given.team.with_bot.customer)),
    rest("api-escalations-list", READ),
    rest("api-escalations-detail", READ, about="row", address=public(lambda given: given.team.waiting)),
    rest("api-escalations-claim", Action.CLAIM_ESCALATION, method="POST", no_keys=True, about="row", address=public(lambda given: given.team.waiting)),
    rest("api-escalations-claim-next", Action.CLAIM_ESCALATION, method="POST", no_keys=True),
    rest("api-deliveries-list", READ),
    rest("api-deliveries-detail", READ, about="row", address=public(lambda given: given.team.dead)),
    rest("api-deliveries-decide", Action.DECIDE_DELIVERY, method="POST", about="row", address=public(lambda given: given.team.dead), body=decision),
    rest("api-accounts-list", OPERATE),
    rest("api-accounts-detail", OPERATE, about="row", address=public(lambda given: given.team.account)),
    rest("api-events-list", OPERATE),
    rest("api-events-detail", OPERATE, about="shared", address=event_id),
    rest("api-events-replay", Action.REPLAY_EVENTS, method="POST", about="shared", address=event_id),
    rest("api-events-drop", Action.REPLAY_EVENTS, method="POST", about="shared", address=event_id, body=lambda _: {"reason": "A test."}),
    rest("api-runs-list", READ),
    rest("api-runs-detail", READ, about="row", address=public(lambda given: given.team.run)),
    rest("api-articles-list", Action.EDIT_KNOWLEDGE),
    rest("api-articles-detail", Action.EDIT_KNOWLEDGE, address=public(lambda given: given.shared.article)),
    rest(
        "api-articles-list", Action.EDIT_KNOWLEDGE, method="POST",
        body=lambda given: {"slug": f"refunds-{given.user.pk if given.user else 0}", "language": "en", "title": "Refunds", "body": "Within thirty days."},
    ),
    rest("metrics", OPERATE),
]  # fmt: skip

OLDER = [
    rest("older-conversations", READ),
    rest("older-conversation", READ, about="row", address=conversation("number")),
    rest(
        "older-send", Action.REPLY, method="POST", about="row",
        body=lambda given: {"conversation_id": given.team.with_bot.pk, "platform": "tiktok", "message": "Soon."},
    ),
    rest("older-escalate", Action.TAKE_OVER, method="POST", about="row", address=conversation("number"), body=escalation_reason),
    rest(
        "older-override", Action.REPLY, method="PUT", about="row",
        address=lambda given: {"number": given.team.bot_message.pk}, body=lambda _: {"new_content": "It left today."},
    ),
    rest("older-logs", Action.VIEW_AUDIT),
    rest(
        "older-configure", Action.EDIT_PROMPTS, method="POST",
        query=lambda _: {"config_key": "bot.name", "config_value": "Ida"},
    ),
    rest("older-status", Action.VIEW_ANALYTICS),
    rest("older-train", Action.TRAIN, method="POST"),
    rest("older-metrics", Action.VIEW_ANALYTICS),
    rest("older-insights", Action.VIEW_ANALYTICS),
    rest("older-escalations", Action.VIEW_ANALYTICS),
    rest("older-trials", Action.VIEW_ANALYTICS),
    rest(
        "older-oauth-start", Action.MANAGE_ACCOUNTS, address=lambda _: {"platform": "tiktok"},
        query=lambda _: {"redirect_uri": "https://crm.example/back", "state": "0123456789"},
    ),
]  # fmt: skip

DOORS = [*WORKSPACE, *OPERATIONS, *KNOWLEDGE, *DASHBOARD, *ACCOUNTS, *API, *OLDER]

# Open to everybody, each with the reason.
OPEN = {
    "front": "the way in, which says only what this is",
    "favicon": "a picture",
    "older-health": "a monitor's line",
    "health-live": "a monitor's line",
    "health-ready": "a monitor's line; the policy is asked for more",
    "csp-reports": "browsers report without a session",
    "api-schema": "says how to ask, and holds nothing that is asked for",
    "api-docs": "says how to ask, and holds nothing that is asked for",
    "older-never": "404 for everybody who may read, 401 and 403 for others",
    "oauth-callback": "an admin's own single-use state proves it; test_authorizing has the others",
    **dict.fromkeys(
        ("webhook-tiktok", "webhook-linkedin", "webhook-linkedin-app", "webhook-events", "webhook-verify"),
        "platforms prove themselves by their signature",
    ),
    **dict.fromkeys(
        (
            "chat_embed",
            "chat_page",
            "chat_session",
            "chat_messages",
            "chat_files",
            "chat_document",
            "chat_picture",
            "chat_recording",
            "chat_seen",
        ),
        "visitors prove themselves by their token",
    ),
}
# Signing in, out and one's own second factor: the library's, about nobody but the person themselves.
OWN_ACCOUNT = "accounts/"
