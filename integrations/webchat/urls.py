"""The chat's addresses."""

from django.urls import path

from integrations.webchat import views

urlpatterns = [
    path("embed.js", views.embed_script, name="chat_embed"),
    path("<str:key>/", views.page, name="chat_page"),
    path("<str:key>/session", views.Session.as_view(), name="chat_session"),
    path("<str:key>/messages", views.Messages.as_view(), name="chat_messages"),
    path("<str:key>/pictures/<uuid:public_id>", views.Pictures.as_view(), name="chat_picture"),
    path("<str:key>/recordings/<uuid:public_id>", views.Recordings.as_view(), name="chat_recording"),
    path("<str:key>/files", views.Files.as_view(), name="chat_files"),
    path("<str:key>/files/<uuid:public_id>", views.Documents.as_view(), name="chat_document"),
    path("<str:key>/seen", views.Seen.as_view(), name="chat_seen"),
]
