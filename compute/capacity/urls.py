"""Addresses of capacity: pages and REST resources."""

from django.urls import path

from compute.capacity import api
from compute.capacity.views import cluster, overview, quotas

app_name = "capacity"
QUOTA = "capacity/<slug:cluster>/quotas/<slug:tenant>/"
urlpatterns = [
    path("capacity/", overview.Overview.as_view(), name="overview"),
    path("capacity/<slug:cluster>/", cluster.OneCluster.as_view(), name="cluster"),
    path("capacity/<slug:cluster>/open/", cluster.Open.as_view(), name="open"),
    path("capacity/<slug:cluster>/close/", cluster.Close.as_view(), name="close"),
    path(
        "capacity/<slug:cluster>/flavours/<slug:slug>/",
        cluster.OneFlavour.as_view(),
        name="flavour",
    ),
    path("capacity/<slug:cluster>/quotas/", quotas.Quotas.as_view(), name="quotas"),
    path(QUOTA, quotas.ChangeQuota.as_view(), name="quota"),
    path(f"{QUOTA}preview/", quotas.Preview.as_view(), name="quota_preview"),
    path(f"{QUOTA}leave/", quotas.Leave.as_view(), name="leave"),
    path(f"{QUOTA}join/", quotas.Join.as_view(), name="join"),
]
api_routes = [
    ("capacity/clusters", api.Clusters, "cluster"),
    ("capacity/flavours", api.Flavours, "flavour"),
    ("capacity/nodes", api.Nodes, "node"),
    ("capacity/queues", api.Queues, "queue"),
    ("capacity/placeable", api.Placeable, "placeable"),
    ("quotas", api.Quotas, "quota"),
]
