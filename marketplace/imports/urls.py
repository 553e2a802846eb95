"""Addresses of imports."""

from django.urls import path

from marketplace.imports import views

app_name = "imports"
urlpatterns = [
    path("imports/", views.Imports.as_view(), name="list"),
    path("imports/new/", views.Upload.as_view(), name="new"),
    path("imports/<uuid:pk>/", views.Detail.as_view(), name="detail"),
    path("imports/<uuid:pk>/columns/", views.Columns.as_view(), name="columns"),
    path("imports/<uuid:pk>/progress/", views.Progress.as_view(), name="progress"),
    path("imports/<uuid:pk>/report.csv", views.Report.as_view(), name="report"),
    path("imports/<uuid:pk>/check/", views.Check.as_view(), name="check"),
    path("imports/<uuid:pk>/run/", views.Run.as_view(), name="run"),
    path("imports/<uuid:pk>/undo/", views.Undo.as_view(), name="undo"),
    path("imports/<uuid:pk>/drop/", views.Drop.as_view(), name="drop"),
]
api_routes: list = []
