"""Time zones that people may choose."""

from zoneinfo import available_timezones

ZONES = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
