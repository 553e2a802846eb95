"""A page that answers when the database and the broker do, and tells its environment."""

import json
import os

import psycopg
import redis


async def application(scope, receive, send):
    """Answer every request alike."""
    if scope["type"] != "http":
        return
    with psycopg.connect(os.environ["DATABASE_URL"]) as app:
        who = app.execute("SELECT current_user").fetchone()[0]
    redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
    body = json.dumps({"who": who, "pid": os.getpid(), "names": sorted(os.environ)}).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
