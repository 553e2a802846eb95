"""The admin site: for operators and governance, who are no Django superusers."""

from django.contrib.admin import AdminSite


class ConsoleSite(AdminSite):
    site_header = "Millwright console"
    site_title = "Millwright console"
    index_title = "Rows"

    def has_permission(self, request) -> bool:
        user = request.user
        return user.is_authenticated and user.is_active and (user.is_operator or user.is_governor)
