"""Stands in for the portal's commands: really writes to the database it is given."""

import json
import os
import pathlib
import sys

import psycopg


def migrate():
    """As the owner: one table, which the portal's role may use but not change."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())")
        if os.environ.get("STAND_IN_FAILS"):
            owner.execute("SELECT 1 FROM no_such_table")


def seed_demo():
    """As the portal's role, once."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as app:
        app.execute("INSERT INTO visits DEFAULT VALUES")
    accounts = [{"username": "owner", "password": "shown-to-all", "tenant": "vision", "roles": []}]
    pathlib.Path(os.environ["MILLWRIGHT_VAR"], "demo.json").write_text(json.dumps(accounts))


if __name__ == "__main__":
    {"migrate": migrate, "seed_demo": seed_demo}[sys.argv[1]]()
