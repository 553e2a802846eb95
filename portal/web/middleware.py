"""What surrounds every request: its scene, the age of its session, its tenancy."""

import time

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.utils.deprecation import MiddlewareMixin
from django.views import defaults

from portal.api.problems import problem_response
from portal.audit.services import record, write_denials
from portal.core import actor, tenancy
from portal.core.ids import new_id

BY_ITSELF = "X-By-Itself"
SEEN_EVERY = 60  # seconds; a session is not written at each request


class SceneMiddleware:
    """Give each request an id, which is also in its answer, and say where it comes from."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        channel = "api" if request.path.startswith("/api/") else "web"
        scene = actor.Scene(
            request_id=str(new_id()), address=request.META.get("REMOTE_ADDR", ""), channel=channel
        )
        request.scene = scene
        token = actor.enter(scene)
        try:
            response = self.get_response(request)
        finally:
            actor.leave(token)
        response.headers["x-request-id"] = scene.request_id
        return response


def unreadable(request):
    """An answer to an address with a NUL in it, which no name and no database column can hold."""
    if "\0" not in request.path and "%00" not in request.META.get("QUERY_STRING", ""):
        return None
    if request.path.startswith("/api/"):
        told = "This address holds a character that nothing here has in its name."
        return problem_response(400, told)
    return defaults.bad_request(request, None)


class SessionAgeMiddleware(MiddlewareMixin):
    """End a session that was idle for too long, or is older than its absolute limit.

    What a page asks by itself (static/js/activity.js says so) is nobody's doing.
    """

    def process_request(self, request):
        user, session = request.user, request.session
        if not user.is_authenticated:
            return
        if "began" not in session:
            begin_session(session)
        now = int(time.time())
        why = too_old(session, now)
        if why:
            logout(request)
            record("session ended", user, by=None, note=why)
        elif now - session["seen"] >= SEEN_EVERY and BY_ITSELF not in request.headers:
            session["seen"] = now


def begin_session(session) -> None:
    """Start the two clocks of a session, at sign-in."""
    session["began"] = session["seen"] = int(time.time())


def too_old(session, now: int) -> str:
    """Why this session is over; empty while it is good. Also asked by sockets."""
    if now - session["seen"] > settings.SESSION_IDLE_AGE:
        return "Nothing was done for too long."
    if now - session["began"] > settings.SESSION_COOKIE_AGE:
        return "It reached its greatest age."
    return ""


class TenancyMiddleware:
    """One transaction per request, with the reach of its person; undone when it fails.

    What was refused is written to the trail afterwards, in a transaction of its own.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        answer = unreadable(request)
        if answer:
            return answer
        with tenancy.acting_as(request.user):
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        denials = request.scene.denials
        if denials:
            write_denials(denials)
        return response
