"""The addresses of the agent."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from agent.api import older, older_conversations
from agent.api.rows import Articles, Runs
from core.routing import DoorRouter

router = DoorRouter()
router.register("runs", Runs, basename="api-runs")
router.register("articles", Articles, basename="api-articles")

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include(router.urls)),
    # The older project's clients; both forms are printed in its papers.
    re_path(r"^(?:admin/)?agent/configure/?\Z", older.ConfigureAgent.as_view(), name="older-configure"),
    re_path(r"^(?:admin/)?agent/status/?\Z", older.AgentStatus.as_view(), name="older-status"),
    re_path(r"^(?:admin/)?agent/train/?\Z", older.TrainAgent.as_view(), name="older-train"),
    re_path(r"^conversations/?\Z", older_conversations.OlderConversations.as_view(), name="older-conversations"),
    re_path(
        r"^conversations/(?P<number>[^/]+)/?\Z",
        older_conversations.OneOlderConversation.as_view(),
        name="older-conversation",
    ),
]
