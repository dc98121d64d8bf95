"""The forms of what a release says. What does not fit is told beside the words, which stay in the form."""

import copy
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from agent.engine.types import PHRASE_HEADS
from agent.exceptions import AgentError, NotInRelease
from agent.graph.rules import RuleMalformed, read_conditions
from agent.releases import editing
from agent.releases import services as releases
from agent.releases.screening import screen
from core.text import clean_text


class DraftedForm(forms.ModelForm):  # type: ignore[type-arg]  # it is not generic where the product runs
    """A row of a release, judged as what it will be: the row of the draft that the change goes into."""

    def clean(self) -> dict[str, Any]:
        """Whether the draft has the row, and no second one like it."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return found
        draft = editing.goes_into(self.instance.release)
        row = editing.counterpart(self.instance, draft)
        if row is None:
            self.add_error(None, str(NotInRelease(draft.number)))
            return found
        would_be = copy.copy(row)
        for name, value in found.items():
            setattr(would_be, name, value)
        try:
            would_be.validate_constraints()
        except ValidationError:
            kind = self.instance._meta.verbose_name
            self.add_error(
                None, f"The same {kind} already exists in release {draft.number}. Change that one, or this one's words."
            )
        return found


class SettingForm(DraftedForm):
    """A value that its key takes."""

    def clean_config_value(self) -> str:
        """Of the key's type, within its bounds, and fit to be said."""
        value: str = self.cleaned_data["config_value"]
        setting = self.instance
        try:
            releases.check_setting(setting.config_key, clean_text(value), editing.goes_into(setting.release))
        except AgentError as problem:
            raise forms.ValidationError(str(problem)) from None
        return value


class TextForm(DraftedForm):
    """A text that a customer may be told."""

    def clean_text(self) -> str:
        """Without secrets and foreign links."""
        text: str = self.cleaned_data["text"]
        template = self.instance
        hosts = releases.allowed_hosts(editing.goes_into(template.release))
        try:
            screen(f"{template.key} ({template.language})", text, allowed_hosts=hosts)
        except AgentError as problem:
            raise forms.ValidationError(str(problem)) from None
        return text


class RuleForm(DraftedForm):
    """Conditions that can be judged."""

    def clean_conditions(self) -> Any:
        """Known facts, operators and values."""
        conditions = self.cleaned_data["conditions"]
        try:
            read_conditions(conditions)
        except RuleMalformed as problem:
            raise forms.ValidationError(str(problem)) from None
        return conditions


class PhraseForm(DraftedForm):
    """Words of a head that there is."""

    def clean_head(self) -> str:
        """One of those that the rules know."""
        head: str = self.cleaned_data["head"]
        if head not in PHRASE_HEADS:
            raise forms.ValidationError(f"There is no head “{head}”; write one of: {', '.join(PHRASE_HEADS)}.")
        return head
