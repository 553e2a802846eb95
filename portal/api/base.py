"""What every REST resource stands on: pages, ordering, and fields scoped to the caller."""

import uuid

from rest_framework import mixins, serializers, viewsets

from portal.api import questions


class Resource(viewsets.GenericViewSet):
    """Reads start at `visible_to`; the queryset of the class is never used as it is.

    A list refuses parameters that it does not know; `also_asked` names those by action that
    neither filters nor pages declare.
    """

    filter_backends = [*viewsets.GenericViewSet.filter_backends, questions.Ordering]
    ordering_fields: list[str] = []
    lookup_value_regex = "[^/]+"
    also_asked: dict[str, tuple[str, ...]] = {}

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if request.method in ("GET", "HEAD") and not self.detail:
            questions.check(self)

    def get_queryset(self):
        return super().get_queryset().visible_to(self.request.user)


class ReadOnly(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """A resource that is listed and read."""


class VisibleField(serializers.SlugRelatedField):
    """A related row named by slug or id, out of those the caller may see; others do not exist."""

    default_error_messages = {
        "does_not_exist": "There is nothing called {value} that you may see."
    }

    def get_queryset(self):
        return self.queryset.visible_to(self.context["request"].user)

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            wanted = {"pk": uuid.UUID(data)}
        except ValueError:
            wanted = {self.slug_field: data.replace("\0", "")}
        found = self.get_queryset().filter(**wanted).first()
        if found is None:
            self.fail("does_not_exist", value=data[:100])
        return found


def slug_or_id(value: str, field: str = "slug") -> dict:
    """The filter for a row that an address names by slug or by id."""
    try:
        return {"pk": uuid.UUID(value)}
    except ValueError:
        return {field: value}
