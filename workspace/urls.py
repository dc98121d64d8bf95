"""The addresses of this app."""

from django.urls import URLPattern, URLResolver, path

from workspace.views import composing, deeds, files, pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("workspace/", pages.workspace, name="workspace"),
    path("workspace/queue/", pages.queue_pane, name="workspace-queue"),
    path("workspace/rows/", pages.rows, name="workspace-rows"),
    path("workspace/next/", deeds.claim_next, name="workspace-next"),
    path("workspace/c/<uuid:public_id>/", pages.conversation, name="workspace-conversation"),
    path("workspace/c/<uuid:public_id>/earlier/", pages.earlier, name="workspace-earlier"),
    path("workspace/c/<uuid:public_id>/why/<uuid:message_id>/", pages.why, name="workspace-why"),
    path("workspace/c/<uuid:public_id>/reply/", composing.reply, name="workspace-reply"),
    path("workspace/c/<uuid:public_id>/note/", composing.note, name="workspace-note"),
    path("workspace/c/<uuid:public_id>/draft/", composing.draft, name="workspace-draft"),
    path("workspace/c/<uuid:public_id>/claim/", deeds.claim, name="workspace-claim"),
    path("workspace/c/<uuid:public_id>/take-over/", deeds.take_over, name="workspace-take-over"),
    path("workspace/c/<uuid:public_id>/assign/", deeds.assign, name="workspace-assign"),
    path("workspace/c/<uuid:public_id>/hand-back/", deeds.hand_back, name="workspace-hand-back"),
    path("workspace/c/<uuid:public_id>/resolve/", deeds.resolve, name="workspace-resolve"),
    path("workspace/c/<uuid:public_id>/reopen/", deeds.reopen, name="workspace-reopen"),
    path("workspace/c/<uuid:public_id>/escalate/", deeds.escalate, name="workspace-escalate"),
    path("workspace/c/<uuid:public_id>/suggestion/", deeds.dismiss_suggestion, name="workspace-suggestion"),
    path("workspace/deliveries/<uuid:public_id>/", deeds.decide_delivery, name="workspace-delivery"),
    path("workspace/attachments/<uuid:public_id>/", files.attachment, name="workspace-attachment"),
]
