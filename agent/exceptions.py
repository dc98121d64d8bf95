"""The agent's rules, as errors. Their messages are fit for staff."""

from core.exceptions import RuleBroken


class AgentError(RuleBroken):
    """A rule of the agent was broken."""


class UnknownKey(AgentError):
    """There is no such setting."""

    def __init__(self, key: str, known: list[str]) -> None:
        super().__init__(f"There is no setting “{key}”. Known settings: {', '.join(known)}.")


class InvalidValue(AgentError):
    """A setting's value does not fit its type."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"The value of “{key}” does not fit: {why}")


class NotADraft(AgentError):
    """Only drafts are edited and published."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Release {number} is not a draft. Create a draft from it and edit that.")


class NothingPublished(AgentError):
    """No release is published yet."""

    def __init__(self) -> None:
        super().__init__("No release is published. Run `manage.py setup` to load the first one.")


class NothingToRollBackTo(AgentError):
    """There was no release before the current one."""

    def __init__(self) -> None:
        super().__init__("There is no earlier release to return to.")


class ReleaseIncomplete(AgentError):
    """A draft cannot be published as it stands; the message lists every problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("This draft cannot be published: " + " ".join(problems))


class ArticleUnreadable(AgentError):
    """An imported file holds no article."""


class SecondPersonNeeded(AgentError):
    """Whoever wrote a draft may not publish it alone."""

    def __init__(self) -> None:
        super().__init__("Somebody else has to publish this: whoever created a draft does not publish it alone.")
