"""Answers to requests that went wrong before any view saw them, or behind its back."""

from django.shortcuts import render
from django.views import defaults

from portal.api.problems import problem_response


def csrf_failed(request, reason=""):
    """A form that was not ours, or was open for so long that its token has changed."""
    return render(request, "403_csrf.html", status=403)


def not_found(request, exception):
    """An address that nothing stands at; programs are told so in their own shape."""
    if request.path.startswith("/api/"):
        return problem_response(404, "There is nothing here that you may see.")
    return defaults.page_not_found(request, exception)


def broken(request):
    """A bug; the trace is in the log, under the id of the request."""
    if request.path.startswith("/api/"):
        return problem_response(500, "Something broke on our side. Operators find it by its id.")
    return defaults.server_error(request)
