"""What people fill in."""

from datetime import date, datetime, time, timedelta

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from privacy.models import Export

WORD = "ERASE"


class ConfirmErasure(forms.Form):
    """The word that says it is meant."""

    word = forms.CharField(label=f"Write {WORD} to confirm", widget=UnfoldAdminTextInputWidget)

    def clean_word(self) -> str:
        """Only the very word counts."""
        given: str = self.cleaned_data["word"].strip()
        if given != WORD:
            raise forms.ValidationError(f"Write {WORD} in capital letters.")
        return given


class NewExport(forms.ModelForm):  # type: ignore[type-arg]
    """The days whose messages are wanted."""

    first_day = forms.DateField(
        required=False, widget=UnfoldAdminSingleDateWidget, help_text="Empty: from the beginning."
    )
    last_day = forms.DateField(required=False, widget=UnfoldAdminSingleDateWidget, help_text="Empty: up to now.")

    class Meta:
        model = Export
        fields: list[str] = []

    def since(self) -> datetime | None:
        """When the first day begins."""
        day: date | None = self.cleaned_data["first_day"]
        return timezone.make_aware(datetime.combine(day, time.min)) if day else None

    def until(self) -> datetime | None:
        """When the last day is over."""
        day: date | None = self.cleaned_data["last_day"]
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min)) if day else None
