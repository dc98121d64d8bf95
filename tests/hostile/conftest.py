"""The account that is attacked."""

from collections.abc import Iterator

import pytest

from integrations.models import PlatformAccount
from tests.integrations.tiktok import tiktok_account


@pytest.fixture
def account(db: None, caplog: pytest.LogCaptureFixture) -> Iterator[PlatformAccount]:
    """An account on TikTok; whatever is tried, nothing may be logged as an error."""
    yield tiktok_account()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
