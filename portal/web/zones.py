"""The time zone of the reader: pages speak it, while API, console and evidence keep UTC."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

SAME_FOR_ALL = ("/api/", "/admin/")


def in_zone_of(user):
    """A block in which times are shown in the zone of `user`; UTC for somebody without one."""
    try:
        zone = ZoneInfo(getattr(user, "time_zone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError):  # a zone that this machine does not know any more
        zone = ZoneInfo("UTC")
    return timezone.override(zone)


class ZoneMiddleware:
    """Make every page in the zone of its reader."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path.startswith(SAME_FOR_ALL):
            return self.get_response(request)
        with in_zone_of(request.user):
            return self.get_response(request)
