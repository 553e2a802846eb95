"""Pages of the directory: people, one person, and one's own account."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import DetailView, FormView, ListView

from portal.audit.models import Event
from portal.audit.services import denied
from portal.core.errors import Refused
from portal.web.views import Act, Page, RefusalsInForm
from tenants.directory import services as directory
from tenants.directory.forms import AccountForm, PersonForm, RoleForm, SearchForm
from tenants.directory.models import Membership, User
from tenants.directory.roles import PlatformRole

LATEST = 8


class People(Page, ListView):
    """Everybody this person may know of, with what they are."""

    template_name = "tenants/directory/people.html"
    context_object_name = "people"
    paginate_by = 50
    orders = {"": "username", "username": "username", "-username": "-username",
              "seen": "last_login", "-seen": "-last_login"}  # fmt: skip

    def get_queryset(self):
        self.form = SearchForm(self.request.GET)
        self.form.is_valid()
        wanted = self.form.cleaned_data
        order = self.orders.get(self.request.GET.get("sort", ""), "username")
        seats = Membership.objects.visible_to(self.request.user)
        people = User.objects.visible_to(self.request.user).search(
            seats=seats,
            text=wanted.get("q", ""),
            role=wanted.get("role", ""),
            state=wanted.get("state", ""),
        )
        shown = Prefetch("memberships", seats.select_related("tenant"))
        return people.prefetch_related(shown, "groups").order_by(order, "pk")

    def get_context_data(self, **kwargs):
        filtered = any(self.form.cleaned_data.values())
        return super().get_context_data(form=self.form, filtered=filtered, **kwargs)


class Person(Page, DetailView):
    """One person: what they are, and what happened to their account last."""

    template_name = "tenants/directory/person.html"
    context_object_name = "person"
    slug_field = slug_url_kwarg = "username"

    def get_queryset(self):
        return User.objects.visible_to(self.request.user)

    def get_context_data(self, **kwargs):
        user = self.request.user
        seats = Membership.objects.visible_to(user).filter(user=self.object)
        mine = set(
            Membership.objects.removable_by(user)
            .filter(user=self.object)
            .values_list("pk", flat=True)
        )
        events = Event.objects.visible_to(user).about(self.object).newest_first()[:LATEST]
        return super().get_context_data(
            seats=[(seat, seat.pk in mine) for seat in seats.select_related("tenant")],
            offices=[PlatformRole(role) for role in sorted(self.object.platform_roles)],
            vacant=[role for role in PlatformRole if role not in self.object.platform_roles],
            events=events,
            runs=user.is_operator and user.pk != self.object.pk,
            **kwargs,
        )


class NewPerson(Page, RefusalsInForm, FormView):
    """An operator makes an account and invites its owner."""

    template_name = "tenants/directory/person_new.html"
    form_class = PersonForm

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated and not request.user.is_operator:
            raise denied("enrol", request.user, by=request.user, why="Only operators can do this.")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"by": self.request.user}

    def get_initial(self):
        return super().get_initial() | {"tenant": self.request.GET.get("tenant", "")}

    def do(self, form):
        wanted, by = form.cleaned_data, self.request.user
        person = directory.enrol(wanted["username"], by=by, email=wanted["email"], invite=True)
        if wanted["tenant"] and wanted["role"]:
            directory.seat(person, wanted["tenant"], wanted["role"], by=by)
        messages.success(self.request, f"{person} has an account. The invitation is on its way.")
        return HttpResponseRedirect(person.get_absolute_url())


class ActOnPerson(Act):
    """A verb on one person."""

    def get_subject(self):
        people = User.objects.visible_to(self.request.user)
        return get_object_or_404(people, username=self.kwargs["username"])


class OpenAccount(ActOnPerson):
    def act(self, subject) -> str:
        directory.set_active(subject, True, by=self.request.user)
        return f"The account of {subject} is open."


class CloseAccount(ActOnPerson):
    def act(self, subject) -> str:
        directory.set_active(subject, False, by=self.request.user)
        return f"The account of {subject} is closed. Its keys are refused from now on."


class Invite(ActOnPerson):
    def act(self, subject) -> str:
        directory.invite(subject, by=self.request.user)
        return f"A link to set a password is on its way to {subject.email}."


class Appoint(ActOnPerson):
    def act(self, subject) -> str:
        role = _role(self.request)
        directory.appoint(subject, role, by=self.request.user)
        return f"{subject} is {role.label.lower()} now."


class Dismiss(ActOnPerson):
    def act(self, subject) -> str:
        role = _role(self.request)
        directory.dismiss(subject, role, by=self.request.user)
        return f"{subject} is no longer {role.label.lower()}."


class MyAccount(Page, RefusalsInForm, FormView):
    """Who I am here, what I may do, and what I can change about it."""

    template_name = "tenants/directory/account.html"
    form_class = AccountForm

    def get_initial(self):
        user = self.request.user
        return {name: getattr(user, name) for name in AccountForm.base_fields}

    def get_context_data(self, **kwargs):
        user = self.request.user
        return super().get_context_data(
            seats=user.memberships.select_related("tenant"),
            offices=[PlatformRole(role) for role in sorted(user.platform_roles)],
            **kwargs,
        )

    def do(self, form):
        directory.change_account(self.request.user, by=self.request.user, **form.cleaned_data)
        messages.success(self.request, "Your account is changed.")
        return HttpResponseRedirect(reverse("directory:account"))


def _role(request) -> PlatformRole:
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Refused("Choose a role from the list.", field="role")
    return PlatformRole(form.cleaned_data["role"])
