"""Importing files in the admin: chosen on a page, read in the background, with what came of each."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from agent.admin.article_form import languages
from agent.admin.base import AgentAdmin
from agent.knowledge.files import KINDS, KINDS_IN_WORDS, MOST_BYTES
from agent.knowledge.given import GivenFile, unpacked
from agent.models import ImportFile, ImportJob
from agent.services import importing
from core.policy import Action
from core.policy_admin import RowsInline

FILES_A_PAGE = 100
# While files wait, the page asks again after so many seconds.
LOOK_AGAIN = "2"
STATES = {"waiting": "info", "running": "warning", "done": "success", "unchanged": "info", "failed": "danger"}


class ManyFiles(UnfoldAdminFileFieldWidget):  # type: ignore[misc]
    """A field in which several files are chosen."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, together not larger than what a page may send."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[bytes]]":
        """Every file as it came; whether it can be read is said with the result."""
        given = list(data) if isinstance(data, list | tuple) else [data]
        files: list[UploadedFile[bytes]] = [super(FilesField, self).clean(each, initial) for each in given or [None]]
        if sum(each.size or 0 for each in files) > MOST_BYTES:
            raise forms.ValidationError(
                f"Together the files have more than {MOST_BYTES // 1_000_000} MB. Choose fewer at a time, or import them by "
                "the command “manage.py knowledge import”."
            )
        return files


class ImportForm(forms.ModelForm):  # type: ignore[type-arg]
    """Which files, and how they are to be read."""

    uploads = FilesField(
        label="Files",
        widget=ManyFiles(attrs={"accept": ",".join([*KINDS, ".zip"]), "multiple": True}),
        help_text=f"{KINDS_IN_WORDS}, or a zip archive of them, up to {MOST_BYTES // 1_000_000} MB together. A CSV has the "
        "columns “question” and “answer”. What was imported before becomes the next version of the same article.",
        error_messages={"required": "Choose at least one file.", "empty": "One of these files is empty."},
    )
    language = forms.ChoiceField(
        widget=UnfoldAdminSelectWidget,
        help_text="Of files that name none, and lie in no folder that is called like one.",
    )

    class Meta:
        model = ImportJob
        fields = ["language", "audience"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """With the business's languages."""
        super().__init__(*args, **kwargs)
        if "language" in self.fields:
            self.fields["language"].choices = languages()  # type: ignore[attr-defined]

    def given(self) -> Iterable[GivenFile]:
        """The files, archives unpacked."""
        for upload in self.cleaned_data["uploads"]:
            yield from unpacked(GivenFile(name=str(upload.name), content=upload.read()))


class FileInline(RowsInline):
    """What came of each file."""

    model = ImportFile
    fields = ["name", "state", "told", "size"]
    readonly_fields = fields
    per_page = FILES_A_PAGE

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ImportFile]":
        """Without their contents."""
        rows: QuerySet[ImportFile] = super().get_queryset(request)
        return rows.defer("content")


@admin.register(ImportJob)
class ImportJobAdmin(AgentAdmin):
    """Files that became articles."""

    view_action = add_action = Action.EDIT_KNOWLEDGE
    form = ImportForm
    list_display = ["created_at", "standing", "progress", "refused", "language", "audience", "requested_by", "ended_at"]
    list_filter = ["state"]
    list_select_related = ["requested_by"]
    inlines = [FileInline]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ImportJob]":
        """With how many files each has, how many were read, and how many could not be."""
        rows: QuerySet[ImportJob] = super().get_queryset(request)
        of_job = ImportFile.objects.filter(job=OuterRef("pk")).order_by()
        return rows.annotate(
            files_total=_number(of_job),
            files_waiting=_number(of_job.filter(state=ImportFile.State.WAITING)),
            files_failed=_number(of_job.filter(state=ImportFile.State.FAILED)),
        )

    def get_fields(self, request: HttpRequest, obj: ImportJob | None = None) -> list[str]:
        """A new one needs files; of an old one is told how far it is."""
        if obj is None:
            return ["uploads", "language", "audience"]
        return ["state", "progress", "refused", "language", "audience", "requested_by", "created_at", "ended_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: ImportJob | None = None) -> list[str]:
        """An import is not changed once it is asked for."""
        return [] if obj is None else self.get_fields(request, obj)

    def get_inlines(self, request: HttpRequest, obj: ImportJob | None) -> list[Any]:
        """A new one has no results."""
        return self.inlines if obj is not None else []

    @display(description="State", label=STATES)  # type: ignore[untyped-decorator]  # unfold has no types
    def standing(self, job: ImportJob) -> tuple[str, str]:
        """In colour and in words."""
        return job.state, job.get_state_display()

    @admin.display(description="Files read")
    def progress(self, job: Any) -> str:
        """How many of how many."""
        return f"{job.files_total - job.files_waiting} of {job.files_total}"

    @admin.display(description="Not imported")
    def refused(self, job: Any) -> int:
        """How many could not be read."""
        number: int = job.files_failed
        return number

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """While files wait to be read, the page comes anew by itself."""
        # There is one thing to do here, and it leads to where its progress shows.
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        try:
            page: HttpResponse = super().changeform_view(
                request, object_id, form_url, {**one_button, **(extra_context or {})}
            )
        except self.expected_errors() as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:agent_importjob_add"))
        if object_id and page.status_code == 200 and self._is_under_way(object_id):
            page["Refresh"] = LOOK_AGAIN
        return page

    @staticmethod
    def _is_under_way(object_id: str) -> bool:
        return (
            object_id.isdecimal()
            and ImportJob.objects.filter(pk=object_id).exclude(state=ImportJob.State.DONE).exists()
        )

    def save_model(self, request: HttpRequest, obj: ImportJob, form: ImportForm, change: bool) -> None:
        """Ask for the files to be read."""
        user: Any = request.user
        said = form.cleaned_data
        job = importing.begin_import(form.given(), user, language=said["language"], audience=said["audience"])
        obj.pk = job.pk

    def response_add(self, request: HttpRequest, obj: ImportJob, post_url_continue: str | None = None) -> HttpResponse:
        """To where its progress shows."""
        return HttpResponseRedirect(reverse("admin:agent_importjob_change", args=[obj.pk]))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The audit trail has it."""


def _number(rows: "QuerySet[ImportFile]") -> Coalesce:
    counted = rows.values("job").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


@admin.register(ImportFile)
class ImportFileAdmin(AgentAdmin):
    """Files of imports, without their contents."""

    view_action = Action.EDIT_KNOWLEDGE
    list_display = ["name", "job", "state", "told"]
    list_filter = ["state"]
    list_select_related = ["job"]
    search_fields = ["name"]
    fields = [
        "job", "name", "state", "told", "size", "attempts", "articles_new", "articles_changed", "articles_unchanged",
    ]  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ImportFile]":
        """Without their contents."""
        rows: QuerySet[ImportFile] = super().get_queryset(request)
        return rows.defer("content")
