"""Addresses of chargeback: pages and REST resources."""

from django.urls import path

from tenants.chargeback import book_views, statement_views, usage_views
from tenants.chargeback.api import (
    CorrectionViewSet,
    PriceViewSet,
    StatementViewSet,
    UsageViewSet,
)

app_name = "chargeback"
paper = "statements/<slug:slug>/<str:month>/"
urlpatterns = [
    path("usage/", usage_views.Usage.as_view(), name="usage"),
    path("usage/newest/", usage_views.NewestCalls.as_view(), name="newest"),
    path("usage/csv/", usage_views.UsageSheet.as_view(), name="usage_csv"),
    path("statements/", statement_views.Statements.as_view(), name="statements"),
    path("statements/close/", statement_views.CloseMonth.as_view(), name="close"),
    path(paper, statement_views.OneStatement.as_view(), name="statement"),
    path(f"{paper}csv/", statement_views.StatementSheet.as_view(), name="statement_csv"),
    path("prices/", book_views.Prices.as_view(), name="prices"),
    path("prices/<uuid:model_id>/", book_views.OnePrice.as_view(), name="price"),
    path("corrections/", book_views.Corrections.as_view(), name="corrections"),
]
api_routes = [
    ("prices", PriceViewSet, "price"),
    ("usage", UsageViewSet, "usage"),
    ("statements", StatementViewSet, "statement"),
    ("corrections", CorrectionViewSet, "correction"),
]
