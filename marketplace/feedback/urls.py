"""Addresses of feedback: pages and REST resources."""

from django.urls import path

from marketplace.feedback import api, views

app_name = "feedback"
urlpatterns = [
    path("models/<slug:slug>/feedback/", views.OnModel.as_view(), name="on_model"),
    path("models/<slug:slug>/feedback/rate/", views.Rate.as_view(), name="rate"),
    path("models/<slug:slug>/feedback/take-back/", views.TakeBack.as_view(), name="take_back"),
    path("models/<slug:slug>/feedback/report/", views.ReportProblem.as_view(), name="ask"),
    path("feedback/", views.Reports.as_view(), name="list"),
    path("feedback/<uuid:pk>/", views.ReportPage.as_view(), name="report"),
    path("feedback/<uuid:pk>/example/", views.Example.as_view(), name="example"),
    path("feedback/<uuid:pk>/affects/", views.Affects.as_view(), name="affects"),
    path("feedback/<uuid:pk>/spares/", views.Spares.as_view(), name="spares"),
    path("feedback/<uuid:pk>/reply/", views.Reply.as_view(), name="reply"),
    path("feedback/<uuid:pk>/confirm/", views.Confirm.as_view(), name="confirm"),
    path("feedback/<uuid:pk>/fix/", views.Fix.as_view(), name="fix"),
    path("feedback/<uuid:pk>/decline/", views.Decline.as_view(), name="decline"),
    path("feedback/<uuid:pk>/close/", views.Close.as_view(), name="close"),
    path("feedback/<uuid:pk>/reopen/", views.Reopen.as_view(), name="reopen"),
]
api_routes = [
    (r"models/(?P<slug>[^/]+)/feedback", api.ModelFeedback, "model-feedback"),
    ("feedback", api.Reports, "feedback"),
]
