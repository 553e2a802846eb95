"""Pages of notices: all of mine, the newest in the bell, and what is read."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import ListView, TemplateView, View

from portal.notices import services
from portal.notices.models import Notice
from portal.web.views import Page

NEWEST = 6


class Notices(Page, ListView):
    """Everything I was told, newest first; `?show=unread` leaves out what I have read."""

    template_name = "portal/notices/list.html"
    context_object_name = "notices"
    paginate_by = 30

    def get_queryset(self):
        mine = Notice.objects.visible_to(self.request.user).select_related("tenant")
        return mine.unread() if self.only_unread else mine

    @property
    def only_unread(self) -> bool:
        return self.request.GET.get("show") == "unread"

    def get_context_data(self, **kwargs):
        only = self.only_unread
        more = {"unread": services.unread(self.request.user), "only_unread": only}
        return super().get_context_data(**kwargs, **more, all_shown=not only)


class Bell(Page, TemplateView):
    """The bell of the top bar, with its count; read again when something moved."""

    template_name = "portal/notices/_bell.html"

    def get_context_data(self, **kwargs):
        count = services.unread(self.request.user)
        return super().get_context_data(**kwargs, unread=count, href=reverse("notices:list"))


class Newest(Page, TemplateView):
    """The newest few notices, for the popover of the bell."""

    template_name = "portal/notices/_newest.html"

    def get_context_data(self, **kwargs):
        mine = Notice.objects.visible_to(self.request.user)
        return super().get_context_data(**kwargs, notices=mine[:NEWEST])


class OpenNotice(Page, View):
    """Mark one notice as read and go to what it is about."""

    http_method_names = ["post"]

    def post(self, request, pk):
        notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
        services.mark_read(notice, by=request.user)
        if request.htmx:
            return HttpResponse(status=204, headers={"HX-Redirect": notice.href})
        return HttpResponseRedirect(notice.href)


class ReadAll(Page, View):
    """Mark everything as read."""

    http_method_names = ["post"]

    def post(self, request):
        count = services.mark_all_read(by=request.user)
        words = (
            f"{count} notice{'' if count == 1 else 's'} marked as read"
            if count
            else "Nothing was unread"
        )
        messages.success(request, words)
        return HttpResponseRedirect(reverse("notices:list"))
