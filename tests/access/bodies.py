"""What is sent: one body with a sound value for every field that any address reads.

Most addresses take the fields they know; those that refuse others get no more than their own. So
an answer tells what the person may do, and not merely that a field was missing or too much.
"""

import itertools
import json
import re
from urllib.parse import urlencode

GENERAL = {
    "note": "For the walk",
    "reason": "For the walk",
    "purpose": "For the walk",
    "environment": "development",
    "expected_calls_per_month": 10,
    "duration_days": 10,
    "days": 5,
    "expires_in_days": 5,
    "overlap_seconds": 0,
    "overlap": 0,
    "scopes": ["api"],
    "name": "walk",
    "summary": "A walk",
    "card": "# Walk",
    "region": "eu-central",
    "stage": "production",
    "data_class": "internal",
    "cost_centre": "CC-walk",
    "contact": "walk@example.org",
    "username": "walker",
    "slug": "walk",
    "role": "consumer",
    "user": "banker",
    "who": "banker",
    "time_zone": "UTC",
    "first_name": "Wal",
    "last_name": "Ker",
    "visibility": "everyone",
    "amount": "0.5",
    "per": 1000,
    "meter": "predictions",
    "currency": "EUR",
    "period": "2026-01",
    "month": "2026-01",
    "availability": "99",
    "latency_ms": 400,
    "latency_share": "95",
    "replicas": 1,
    "weight": "2",
    "guaranteed": "1",
    "memory_mb": 1024,
    "environments": ["production"],
    "version": 1,
    "query": "task=ocr",
    "need": "For the walk",
    "terms": ["walk", "stroll"],
    "answer": "For the walk",
    "what": "planned",
    "verb": "approve",
    "decision": "approve",
    "kind": "problem",
    "stars": 4,
    "sentence": "A walk",
    "title": "A walk",
    "command": ["true"],
    "needs": {"gpus": "1"},
    "gpus": "1",
    "gpu_memory_gb": 0,
    "cpu": "1",
    "memory_gb": "1",
    "nodes": 1,
    "retries": 0,
    "priority": "low",
    "to": "low",
    "time_limit_s": 600,
    "text": "A walk",
}
JOB = {"name", "command", "needs", "priority", "time_limit_s", "retries", "region", "data_class"}
EXACT = {
    r"/api/v1/jobs/(series/|estimate/)?": JOB | {"tenant", "each"},
    r"/api/v1/job-templates/": JOB | {"tenant"},
    r"/api/v1/job-templates/[^/]+/": JOB,
    r"/api/v1/pipelines/": {"tenant", "name", "steps"},
}
COUNTED = itertools.count()  # limits on asking count by address
OTHERWISE = {
    "appoint": {"role": "auditor"},
    "dismiss": {"role": "auditor"},
    "series": {"each": [{"LR": "0.1"}]},
}


def fields(path: str, things: dict) -> dict:
    """The fields for one address; `things` are the sample rows of the story it is about."""
    named = {
        "model": things["model"]["slug"],
        "tenant": things["user"],
        "call": str(things["call"]["pk"]),
        "request": str(things["request"]["pk"]),
        "pick": str(things["request"]["pk"]),
        "items": [{"id": str(things["request"]["pk"])}],
    }
    if not path.startswith("/api/"):
        named["time_limit_s"] = "10 min"  # people write a unit
    named["email"] = f"walk{next(COUNTED)}@example.org"
    found = GENERAL | named | OTHERWISE.get(path.rstrip("/").rpartition("/")[2], {})
    only = own_fields(path)
    return found if only is None else {n: value for n, value in found.items() if n in only}


def own_fields(path: str) -> set[str] | None:
    """Of an address that refuses all others, the fields that are sent to it."""
    return next((names for shape, names in EXACT.items() if re.fullmatch(shape, path)), None)


def written(path: str, body: dict | str | bytes) -> dict:
    """`body` in the kind that the address reads: JSON for the API, a form for pages."""
    if path.startswith("/api/"):
        data = json.dumps(body) if isinstance(body, dict) else body
        return {"data": data, "content_type": "application/json"}
    if isinstance(body, dict):
        flat = {name: value for name, value in body.items() if name != "items"}
        body = urlencode(flat, doseq=True)
    return {"data": body, "content_type": "application/x-www-form-urlencoded"}
