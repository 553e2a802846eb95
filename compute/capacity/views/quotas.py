"""Quotas: all of a cluster side by side, one tenant's to change, and what a change would do."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.generic import FormView, TemplateView

from compute.capacity import figures, panels, services
from compute.capacity.forms import QuotaForm
from compute.capacity.models import Cluster, Queue
from compute.capacity.upward import sources
from compute.capacity.views.overview import sees_all
from portal.audit.models import Event
from portal.web.views import Act, Page, RefusalsInForm

SHOWN = 40  # tenants on one page


class Quotas(Page, TemplateView):
    """Tenants beside flavours: what each is guaranteed, and uses."""

    template_name = "compute/capacity/quotas.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        cluster = get_object_or_404(Cluster.objects.visible_to(user), slug=self.kwargs["cluster"])
        seen = Queue.objects.visible_to(user).filter(cluster=cluster).select_related("tenant")
        words = self.request.GET.get("q", "").replace("\0", "").strip()[:100]
        queues = seen.filter(tenant__name__icontains=words) if words else seen
        found = figures.kinds(cluster.flavours.all().newest_first().select_related("cluster"))
        page = panels.paged(queues, self.request.GET.get("page"), SHOWN)
        context = super().get_context_data(**kwargs)
        return context | {
            "cluster": cluster,
            "kinds": found,
            "page_obj": page,
            "filtered": bool(words),
            "rows": [panels.quota_row(queue, found) for queue in page],
            "everybody": sees_all(user),
        }


class OfQueue(Page):
    """One tenant's place in a cluster, as far as this person may see it."""

    def get_queue(self) -> Queue:
        seen = Queue.objects.visible_to(self.request.user).select_related("tenant", "cluster")
        where = {"cluster__slug": self.kwargs["cluster"], "tenant__slug": self.kwargs["tenant"]}
        return get_object_or_404(seen.prefetch_related("quotas"), **where)


class ChangeQuota(OfQueue, RefusalsInForm, FormView):
    """A tenant's quotas: to change for operators, to read for the others."""

    template_name = "compute/capacity/quota.html"
    form_class = QuotaForm

    def dispatch(self, request, *args, **kwargs):
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.queue = self.get_queue()
        if request.method == "POST":
            services.require_operator(request.user, "set a quota of", self.queue)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        flavours = self.queue.cluster.flavours.all().newest_first().select_related("cluster")
        self.found = figures.kinds(flavours)
        chosen = [kind.flavour for kind in self.found]
        return super().get_form_kwargs() | {"queue": self.queue, "flavours": chosen}

    def do(self, form):
        weight, reason = form.cleaned_data["weight"], form.cleaned_data["reason"]
        services.set_quotas(
            self.queue, by=self.request.user, weight=weight, terms=form.terms(), reason=reason
        )
        messages.success(self.request, f"The quotas of {self.queue.tenant.name} are changed")
        return redirect("capacity:quotas", self.queue.cluster.slug)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(queue=self.queue, **kwargs)
        events = Event.objects.visible_to(self.request.user).about(self.queue).newest_first()
        lines = panels.quota_lines(context["form"], self.queue, self.found)
        return context | {"lines": lines, "events": events[:6]}


class Preview(OfQueue, TemplateView):
    """What the entered quotas would do; changes nothing."""

    template_name = "compute/capacity/_preview.html"

    def get_context_data(self, **kwargs):
        user, queue = self.request.user, self.get_queue()
        services.require_operator(user, "preview a quota of", queue)
        flavours = list(queue.cluster.flavours.all().newest_first().select_related("cluster"))
        form = QuotaForm(self.request.GET, queue=queue, flavours=flavours)
        valid = form.is_valid()
        reason = form.cleaned_data.get("reason", "")
        told = panels.previews(queue, form.terms(), reason) if valid else []
        names = {name for _, each in told for name in each.borrowers}
        known = sources.holders(user, names)
        shown = [(f, p, [known[n] for n in p.borrowers if n in known]) for f, p in told]
        return super().get_context_data(previews=shown, wrong=not valid, **kwargs)


class Place(OfQueue, Act):
    """A verb on a tenant's place; the service says who may."""

    def get_subject(self):
        return self.get_queue()


class Leave(Place):
    """Take a tenant's place in a cluster."""

    def act(self, queue) -> str:
        note = self.request.POST.get("reason", "").replace("\0", "").strip()[:500]
        services.leave(queue, by=self.request.user, note=note)
        return f"{queue.tenant.name} has a closed place in {queue.cluster.name} now"


class Join(Place):
    """Give it back."""

    def act(self, queue) -> str:
        services.join(queue.tenant, queue.cluster, by=self.request.user)
        return f"{queue.tenant.name} has an open place in {queue.cluster.name} again"
