"""The map of addresses."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from supportagent import api, csp_reports, health, metrics, older
from supportagent.accounts import closed_pages
from supportagent.front import favicon, front
from supportagent.sign_out import SignOut

# The admin's own form knows no second factor, so people sign in where everybody does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler404 = "supportagent.errors.not_found"
handler500 = "supportagent.errors.broken"

urlpatterns: list[URLPattern | URLResolver] = [
    # First what platforms call a thousand times for each page: whatever stands before it is tried each time.
    path("", include("integrations.urls")),
    path("", front, name="front"),
    path("favicon.ico", favicon, name="favicon"),
    re_path(r"^health/?\Z", older.health, name="older-health"),
    re_path(r"^admin/logs/?\Z", older.OlderLogs.as_view(), name="older-logs"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.Ready.as_view(), name="health-ready"),
    path("csp", csp_reports.receive, name="csp-reports"),
    re_path(r"^metrics/?\Z", metrics.Metrics.as_view(), name="metrics"),
    path("api/schema/", api.document, name="api-schema"),
    path("api/docs/", api.Page.as_view(), name="api-docs"),
    path("", include("conversations.urls")),
    path("", include("agent.urls")),
    path("", include("workspace.urls")),
    path("", include("analytics.urls")),
    path("", include("privacy.urls")),
    path("accounts/", include(closed_pages())),
    path("accounts/logout/", SignOut.as_view(), name="account_logout"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
