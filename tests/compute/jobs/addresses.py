"""The portal's addresses, and those of jobs where their pages are not there yet."""

from django.urls import include, path

from portal.urls import urlpatterns as portal

pages = ([path("jobs/<uuid:pk>/", lambda request, pk: None, name="detail")], "jobs")
urlpatterns = [*portal, path("", include(pages))]
