"""Pages of the tree of tenants, and of one tenant with its members."""

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import DetailView, FormView, ListView, View

from portal.audit.services import denied
from portal.web.views import Act, Page, RefusalsInForm
from tenants.directory import services as directory
from tenants.directory.chosen import choose, tenants_of
from tenants.directory.forms import MemberForm, NewTenantForm, TenantForm, TenantNameForm
from tenants.directory.models import Membership, Tenant


class Tenants(Page, ListView):
    """The tree: every division with its teams."""

    template_name = "tenants/directory/tenants.html"

    def get_queryset(self):
        people = Count("memberships__user", distinct=True)
        return Tenant.objects.visible_to(self.request.user).annotate(people=people)

    def get_context_data(self, **kwargs):
        mine = set(self.request.user.standing)
        rows = [(depth, tenant, tenant.pk in mine) for depth, tenant in walk(self.object_list)]
        return super().get_context_data(rows=rows, **kwargs)


class SwitchTenant(Page, View):
    """Work for one of my tenants, or for all of them, until I say otherwise."""

    http_method_names = ["post"]

    def post(self, request):
        slug = request.POST.get("tenant", "")
        mine = {tenant.slug: tenant for tenant in tenants_of(request.user)}
        if slug and slug not in mine:
            messages.error(
                request, "You have no role in that tenant. Its owners can give you one."
            )
        else:
            choose(request, mine.get(slug))
        return HttpResponseRedirect(_back(request))


def _back(request) -> str:
    """The page they came from, without the tenant and the place in a list that it named."""
    wanted = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}):
        return settings.LOGIN_REDIRECT_URL
    path, _, query = wanted.partition("?")
    kept = QueryDict(query, mutable=True)
    for name in ("tenant", "page"):
        kept.pop(name, None)
    return f"{path}?{kept.urlencode()}" if kept else path


class OneTenant(Page, DetailView):
    """One tenant: what it is, who is in it, and the teams below it."""

    template_name = "tenants/directory/tenant.html"
    context_object_name = "subject"

    def get_queryset(self):
        return Tenant.objects.visible_to(self.request.user).select_related("parent")

    def get_context_data(self, **kwargs):
        user, tenant = self.request.user, self.object
        keeper = Tenant.objects.kept_by(user).filter(pk=tenant.pk).exists()
        seats = Membership.objects.visible_to(user).filter(tenant=tenant)
        return super().get_context_data(
            keeper=keeper,
            seats=seats.select_related("user").order_by("user__username", "role"),
            inside=keeper or tenant.pk in user.standing or bool(user.platform_roles),
            people=tenant.memberships.values("user").distinct().count(),
            teams=tenant.children.visible_to(user),
            **{"form": MemberForm()} | kwargs,
        )


class AddMember(Page, RefusalsInForm, FormView):
    """Give somebody a role here; a refusal shows the page of the tenant with what was typed."""

    http_method_names = ["post"]
    form_class = MemberForm

    def post(self, request, *args, **kwargs):
        # Asked before the form is read: it says which accounts exist.
        directory.require_keeper(request.user, "give a role in", self.get_tenant())
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form):
        page = OneTenant()
        page.setup(self.request, slug=self.kwargs["slug"])
        page.object = self.get_tenant()
        response = page.render_to_response(page.get_context_data(form=form))
        response.status_code = 422
        return response

    def get_tenant(self) -> Tenant:
        tenants = Tenant.objects.visible_to(self.request.user)
        return get_object_or_404(tenants, slug=self.kwargs["slug"])

    def do(self, form):
        tenant, who = self.get_tenant(), form.cleaned_data["who"]
        seat = directory.seat(who, tenant, form.cleaned_data["role"], by=self.request.user)
        messages.success(self.request, f"{who} is {seat.get_role_display().lower()} of {tenant}.")
        return HttpResponseRedirect(tenant.get_absolute_url())


class RemoveMember(Act):
    """Take one role away."""

    def get_subject(self):
        seats = Membership.objects.visible_to(self.request.user)
        return get_object_or_404(seats.select_related("tenant", "user"), pk=self.kwargs["pk"])

    def act(self, subject) -> str:
        directory.unseat(subject, by=self.request.user)
        role = subject.get_role_display().lower()
        return f"{subject.user} is no longer {role} of {subject.tenant}."

    def get_next(self, subject) -> str:
        return super().get_next(subject.tenant)


class NewTenant(Page, RefusalsInForm, FormView):
    """An operator adds a tenant to the tree."""

    template_name = "tenants/directory/tenant_new.html"
    form_class = NewTenantForm

    def dispatch(self, request, *args, **kwargs):
        user = request.user
        if user.is_authenticated and not user.is_operator:
            raise denied("found a tenant", user, by=user, why="Only operators can do this.")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"by": self.request.user}

    def get_initial(self):
        return super().get_initial() | {"parent": self.request.GET.get("parent", "")}

    def do(self, form):
        wanted = dict(form.cleaned_data)
        tenant = directory.found(wanted.pop("slug"), by=self.request.user, **wanted)
        messages.success(self.request, f"{tenant} is in the tree. Give its people their roles.")
        return HttpResponseRedirect(tenant.get_absolute_url())


class EditTenant(Page, RefusalsInForm, FormView):
    """Operators change everything but the slug, owners the name and the contact."""

    template_name = "tenants/directory/tenant_edit.html"

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            tenants = Tenant.objects.visible_to(request.user)
            self.tenant = get_object_or_404(tenants, slug=kwargs["slug"])
            directory.require_keeper(request.user, "change tenant", self.tenant)
        return super().dispatch(request, *args, **kwargs)

    def get_form_class(self):
        return TenantForm if self.request.user.is_operator else TenantNameForm

    def get_form_kwargs(self):
        extra = {"by": self.request.user} if self.request.user.is_operator else {}
        return super().get_form_kwargs() | extra

    def get_initial(self):
        tenant = self.tenant
        facts = {name: getattr(tenant, name) for name in self.get_form_class().base_fields}
        return facts | {"parent": tenant.parent.slug if tenant.parent else ""}

    def get_context_data(self, **kwargs):
        return super().get_context_data(subject=self.tenant, **kwargs)

    def do(self, form):
        directory.change_tenant(self.tenant, by=self.request.user, **form.cleaned_data)
        messages.success(self.request, f"{self.tenant} is changed.")
        return HttpResponseRedirect(self.tenant.get_absolute_url())


def walk(tenants) -> list[tuple[int, Tenant]]:
    """The tree from the top down: (depth, tenant), children after their parent."""
    below: dict = {}
    for tenant in tenants:
        below.setdefault(tenant.parent_id, []).append(tenant)
    found, stack = [], [(0, tenant) for tenant in reversed(below.get(None, []))]
    while stack:
        depth, tenant = stack.pop()
        found.append((depth, tenant))
        stack += [(depth + 1, child) for child in reversed(below.get(tenant.pk, []))]
    return found
