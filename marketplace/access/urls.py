"""Addresses of access: pages and REST resources."""

from django.urls import path

from marketplace.access import api
from marketplace.access.views import asking, deciding, holding, queue, requests

app_name = "access"
urlpatterns = [
    path("models/<slug:slug>/ask/", asking.AskForAccess.as_view(), name="ask"),
    path("models/<slug:slug>/ask/estimate/", asking.Estimate.as_view(), name="estimate"),
    path("models/<slug:slug>/access/", asking.OnModel.as_view(), name="on_model"),
    path("access/", asking.MyAccess.as_view(), name="mine"),
    path("access/requests/<uuid:pk>/", requests.RequestPage.as_view(), name="request"),
    path(
        "access/requests/<uuid:pk>/approve/",
        deciding.Decide.as_view(verb="approve"),
        name="approve",
    ),
    path("access/requests/<uuid:pk>/deny/", deciding.Decide.as_view(verb="deny"), name="deny"),
    path("access/requests/<uuid:pk>/withdraw/", deciding.Withdraw.as_view(), name="withdraw"),
    path("access/grants/<uuid:pk>/", holding.GrantPage.as_view(), name="grant"),
    path("access/grants/<uuid:pk>/revoke/", holding.Revoke.as_view(), name="revoke"),
    path("access/grants/<uuid:pk>/extend/", holding.Extend.as_view(), name="extend"),
    path("queue/", queue.ReviewQueue.as_view(), name="queue"),
    path("queue/news/", queue.QueueNews.as_view(), name="news"),
    path("queue/decide/", deciding.DecideMany.as_view(), name="decide_many"),
]
api_routes = [
    ("access-requests", api.AccessRequests, "access-request"),
    ("grants", api.Grants, "grant"),
]
