"""Pages of the trail: the search, one event, the story of an object, and the export."""

import json

from django.http import Http404, HttpResponse
from django.views.generic import TemplateView

from portal.audit import export, search
from portal.audit.forms import SearchForm
from portal.audit.models import Event
from portal.audit.services import denied, genuine, record
from portal.web.views import Page

PAGE = 50


class TrailPage(Page):
    """For those who read the trail: platform roles all of it, owners their tenants' part."""

    def dispatch(self, request, *args, **kwargs):
        user = request.user
        if user.is_authenticated and not (user.reads_trail or user.tenants_as("owner")):
            raise denied("read the trail", user, by=user, why="Only owners and auditors read it.")
        return super().dispatch(request, *args, **kwargs)

    def events(self):
        return Event.objects.visible_to(self.request.user)


class Trail(TrailPage, TemplateView):
    """What happened, newest first, narrowed by the address."""

    template_name = "portal/audit/trail.html"

    def get_context_data(self, **kwargs):
        form = SearchForm(self.request.GET)
        rows, more = [], ""
        if form.is_valid():
            beyond = search.place(self.request.GET.get("beyond", ""))
            rows, more = search.page(form.wanted().of(self.events()), PAGE, beyond=beyond)
        query = self.request.GET.copy()
        query.pop("beyond", None)
        filters = [name for name in SearchForm.base_fields if query.get(name)]
        return super().get_context_data(
            form=form,
            events=named(rows),
            more=more,
            query=query.urlencode(),
            filtered=bool(filters),
            paged="beyond" in self.request.GET,
            **kwargs,
        )


class OneEvent(TrailPage, TemplateView):
    """One line of the trail, as it was written, and whether it is still as it was written."""

    template_name = "portal/audit/event.html"

    def get_context_data(self, **kwargs):
        place = search.place(self.kwargs["reference"])
        event = self.events().at_place(place).first() if place else None
        if event is None:
            raise Http404
        payload = json.dumps(event.facts, indent=2, ensure_ascii=False, sort_keys=True)
        return super().get_context_data(
            event=named([event])[0],
            genuine=genuine(event),
            payload=payload,
            subject=search.subject_of(event, self.request.user),
            **kwargs,
        )


class Story(TrailPage, TemplateView):
    """Everything about one object and what hangs on it, in the order it happened."""

    template_name = "portal/audit/story.html"

    def get_context_data(self, **kwargs):
        kind, key = self.kwargs["kind"], self.kwargs["key"]
        own = self.events().filter(subject_type=kind, subject_id=key).newest_first().first()
        if own is None:
            raise Http404
        beyond = search.place(self.request.GET.get("beyond", ""))
        events = search.story(self.events(), kind, key)
        rows, more = search.page(events, PAGE, beyond=beyond, upwards=True)
        return super().get_context_data(
            events=named(rows), own=own, more=more, paged=bool(beyond), **kwargs
        )


class Export(TrailPage, TemplateView):
    """The filtered trail as a file; who took it along is in the trail as well."""

    def get(self, request, *args, **kwargs):
        form = SearchForm(request.GET)
        if not form.is_valid():
            return HttpResponse(
                "These filters do not work.", status=400, content_type="text/plain"
            )
        beyond = search.place(request.GET.get("beyond", ""))
        wanted = form.wanted().of(self.events())
        rows, more = search.page(wanted, export.MOST, beyond=beyond)
        write, media = export.FORMATS[kwargs["shape"]]
        response = HttpResponse(write(named(rows)), content_type=media)
        name = f"millwright-trail.{kwargs['shape']}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        if more:
            query = request.GET.copy()
            query["beyond"] = more
            response.headers["Link"] = f'<{request.path}?{query.urlencode()}>; rel="next"'
        user = request.user
        record(
            "exported the trail", user, by=user, events=len(rows), filters=request.GET.urlencode()
        )
        return response


def named(events: list[Event]) -> list[Event]:
    """The same events, each with the slug of its tenant as `tenant_slug`."""
    slugs = search.tenants(event.tenant_id for event in events)
    for event in events:
        event.tenant_slug = slugs.get(event.tenant_id, "")
    return events
