"""The text of a key is nowhere but in the answer that made it."""

import logging

from django.db import connection

from tenants.keys import format
from tenants.keys import services as keys

COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public'
  AND data_type IN ('text', 'character varying', 'jsonb', 'bytea', 'ARRAY')
"""


def found_in_database(needle: str) -> list[str]:
    """Every column of every table in which `needle` stands."""
    hits = []
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        for table, column, kind in cursor.fetchall():
            value = connection.ops.quote_name(column)
            shown = f"encode({value}, 'escape')" if kind == "bytea" else f"{value}::text"
            cursor.execute(f"SELECT 1 FROM {table} WHERE {shown} LIKE %s", [f"%{needle}%"])
            if cursor.fetchone():
                hits.append(f"{table}.{column}")
    return hits


def test_the_secret_is_in_no_table_no_trail_and_no_log(client, consumer, claims, caplog):
    caplog.set_level(logging.DEBUG)
    client.force_login(consumer)
    body = {"tenant": "claims", "name": "batch", "scopes": ["predict", "api"]}
    head = {"Idempotency-Key": "secrecy"}
    first = client.post("/api/v1/api-keys/", body, content_type="application/json", headers=head)
    path = f"/api/v1/api-keys/{first.json()['id']}/rotate/"
    head = {"Idempotency-Key": "secrecy of the second"}
    second = client.post(path, {}, content_type="application/json", headers=head)
    client.get("/api/v1/models/", headers={"Authorization": f"Bearer {second.json()['secret']}"})
    for answer in (first, second):
        secret = format.parse(answer.json()["secret"]).secret
        assert found_in_database(secret) == []
        assert secret not in caplog.text
        assert found_in_database(answer.json()["prefix"].removeprefix("mw_live_"))


def test_the_search_would_find_it(consumer, claims):
    key, _ = keys.issue(claims, by=consumer, name="needle-7a1", scopes=["api"])
    assert "tenants_apikey.name" in found_in_database("needle-7a1")
