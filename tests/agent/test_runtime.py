"""The mind follows the published release: an edit that is published changes the next answer, a draft changes none."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from agent import services
from agent.engine.encoder import Encoder
from agent.knowledge.services import ArticleText, entrust, save_article
from agent.learning import encoder_name
from agent.models import AgentRun, EngineBuild, EscalationRule, Release
from agent.releases import services as releases
from agent.releases.training import stored_heads, training_set
from agent.runtime import Runtime
from conversations.models import Escalation, Message
from tests.agent.providers import Answer, reply, serving
from tests.conversations.talk import write, wrote

pytestmark = pytest.mark.django_db


def told(thread: str, text: str, mind: Runtime) -> str:
    """What a new customer who writes this is told."""
    conversation = wrote(text, thread=thread)
    services.answer(conversation.pk, mind)
    return Message.objects.filter(conversation=conversation, direction="out").latest("seq").text


def test_an_edited_text_is_said_only_once_it_is_published(mind: Runtime) -> None:
    draft = releases.create_draft(None)
    releases.set_template(draft, "greeting", "en", "Ahoy, this is {name} of {business}!", None)
    assert told("one", "hello there", mind).startswith("Hello!")

    releases.publish(draft, None)

    assert told("two", "hello there", mind) == "Ahoy, this is Robin of Tarnhollow!"
    assert AgentRun.objects.latest("id").trace["release"] == 2


def test_going_back_brings_the_former_text_back(mind: Runtime) -> None:
    draft = releases.create_draft(None)
    releases.set_template(draft, "greeting", "en", "Ahoy!", None)
    releases.publish(draft, None)
    assert told("one", "hello there", mind) == "Ahoy!"

    releases.rollback(None)

    assert told("two", "hello there", mind).startswith("Hello!")


def test_an_edited_article_changes_the_answer_and_its_source(mind: Runtime) -> None:
    version = save_article(
        ArticleText(
            slug="delivery-times",
            language="en",
            title="Delivery times",
            body="Delivery takes exactly 12 days by sailing boat.",
            questions={"": ["How long does delivery take?"]},
        ),
        None,
    )
    draft = releases.create_draft(None)
    releases.use_article(draft, version, None)
    releases.publish(draft, None)

    assert told("one", "How long does delivery take?", mind) == "Delivery takes exactly 12 days by sailing boat."
    source = Message.objects.filter(direction="out").latest("seq").sources[0]
    passage = version.passages.get()
    assert source["passage"] == str(passage.public_id)


def test_what_an_article_says_is_answered_up_to_its_last_day_and_again_once_it_is_prolonged(release: Release) -> None:
    today = timezone.localdate()
    days = [today]
    mind = Runtime(Encoder.load(), today=lambda: days[0])
    question = "How long does delivery take?"
    before = told("one", question, mind)
    article = release.articles.get(article__slug="delivery-times", article__language="en").article

    entrust(article, None, owner=None, valid_until=today)
    assert told("two", question, mind) == before
    days[0] = today + timedelta(days=1)
    after = told("three", question, mind)
    entrust(article, None, owner=None, valid_until=today + timedelta(days=30))

    cited = AgentRun.objects.latest("id").trace["reply"]["sources"]
    assert str(article.public_id) not in {source["article"] for source in cited}
    assert after != before
    assert told("four", question, mind) == before


def test_the_english_weights_may_be_left_out(release: Release, settings: Settings) -> None:
    settings.ENGLISH_ENCODER = False

    told("one", "How long does delivery take?", Runtime())

    assert "MiniLM" in " ".join(AgentRun.objects.latest("id").trace["engine"]["notes"])


def test_a_stricter_threshold_stops_answers(mind: Runtime) -> None:
    releases.publish(releases.configure("retrieval.least_gate_score", "1", None), None)

    told("one", "How long does delivery take?", mind)

    assert AgentRun.objects.get().trace["reply"]["kind"] in {"clarify", "offer"}


def test_a_new_rule_calls_a_person(mind: Runtime) -> None:
    draft = releases.create_draft(None)
    EscalationRule.objects.create(
        release=draft,
        key="no-delivery-talk",
        name="People speak of delivery.",
        conditions=[{"fact": "intent", "operator": "is", "value": "delivery_time"}],
        reason="policy",
        order=1,
    )
    releases.publish(draft, None)

    told("one", "How long does delivery take?", mind)

    assert Escalation.objects.get().detail == "People speak of delivery."


def test_a_release_with_the_same_examples_is_not_fitted_again(mind: Runtime, release: Release) -> None:
    published = releases.publish(releases.configure("bot.name", "Kim", None), None)

    mind.release(published.pk)

    assert EngineBuild.objects.count() == 1
    name = encoder_name(mind.release(published.pk).engine.encoder)
    assert stored_heads(encoder=name, digest=training_set(published.pk).digest) is not None


def test_a_published_release_is_loaded_once(mind: Runtime, release: Release) -> None:
    assert mind.release(release.pk) is mind.release(release.pk)


def test_the_embedded_answer_needs_no_key_and_names_no_model(mind: Runtime) -> None:
    told("one", "How long does delivery take?", mind)

    run = AgentRun.objects.get()
    assert (run.provider, run.model, run.cost_micros, run.trace["models"]) == ("embedded", "", 0, [])


@pytest.mark.parametrize("name", ["anthropic:claude-test", "openai:gpt-test"])
def test_a_configured_model_writes_the_answer_and_its_cost_is_booked(
    release: Release, mind: Runtime, settings: Settings, name: str
) -> None:
    provider, _, model = name.partition(":")
    with serving() as script:
        settings.MODEL_CHAIN = [name]
        settings.OPENAI_API_KEY = settings.ANTHROPIC_API_KEY = "key"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{script.port}"
        modelled = Runtime(mind.release(release.pk).engine.encoder)
        passages = [p for p in mind.release(release.pk).engine.knowledge.passages if p.title == "Delivery times"]
        cited = next(p for p in passages if p.language == "en" and "1 to 3 working days" in p.text)
        script.will(provider, [reply("Standard delivery takes 1 to 3 working days in Germany.", cited.id)])

        text = told("one", "How long does delivery take?", modelled)

    run = AgentRun.objects.get()
    assert text == "Standard delivery takes 1 to 3 working days in Germany."
    assert (run.provider, run.model, run.tokens_in, run.tokens_out) == (provider, model, 200, 20)
    assert run.cost_micros == 1500
    assert (run.trace["reply"]["provider"], run.trace["reply"]["model"]) == (provider, model)
    (call,) = run.trace["models"]
    assert {key: value for key, value in call.items() if key != "ms"} == {
        "provider": provider,
        "model": model,
        "outcome": "ok",
        "tokens_in": 200,
        "tokens_out": 20,
        "cost_micros": 1500,
    }
    ((asked, body),) = script.asked
    system = body["system"] if provider == "anthropic" else body["messages"][0]["content"]
    assert asked == provider
    assert "automated assistant" in system
    assert "Tarnhollow" in system


def test_a_model_that_invents_is_not_believed_and_the_passage_is_quoted(
    release: Release, mind: Runtime, settings: Settings
) -> None:
    with serving() as script:
        settings.MODEL_CHAIN = ["openai:gpt-test"]
        settings.OPENAI_API_KEY = "key"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        modelled = Runtime(mind.release(release.pk).engine.encoder)
        script.will("openai", [reply("We deliver within 33 minutes!", "made-up")])

        text = told("one", "How long does delivery take?", modelled)

    run = AgentRun.objects.get()
    assert "working days" in text
    assert run.provider == "embedded"
    assert run.trace["failed_validations"] == 2
    assert len(run.trace["models"]) == 2


def test_when_every_model_is_down_the_embedded_engine_answers(
    release: Release, mind: Runtime, settings: Settings
) -> None:
    with serving() as script:
        settings.MODEL_CHAIN = ["openai:gpt-test", "anthropic:claude-test"]
        settings.OPENAI_API_KEY = settings.ANTHROPIC_API_KEY = "key"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{script.port}"
        modelled = Runtime(mind.release(release.pk).engine.encoder)
        script.will("openai", [Answer(status=500)])
        script.will("anthropic", [Answer(status=529)])

        text = told("one", "How long does delivery take?", modelled)

    assert "working days" in text
    assert [call["outcome"] for call in AgentRun.objects.get().trace["models"]] == ["retry: HTTP 500"] * 2 + [
        "retry: HTTP 529"
    ] * 2


def test_a_prompt_edit_reaches_the_model_with_the_next_answer(
    release: Release, mind: Runtime, settings: Settings
) -> None:
    draft = releases.configure("prompt.persona", "Speak like a pirate for {business}.", None)
    releases.configure("guard.canary", "CANARY-7f3a91", None, draft=draft)
    releases.publish(draft, None)
    with serving() as script:
        settings.MODEL_CHAIN = ["openai:gpt-test"]
        settings.OPENAI_API_KEY = "key"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        script.will("openai", [reply("The mark is CANARY-7f3a91.", "x")])

        text = told("one", "How long does delivery take?", Runtime(mind.release(release.pk).engine.encoder))

    assert script.asked[0][1]["messages"][0]["content"].startswith("Speak like a pirate for Tarnhollow.")
    assert "CANARY" not in text
    assert "CANARY" not in str(AgentRun.objects.get().trace)


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order TH1234567?",
        "Where is my order #1234567?",
        "Where is my order 123456? You can write to jane@mail.example",
    ],
)
def test_a_customers_own_numbers_do_not_hide_the_question(mind: Runtime, text: str) -> None:
    assert "tracking link" in told("one", text, mind)


def test_a_second_thanks_is_met_with_silence(mind: Runtime) -> None:
    conversation = wrote("thanks a lot")
    services.answer(conversation.pk, mind)

    write("thank you!")
    services.answer(conversation.pk, mind)

    assert list(AgentRun.objects.order_by("id").values_list("state", flat=True)) == ["replied", "suppressed"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("How can I return a jacket?", "return"),
        ("Wie kann ich eine Jacke zurückgeben?", "Umtausch"),
        ("¿Cómo puedo devolver una chaqueta?", "return"),
    ],
)
def test_what_is_asked_is_answered_in_a_language_one_may_read(mind: Runtime, text: str, says: str) -> None:
    answer = told("one", text, mind)

    assert says in answer
    assert AgentRun.objects.latest("id").trace["knowledge"]["passages"][0]["title"] in {
        "Returns and exchanges",
        "Rückgabe und Umtausch",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Your service is the worst I have ever seen",
        "Third time I write. Nobody helps me. Unacceptable!",
        "Ihr seid der schlechteste Laden überhaupt",
    ],
)
def test_anger_goes_to_a_person_as_anger_and_not_as_an_emergency(mind: Runtime, text: str) -> None:
    told("one", text, mind)

    escalation = Escalation.objects.get()
    assert escalation.reason == "negative_sentiment"
    assert AgentRun.objects.latest("id").trace["reply"]["template"] == "handoff"


def test_a_text_that_an_older_release_does_not_have_is_said_as_shipped(mind: Runtime) -> None:
    draft = releases.create_draft(None)
    draft.templates.filter(key="said_already").delete()
    releases.publish(draft, None)

    told("one", "How can I return a jacket?", mind)

    assert told("one", "How can I return a jacket?", mind).startswith("What I wrote above")
