"""Is the process alive, and is the portal usable."""

import json

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import JsonResponse
from django.views.decorators.http import require_safe
from redis import Redis, RedisError


@require_safe
def healthz(request):
    """200 while the process lives; asks nothing of anybody."""
    return JsonResponse({"status": "alive"})


@require_safe
def readyz(request):
    """200 when the database and Valkey answer; names what is still starting."""
    missing = [
        name for name, works in (("database", _database), ("valkey", _valkey)) if not works()
    ]
    services = _supervised()
    body = {
        "status": "ready" if not missing else "starting",
        "demo": "ready" if (settings.VAR_DIR / "demo.json").exists() else "seeding",
        "starting": missing + [name for name, up in services.items() if up is False],
    }
    return JsonResponse(body, status=503 if missing else 200)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _valkey() -> bool:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
            return bool(client.ping())
    except RedisError:
        return False


def _supervised() -> dict[str, bool]:
    """What the supervisor says of the services it started; empty where there is none."""
    path = settings.VAR_DIR / "services.json"
    if not path.exists():
        return {}
    return json.loads(path.read_text()).get("ready", {})
