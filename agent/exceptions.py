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


class NothingToLearnFrom(AgentError):
    """A release's examples are too few, or too much alike, to fit heads from; the message names what is missing."""


class ArticleUnreadable(AgentError):
    """An imported file holds no article."""


class NothingToImport(AgentError):
    """No file was given."""

    def __init__(self) -> None:
        super().__init__("There is no file in it. Choose files, or a folder that holds some.")


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
    """Whoever changed a draft does not publish it alone, and no key publishes."""

    def __init__(self, number: int, hands: str, who: str) -> None:
        super().__init__(
            f"Somebody else has to publish this: whoever changed a draft does not publish it alone. "
            f"Release {number} was changed by {hands}. It can be published by {who}."
        )


class ToolInputInvalid(AgentError):
    """A tool was given what it cannot work with."""

    def __init__(self, tool: str, slot: str, why: str) -> None:
        super().__init__(f"“{slot}” of the tool {tool} does not fit: {why}.")


class AlreadyDecided(AgentError):
    """What waited for a decision has it."""

    def __init__(self, by: str, how: str) -> None:
        super().__init__(f"{by or 'Somebody'} decided this already: {how}.")


class ExchangeMissing(AgentError):
    """A turn that is thought again would ask a language model something to which no answer is kept."""

    def __init__(self, *, others_kept: bool) -> None:
        self.others_kept = others_kept
        super().__init__(
            "A language model would be asked something else than it was, so what it would say is not known."
            if others_kept
            else "A language model would be asked, and no answer of one was kept with this run."
        )


class NothingToReplay(AgentError):
    """A run holds no outcome, or no longer what it was given."""


class ReadingFailed(AgentError):
    """A file was not read. The message is for the log and holds nothing of the file.

    ``is_final`` says that asking again is of no use, ``is_counted`` that somebody was asked at all.
    """

    def __init__(
        self,
        why: str,
        *,
        is_final: bool = False,
        is_counted: bool = True,
        retry_after: float | None = None,
        cost_micros: int = 0,
    ) -> None:
        self.is_final = is_final
        self.is_counted = is_counted
        self.retry_after = retry_after
        self.cost_micros = cost_micros
        super().__init__(why)
