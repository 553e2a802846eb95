"""Pages of imports: bring a file, settle its columns, follow it, read what became of each row."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.views.generic import FormView, TemplateView, View

from marketplace.imports import services
from marketplace.imports.forms import MappingForm, UploadForm
from marketplace.imports.frame import sees_imports
from marketplace.imports.lifecycle import ImportStatus, Outcome, Undoing
from marketplace.imports.models import Import, ImportRow
from portal.web.views import Act, Page, RefusalsInForm
from tenants.chargeback.sheets import csv_response

ONLY = "Operators import models; governance and auditors read what was imported."
OPERATORS = "Only operators import models."


class Room(Page):
    """The door of the room: 403 for people who have no business here."""

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated and not sees_imports(request.user):
            raise PermissionDenied(ONLY)
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def subject(self) -> Import:
        seen = Import.objects.visible_to(self.request.user).select_related("by", "for_tenant")
        return get_object_or_404(seen, pk=self.kwargs["pk"])


class Operators(Room):
    """Pages that change something: operators alone."""

    def dispatch(self, request, *args, **kwargs):
        user = request.user
        if user.is_authenticated and sees_imports(user) and not user.is_operator:
            raise PermissionDenied(OPERATORS)
        return super().dispatch(request, *args, **kwargs)


class Imports(Room, TemplateView):
    """Every import, the newest first."""

    template_name = "marketplace/imports/list.html"

    def get_context_data(self, **kwargs):
        rows = Import.objects.visible_to(self.request.user).select_related("by")
        page = Paginator(rows, 25).get_page(self.request.GET.get("page"))
        return super().get_context_data(page_obj=page, **kwargs)


class Upload(Operators, RefusalsInForm, FormView):
    """A file comes in; nothing is imported yet."""

    template_name = "marketplace/imports/new.html"
    form_class = UploadForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user}

    def do(self, form):
        told, file = form.cleaned_data, form.cleaned_data["file"]
        made = services.upload(
            file.name, file.read(), by=self.request.user,
            tenant=told["tenant"], source=told["source"],
        )  # fmt: skip
        return HttpResponseRedirect(f"{made.get_absolute_url()}columns/")


class Columns(Operators, RefusalsInForm, FormView):
    """What each column means, with the first rows as they would stand in the catalogue."""

    template_name = "marketplace/imports/columns.html"
    form_class = MappingForm

    def get_form_kwargs(self):
        told = {"header": self.subject.reading["header"], "mapping": self.subject.mapping}
        return super().get_form_kwargs() | told | {"user": self.request.user}

    def get_initial(self):
        tenant = self.subject.for_tenant
        return {"source": self.subject.source, "tenant": tenant.slug if tenant else ""}

    def get_context_data(self, **kwargs):
        if self.subject.status in services.OPEN:
            kwargs["preview"] = services.preview(self.subject)
        return super().get_context_data(subject=self.subject, **kwargs)

    def do(self, form):
        told, user = form.cleaned_data, self.request.user
        services.map_columns(
            self.subject, by=user, mapping=form.mapping(), source=told["source"],
            tenant=told["tenant"],
        )  # fmt: skip
        then = self.request.POST.get("then")
        if then == "look":
            return HttpResponseRedirect(self.request.path)
        (services.run if then == "run" else services.check)(self.subject, by=user)
        return HttpResponseRedirect(self.subject.get_absolute_url())


class Detail(Room, TemplateView):
    """How far it is, what it did, what it refused."""

    template_name = "marketplace/imports/detail.html"

    def get_context_data(self, **kwargs):
        subject, told = self.subject, self.request.GET
        rows = ImportRow.objects.visible_to(self.request.user).filter(of=subject)
        show = told.get("show", "")
        if show in Outcome.values:
            rows = rows.filter(outcome=show)
        elif show in Undoing.values:
            rows = rows.filter(undoing=show)
        page = Paginator(rows.order_by("place"), 50).get_page(told.get("page"))
        return super().get_context_data(
            subject=subject,
            page_obj=page,
            show=show,
            may=self.request.user.is_operator,
            counts=[(each, subject.counts.get(each.value, 0)) for each in Outcome],
            undone=[(each, subject.undone.get(each.value, 0)) for each in Undoing],
            told=sum(subject.counts.values()),
            columns=[(name, subject.mapping.get(name)) for name in subject.reading["header"]],
            dry=subject.status in (ImportStatus.CHECKING, ImportStatus.CHECKED),
            **kwargs,
        )


class Progress(Room, TemplateView):
    """The part of the page that tells how far it is; asks the page to load anew at the end."""

    template_name = "marketplace/imports/_progress.html"

    def render_to_response(self, context, **kwargs):
        response = super().render_to_response(context | {"subject": self.subject}, **kwargs)
        if not self.subject.moving:
            response.headers["HX-Refresh"] = "true"
        return response


class Report(Room, View):
    """Every row of the file and what became of it, as a table."""

    def get(self, request, pk):
        rows = ImportRow.objects.visible_to(request.user).filter(of=self.subject)
        return csv_response(f"import-{self.subject.pk}", services.HEAD, services.table(rows))


class OnImport(Act):
    """One verb on an import."""

    verb, said = "", ""

    def get_subject(self):
        seen = Import.objects.visible_to(self.request.user)
        return get_object_or_404(seen, pk=self.kwargs["pk"])

    def act(self, subject) -> str:
        getattr(services, self.verb)(subject, by=self.request.user)
        return self.said


class Check(OnImport):
    """Look at every row, change nothing."""

    verb, said = "check", "The file is being checked"


class Run(OnImport):
    """Bring the rows into the catalogue."""

    verb, said = "run", "The import runs"


class Undo(OnImport):
    """Take it back."""

    verb, said = "undo", "The import is being undone"


class Drop(OnImport):
    """Give it up."""

    verb, said = "drop", "The file is dropped"
