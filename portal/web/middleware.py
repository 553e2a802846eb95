"""What surrounds every request: its scene, the age of its session, its tenancy."""

import time

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.utils.deprecation import MiddlewareMixin

from portal.audit.services import write_denials
from portal.core import actor, tenancy
from portal.core.ids import new_id


class SceneMiddleware:
    """Give each request an id, tell the trail where it comes from, and name the id in the answer."""

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


class SessionAgeMiddleware(MiddlewareMixin):
    """End a session that was idle for too long, or is older than its absolute limit."""

    def process_request(self, request):
        if not request.user.is_authenticated:
            return
        now, session = int(time.time()), request.session
        began = session.setdefault("began", now)
        seen = session.get("seen", now)
        if now - seen > settings.SESSION_IDLE_AGE or now - began > settings.SESSION_COOKIE_AGE:
            logout(request)
        elif now - seen >= 60 or "seen" not in session:
            session["seen"] = now


class TenancyMiddleware:
    """One transaction per request, with the reach of its person; undone when it fails.

    What was refused is written to the trail afterwards, in a transaction of its own.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with tenancy.acting_as(request.user):
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        denials = request.scene.denials
        if denials:
            write_denials(denials)
        return response
