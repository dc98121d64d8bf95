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


class ArticleExists(AgentError):
    """Another article has this slug in this language."""

    def __init__(self, slug: str, language: str) -> None:
        super().__init__(
            f"There is an article “{slug}” in this language ({language}) already. Choose another slug, or edit that one."
        )


class ArticleAudienceFixed(AgentError):
    """Who may read an article is not changed once a release was published with it."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"The article “{slug}” was published for another audience. Withdraw it, and write it under another slug."
        )


class ArticleNotUsed(AgentError):
    """There is nothing to withdraw."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"No release uses the article “{slug}” now, so there is nothing to withdraw.")


class DateInThePast(AgentError):
    """An article cannot be valid until a day that is over."""

    def __init__(self) -> None:
        super().__init__("This day is over. Choose today or a later day, or leave it empty.")


class NotInRelease(AgentError):
    """A row was changed that the draft no longer has."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Draft release {number} no longer has this. Open it from the list, which shows what the draft has."
        )


class SecondPersonNeeded(AgentError):
    """Whoever wrote a draft may not publish it alone."""

    def __init__(self) -> None:
        super().__init__("Somebody else has to publish this: whoever created a draft does not publish it alone.")
