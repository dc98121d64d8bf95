"""The addresses of this app."""

from django.urls import URLPattern, URLResolver, path

from workspace.operations import bots
from workspace.operations import subscriber_views as subscribers
from workspace.operations import views as operations
from workspace.views import composing, deeds, files, gaps, knowledge, pages, replays

urlpatterns: list[URLPattern | URLResolver] = [
    path("workspace/", pages.workspace, name="workspace"),
    path("workspace/queue/", pages.queue_pane, name="workspace-queue"),
    path("workspace/rows/", pages.rows, name="workspace-rows"),
    path("workspace/knowledge/", knowledge.search, name="workspace-knowledge"),
    path("workspace/knowledge/<uuid:public_id>/", knowledge.found, name="workspace-knowledge-found"),
    path("workspace/next/", deeds.claim_next, name="workspace-next"),
    path("workspace/c/<uuid:public_id>/", pages.conversation, name="workspace-conversation"),
    path("workspace/c/<uuid:public_id>/earlier/", pages.earlier, name="workspace-earlier"),
    path("workspace/c/<uuid:public_id>/why/<uuid:message_id>/", pages.why, name="workspace-why"),
    path("workspace/c/<uuid:public_id>/why/<uuid:message_id>/replay/", replays.ask, name="workspace-replay-ask"),
    path(
        "workspace/c/<uuid:public_id>/why/<uuid:message_id>/replay/<uuid:replay_id>/",
        replays.look,
        name="workspace-replay",
    ),
    path("workspace/c/<uuid:public_id>/reveal/", deeds.reveal_address, name="workspace-reveal-address"),
    path("workspace/c/<uuid:public_id>/reveal/<uuid:message_id>/", deeds.reveal, name="workspace-reveal"),
    path(
        "workspace/c/<uuid:public_id>/files/<uuid:attachment_id>/reveal/",
        deeds.reveal_reading,
        name="workspace-reveal-reading",
    ),
    path("workspace/c/<uuid:public_id>/reply/", composing.reply, name="workspace-reply"),
    path("workspace/c/<uuid:public_id>/note/", composing.note, name="workspace-note"),
    path("workspace/c/<uuid:public_id>/draft/", composing.draft, name="workspace-draft"),
    path("workspace/c/<uuid:public_id>/promises/", deeds.promise, name="workspace-promise"),
    path("workspace/promises/<uuid:public_id>/", deeds.end_promise, name="workspace-promise-end"),
    path("workspace/c/<uuid:public_id>/claim/", deeds.claim, name="workspace-claim"),
    path("workspace/c/<uuid:public_id>/take-over/", deeds.take_over, name="workspace-take-over"),
    path("workspace/c/<uuid:public_id>/assign/", deeds.assign, name="workspace-assign"),
    path("workspace/c/<uuid:public_id>/hand-back/", deeds.hand_back, name="workspace-hand-back"),
    path("workspace/c/<uuid:public_id>/resolve/", deeds.resolve, name="workspace-resolve"),
    path("workspace/c/<uuid:public_id>/reopen/", deeds.reopen, name="workspace-reopen"),
    path("workspace/c/<uuid:public_id>/escalate/", deeds.escalate, name="workspace-escalate"),
    path("workspace/c/<uuid:public_id>/suggestion/", deeds.dismiss_suggestion, name="workspace-suggestion"),
    path("workspace/c/<uuid:public_id>/approval/", deeds.decide_approval, name="workspace-approval"),
    path("workspace/deliveries/<uuid:public_id>/", deeds.decide_delivery, name="workspace-delivery"),
    path("workspace/attachments/<uuid:public_id>/", files.attachment, name="workspace-attachment"),
    path("knowledge/gaps/", gaps.gap_list, name="knowledge-gaps"),
    path("knowledge/gaps/<uuid:public_id>/", gaps.decide_gap, name="knowledge-gap"),
    path("operations/", operations.operations, name="operations"),
    path("operations/board/", operations.live_board, name="operations-board"),
    path("operations/bot/", bots.switch_bot, name="operations-bot"),
    path("operations/events/", operations.event_list, name="operations-events"),
    path("operations/events/decide/", operations.decide_events, name="operations-events-decide"),
    path("operations/events/<int:pk>/", operations.event_page, name="operations-event"),
    path("operations/events/<int:pk>/reveal/", operations.reveal, name="operations-event-reveal"),
    path("operations/sends/", operations.send_list, name="operations-sends"),
    path("operations/sends/<uuid:public_id>/", operations.decide_send, name="operations-send"),
    path("operations/webhooks/", subscribers.subscriber_list, name="operations-subscribers"),
    path("operations/webhooks/<uuid:public_id>/", subscribers.subscriber_page, name="operations-subscriber"),
    path(
        "operations/webhooks/<uuid:public_id>/decide/",
        subscribers.decide_subscriber,
        name="operations-subscriber-decide",
    ),
    path(
        "operations/webhooks/events/<uuid:public_id>/replay/",
        subscribers.replay_event_delivery,
        name="operations-event-replay",
    ),
    path("operations/drills/", operations.start_drill, name="operations-drills"),
    path("operations/drills/<uuid:public_id>/", operations.drill_page, name="operations-drill"),
]
