"""Addresses of catalog: pages and REST resources."""

from django.urls import path

from marketplace.catalog import api, comparison_api, finding_api, views

app_name = "catalog"
urlpatterns = [
    path("synonyms/", views.Words.as_view(), name="synonyms"),
    path("synonyms/<uuid:pk>/", views.ChangeWords.as_view(), name="synonym"),
    path("synonyms/<uuid:pk>/drop/", views.DropWords.as_view(), name="drop_synonym"),
    path("views/keep/", views.KeepView.as_view(), name="keep_view"),
    path("views/<uuid:pk>/forget/", views.ForgetView.as_view(), name="forget_view"),
    path("wanted/", views.WantedList.as_view(), name="wanted_list"),
    path("wanted/new/", views.Want.as_view(), name="want"),
    path("wanted/<uuid:pk>/", views.Wanted.as_view(), name="wanted"),
    path("wanted/<uuid:pk>/answer/", views.Answer.as_view(), name="answer_wish"),
    path("wanted/<uuid:pk>/withdraw/", views.WithdrawWish.as_view(), name="withdraw_wish"),
    path("models/", views.Catalogue.as_view(), name="list"),
    path("publish/", views.Mine.as_view(), name="mine"),
    path("models/compare/", views.Compare.as_view(), name="compare"),
    path("models/<slug:slug>/", views.Detail.as_view(), name="detail"),
    path("models/<slug:slug>/facts/", views.Known.as_view(), name="known"),
    path("models/<slug:slug>/changes/", views.Changes.as_view(), name="changes"),
    path("models/<slug:slug>/versions/", views.Versions.as_view(), name="versions"),
    path("models/<slug:slug>/versions/<int:number>/", views.Version.as_view(), name="version"),
    path("models/<slug:slug>/versions/<int:number>/pin/", views.Pin.as_view(), name="pin"),
    path("models/<slug:slug>/versions/unpin/", views.Unpin.as_view(), name="unpin"),
    path("models/<slug:slug>/edit/", views.Edit.as_view(), name="edit"),
    path("models/<slug:slug>/edit/preview/", views.Preview.as_view(), name="preview"),
    path("models/<slug:slug>/publish/", views.Publish.as_view(), name="publish"),
    path("models/<slug:slug>/publish/preview/", views.Row.as_view(), name="row"),
    path("models/<slug:slug>/claim/", views.Claim.as_view(), name="claim"),
    path("models/<slug:slug>/retire/", views.Retire.as_view(), name="retire"),
    path("models/<slug:slug>/restore/", views.Restore.as_view(), name="restore"),
]
api_routes = [
    ("models/compare", comparison_api.Comparison, "model-comparison"),
    (r"models/(?P<slug>[^/]+)/compare", comparison_api.VersionComparison, "version-comparison"),
    ("models", api.Models, "model"),
    ("saved-views", finding_api.SavedViews, "saved-view"),
    ("synonyms", finding_api.Synonyms, "synonym"),
    ("wanted-models", finding_api.WantedModels, "wanted-model"),
]
