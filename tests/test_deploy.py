"""Production's files, as far as they can be judged without a container engine: none was built here."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string

from core.models import WorkerHeartbeat
from supportagent import heartbeats
from tests.composed import LASTING, compose
from tests.product import ROOT

SERVICES = {"postgres", "redis", "setup", "ingest", "live", "worker", "sweeper", "beat", "nginx"}
OURS = SERVICES - {"postgres", "redis", "nginx"}
# The one version of PostgreSQL that each release of Debian ships.
SHIPPED = {"bookworm": "15", "trixie": "17"}


def test_compose_has_each_kind_of_process_and_nothing_else() -> None:
    services = compose()["services"]

    assert set(services) == SERVICES
    assert set(LASTING) | {"setup"} == OURS


@pytest.mark.django_db  # the door reads its keys as it starts
@pytest.mark.parametrize("name", sorted(OURS))
def test_each_process_of_ours_starts_something_that_exists(name: str) -> None:
    command = compose()["services"][name]["command"]

    words = command[2].split() if command[0] == "sh" else command
    started = [after for before, after in pairwise(words) if before == "manage.py"]
    if started:
        assert set(started) <= set(get_commands())
    else:
        assert (Path(sys.executable).parent / command[0]).is_file()
        for word in command[1:]:
            if word.startswith("supportagent.") and ":" in word:
                assert callable(import_string(word.replace(":", ".")))


@pytest.mark.parametrize("name", sorted(SERVICES - {"setup"}))
def test_each_lasting_process_says_whether_it_is_well(name: str) -> None:
    assert compose()["services"][name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_processes_may_do_little_and_wait_for_what_they_need(name: str) -> None:
    service = compose()["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    conditions = {other: wait["condition"] for other, wait in service["depends_on"].items()}
    assert conditions["postgres"] == "service_healthy"
    if name != "setup":
        assert conditions == {
            "postgres": "service_healthy", "redis": "service_healthy", "setup": "service_completed_successfully"
        }  # fmt: skip


def test_every_secret_of_the_compose_file_is_a_file() -> None:
    read = compose()
    handed = {name: set(service.get("secrets", ())) for name, service in read["services"].items()}

    assert all(secret["file"].startswith("./deploy/secrets/") for secret in read["secrets"].values())
    assert set().union(*handed.values()) == set(read["secrets"])
    for name in OURS:
        variables = read["services"][name]["environment"]
        named = {place for key, place in variables.items() if key.endswith("_FILE") and key != "ENV_FILE"}
        assert named == {f"/run/secrets/{secret}" for secret in handed[name]}
        assert not {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL"} & set(variables)
    assert "POSTGRES_PASSWORD" not in read["services"]["postgres"]["environment"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_process_is_bounded(name: str) -> None:
    service = compose()["services"][name]

    assert service["mem_limit"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]


def test_the_image_holds_each_app_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert [line.split()[1] for line in lines if line.startswith("USER ")] == ["supportagent"]
    apps = {folder.name for folder in ROOT.iterdir() if (folder / "apps.py").is_file() or folder.name == "simulator"}
    assert apps | {"templates", "static", "manage.py", "requirements.txt", "requirements-models.txt"} <= let_in


def test_the_image_has_the_programs_that_copy_this_very_version_of_the_database() -> None:
    text = (ROOT / "Dockerfile").read_text()
    before, last_stage = text.rsplit("\nFROM ", 1)

    _, version = compose()["services"]["postgres"]["image"].split(":")
    assert re.findall(r"^ARG POSTGRES=(\d+)$", before, re.MULTILINE) == [version]
    stages = re.findall(r"^FROM python:\$\{PYTHON\}-slim-(\w+)", text, re.MULTILINE)
    assert [SHIPPED[release] for release in stages] == [version] * 2
    # An argument from before the stages is empty in a stage that does not ask for it.
    asked, installed = (last_stage.index(words) for words in ("\nARG POSTGRES\n", '"postgresql-client-${POSTGRES}"'))
    assert asked < installed
    assert "/usr/lib/postgresql/${POSTGRES}/bin" in last_stage


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_silent_sweeper_is_not_well() -> None:
    database = connection.settings_dict
    address = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    command = [sys.executable, "deploy/healthcheck.py", "process", "sweeper"]
    environment = os.environ | {"DATABASE_URL": address}

    before = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    heartbeats.beat("sweeper")
    alive = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    WorkerHeartbeat.objects.update(at=timezone.now() - timedelta(seconds=31))
    silent = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode

    assert (before, alive, silent) == (1, 0, 1)
