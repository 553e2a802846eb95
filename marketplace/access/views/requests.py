"""The page of one request, and what every page shows before a decision."""

from django.urls import reverse
from django.views.generic import DetailView

from marketplace.access import services as access
from marketplace.access.forms import DecisionForm
from marketplace.access.models import AccessRequest
from marketplace.access.story import timeline
from portal.web.views import Page
from tenants.directory.roles import TenantRole


def decision_context(request: AccessRequest, user, form=None) -> dict:
    """What the decision panel shows to `user`; without a say, what everybody may see of it."""
    decidable = AccessRequest.objects.decidable_by(user).filter(pk=request.pk).exists()
    preview = access.preview(request)
    start = {"digest": preview.digest, "days": request.duration_days}
    return {
        "asked": request,
        "preview": preview,
        "decidable": decidable,
        "form": form or DecisionForm(initial=start),
    }


def grant_of(asked: AccessRequest, grant):
    """The grant that this request led to, if it is in force."""
    return grant if grant and grant.in_force and grant.request_id == asked.pk else None


class RequestPage(Page, DetailView):
    """One request: how it stands, what happened, who decides; for deciders the decision."""

    template_name = "marketplace/access/request.html"
    context_object_name = "asked"
    form = None

    def get_queryset(self):
        return AccessRequest.objects.visible_to(self.request.user).to_show()

    def get_context_data(self, **kwargs):
        user, asked = self.request.user, self.object
        if asked.provider_id in user.tenants_as(TenantRole.OWNER):
            self.request.belongs_to = reverse("access:queue")
        context = super().get_context_data(**kwargs) | decision_context(asked, user, self.form)
        context |= {"deciders": access.deciders_of(asked), "entries": timeline(asked)}
        context["wait"] = access.usual_wait(asked.provider) if asked.is_open else None
        own = AccessRequest.objects.withdrawable_by(user).filter(pk=asked.pk)
        grant = access.active_grant(asked.model_id, asked.tenant_id, asked.environment)
        return context | {"can_withdraw": own.exists(), "grant": grant_of(asked, grant)}
