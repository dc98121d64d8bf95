"""Counters: one process tells its own, and several of one server tell their sum, whichever of them is asked."""

import os
import subprocess
import sys
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from supportagent import counters

ROOT = Path(__file__).resolve().parent.parent.parent
# A process of the door that answers so many times "stored" and then tells the figures.
ANSWERING = """
import sys, django
django.setup()
from integrations import intake
from supportagent import counters
intake.counter.labels("tiktok", "stored").inc(int(sys.argv[1]))
sys.stdout.write(counters.text().decode())
"""
STORED = {"platform": "tiktok", "result": "stored"}


def told_by_a_process(folder: Path, number: int) -> float:
    """What a process tells of what was stored, itself having stored so many, with a folder that others count in as well."""
    environment = os.environ | {
        "PROMETHEUS_MULTIPROC_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "supportagent.settings",
    }
    command = [sys.executable, "-c", ANSWERING, str(number)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return stored(done.stdout)


def stored(text: str) -> float:
    """The counter of what was stored."""
    (value,) = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if (sample.name, sample.labels) == ("webhook_answers_total", STORED)
    ]
    return value


def test_processes_of_one_server_count_together_and_a_dead_ones_count_stays(tmp_path: Path) -> None:
    told = [told_by_a_process(tmp_path, number) for number in (5, 2, 1)]

    assert told == [5, 7, 8]


def test_one_process_alone_tells_its_own_and_its_memory() -> None:
    names = {family.name for family in text_string_to_metric_families(counters.text().decode())}

    assert {"http_requests", "webhook_answers", "bells", "log_lines_dropped", "process_resident_memory_bytes"} <= names


def test_each_service_with_several_processes_has_a_folder_in_memory_for_their_counts() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    several = {name: each for name, each in services.items() if workers(each.get("command", [])) > 1}

    assert set(several) == {"ingest"}
    for service in several.values():
        folder = service["environment"]["PROMETHEUS_MULTIPROC_DIR"]
        assert folder in {place.partition(":")[0] for place in service["tmpfs"]}
        assert service["environment"]["DATABASE_URL_FILE"]


def workers(command: list[str]) -> int:
    """How many processes a command of granian starts."""
    return int(command[command.index("--workers") + 1]) if "--workers" in command else 1
