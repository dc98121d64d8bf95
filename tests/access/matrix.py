"""The permission matrix, written out: x everything, o own team or assigned, s by scope, - nothing."""

from core.policy import Action, Role

ROLES = (Role.ADMIN, Role.SUPERVISOR, Role.AGENT, Role.PROMPT_EDITOR, Role.VIEWER, Role.API_CLIENT)
TABLE = """
view_team_conversations   x x x - x s
view_all_conversations    x x - - - s
reveal_pii                x x o - - -
reply                     x x o - - s
take_over                 x x o - - s
claim_escalation          x x o - - -
assign                    x x - - - -
close                     x x o - - s
annotate                  x x o - - s
decide_delivery           x x o - - -
replay_events             x x - - - -
edit_prompts              x - - x - -
publish_prompts           x x - x - -
edit_knowledge            x x o x - s
publish_knowledge         x x - x - -
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
erase_subject             x - - - - -
manage_retention          x - - - - -
view_operations           x x - - - s
"""
LETTERS: dict[tuple[Action, Role], str] = {
    (Action(name), role): letter
    for name, *letters in (line.split() for line in TABLE.strip().splitlines())
    for role, letter in zip(ROLES, letters, strict=True)
}


def permits(role: Role, action: Action, *, own: bool = True, scoped: bool = True, bound: bool = False) -> bool:
    """What the table says of an action upon a row that is ``own`` (of the caller's team) or not.

    ``scoped`` is whether a key carries the scopes, ``bound`` whether it is bound to a team.
    """
    letter = LETTERS[action, role]
    if letter == "s":
        return scoped and (own or not bound) and not (bound and action is Action.VIEW_ALL_CONVERSATIONS)
    return letter == "x" or (letter == "o" and own)


def reads(role: Role, *, own: bool, scoped: bool = True, bound: bool = False) -> bool:
    """Whether a conversation may be read: every one, or those of the caller's team."""
    everywhere = permits(role, Action.VIEW_ALL_CONVERSATIONS, own=own, scoped=scoped, bound=bound)
    return everywhere or (own and permits(role, Action.VIEW_TEAM_CONVERSATIONS, scoped=scoped, bound=bound))
