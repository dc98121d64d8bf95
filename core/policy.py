"""Who may do what: the one policy of pages, sockets, REST and admin. What is not listed is refused."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from django.db import models

from core.exceptions import NotAllowed


class Role(models.TextChoices):
    """What a person or key is here for."""

    ADMIN = "admin", "Admin"
    SUPERVISOR = "supervisor", "Supervisor"
    AGENT = "agent", "Agent"
    PROMPT_EDITOR = "prompt-editor", "Prompt editor"
    VIEWER = "viewer", "Viewer"
    API_CLIENT = "api-client", "API client"


class Action(StrEnum):
    """Everything that is guarded."""

    VIEW_TEAM_CONVERSATIONS = "view_team_conversations"
    VIEW_ALL_CONVERSATIONS = "view_all_conversations"
    REVEAL_PII = "reveal_pii"
    READ_PERSONAL = "read_personal"
    REPLY = "reply"
    TAKE_OVER = "take_over"
    CLAIM_ESCALATION = "claim_escalation"
    ASSIGN = "assign"
    CLOSE = "close"
    ANNOTATE = "annotate"
    DECIDE_DELIVERY = "decide_delivery"
    REPLAY_EVENTS = "replay_events"
    EDIT_PROMPTS = "edit_prompts"
    PUBLISH_PROMPTS = "publish_prompts"
    EDIT_KNOWLEDGE = "edit_knowledge"
    PUBLISH_KNOWLEDGE = "publish_knowledge"
    TRAIN = "train"
    EVALUATE = "evaluate"
    VIEW_ANALYTICS = "view_analytics"
    VIEW_DASHBOARD = "view_dashboard"
    EXPORT_CONVERSATIONS = "export_conversations"
    EXPORT_ANALYTICS = "export_analytics"
    MANAGE_ACCOUNTS = "manage_accounts"
    ROTATE_KEYS = "rotate_keys"
    MANAGE_LIMITS = "manage_limits"
    PAUSE_BOT = "pause_bot"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_API_KEYS = "manage_api_keys"
    VIEW_AUDIT = "view_audit"
    ERASE_SUBJECT = "erase_subject"
    MANAGE_RETENTION = "manage_retention"
    VIEW_OPERATIONS = "view_operations"


class Grant(StrEnum):
    """How far a permission reaches."""

    ALL = "all"
    OWN = "own"
    SCOPE = "scope"


_ALL, _OWN, _SCOPE = Grant.ALL, Grant.OWN, Grant.SCOPE
_ADMIN, _SUPERVISOR, _AGENT = Role.ADMIN, Role.SUPERVISOR, Role.AGENT
_EDITOR, _VIEWER, _CLIENT = Role.PROMPT_EDITOR, Role.VIEWER, Role.API_CLIENT

MATRIX: dict[Action, dict[Role, Grant]] = {
    Action.VIEW_TEAM_CONVERSATIONS: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _AGENT: _ALL, _VIEWER: _ALL, _CLIENT: _SCOPE},
    Action.VIEW_ALL_CONVERSATIONS: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _CLIENT: _SCOPE},
    Action.REVEAL_PII: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _AGENT: _OWN},
    # For programs that work with whole words. People reveal one thing at a time, and each time is noted.
    Action.READ_PERSONAL: {_CLIENT: _SCOPE},
    Action.REPLY: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _AGENT: _OWN, _CLIENT: _SCOPE},
    Action.TAKE_OVER: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _AGENT: _OWN, _CLIENT: _SCOPE},
    Action.CLAIM_ESCALATION: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _AGENT: _OWN},
    Action.ASSIGN: {_ADMIN: _ALL, _SUPERVISOR: _ALL},
    Action.CLOSE: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _AGENT: _OWN, _CLIENT: _SCOPE},
    Action.ANNOTATE: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _AGENT: _OWN, _CLIENT: _SCOPE},
    Action.DECIDE_DELIVERY: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _AGENT: _OWN},
    Action.REPLAY_EVENTS: {_ADMIN: _ALL, _SUPERVISOR: _ALL},
    Action.EDIT_PROMPTS: {_ADMIN: _ALL, _EDITOR: _ALL},
    Action.PUBLISH_PROMPTS: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _EDITOR: _ALL},
    Action.EDIT_KNOWLEDGE: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _AGENT: _OWN, _EDITOR: _ALL, _CLIENT: _SCOPE},
    Action.PUBLISH_KNOWLEDGE: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _EDITOR: _ALL},
    Action.TRAIN: {_ADMIN: _ALL, _EDITOR: _ALL},
    Action.EVALUATE: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _EDITOR: _ALL},
    Action.VIEW_ANALYTICS: {r: _ALL for r in Role if r != _CLIENT} | {_CLIENT: _SCOPE},
    Action.VIEW_DASHBOARD: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _AGENT: _OWN, _VIEWER: _ALL},
    Action.EXPORT_CONVERSATIONS: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _CLIENT: _SCOPE},
    Action.EXPORT_ANALYTICS: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _EDITOR: _ALL, _VIEWER: _ALL, _CLIENT: _SCOPE},
    Action.MANAGE_ACCOUNTS: {_ADMIN: _ALL},
    Action.ROTATE_KEYS: {_ADMIN: _ALL},
    Action.MANAGE_LIMITS: {_ADMIN: _ALL},
    Action.PAUSE_BOT: {_ADMIN: _ALL, _SUPERVISOR: _ALL},
    Action.MANAGE_PEOPLE: {_ADMIN: _ALL},
    Action.MANAGE_API_KEYS: {_ADMIN: _ALL},
    Action.VIEW_AUDIT: {_ADMIN: _ALL, _SUPERVISOR: _ALL},
    Action.ERASE_SUBJECT: {_ADMIN: _ALL},
    Action.MANAGE_RETENTION: {_ADMIN: _ALL},
    Action.VIEW_OPERATIONS: {_ADMIN: _ALL, _SUPERVISOR: _ALL, _CLIENT: _SCOPE},
}

# What a role may do only together with a second person, where FOUR_EYES is on.
SECOND_PERSON: dict[Action, frozenset[Role]] = {
    Action.PUBLISH_PROMPTS: frozenset({_ADMIN, _SUPERVISOR, _EDITOR}),
    Action.PUBLISH_KNOWLEDGE: frozenset({_EDITOR}),
    Action.ERASE_SUBJECT: frozenset({_ADMIN}),
}

SCOPES: dict[str, frozenset[Action]] = {
    "conversations:read": frozenset({Action.VIEW_TEAM_CONVERSATIONS, Action.VIEW_ALL_CONVERSATIONS}),
    "personal:read": frozenset({Action.READ_PERSONAL}),
    "messages:send": frozenset({Action.REPLY}),
    "conversations:manage": frozenset({Action.TAKE_OVER, Action.CLOSE}),
    "notes:write": frozenset({Action.ANNOTATE}),
    "knowledge:write": frozenset({Action.EDIT_KNOWLEDGE}),
    "analytics:read": frozenset({Action.VIEW_ANALYTICS, Action.EXPORT_ANALYTICS}),
    "conversations:export": frozenset({Action.EXPORT_CONVERSATIONS}),
    "operations:read": frozenset({Action.VIEW_OPERATIONS}),
}

# What belongs to the whole business and to no team. Articles and operations are judged by their doors.
OF_NO_TEAM = frozenset(
    {
        Action.VIEW_ALL_CONVERSATIONS,
        Action.REPLAY_EVENTS,
        Action.EDIT_PROMPTS,
        Action.PUBLISH_PROMPTS,
        Action.PUBLISH_KNOWLEDGE,
        Action.TRAIN,
        Action.EVALUATE,
        Action.MANAGE_ACCOUNTS,
        Action.ROTATE_KEYS,
        Action.MANAGE_LIMITS,
        Action.PAUSE_BOT,
        Action.MANAGE_PEOPLE,
        Action.MANAGE_API_KEYS,
        Action.VIEW_AUDIT,
        Action.ERASE_SUBJECT,
        Action.MANAGE_RETENTION,
    }
)


class Principal(Protocol):
    """Whoever asks: a member of staff or an API key."""

    @property
    def policy_role(self) -> Role | None: ...

    @property
    def policy_scopes(self) -> frozenset[str]: ...

    @property
    def policy_team_ids(self) -> frozenset[int]: ...

    @property
    def policy_user_id(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is asked about: the team it belongs to and the person it is assigned to, where it has them."""

    team_id: int | None = None
    assignee_id: int | None = None


