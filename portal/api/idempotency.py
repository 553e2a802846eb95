"""Idempotency-Key: the first answer to a POST is the answer to every repetition for 24 hours."""

import hashlib
import json
from datetime import timedelta

from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils import timezone

from portal.api.problems import TOO_LARGE, problem_response
from portal.audit.models import IdempotentAnswer

KEPT = timedelta(hours=24)
LOST = timedelta(minutes=10)  # an answer that never came: its process died
NOT_KEPT = {401, 403, 409, 412, 429}


class IdempotencyMiddleware:
    """Stands outside the request's transaction, so that what is in flight is seen by others."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key or not request.path.startswith("/api/"):
            return self.get_response(request)
        if len(key) > 200:
            return problem_response(400, "Idempotency-Key has more than 200 characters.")
        try:
            actor, digest = _actor(request), _digest(request)
        except RequestDataTooBig:
            return problem_response(413, TOO_LARGE)
        row = _reserve(actor, key, digest)
        if row is None:
            return _replay(actor, key, digest)
        response = self.get_response(request)
        _keep(row, response)
        return response


def _reserve(actor: str, key: str, digest: str) -> IdempotentAnswer | None:
    """The row that makes this request the first of its key, or None."""
    now = timezone.now()
    mine = IdempotentAnswer.objects.filter(actor=actor, key=key)
    mine.filter(created_at__lt=now - KEPT).delete()
    mine.filter(http_status=None, created_at__lt=now - LOST).delete()
    try:
        with transaction.atomic():
            return IdempotentAnswer.objects.create(actor=actor, key=key, digest=digest)
    except IntegrityError:
        return None


def _replay(actor: str, key: str, digest: str) -> HttpResponse:
    row = IdempotentAnswer.objects.filter(actor=actor, key=key).first()
    if row is None or row.in_flight:
        return problem_response(409, "The first request with this Idempotency-Key is running.")
    if row.digest != digest:
        return problem_response(422, "This Idempotency-Key was used with another request.")
    response = HttpResponse(
        bytes(row.body), status=row.http_status, content_type="application/json"
    )
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _keep(row: IdempotentAnswer, response) -> None:
    if response.status_code >= 500 or response.status_code in NOT_KEPT:
        row.delete()
        return
    row.http_status, row.body = response.status_code, _without_secret(response.content)
    row.save(update_fields=["http_status", "body"])


def _without_secret(body: bytes) -> bytes:
    """A secret is shown once, also to who repeats the request."""
    if b'"secret"' not in body:
        return body
    answer = json.loads(body)
    answer.pop("secret", None)
    return json.dumps(answer).encode()


def _actor(request) -> str:
    shown = request.headers.get("Authorization", "")
    if shown:
        return "key:" + hashlib.sha256(shown.encode()).hexdigest()
    return f"user:{request.user.pk}"


def _digest(request) -> str:
    text = f"{request.path}\n".encode() + request.body
    return hashlib.sha256(text).hexdigest()
