"""The stage as a fixture, once for each module that walks on it."""

import logging

import pytest

from tests.access.stage import held_stage
from tests.access.walking import Walker


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    """The company; what each test does to it is undone by the test."""
    with django_db_blocker.unblock():
        yield from held_stage()


@pytest.fixture(scope="module")
def walker(stage):
    """Asks as anybody. Thousands of expected refusals stay out of the log."""
    refusals = logging.getLogger("django.request")
    before = refusals.level
    refusals.setLevel(logging.ERROR)
    yield Walker(stage)
    refusals.setLevel(before)
