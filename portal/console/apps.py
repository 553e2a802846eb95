"""The Django admin as Millwright uses it."""

from django.contrib.admin.apps import AdminConfig


class ConsoleAdmin(AdminConfig):
    default_site = "portal.console.site.ConsoleSite"
