"""REST: what I was told."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from portal.api.base import ReadOnly
from portal.notices import services
from portal.notices.models import Notice


class NoticeSerializer(serializers.ModelSerializer):
    tenant = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = Notice
        fields = ["id", "tenant", "title", "body", "href", "tone", "created_at", "read_at"]
        read_only_fields = fields


class NoticeFilter(filters.FilterSet):
    unread = filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")

    class Meta:
        model = Notice
        fields: list[str] = []


class Notifications(ReadOnly):
    """What happened to my things, newest first."""

    queryset = Notice.objects.select_related("tenant")
    serializer_class = NoticeSerializer
    filterset_class = NoticeFilter
    ordering_fields = ["created_at"]

    @extend_schema(request=None, responses=NoticeSerializer)
    @action(detail=True, methods=["post"])
    def read(self, request, pk=None):
        """Mark one as read; doing it twice changes nothing."""
        notice = services.mark_read(self.get_object(), by=request.user)
        return Response(self.get_serializer(notice).data)
