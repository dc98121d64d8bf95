"""What every page of the agent in the admin has."""

from agent.exceptions import AgentError
from core.exceptions import NotAllowed
from core.policy import Action
from core.policy_admin import PolicyAdmin


class AgentAdmin(PolicyAdmin):
    """Rows of the agent."""

    view_action = Action.EVALUATE

    @staticmethod
    def expected_errors() -> tuple[type[Exception], ...]:
        """The agent's rules and the policy."""
        return (AgentError, NotAllowed)
