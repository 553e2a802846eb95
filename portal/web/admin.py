"""The base of every table in the console: rows to read, and nothing to save."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.shortcuts import redirect

COUNTED = 10_000


class Counted(Paginator):
    """Counts as far as anybody would page, so that a table of millions opens at once."""

    @property
    def count(self) -> int:
        return self.object_list[: COUNTED + 1].count()


class Rows(admin.ModelAdmin):
    """Read-only: changes go through the services, where they are checked and written down.

    `hidden` names columns that nobody needs to see. Rows start at `visible_to` where there is one.
    """

    actions = None
    list_select_related = True
    list_per_page = 50
    paginator = Counted
    show_full_result_count = False
    hidden: tuple[str, ...] = ()

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows

    def get_fields(self, request, obj=None):
        return [f.name for f in self.opts.concrete_fields if f.name not in self.hidden]

    def get_readonly_fields(self, request, obj=None):
        return self.get_fields(request, obj)

    def get_list_filter(self, request):
        """Every column of few values, unless the table names its own."""
        told = [
            f.name for f in self.opts.concrete_fields if f.choices and f.name not in self.hidden
        ]
        return self.list_filter or told

    def has_module_permission(self, request) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request, obj=None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def history_view(self, request, object_id, extra_context=None):
        """What happened to a row is told by the trail."""
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return redirect("audit:story", self.opts.label_lower, row.pk)


def columns(kind: type[models.Model], *names: str, search: tuple[str, ...] = (), **more):
    """Register `kind` with these columns in its list; `more` are attributes of the table."""
    facts = {
        "list_display": names,
        "search_fields": search,
        "__doc__": f"Rows of {kind.__name__}.",
    }
    if "created_at" in {field.name for field in kind._meta.fields}:
        facts["date_hierarchy"] = "created_at"
    admin.site.register(kind, type(f"{kind.__name__}Rows", (Rows,), facts | more))
