"""The management commands, called as a program calls them."""

import json
import re
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client
from django_celery_beat.models import PeriodicTask
from pytest_django import Settings

from agent.models import Release, Tool
from conversations.models import Fact
from core.models import ApiKey, AuditEvent, Team, User
from core.policy import Role
from integrations.models import PlatformAccount, Subscription
from integrations.platforms import PLATFORMS
from supportagent import demo, heartbeats, periodic
from tests.factories import make_account, make_team

pytestmark = pytest.mark.django_db


def run(*command: str) -> str:
    """What a command writes to standard output."""
    output = StringIO()
    call_command(*command, stdout=output, stderr=StringIO())
    return output.getvalue()


def test_a_key_made_on_the_command_line_opens_its_door(client: Client) -> None:
    answer = json.loads(run("apikey", "create", "prometheus", "--scope", "operations:read"))

    assert set(answer) == {"id", "name", "role", "scopes", "key"}
    assert (answer["name"], answer["role"], answer["scopes"]) == ("prometheus", "api-client", ["operations:read"])
    assert client.get("/metrics", headers={"authorization": f"Bearer {answer['key']}"}).status_code == 200
    assert AuditEvent.objects.get().action == "key.created"


def test_the_first_admin_is_made_on_the_command_line_and_may_sign_in(client: Client) -> None:
    make_team("Returns")

    made = json.loads(run("staff", "add", "ada", "--role", "admin", "--team", "Returns"))

    user = User.objects.get(username="ada")
    assert (user.role, user.is_superuser, user.is_staff) == (Role.ADMIN, False, True)
    assert client.login(username="ada", password=made["password"])
    assert AuditEvent.objects.get(action="user.added").after == {"role": "admin", "teams": ["Returns"]}
    (listed,) = json.loads(run("staff", "list"))["staff"]
    assert listed == {name: value for name, value in made.items() if name != "password"}


@pytest.mark.parametrize(
    ("words", "said"),
    [(["ada"], "already exists"), (["a b"], "valid username"), (["bo", "--team", "Nobody"], "no team")],
)
def test_who_cannot_be_made_is_told_why(words: list[str], said: str) -> None:
    run("staff", "add", "ada", "--role", "agent")

    with pytest.raises(CommandError, match=said):
        run("staff", "add", *words, "--role", "agent")
    assert User.objects.count() == 1


def test_a_key_of_a_role_and_a_team() -> None:
    team = make_team("Returns")

    answer = json.loads(run("apikey", "create", "--name", "till", "--role", "supervisor", "--team", "Returns"))

    key = ApiKey.objects.get(pk=answer["id"])
    assert (key.name, key.role, key.team) == ("till", Role.SUPERVISOR, team)


def test_keys_are_listed_without_secrets_and_revoked(client: Client) -> None:
    made = json.loads(run("apikey", "create", "one", "--scope", "operations:read"))

    listed = json.loads(run("apikey", "list"))["keys"]
    assert [key["id"] for key in listed] == [made["id"]]
    assert made["key"].split("_", 2)[2] not in json.dumps(listed)

    revoked = json.loads(run("apikey", "revoke", listed[0]["prefix"]))
    assert revoked["revoked_at"]
    assert client.get("/metrics", headers={"authorization": f"Bearer {made['key']}"}).status_code == 401


@pytest.mark.parametrize("by", ["id", "public_id", "prefix"])
def test_a_key_is_found_by_any_of_its_names(by: str) -> None:
    run("apikey", "create", "one", "--role", "viewer")
    listed = json.loads(run("apikey", "list"))["keys"]

    run("apikey", "revoke", str(listed[0][by]))

    assert not ApiKey.objects.usable().exists()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["apikey", "create"], 2),
        (["apikey", "create", "x"], 2),
        (["apikey", "create", "x", "--role", "viewer", "--scope", "operations:read"], 2),
        (["apikey", "create", "x", "--role", "viewer", "--team", "Nobody"], 1),
        (["apikey", "revoke", "99999"], 1),
        (["apikey", "revoke", "not-a-uuid-but-thirty-six-characters"], 1),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(command: list[str], code: int) -> None:
    with pytest.raises(CommandError) as refused:
        run(*command)

    assert refused.value.returncode == code
    assert str(refused.value)


def test_setup_makes_what_every_installation_needs_and_changes_nothing_again() -> None:
    run("setup")
    before = (
        list(Team.objects.values()),
        list(Release.objects.values_list("number", "state")),
        PeriodicTask.objects.count(),
    )

    run("setup")

    assert (
        list(Team.objects.values()),
        list(Release.objects.values_list("number", "state")),
        PeriodicTask.objects.count(),
    ) == before
    assert [team["name"] for team in before[0]] == ["Support"]
    assert before[1] == [(1, "published")]


