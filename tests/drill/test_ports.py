"""Ports that nobody takes while their server is started again."""

import socket
from pathlib import Path

import pytest

from drill import ports


def test_they_are_none_that_the_system_gives_to_connections(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = tmp_path / "ip_local_port_range"
    given.write_text("30000\t60999\n")
    monkeypatch.setattr(ports, "_RANGE", given)

    found = ports.free_ports(50)

    assert len(set(found)) == 50
    assert all(ports.FIRST <= port < 30_000 for port in found)


def test_one_that_is_listened_on_is_not_given() -> None:
    with socket.create_server(("127.0.0.1", ports.free_port())) as taken:
        assert not ports._is_free(taken.getsockname()[1])
