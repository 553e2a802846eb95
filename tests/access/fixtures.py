"""The stage as a fixture, once for each module that walks on it."""

import logging

import pytest
from django.template.base import Template

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
    told, Template._render = Template._render, lambda self, context: self.nodelist.render(context)
    yield Walker(stage)
    Template._render = told  # tests elsewhere read which templates were rendered
    refusals.setLevel(before)