def test_every_periodic_job_has_a_task_and_no_job_sweeps() -> None:
    known = periodic.ensure()

    rows = {row.name: row for row in PeriodicTask.objects.filter(name__in=[job.name for job in periodic.JOBS])}
    assert sorted(rows) == sorted(known)
    assert not [row for row in rows.values() if "sweep" in row.task]


def test_a_job_that_an_admin_switched_off_stays_off(monkeypatch: pytest.MonkeyPatch) -> None:
    job = periodic.Job(name="Load the engine", task="agent.tasks.warm_up", minute="0")
    monkeypatch.setattr(periodic, "JOBS", (job,))
    periodic.ensure()
    PeriodicTask.objects.filter(name=job.name).update(enabled=False)

    assert periodic.ensure() == [job.name]

    assert PeriodicTask.objects.get(name=job.name).enabled is False


def test_a_job_whose_task_is_gone_goes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic, "JOBS", (periodic.Job(name="Load the engine", task="agent.tasks.warm_up"),))
    periodic.ensure()
    monkeypatch.setattr(periodic, "JOBS", (periodic.Job(name="Load the engine", task="agent.tasks.no_more"),))

    assert periodic.ensure() == []

    assert not PeriodicTask.objects.filter(name="Load the engine").exists()


@pytest.fixture
def demo_secrets(settings: Settings) -> dict[str, str]:
    """What a first start would have made."""
    made = {
        "DEMO_PASSWORD": "amber-fjord-123abc",
        "CHAT_PUBLIC_KEY": "0123456789abcdef0123456789abcdef",
        "SIM_CLIENT_SECRET": "client-secret",
        "SIM_ACCESS_TOKEN": "act.1",
        "SIM_REFRESH_TOKEN": "rft.1",
        "SIM_PARTNER_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "SIM_SUBSCRIBER_SECRET": "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
        "SIM_ORDERS_SECRET": "whsec_b3JkZXJzb3JkZXJzb3JkZXJzb3JkZXJzb3JkZXJzMTI=",
    }
    settings.OWN_SECRETS = made
    return made


def test_the_demo_is_loaded_once(demo_secrets: dict[str, str], client: Client) -> None:
    assert demo.is_wanted()
    printed = run("demo")
    run("demo")

    roles = dict(User.objects.values_list("username", "role"))
    assert roles == {"admin": "admin", "sam": "supervisor", "dana": "agent", "eli": "prompt-editor", "vic": "viewer"}
    assert not User.objects.filter(is_superuser=True).exists()
    assert all(client.login(username=name, password=demo_secrets["DEMO_PASSWORD"]) for name in roles)
    assert printed.count(demo_secrets["DEMO_PASSWORD"]) == 5
    partner, linkedin, tiktok, chat = PlatformAccount.objects.order_by("platform")
    assert (linkedin.client_key, linkedin.kind, linkedin.options) == (
        demo.LINKEDIN_APP,
        "comments",
        {"simulated": True},
    )
    assert (tiktok.client_key, tiktok.api_base, tiktok.options) == (demo.CLIENT_KEY, "", {"simulated": True})
    assert tiktok.secrets == {"secret": "client-secret", "access_token": "act.1", "refresh_token": "rft.1"}
    assert chat.public_key == demo_secrets["CHAT_PUBLIC_KEY"]
    assert (partner.platform, partner.secrets) == ("events", {"secret": demo_secrets["SIM_PARTNER_SECRET"]})
    subscriber = Subscription.objects.get()
    assert set(subscriber.kinds) == set(Fact.Kind.values)
    assert subscriber.secrets == {"secret": demo_secrets["SIM_SUBSCRIBER_SECRET"]}
    assert not demo.is_wanted()


def test_a_changed_password_survives_another_load(demo_secrets: dict[str, str], client: Client) -> None:
    run("demo")
    dana = User.objects.get(username="dana")
    dana.set_password("my own words 17")
    dana.save()

    run("demo")

    assert client.login(username="dana", password="my own words 17")


def test_a_reset_starts_the_demo_over_and_touches_nothing_else(demo_secrets: dict[str, str]) -> None:
    other = make_account()
    run("demo")
    before = set(PlatformAccount.objects.values_list("pk", flat=True))

    run("demo", "--reset")

    after = set(PlatformAccount.objects.values_list("pk", flat=True))
    assert before & after == {other.pk}
    assert len(after) == 5
    assert Subscription.objects.count() == 1


def test_the_demos_addresses_follow_the_simulators_port(demo_secrets: dict[str, str], settings: Settings) -> None:
    settings.SIM_PORT = 8124
    run("demo")

    settings.SIM_PORT = 9124
    demo.follow_simulator()

    account = PlatformAccount.objects.get(platform="events")
    assert Tool.objects.get(name="order_status").url == f"http://127.0.0.1:9124/partner/{demo.ORDER_DESK}/orders"
    assert Subscription.objects.get().url == f"http://127.0.0.1:9124/partner/{demo.SUBSCRIBER}"
    assert PLATFORMS["events"].session(account).api_base == f"http://127.0.0.1:9124/partner/{demo.PARTNER}"