def reach(who: Principal, action: Action) -> Grant | None:
    """How far ``who`` may do ``action``; None is not at all.

    A key that is bound to a team reaches no further than it, whatever its role: it may do nothing that is of no team.
    """
    role = who.policy_role
    if role is None:
        return None
    grant = MATRIX[action].get(role)
    if grant is Grant.SCOPE:
        grant = Grant.ALL if any(action in SCOPES.get(scope, ()) for scope in who.policy_scopes) else None
    if grant is None or not _is_bound(who):
        return grant
    return None if action in OF_NO_TEAM else Grant.OWN


def _is_bound(who: Principal) -> bool:
    # A person's teams add to what their role reaches; a key's team is all that it reaches.
    return who.policy_user_id is None and bool(who.policy_team_ids)


def allows(who: Principal, action: Action, subject: Subject | None = None) -> bool:
    """Whether ``who`` may do ``action``, to ``subject`` where one is meant.

    "Own" reaches what is assigned to the person and what belongs to one of their teams.
    """
    grant = reach(who, action)
    if grant is None or subject is None:
        return grant is not None
    if grant is Grant.ALL:
        return True
    if subject.assignee_id is not None and subject.assignee_id == who.policy_user_id:
        return True
    return subject.team_id is not None and subject.team_id in who.policy_team_ids


def needs_second(who: Principal, action: Action) -> bool:
    """Whether ``who`` may do ``action`` only with a second person, where FOUR_EYES is on."""
    return who.policy_role in SECOND_PERSON.get(action, ())


def sees_conversation(who: Principal, subject: Subject) -> bool:
    """Whether ``who`` may read one conversation."""
    if allows(who, Action.VIEW_ALL_CONVERSATIONS):
        return True
    if not allows(who, Action.VIEW_TEAM_CONVERSATIONS):
        return False
    mine = subject.assignee_id is not None and subject.assignee_id == who.policy_user_id
    return mine or subject.team_id in who.policy_team_ids


def require(who: Principal, action: Action, subject: Subject | None = None) -> None:
    """Raise NotAllowed unless ``who`` may do ``action``."""
    if not allows(who, action, subject):
        raise NotAllowed(f"Your role does not allow this ({action.value.replace('_', ' ')}). Ask an admin.")
