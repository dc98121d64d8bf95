"""What the OpenAPI document says of itself, and how its page looks."""

from typing import Any

DESCRIPTION = """
Conversations, their messages and deliveries, escalations, accounts, articles and what came in, for programs.

**Who calls.** Send an API key as `Authorization: Bearer sak_…` or `X-API-Key: sak_…`, or use the session of somebody who is
signed in (then writing needs the CSRF token). A key may do what its scopes say, a person what their role says; what one may
not see answers 404.

**Hidden.** What customers tell about themselves is masked as in the workspace: a kind in brackets, such as `[card]` or `[e-mail]`,
stands in its place. It is whole for a key with the scope `personal:read`. People reveal one message at a time with
`messages/{id}/reveal`, which is noted in the audit trail.

**Pages.** Lists are newest first and come in pages; `next` is the address of the following one, null on the last.

**Files.** `conversations/export` and `messages/export` answer with all that their lists hold, for a key with the scope
`conversations:export`.

**Repeating.** Send an `Idempotency-Key` with each POST (only `reveal` does not look at it). Repeated within 24 hours it does nothing twice and answers as the first
time; while the first is still being worked on it answers 409 with `Retry-After`, and 422 if the body is another.

**Refusals** are RFC 9457 problem details. `code` is for programs, `detail` says what to do. At most 600 calls a minute and
key: then 429 with `Retry-After`.
"""

SETTINGS: dict[str, Any] = {
    "TITLE": "Support agent",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "PREPROCESSING_HOOKS": ["core.schema.only_doors"],
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums"],
    "COMPONENT_SPLIT_REQUEST": True,
    "OAS_VERSION": "3.0.3",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/img/mark.svg",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False, "validatorUrl": None},
    "SORT_OPERATIONS": False,
    "ENUM_NAME_OVERRIDES": {
        "AccountStateEnum": "integrations.models.PlatformAccount.State",
        "AttachmentStateEnum": "conversations.models.Attachment.State",
        "DeliveryStateEnum": "conversations.models.Delivery.State",
        "EscalationStateEnum": "conversations.models.Escalation.State",
        "ReadingStateEnum": "conversations.models.Attachment.ReadingState",
        "EventStateEnum": "integrations.models.WebhookEvent.State",
        "RunStateEnum": "agent.models.AgentRun.State",
    },
}