def test_the_order_tool_asks_the_demos_order_desk_unless_it_asks_another(demo_secrets: dict[str, str]) -> None:
    run("demo")
    tool = Tool.objects.get(name="order_status")
    assert (tool.secrets, tool.asks_for_email) == ({"secret": demo_secrets["SIM_ORDERS_SECRET"]}, False)
    Tool.objects.filter(pk=tool.pk).update(url="https://orders.shop.example/status")

    run("demo", "--reset")
    demo.follow_simulator()

    tool.refresh_from_db()
    assert tool.url == "https://orders.shop.example/status"


def test_without_the_demo_the_order_tool_has_no_address(demo_secrets: dict[str, str]) -> None:
    run("demo")

    demo.remove()

    tool = Tool.objects.get(name="order_status")
    assert (tool.url, tool.secrets, tool.asks_for_email) == ("", {}, True)


def test_the_simulator_is_told_of_our_app(demo_secrets: dict[str, str], settings: Settings) -> None:
    settings.HOST, settings.PORT = "0.0.0.0", 8123  # noqa: S104  (nobody binds it here)

    app = demo.simulator_config()["apps"][0]

    assert (app["client_key"], app["client_secret"]) == (demo.CLIENT_KEY, "client-secret")
    assert app["callback_url"] == "http://127.0.0.1:8123/webhooks/tiktok"
    assert app["accounts"][0]["business_id"] == demo.BUSINESS_ID
    linkedin = demo.simulator_config()["linkedin"][0]
    assert linkedin["webhook_url"] == f"http://127.0.0.1:8123/webhooks/linkedin/{demo.LINKEDIN_APP}"
    partner, subscriber, desk = demo.simulator_config()["partners"]
    assert partner["webhook_url"] == f"http://127.0.0.1:8123/webhooks/events/{demo.PARTNER_ID}"
    assert "webhook_url" not in subscriber
    assert (desk["name"], desk["secrets"]) == (demo.ORDER_DESK, [demo_secrets["SIM_ORDERS_SECRET"]])
    assert "1001" in [order["number"] for order in desk["orders"]]


def test_no_demo_on_a_database_that_was_not_made_for_it(settings: Settings) -> None:
    settings.OWN_SECRETS = {}

    with pytest.raises(CommandError, match="set DEMO=1"):
        run("demo")


def test_a_new_key_reads_what_the_old_one_wrote_and_then_replaces_it(settings: Settings) -> None:
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], run("new_encryption_key").strip()
    account = make_account(secrets={"secret": "keep me"})

    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    run("rotate_keys")

    settings.FIELD_ENCRYPTION_KEYS = [new]
    account.refresh_from_db()
    assert account.secrets == {"secret": "keep me"}
    assert AuditEvent.objects.filter(action="secret.rotated").count() == 1


def test_a_rotation_that_cannot_read_a_secret_says_which_and_a_dry_run_writes_nothing(settings: Settings) -> None:
    account = make_account(secrets={"secret": "keep me"})
    run("rotate_keys", "--dry-run")
    assert not AuditEvent.objects.exists()

    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match=rf"account {account.pk}: A stored secret cannot be read"):
        run("rotate_keys")


@pytest.mark.usefixtures("server_that_syncs")
def test_the_doctor_finds_what_is_missing_and_what_is_there() -> None:
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=output)
    findings = {finding["name"]: finding for finding in json.loads(output.getvalue())["findings"]}
    assert ended.value.code == 1
    assert findings["database"]["ok"]
    assert findings["tables"]["ok"]
    assert findings["live pages"]["ok"]
    assert not findings["sweeper"]["ok"]
    assert "manage.py setup" in findings["release"]["detail"]

    run("setup")
    heartbeats.beat("sweeper")
    output = StringIO()
    call_command("doctor", stdout=output)
    assert "BROKEN" not in output.getvalue()


@pytest.mark.usefixtures("server_that_syncs")
def test_the_doctor_names_the_accounts_whose_secrets_no_key_opens(settings: Settings) -> None:
    run("setup")
    make_account(name="Lost", secrets={"secret": "keep me"})
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    make_account(name="Found", secrets={"secret": "keep me"})

    output = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", "--json", stdout=output)

    (finding,) = [each for each in json.loads(output.getvalue())["findings"] if each["name"] == "secrets"]
    assert not finding["ok"]
    assert re.fullmatch(r"[\w ]+: Lost: A stored secret cannot be read.*", finding["detail"])
