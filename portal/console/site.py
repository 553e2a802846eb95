"""The admin site: for operators and governance, who are no Django superusers."""

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import redirect
from django.urls import reverse

from portal.audit.services import denied


class ConsoleSite(AdminSite):
    """Django's admin with our doors: power comes from platform roles, signing in is ours."""

    site_header = "Millwright console"
    site_title = "Millwright console"
    index_title = "Rows"
    site_url = "/"
    enable_nav_sidebar = True

    def has_permission(self, request) -> bool:
        user = request.user
        return user.is_authenticated and user.is_active and (user.is_operator or user.is_governor)

    def login(self, request, extra_context=None):
        """Our own door; who is in already and may not come here is told so."""
        user = request.user
        if user.is_authenticated:
            why = "Only operators and governance open the console."
            raise denied("open the console", user, by=user, why=why)
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))

    def logout(self, request, extra_context=None):
        return redirect("account_logout")

    def password_change(self, request, extra_context=None):
        return redirect("account_change_password")

    def password_change_done(self, request, extra_context=None):
        return redirect("directory:account")
