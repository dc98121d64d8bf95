"""Where data about a person lies, table by table, and what of it stays when the person is erased.

Whatever hangs on a customer by foreign keys is found by following them, so that a new table is exported and erased
without being named here. Tables in ``KEPT`` keep their rows, emptied of all text that is not listed: figures stay
true and anonymous. Rows of every other table that hangs on a customer are deleted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import ForeignObjectRel, QuerySet

from conversations.models import Customer

OURS = ("core", "conversations", "integrations", "agent", "analytics", "workspace", "privacy")
# Texts that say nothing about the person: states, kinds, names of staff and of our accounts.
KEPT: dict[str, frozenset[str]] = {
    "conversations.customer": frozenset({"platform", "external_id"}),
    "conversations.conversation": frozenset(
        {"platform", "account_name", "thread_key", "mode", "priority", "language", "last_intent"}
    ),
    "conversations.episode": frozenset({"outcome"}),
    "conversations.message": frozenset(
        {
            "direction", "sender_type", "author_name", "platform_message_id", "kind", "disposition", "disposition_reason",
            "intent", "language",
        }
    ),
    "conversations.delivery": frozenset({"idem_key", "author", "state"}),
    "conversations.deliveryattempt": frozenset({"outcome"}),
    "conversations.escalation": frozenset({"reason", "priority", "state", "outcome"}),
    "workspace.suggestionoutcome": frozenset({"outcome"}),
}  # fmt: skip
# Reached by a number or an id instead of a foreign key; their apps' services erase them.
LOOSE = frozenset(
    {
        "agent.agentrun", "agent.gapquestion", "agent.replay", "integrations.webhookevent", "integrations.visitor", "integrations.identifiedperson",
        "conversations.seenkey",
    }
)  # fmt: skip
# Tables in which nothing a customer says or is can come to lie, or that are found otherwise: articles drafted from a talk by their origins.
NOT_ABOUT_PEOPLE = frozenset(
    {
        "agent.agentconfig", "agent.article", "agent.bookmark", "agent.gap", "agent.passageuse", "agent.articleversion", "agent.enginebuild", "agent.escalationrule", "agent.intent", "agent.intentswitch",
        "agent.importfile", "agent.importjob", "agent.knowledgefinding", "agent.knowledgesearch",
        "agent.passage", "agent.phrase", "agent.pricetier", "agent.product", "agent.release", "agent.releasearticle", "agent.replytemplate", "agent.spendledger",
        "agent.spendreservation", "agent.textvector", "agent.tool", "agent.trainingexample", "analytics.analytics", "analytics.episodefact", "conversations.fact",
        "conversations.restoration", "core.apikey", "core.auditevent", "core.auditseal", "core.callwindow", "core.idempotentcall",
        "core.lease", "core.openingcalendar", "core.openingspan", "core.specialday", "core.team", "core.user", "core.workerheartbeat", "integrations.authorizationrequest",
        "integrations.eventattempt", "integrations.eventdelivery",
        "integrations.platformaccount", "integrations.sendwindow", "integrations.subscription", "privacy.erasure",
        "privacy.export", "workspace.drillrun",
    }
)  # fmt: skip
# Kept as hashes to recognise somebody by; of no use to the person they belong to.
NOT_EXPORTED = {"integrations.visitor": frozenset({"token_hash", "address_hash"})}

Text = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField)


@dataclass(frozen=True, slots=True)
class Table:
    """A table that hangs on a customer, and the look-up that leads from its rows to the customer."""

    model: type[models.Model]
    path: str

    @property
    def label(self) -> str:
        """Its name, as in ``conversations.message``."""
        return self.model._meta.label_lower

    @property
    def is_kept(self) -> bool:
        """Whether its rows stay, emptied."""
        return self.label in KEPT

    def rows(self, customer: Customer) -> QuerySet[Any]:
        """The rows about a customer, oldest first."""
        return self.model._default_manager.filter(**{self.path: customer.pk}).order_by("pk")

    def emptied(self) -> dict[str, Any]:
        """What the columns hold that do not stay, when they are empty."""
        fields = [field for field in self.model._meta.concrete_fields if isinstance(field, Text)]
        return {field.name: _empty(field) for field in fields if field.name not in KEPT[self.label]}


def tables() -> list[Table]:
    """Every table that hangs on customers, nearer ones first."""
    found: dict[type[models.Model], Table] = {Customer: Table(Customer, "pk")}
    queue: list[type[models.Model]] = [Customer]
    while queue:
        model = queue.pop(0)
        # Hidden ones are those without a way back, which have rows all the same.
        for relation in model._meta.get_fields(include_hidden=True):
            if not isinstance(relation, ForeignObjectRel) or relation.many_to_many:
                continue
            other: Any = relation.related_model
            if other in found or other._meta.app_label == "privacy":
                continue
            onward = "" if model is Customer else f"__{found[model].path}"
            found[other] = Table(other, f"{relation.field.name}{onward}")
            queue.append(other)
    return list(found.values())


def unclassified() -> list[str]:
    """Our tables of which nobody has said whether they are about people; there must be none."""
    hanging = {table.label for table in tables()}
    ours = [model._meta.label_lower for model in apps.get_models() if model._meta.app_label in OURS]
    return sorted(set(ours) - hanging - LOOSE - NOT_ABOUT_PEOPLE)


def files_of(customer: Customer) -> Iterator[str]:
    """The names of the files that belong to a customer's rows."""
    for table in tables():
        for field in table.model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                for name in table.rows(customer).values_list(field.name, flat=True).iterator(500):
                    if name:
                        yield str(name)


def _empty(field: "models.Field[Any, Any]") -> Any:
    if field.null:
        return None
    if isinstance(field, models.JSONField):
        return field.get_default()
    return b"" if isinstance(field, models.BinaryField) else ""
