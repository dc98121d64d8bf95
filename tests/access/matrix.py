"""The permission matrix, written out: x everything, 2 with a second person, o own team or assigned, s by scope, - nothing."""

from core.policy import Action, Role

ROLES = (Role.ADMIN, Role.SUPERVISOR, Role.AGENT, Role.PROMPT_EDITOR, Role.VIEWER, Role.API_CLIENT)
TABLE = """
view_team_conversations   x x x - x s
view_all_conversations    x x - - - s
reveal_pii                x x o - - -
read_personal             - - - - - s
reply                     x x o - - s
take_over                 x x o - - s
claim_escalation          x x o - - -
assign                    x x - - - -
close                     x x o - - s
annotate                  x x o - - s
decide_delivery           x x o - - -
replay_events             x x - - - -
edit_prompts              x - - x - -
publish_prompts           2 2 - 2 - -
edit_knowledge            x x o x - s
publish_knowledge         x x - 2 - -
train                     x - - x - -
evaluate                  x x - x - -
view_analytics            x x x x x s
view_dashboard            x x o - x -
export_conversations      x x - - - s
export_analytics          x x - x x s
manage_accounts           x - - - - -
rotate_keys               x - - - - -
manage_limits             x - - - - -
pause_bot                 x x - - - -
manage_people             x - - - - -
manage_api_keys           x - - - - -
view_audit                x x - - - -
erase_subject             2 - - - - -
manage_retention          x - - - - -
view_operations           x x - - - s
"""
# What no key may do that is bound to a team, whatever its role: it is of no team.
_OF_NO_TEAM = """
view_all_conversations replay_events edit_prompts publish_prompts publish_knowledge train evaluate manage_accounts rotate_keys
manage_limits pause_bot manage_people manage_api_keys view_audit erase_subject manage_retention
"""
NOT_FOR_BOUND_KEYS = {Action(name) for name in _OF_NO_TEAM.split()}
LETTERS: dict[tuple[Action, Role], str] = {
    (Action(name), role): letter
    for name, *letters in (line.split() for line in TABLE.strip().splitlines())
    for role, letter in zip(ROLES, letters, strict=True)
}


def permits(role: Role, action: Action, *, own: bool = True, scoped: bool = True, bound: bool = False) -> bool:
    """What the table says of an action upon a row that is ``own`` (of the caller's team) or not. "2" may ask for it.

    ``scoped`` is whether a key carries the scopes, ``bound`` whether it is a key that is bound to a team.
    """
    if bound and (not own or action in NOT_FOR_BOUND_KEYS):
        return False
    letter = LETTERS[action, role]
    if letter == "s":
        return scoped
    return letter in {"x", "2"} or (letter == "o" and own)


def reads(role: Role, *, own: bool, scoped: bool = True, bound: bool = False) -> bool:
    """Whether a conversation may be read: every one, or those of the caller's team."""
    everywhere = permits(role, Action.VIEW_ALL_CONVERSATIONS, own=own, scoped=scoped, bound=bound)
    return everywhere or (own and permits(role, Action.VIEW_TEAM_CONVERSATIONS, scoped=scoped, bound=bound))
