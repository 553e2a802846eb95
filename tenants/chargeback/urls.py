"""Addresses of chargeback: pages and REST resources."""

from django.urls import path

from tenants.chargeback.api import (
    CorrectionViewSet,
    PriceViewSet,
    StatementViewSet,
    UsageViewSet,
)
from tenants.chargeback.views import book, statements, usage

app_name = "chargeback"
paper = "statements/<slug:slug>/<str:month>/"
urlpatterns = [
    path("usage/", usage.Usage.as_view(), name="usage"),
    path("usage/newest/", usage.NewestCalls.as_view(), name="newest"),
    path("usage/csv/", usage.UsageSheet.as_view(), name="usage_csv"),
    path("statements/", statements.Statements.as_view(), name="statements"),
    path("statements/close/", statements.CloseMonth.as_view(), name="close"),
    path(paper, statements.OneStatement.as_view(), name="statement"),
    path(f"{paper}csv/", statements.StatementSheet.as_view(), name="statement_csv"),
    path("prices/", book.Prices.as_view(), name="prices"),
    path("prices/<uuid:model_id>/", book.OnePrice.as_view(), name="price"),
    path("corrections/", book.Corrections.as_view(), name="corrections"),
]
api_routes = [
    ("prices", PriceViewSet, "price"),
    ("usage", UsageViewSet, "usage"),
    ("statements", StatementViewSet, "statement"),
    ("corrections", CorrectionViewSet, "correction"),
]
