"""How often the database is asked: the same for a page of one row and for a full one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories

ASKED = {  # address: most questions, those of the session and its person among them
    "/api/v1/models/": 16,
    "/api/v1/models/?ordering=-published_at": 16,
    "/api/v1/models/?search=digits": 18,
    "/api/v1/models/?search=digts": 26,
    "/api/v1/models/facets/": 13,
    "/api/v1/models/facets/?search=digits&stage=production": 17,
    "/models/": 28,
    "/models/?q=digits": 32,
}


def asked(client, path: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


@pytest.mark.parametrize("path", ASKED)
def test_a_full_page_asks_no_more_than_a_short_one(client, consumer, model, vision, path):
    client.force_login(consumer)
    asked(client, path)  # what a first visit of the process asks once
    short = asked(client, path)
    for number in range(20):
        factories.model(f"digits-{number}", vision)
    assert asked(client, path) <= short <= ASKED[path]
