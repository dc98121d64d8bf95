"""The door to exported files."""

import uuid
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.exceptions import NotAllowed
from core.models import User
from privacy import folder, services


@require_GET
@login_required
def exported_file(request: HttpRequest, public_id: uuid.UUID) -> HttpResponseBase:
    """The file, for whoever asked for it and for a day; to everybody else there is none."""
    user = cast(User, request.user)
    try:
        export = services.export_for(str(public_id), user)
    except NotAllowed as error:
        raise Http404(_("There is no such file.")) from error
    if export is None:
        raise Http404(_("There is no such file."))
    services.note_download(export, user)
    stamp = export.created_at.strftime("%Y-%m-%d")
    path = folder.path_of(export)
    response = FileResponse(path.open("rb"), as_attachment=True, filename=f"{export.kind}-{stamp}{path.suffix}")
    response["Cache-Control"] = "no-store"
    return response
