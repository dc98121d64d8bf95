"""What the environment's variables may say, and what is said of those that may not."""

import os
import re
import runpy
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from core.policy import Role
from supportagent.environment import MODELS, Environment

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = str(ROOT / "supportagent" / "settings.py")
WRONG = {
    "PORT": "abc",
    "SIM_PORT": "70000",
    "DEMO": "maybe",
    "DEBUG": "2",
    "PUBLIC_URL": "support.example.org",
    "PROCESS_KIND": "webworker",
    "ALLOWED_HOSTS": "ok.example.org,https://support.example.org",
    "CSRF_TRUSTED_ORIGINS": "support.example.org",
    "HTTPS": "ture",
    "TRUSTED_PROXIES": "-1",
    "EGRESS_ALLOW": "127.0.0.1:*,10.0.0.1",
    "REDIS_URL": "localhost:6379",
    "CELERY_BROKER_URL": "localhost",
    "WORK_THREADS": "0",
    "TWO_FACTOR_ROLES": "admin,boss",
    "FOUR_EYES": "four",
    "REQUEST_READ_SECONDS": "0",
    "STATIC_FROM_SOURCE": "here",
    "MODEL_CHAIN": "gpt-5",
    "TRANSCRIPTION_MODEL": "anthropic:claude",
    "DESCRIPTION_MODEL": "gpt-5-mini",
    "READING_WAIT_SECONDS": "90",
    "OPENAI_BASE_URL": "api.example.org",
    "ANTHROPIC_BASE_URL": "ftp://api.example.org",
    "TURN_DEADLINE_SECONDS": "nan",
    "SPEND_CAP_DOLLARS_PER_DAY": "-0.5",
    "RESPONSE_TARGET_HIGH_MINUTES": "soon",
    "RESPONSE_TARGET_NORMAL_MINUTES": "0",
    "RESPONSE_TARGET_LOW_MINUTES": "1.5",
    "TIKTOK_API_BASE": "business-api",
    "TIKTOK_AUTH_BASE": "http://",
    "TIKTOK_RATE_LIMIT": "0",
    "CHAT_SESSIONS_PER_TEN_MINUTES": "many",
    "LOG_FORMAT": "xml",
    "LOG_LEVEL": "LOUD",
    "ENV_FILE": "/no/such/file",
}


@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_a_wrong_value_is_one_sentence_with_its_name_and_what_was_given(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured) as refused:
        runpy.run_path(SETTINGS)

    said = str(refused.value)
    assert re.fullmatch(rf"{name} (is set to|contains) “[^”]+”: .+\.", said), said
    assert value.rpartition(",")[2] in said


@pytest.mark.parametrize(
    ("name", "value"), [("DATABASE_URL", "postgres://me:hush/hush@db/x"), ("REDIS_URL", "http://:hush@redis")]
)
def test_what_holds_a_password_is_not_shown(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured) as refused:
        runpy.run_path(SETTINGS)

    assert str(refused.value).startswith(f"{name} cannot be used: it must ")
    assert "hush" not in str(refused.value)


def test_what_is_given_right_is_taken(tmp_path: Path) -> None:
    env = Environment(
        {
            "PORT": " 9000 ", "DEMO": "Yes", "HTTPS": "off", "WAIT": "1.5", "LEVEL": "info", "EMPTY": "",
            "MODEL": "compatible:whisper/small", "ROLES": "", "HOSTS": "a.example, b.example,", "URL": "https://a.example/x", "DB": "postgres://u:p%40@h:1/n",
        }
    )  # fmt: skip

    assert env.whole_number("PORT", default=1) == 9000
    assert (env.switch("DEMO", default=False), env.switch("HTTPS", default=True)) == (True, False)
    assert env.number("WAIT", default=9.0) == 1.5
    assert env.text("LEVEL", choices=("DEBUG", "INFO")) == "INFO"
    assert env.words("HOSTS", default=[]) == ["a.example", "b.example"]
    assert env.address("URL") == "https://a.example/x"
    assert env.model("MODEL", providers=("openai", "compatible")) == "compatible:whisper/small"
    assert env.model("EMPTY", providers=("openai",)) == ""
    database = env.database("DB", otherwise=tmp_path)
    assert (database["PASSWORD"], database["NAME"]) == ("p@", "n")


def test_an_empty_variable_is_one_that_is_not_set_but_for_lists_that_may_be_empty(tmp_path: Path) -> None:
    env = Environment({"EMPTY": ""})

    assert env.whole_number("EMPTY", default=7) == 7
    assert env.switch("EMPTY", default=True)
    assert env.text("EMPTY", default="x") == "x"
    assert env.words("EMPTY", default=["x"]) == ["x"]
    assert env.words("EMPTY", default=["x"], may_be_empty=True) == []
    assert env.words("UNSET", default=["x"], may_be_empty=True) == ["x"]
    assert env.database("EMPTY", otherwise=tmp_path / "a#b.sqlite3")["NAME"] == str(tmp_path / "a#b.sqlite3")


def test_a_file_of_variables_goes_behind_the_real_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "variables"
    file.write_text("# a word\nSUPPORTAGENT_ONE=file\nSUPPORTAGENT_TWO=file\n")
    monkeypatch.setenv("SUPPORTAGENT_ONE", "real")
    monkeypatch.setenv("SUPPORTAGENT_TWO", "gone again after the test")
    monkeypatch.delenv("SUPPORTAGENT_TWO")
    monkeypatch.setenv("ENV_FILE", str(file))
    env = Environment(os.environ)

    env.add_file("ENV_FILE", default=tmp_path / "other")

    assert (env.text("SUPPORTAGENT_ONE"), env.text("SUPPORTAGENT_TWO")) == ("real", "file")


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "variables").write_bytes(b"\xff\xfe")

    with pytest.raises(ImproperlyConfigured, match="it must be a text file that can be read"):
        Environment({}).add_file("ENV_FILE", default=tmp_path / "variables")


def test_the_settings_know_every_role_of_staff() -> None:
    staff = [role.value for role in Role if role != Role.API_CLIENT]

    assert list(runpy.run_path(SETTINGS)["STAFF_ROLES"]) == staff


def test_a_secret_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text("a-key-from-a-file\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(file))
    monkeypatch.delenv("SECRET_KEY", raising=False)

    Environment().add_secret_files(["SECRET_KEY", "OPENAI_API_KEY"])

    assert os.environ["SECRET_KEY"] == "a-key-from-a-file"
    monkeypatch.delenv("SECRET_KEY")


@pytest.mark.parametrize(
    ("content", "beside", "told"), [(None, "", "can be read"), ("\n", "", "is empty"), ("a", "b", "is set as well")]
)
def test_a_secret_file_that_cannot_be_meant_is_told(
    content: str | None, beside: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SECRET_KEY_FILE", str(file))
    monkeypatch.setenv("SECRET_KEY", beside)

    with pytest.raises(ImproperlyConfigured, match=f"SECRET_KEY_FILE .*{told}"):
        Environment().add_secret_files(["SECRET_KEY"])


@pytest.mark.parametrize(
    ("word", "fits"),
    [
        ("openai:gpt-5", True),
        ("sales=compatible:own/model:7b", True),
        ("general=embedded", True),
        ("embedded", True),
        ("other=openai:gpt-5", False),
        ("sales=", False),
        ("gpt-5", False),
    ],
)
def test_an_entry_of_the_chain_names_a_model_and_perhaps_a_purpose(word: str, fits: bool) -> None:
    assert MODELS.fits(word) is fits
