"""The start page, the state of the services, and the help."""

from django.conf import settings
from django.http import Http404
from django.views.generic import TemplateView

from marketplace.catalog.card import render
from portal.console import desk, finding, office
from portal.console.condition import ask_all, watch
from portal.web.views import Page

GUIDES = {"help": ("Help", "user-guide.md"), "recorded": ("What is recorded", "recorded.md")}


class Home(Page, TemplateView):
    """What waits for me, what I use, what changed."""

    template_name = "portal/console/home.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        held, asked = list(desk.using(user)), list(desk.asked(user))
        fresh = desk.is_new(user)
        steps = desk.first_steps(user, holds=bool(held), asks=bool(asked)) if fresh else []
        return super().get_context_data(
            waiting=desk.waiting(user),
            grants=held,
            asked=asked,
            jobs=desk.jobs(user),
            notices=desk.changed(user),
            troubled=desk.troubled(user) if user.is_operator else [],
            offices=office.sections(user),
            steps=steps,
            **kwargs,
        )


class Palette(Page, TemplateView):
    """What fits the words in the palette, as its list shows it."""

    template_name = "portal/console/_palette.html"

    def get_context_data(self, **kwargs):
        told = self.request.GET
        kind = told.get("kind", "")
        kind = kind if kind in finding.KINDS else ""
        groups = finding.find(self.request.user, told.get("q", ""), kind)
        return super().get_context_data(groups=groups, asked=told.get("q", "")[:100], **kwargs)


class Counts(Page, TemplateView):
    """What waits for me, as the navigation counts it, when something of mine moved."""

    template_name = "components/counts.html"


class Status(Page, TemplateView):
    """Whether the services answer; operators see which one and how fast."""

    template_name = "portal/console/status.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(services=watch.look(), **kwargs)


class Services(Page, TemplateView):
    """The part of a page with the answers of this moment."""

    template_name = "portal/console/_services.html"

    def get_context_data(self, **kwargs):
        services = ask_all()
        return super().get_context_data(
            services=services,
            down=[service for service in services if service.known and not service.up],
            **kwargs,
        )


class Guide(TemplateView):
    """A chapter of the documentation that everybody may read, also before signing in."""

    template_name = "portal/console/guide.html"
    chapter = "help"

    def get_context_data(self, **kwargs):
        title, name = GUIDES[self.chapter]
        path = settings.BASE_DIR / "docs" / name
        if not path.exists():
            raise Http404
        text = path.read_text().partition("\n")[2]  # its first line is the title of the page
        return super().get_context_data(page_title=title, text=render(text, below=1), **kwargs)
