"""Pages for requests that went wrong before any view saw them."""

from django.shortcuts import render


def csrf_failed(request, reason=""):
    """A form that was not ours, or was open for so long that its token has changed."""
    return render(request, "403_csrf.html", status=403)
