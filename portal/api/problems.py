"""Errors as `application/problem+json` (RFC 9457), the same shape for every one."""

from http import HTTPStatus

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, JsonResponse
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response

from portal.api.questions import BadQuestion
from portal.core.actor import scene
from portal.core.errors import Refused
from portal.core.lifecycle import ForbiddenMove, Overtaken

MEDIA_TYPE = "application/problem+json"
TOO_LARGE = "The body is larger than 2.5 MB. Send less at once."
VALUES = "Some fields need another value."
OVERTAKEN = "Somebody was faster. Read it again and decide on what is there now."

PLAIN = {
    RequestDataTooBig: (413, TOO_LARGE),
    Overtaken: (409, OVERTAKEN),
    ForbiddenMove: (409, OVERTAKEN),
    Http404: (404, "There is nothing here that you may see."),
}


def problem(status: int, detail: str, *, errors: dict | None = None, existing: str = "") -> dict:
    """The members of a problem document. `existing` is the address of what is in the way."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": scene().request_id,
    }
    more = {"errors": errors, "existing": existing}
    return body | {name: value for name, value in more.items() if value}


def problem_response(status: int, detail: str, **more) -> JsonResponse:
    """A problem outside of a REST view."""
    return JsonResponse(problem(status, detail, **more), status=status, content_type=MEDIA_TYPE)


def handle(raised, context) -> Response | None:
    """DRF's exception handler. None lets a bug become a 500."""
    status, detail, errors, headers = _translate(raised, context)
    if status is None:
        return None
    body = problem(status, detail, errors=errors, existing=_existing(raised))
    response = Response(body, status=status, content_type=MEDIA_TYPE, headers=headers)
    response.exception = True
    return response


def _translate(raised, context):
    for kind, answer in PLAIN.items():
        if isinstance(raised, kind):
            return *answer, None, {}
    if isinstance(raised, exceptions.ValidationError | DjangoValidationError):
        return _of_values(raised, context)
    if isinstance(raised, Refused):
        errors = {raised.field: [raised.detail]} if raised.field else None
        return raised.http_status, raised.detail, errors, {}
    if isinstance(raised, PermissionDenied):
        return 403, str(raised) or "You may see this but not do this.", None, {}
    if isinstance(raised, exceptions.APIException):
        return raised.status_code, str(raised.detail), None, _headers(raised)
    return None, "", None, {}


def _of_values(raised, context):
    """400 for values of the address; 422 for a body that is well formed and not acceptable."""
    request = context.get("request")
    asks = request is None or request.method in SAFE_METHODS
    drf = isinstance(raised, exceptions.ValidationError)
    errors = _by_field(raised.detail) if drf else {"": raised.messages}
    if whole := errors.pop("", None):  # of the body, and of none of its fields
        errors.setdefault("detail", []).extend(whole)
    detail = raised.why if isinstance(raised, BadQuestion) else VALUES
    return 400 if asks else 422, detail, errors, {}


def _existing(raised) -> str:
    """Where the API shows what is in the way of a request."""
    row = getattr(raised, "row", None)
    return row.get_api_url() if row is not None else ""


def _headers(raised) -> dict:
    headers = {}
    if getattr(raised, "auth_header", None):
        headers["WWW-Authenticate"] = raised.auth_header
    if getattr(raised, "wait", None):
        headers["Retry-After"] = str(int(raised.wait) + 1)
    return headers


def _by_field(detail) -> dict:
    """Every message by the name of its field; nested fields joined by dots."""
    if isinstance(detail, dict):
        flat: dict = {}
        for name, value in detail.items():
            for inner, messages in _by_field(value).items():
                key = f"{name}.{inner}" if inner else str(name)
                flat.setdefault("" if key == "non_field_errors" else key, []).extend(messages)
        return flat
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        return _by_field({str(place): item for place, item in enumerate(detail) if item})
    return {"": [str(item) for item in (detail if isinstance(detail, list) else [detail])]}
