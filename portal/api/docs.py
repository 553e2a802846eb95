"""The description of the REST API as a page, from files of this installation alone."""

from django.views.generic import TemplateView


class Docs(TemplateView):
    """Open like the description itself: it tells what there is, not who has what."""

    template_name = "portal/api/docs.html"
