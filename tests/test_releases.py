"""The first release is the same for every test that asks for it."""

import pytest

from agent.models import Release, TrainingExample


@pytest.mark.parametrize("time", ["first", "second"])
def test_the_first_release_is_there_and_may_be_changed(first_release: Release, time: str) -> None:
    examples = TrainingExample.objects.filter(release=first_release)
    assert first_release.state == Release.State.PUBLISHED, time
    assert examples.exists()

    examples.all().delete()

    assert not examples.exists()


@pytest.mark.django_db(transaction=True)
def test_it_is_there_with_real_commits_too(first_release: Release) -> None:
    assert Release.objects.current().get() == first_release
    assert first_release.articles.exists()
    assert Release.objects.create(number=2).pk != first_release.pk
