"""MLflow's own registry with as many models, and its REST search."""

import http.client
import json
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import psycopg

from benchmarks import crowd
from portal.local.mlflow import EmbeddedMlflow

ROWS = """
INSERT INTO registered_models (name, creation_time, last_updated_time, description)
SELECT base || '-' || n, %(now)s, %(now)s, 'Made for team ' || n %% 500
FROM (SELECT n, (%(families)s::text[])[1 + n %% %(n_families)s] || '-'
  || (%(sizes)s::text[])[1 + n / 30 %% %(n_sizes)s] AS base
  FROM generate_series(1, %(models)s) n) drawn;
INSERT INTO registered_model_tags (key, value, name)
SELECT 'task', (%(tasks)s::text[])[1 + (row_number() OVER () * 13 / 7) %% %(n_tasks)s], name
FROM registered_models;
ANALYZE;
"""


class Registry:
    """An MLflow server on its own database of the same PostgreSQL."""

    def __init__(self, everything: ExitStack, place: Path, postgres):
        self.database = postgres.mlflow_url
        self.server = EmbeddedMlflow(place / "mlflow", database_url=self.database)
        self.server.start()
        everything.callback(self.server.stop)
        host, port = self.server.url.removeprefix("http://").split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=60)

    def fill(self, models: int) -> None:
        lists = {"families": crowd.FAMILIES, "sizes": crowd.SIZES, "tasks": crowd.TASKS}
        facts = {name: list(values) for name, values in lists.items()}
        facts |= {f"n_{name}": len(values) for name, values in lists.items()}
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = psycopg.ClientCursor(connection)
            cursor.execute(ROWS, facts | {"models": models, "now": int(time.time() * 1000)})

    def search(self, words: str) -> list[dict]:
        """The first page of 50."""
        asked = {"max_results": 50} | ({"filter": words} if words else {})
        path = f"/api/2.0/mlflow/registered-models/search?{urlencode(asked)}"
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{words}: {answer.status} {body[:300]!r}")
        return json.loads(body)["registered_models"]
