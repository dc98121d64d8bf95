"""The page before a step that changes what answers: what pressing changes, and a word on what for."""

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget


class StepForm(forms.Form):
    """A word for those who read it later, and the release that answered when the page was made."""

    note = forms.CharField(
        label="What for", max_length=300, required=False, widget=UnfoldAdminTextInputWidget(attrs={"maxlength": 300})
    )
    accept_worse = forms.BooleanField(
        label="Answer with what this release's own examples teach, even if less is understood", required=False
    )
    answering = forms.IntegerField(required=False, widget=forms.HiddenInput)
