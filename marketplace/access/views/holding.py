"""Pages of a grant: how long it lasts, more time, and its end."""

from django.shortcuts import get_object_or_404
from django.views.generic import DetailView

from marketplace.access import services as access
from marketplace.access.forms import ExtendForm
from marketplace.access.models import AccessRequest, Grant
from portal.core.errors import Refused
from portal.core.templatetags._words import day
from portal.web.views import Act, Page
from tenants.directory.roles import TenantRole


class GrantPage(Page, DetailView):
    """One grant: who holds it, until when, why; revoke, extend or ask for more time."""

    template_name = "marketplace/access/grant.html"
    context_object_name = "grant"

    def get_queryset(self):
        return Grant.objects.visible_to(self.request.user).to_show()

    def get_context_data(self, **kwargs):
        user, grant = self.request.user, self.object
        seen = AccessRequest.objects.visible_to(user).to_show()
        same = {"model": grant.model, "tenant": grant.tenant, "environment": grant.environment}
        holder = user.may(TenantRole.CONSUMER, grant.tenant) and not user.is_auditor
        can_extend = access.can_extend(grant, user)
        return super().get_context_data(
            **kwargs,
            requests=seen.filter(**same)[:10],
            can_revoke=Grant.objects.revocable_by(user).filter(pk=grant.pk).exists(),
            can_extend=can_extend and grant.in_force,
            can_renew=holder and not can_extend and not grant.is_standing and grant.model.listed,
            extend_form=ExtendForm(),
        )


class OnGrant(Act):
    """A verb on a grant that this person may see."""

    def get_subject(self):
        return get_object_or_404(
            Grant.objects.visible_to(self.request.user).to_show(), pk=self.kwargs["pk"]
        )


class Revoke(OnGrant):
    """End a grant before its time."""

    def act(self, subject) -> str:
        access.revoke(subject, by=self.request.user, note=self.request.POST.get("reason", ""))
        return f"Revoked {subject}"


class Extend(OnGrant):
    """Give a grant more time."""

    def act(self, subject) -> str:
        form = ExtendForm(self.request.POST)
        if not form.is_valid():
            raise Refused("Extend by 1 to 365 days.", field="days")
        longer = access.extend(subject, by=self.request.user, days=form.cleaned_data["days"])
        return f"Extended {subject} until {day(longer.ends_at)}"
