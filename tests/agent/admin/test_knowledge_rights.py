"""Who edits articles: those who edit all of them, agents what they look after, and viewers nothing; in services and pages."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from agent.knowledge import services as knowledge
from agent.knowledge.services import ArticleText
from agent.models import Article, ArticleVersion, Release
from agent.releases import editing
from agent.releases import services as releases
from core.exceptions import NotAllowed
from core.models import User
from core.policy import Action, Role
from tests.access.matrix import permits
from tests.agent.admin.test_knowledge import ADD, LIST, SUNDAYS, page_of
from tests.factories import make_release, make_user
from tests.rest import signed_in, with_key

pytestmark = pytest.mark.django_db

STAFF = [role for role in Role if role != Role.API_CLIENT]
TEXT = ArticleText(slug="returns", language="en", title="Returns", body="Within thirty days.")
NEWER = ArticleText(slug="returns", language="en", title="Returns", body="Within forty days.")


@pytest.fixture
def release() -> Release:
    """What answers now: it uses one article, which nobody looks after."""
    published = make_release()
    published.articles.add(knowledge.save_article(TEXT, None))
    return published


def article_of(owner: User | None) -> Article:
    article = Article.objects.get()
    knowledge.entrust(article, None, owner=owner, valid_until=None)
    return article


def form_of(client: Client, article: Article) -> dict[str, object]:
    """What the article's form sends if nothing is changed on it, with the versions below it or without them."""
    page = client.get(page_of(article)).context
    sent = {name: page["adminform"].form.initial.get(name) or "" for name in page["adminform"].form.fields}
    for inline in page["inline_admin_formsets"]:
        management = inline.formset.management_form
        sent |= {management.add_prefix(name): management.initial[name] for name in management.fields}
    return sent


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


DEEDS: dict[str, Callable[[Article, User], object]] = {
    "revise": lambda _, user: editing.revise_article(NEWER, user),
    "propose": lambda _, user: editing.propose_article(NEWER, user),
    "withdraw": editing.withdraw_article,
    "entrust": lambda article, user: knowledge.entrust(article, user, owner=user, valid_until=None),
    "use": lambda article, user: releases.use_article(
        releases.open_draft(None), ArticleVersion.objects.get(article=article), user
    ),
}


@pytest.mark.parametrize("own", [True, False], ids=["own", "anothers"])
@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("deed", DEEDS)
def test_an_article_is_edited_by_whom_the_matrix_names(release: Release, deed: str, role: Role, own: bool) -> None:
    user = make_user(role=role)
    article = article_of(user if own else make_user(role=Role.SUPERVISOR))
    allowed = permits(role, Action.EDIT_KNOWLEDGE, own=own)

    try:
        DEEDS[deed](article, user)
    except NotAllowed:
        was_done = False
    else:
        was_done = True

    assert was_done == allowed
    assert allowed or ArticleVersion.objects.count() == 1


@pytest.mark.parametrize("role", STAFF)
def test_an_article_is_written_by_whom_the_matrix_names_who_then_looks_after_it(release: Release, role: Role) -> None:
    user, new = make_user(role=role), ArticleText(slug="pets", language="en", title="Pets", body="Dogs are welcome.")

    if permits(role, Action.EDIT_KNOWLEDGE):
        _, draft = editing.write_article(new, user, owner=user)
        assert set(draft.articles.values_list("article__slug", flat=True)) == {"returns", "pets"}
        assert Article.objects.get(slug="pets").owner == user
    else:
        with pytest.raises(NotAllowed):
            editing.write_article(new, user)
        assert not Release.objects.drafts().exists()


def test_an_agent_does_not_give_an_article_away(release: Release) -> None:
    agent = make_user(role=Role.AGENT)
    article = article_of(agent)

    for other in (None, make_user(role=Role.SUPERVISOR)):
        with pytest.raises(NotAllowed, match="Ask a supervisor"):
            knowledge.entrust(Article.objects.get(), agent, owner=other, valid_until=None)
    article.refresh_from_db()
    assert article.owner == agent


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AGENT])
def test_who_may_edit_knowledge_does_it_on_the_page(release: Release, role: Role) -> None:
    user = make_user(role=role)
    client, article = as_user(user), article_of(user)

    added = client.post(ADD, SUNDAYS | {"owner": ""} if role == Role.AGENT else SUNDAYS, follow=True)
    changed = client.post(page_of(article), form_of(client, article) | {"body": "Within forty days."}, follow=True)

    draft = Release.objects.drafts().get()
    for answer in (added, changed):
        assert f"Saved in draft release {draft.number}" in answer.content.decode()
    assert Article.objects.get(slug="juggling").owner == (user if role == Role.AGENT else None)
    article.refresh_from_db()
    assert article.owner == user
    assert draft.articles.get(article=article).body == "Within forty days."
    withdrawn = client.post(page_of(article, "withdraw"), {"note": "Old"}, follow=True)
    assert f"Left out of draft release {draft.number}" in withdrawn.content.decode()


def test_an_agent_sees_own_articles_alone_and_no_way_to_releases(release: Release) -> None:
    agent = make_user(role=Role.AGENT)
    foreign = article_of(make_user(role=Role.SUPERVISOR))
    own, draft = editing.write_article(
        ArticleText(slug="pets", language="en", title="Pets", body="Dogs are welcome."), agent, owner=agent
    )
    client = as_user(agent)

    listed = client.get(LIST).content.decode()
    shown = client.get(page_of(own)).content.decode()

    assert ("Pets" in listed, "Returns" in listed) == (True, False)
    to_releases = reverse("admin:agent_release_change", args=[draft.pk])
    assert to_releases not in listed + shown
    assert "Withdraw" in shown
    assert client.get(page_of(foreign)).status_code == 302
    assert client.get(page_of(foreign, "withdraw")).status_code == 403
    assert client.post(page_of(foreign, "withdraw"), {"note": "x"}).status_code == 403
    assert draft.articles.filter(article=foreign).exists()


def test_a_prompt_stays_with_those_who_may_edit_prompts(release: Release) -> None:
    for role in (Role.SUPERVISOR, Role.AGENT):
        with pytest.raises(NotAllowed):
            releases.open_draft(make_user(role=role))
        with pytest.raises(NotAllowed):
            releases.configure("bot.name", "Kim", make_user(role=role))


def test_over_rest_each_role_saves_what_it_may_edit(release: Release) -> None:
    body = {"slug": "returns", "language": "en", "title": "Returns", "body": "Within forty days."}
    article_of(None)

    found = {role: signed_in(role).post("/api/v1/articles/", body).status_code for role in STAFF}
    key = with_key("knowledge:write").post("/api/v1/articles/", body)

    assert found == {role: 201 if permits(role, Action.EDIT_KNOWLEDGE, own=False) else 403 for role in STAFF}
    assert key.status_code == 201
