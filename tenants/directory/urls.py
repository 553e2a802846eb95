"""Addresses of directory: pages and REST resources."""

from django.urls import path

from tenants.directory import tenant_views, views
from tenants.directory.api import PersonViewSet, TenantViewSet

app_name = "directory"
urlpatterns = [
    path("account/", views.MyAccount.as_view(), name="account"),
    path("account/tenant/", tenant_views.SwitchTenant.as_view(), name="switch"),
    path("people/", views.People.as_view(), name="people"),
    path("people/new/", views.NewPerson.as_view(), name="person_new"),
    path("people/<str:username>/", views.Person.as_view(), name="person"),
    path("people/<str:username>/open/", views.OpenAccount.as_view(), name="person_open"),
    path("people/<str:username>/close/", views.CloseAccount.as_view(), name="person_close"),
    path("people/<str:username>/invite/", views.Invite.as_view(), name="person_invite"),
    path("people/<str:username>/appoint/", views.Appoint.as_view(), name="person_appoint"),
    path("people/<str:username>/dismiss/", views.Dismiss.as_view(), name="person_dismiss"),
    path("tenants/", tenant_views.Tenants.as_view(), name="tenants"),
    path("tenants/new/", tenant_views.NewTenant.as_view(), name="tenant_new"),
    path("tenants/<slug:slug>/", tenant_views.OneTenant.as_view(), name="tenant"),
    path("tenants/<slug:slug>/edit/", tenant_views.EditTenant.as_view(), name="tenant_edit"),
    path("tenants/<slug:slug>/members/", tenant_views.AddMember.as_view(), name="member_add"),
    path(
        "memberships/<uuid:pk>/remove/", tenant_views.RemoveMember.as_view(), name="member_remove"
    ),
]
api_routes = [("tenants", TenantViewSet, "tenant"), ("users", PersonViewSet, "user")]
