"""What is served: the list, one endpoint, and the wishes about it."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.generic import DetailView, FormView, ListView

from compute.endpoints import services
from compute.endpoints.forms import DeployForm
from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Endpoint
from marketplace.catalog import head
from portal.audit.models import Event
from portal.audit.services import denied
from portal.web.views import Act, Page, RefusalsInForm
from tenants.directory.roles import TenantRole

LATEST = 8


class Endpoints(Page, ListView):
    """Every endpoint this person may see, with filters in the address."""

    template_name = "compute/endpoints/list.html"
    paginate_by = 25

    def get_queryset(self):
        mine = Endpoint.objects.visible_to(self.request.user).to_show()
        asked = self.request.GET
        if asked.get("status") in EndpointStatus.values:
            mine = mine.filter(status=asked["status"])
        words = asked.get("q", "").replace("\0", "").strip()
        return mine.filter(model__slug__icontains=words) if words else mine

    def get_context_data(self, **kwargs):
        asked = [key for key in ("q", "status") if self.request.GET.get(key)]
        return super().get_context_data(statuses=EndpointStatus.choices, filtered=asked, **kwargs)


class Detail(Page, DetailView):
    """One endpoint: how it is, where it answers, what happened last."""

    template_name = "compute/endpoints/detail.html"
    context_object_name = "endpoint"

    def get_queryset(self):
        return Endpoint.objects.visible_to(self.request.user).to_show()

    def get_context_data(self, **kwargs):
        user, endpoint = self.request.user, self.object
        events = Event.objects.visible_to(user).about(endpoint).newest_first()
        return super().get_context_data(
            changes=Endpoint.objects.changeable_by(user).filter(pk=endpoint.pk).exists(),
            events=events[:LATEST],
            routes=endpoint.routes.order_by("environment"),
            waiting=endpoint.takes_over.order_by("environment"),
            **kwargs,
        )


class State(Detail):
    """The part of the page that is read again every few seconds."""

    template_name = "compute/endpoints/_state.html"


class Wish(Act):
    """A verb on an endpoint that this person may see; the service says who may do it."""

    def get_subject(self):
        seen = Endpoint.objects.visible_to(self.request.user).to_show()
        return get_object_or_404(seen, pk=self.kwargs["pk"])


class Start(Wish):
    """Start again what was stopped or has failed."""

    def act(self, endpoint) -> str:
        services.start(endpoint, by=self.request.user)
        return f"{endpoint} is being started"


class Stop(Wish):
    """Stop answering."""

    def act(self, endpoint) -> str:
        note = self.request.POST.get("reason", "").replace("\0", "").strip()[:500]
        services.stop(endpoint, by=self.request.user, note=note)
        return f"{endpoint} is being stopped"


class Deploy(Page, RefusalsInForm, FormView):
    """Choose which version of a model answers where."""

    template_name = "compute/endpoints/deploy.html"
    form_class = DeployForm

    def dispatch(self, request, *args, **kwargs):
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.model = head.find(request.user, kwargs["slug"])
        allowed = request.user.is_operator or request.user.may(
            TenantRole.PUBLISHER, self.model.tenant
        )
        if not allowed:
            why = f"Only publishers of {self.model.tenant} and operators can do this."
            raise denied("deploy", self.model, by=request.user, why=why)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"model": self.model}

    def get_initial(self):
        offered = self.model.versions.filter(number=self.model.followed_version).first()
        latest = self.model.endpoints.first()
        found = {"version": offered} if offered else {}
        if latest:
            found |= {"replicas": latest.replicas, "memory_mb": latest.memory_mb}
        return found

    def do(self, form):
        facts = dict(form.cleaned_data)
        version = facts.pop("version")
        endpoint = services.deploy(self.model, version, by=self.request.user, **facts)
        messages.success(self.request, f"{endpoint} is being started")
        return redirect(endpoint)

    def get_context_data(self, **kwargs):
        routes = self.model.routes.select_related("endpoint__version").order_by("environment")
        return super().get_context_data(model=self.model, routes=routes, **kwargs)
