"""The REST face of the directory: tenants with their members, people, and oneself."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.response import Response

from portal.api.base import ReadOnly, slug_or_id
from tenants.directory import services as directory
from tenants.directory.models import Membership, Tenant, User
from tenants.directory.serializers import (
    AccountSerializer,
    MemberSerializer,
    NewMemberSerializer,
    NewPersonSerializer,
    NewTenantSerializer,
    PersonSerializer,
    PlatformRoleSerializer,
    TenantChangeSerializer,
    TenantSerializer,
)


@extend_schema_view(
    create=extend_schema(request=NewTenantSerializer, responses={201: TenantSerializer}),
    partial_update=extend_schema(request=TenantChangeSerializer, responses=TenantSerializer),
)
class TenantViewSet(mixins.CreateModelMixin, ReadOnly):
    """The tree of tenants. Everyone reads it, operators change it, owners keep its members."""

    queryset = Tenant.objects.select_related("parent")
    serializer_class = TenantSerializer
    filterset_fields = {"slug": ["exact"], "region": ["exact"], "parent__slug": ["exact"]}
    ordering_fields = ["slug", "name", "created_at"]
    lookup_field = "slug"

    def get_object(self):
        tenants = self.filter_queryset(self.get_queryset())
        return get_object_or_404(tenants, **slug_or_id(self.kwargs["slug"]))

    def create(self, request, *args, **kwargs):
        directory.require_operator(request.user, "found a tenant", request.user)
        wanted = NewTenantSerializer(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        facts = dict(wanted.validated_data)
        tenant = directory.found(facts.pop("slug"), by=request.user, **facts)
        return Response(self.get_serializer(tenant).data, status.HTTP_201_CREATED)

    def partial_update(self, request, *args, **kwargs):
        tenant = self.get_object()
        directory.require_keeper(request.user, "change tenant", tenant)
        context = self.get_serializer_context()
        wanted = TenantChangeSerializer(data=request.data, partial=True, context=context)
        wanted.is_valid(raise_exception=True)
        directory.change_tenant(tenant, by=request.user, **wanted.validated_data)
        return Response(self.get_serializer(tenant).data)

    @extend_schema(responses=MemberSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def members(self, request, slug):
        """Who holds which role here, as far as the caller may know."""
        seats = Membership.objects.visible_to(request.user).filter(tenant=self.get_object())
        page = self.paginate_queryset(seats.select_related("user", "tenant").order_by("pk"))
        return self.get_paginated_response(MemberSerializer(page, many=True).data)

    @extend_schema(request=NewMemberSerializer, responses={201: MemberSerializer})
    @members.mapping.post
    def add_member(self, request, slug):
        """Give a person a role. Owners of the tenant, and operators."""
        tenant = self.get_object()
        directory.require_keeper(request.user, "give a role in", tenant)
        wanted = NewMemberSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        facts = wanted.validated_data
        seat = directory.seat(facts["user"], tenant, facts["role"], by=request.user)
        return Response(MemberSerializer(seat).data, status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    @action(detail=True, methods=["delete"], url_path="members/(?P<member>[0-9a-f-]{36})")
    def remove_member(self, request, slug, member):
        """Take a role away."""
        seats = Membership.objects.visible_to(request.user).filter(tenant=self.get_object())
        directory.unseat(get_object_or_404(seats, **slug_or_id(member, "pk")), by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(
    create=extend_schema(request=NewPersonSerializer, responses={201: PersonSerializer})
)
class PersonViewSet(mixins.CreateModelMixin, ReadOnly):
    """People: those of one's own tenants; platform roles see everybody."""

    queryset = User.objects.order_by("username")
    serializer_class = PersonSerializer
    filterset_fields = {"username": ["exact"], "email": ["exact"], "is_active": ["exact"]}
    ordering_fields = ["username", "date_joined", "last_login"]
    lookup_field = "username"

    def get_object(self):
        people = self.filter_queryset(self.get_queryset())
        return get_object_or_404(people, **slug_or_id(self.kwargs["username"], "username"))

    def create(self, request, *args, **kwargs):
        directory.require_operator(request.user, "enrol", request.user)
        wanted = NewPersonSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        person = directory.enrol(**wanted.validated_data, by=request.user, invite=True)
        return Response(self.get_serializer(person).data, status.HTTP_201_CREATED)

    @extend_schema(responses=PersonSerializer, filters=False)
    @action(detail=False, methods=["get"])
    def me(self, request):
        """The caller, with their roles."""
        return Response(self.get_serializer(request.user).data)

    @extend_schema(request=AccountSerializer, responses=PersonSerializer)
    @me.mapping.patch
    def change_me(self, request):
        """Change one's own name or time zone."""
        wanted = AccountSerializer(data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        directory.change_account(request.user, by=request.user, **wanted.validated_data)
        return Response(self.get_serializer(request.user).data)

    @extend_schema(request=None, responses=PersonSerializer)
    @action(detail=True, methods=["post"])
    def open(self, request, username):
        """Open a closed account. Operators."""
        return self._did(directory.set_active, True)

    @extend_schema(request=None, responses=PersonSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request, username):
        """Close an account: it signs nobody in and its keys are refused. Operators."""
        return self._did(directory.set_active, False)

    @extend_schema(request=PlatformRoleSerializer, responses=PersonSerializer)
    @action(detail=True, methods=["post"])
    def appoint(self, request, username):
        """Give a platform role. Operators."""
        return self._did(directory.appoint, *self._role())

    @extend_schema(request=PlatformRoleSerializer, responses=PersonSerializer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request, username):
        """Take a platform role away. Operators."""
        return self._did(directory.dismiss, *self._role())

    def _role(self) -> list[str]:
        directory.require_operator(self.request.user, "change roles", self.request.user)
        wanted = PlatformRoleSerializer(data=self.request.data)
        wanted.is_valid(raise_exception=True)
        return [wanted.validated_data["role"]]

    def _did(self, verb, *args):
        person = self.get_object()
        verb(person, *args, by=self.request.user)
        fresh = self.get_queryset().get(pk=person.pk)
        return Response(self.get_serializer(fresh).data)
