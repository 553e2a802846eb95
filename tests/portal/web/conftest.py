"""Browsers of several kinds."""

import pytest
from django.test import Client


@pytest.fixture
def client_class():
    return Client
