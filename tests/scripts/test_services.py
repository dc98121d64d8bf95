"""The test services are missed in one sentence."""

import pytest

from drill.ports import free_ports
from scripts import services


def test_a_service_that_does_not_answer_is_named_with_the_way_to_start_it() -> None:
    (port,) = free_ports(1)

    with pytest.raises(
        services.ServiceError, match=rf"127\.0\.0\.1:{port}: start the test services with `make services-up`"
    ):
        services.require_reachable([f"redis://127.0.0.1:{port}"])
