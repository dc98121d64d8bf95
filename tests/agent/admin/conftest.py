"""Who works in the admin."""

import pytest
from django.test import Client
from pytest_django import Settings

from core.models import User
from core.policy import Role
from tests.factories import make_user


@pytest.fixture(autouse=True)
def _alone(settings: Settings) -> None:
    """One person publishes here; tests/agent/releases/test_four_eyes.py tells of two."""
    settings.FOUR_EYES = False


@pytest.fixture
def editor() -> User:
    """A prompt editor."""
    return make_user(role=Role.PROMPT_EDITOR)


@pytest.fixture
def as_editor(client: Client, editor: User) -> Client:
    """Signed in as that one."""
    client.force_login(editor)
    return client
