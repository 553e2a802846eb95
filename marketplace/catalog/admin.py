"""Models, versions and listings in the console."""

from marketplace.catalog.index import Entry, Synonym, Word
from marketplace.catalog.models import AIModel, External, Listing, ModelVersion, RegistryWatch
from marketplace.catalog.wishes import SavedView, WantedModel
from portal.web.admin import columns

columns(
    AIModel, "slug", "name", "tenant", "status", "stage", "visibility", "data_class", "region",
    search=("slug", "name", "registry_name", "tenant__slug"),
)  # fmt: skip
columns(
    ModelVersion, "model", "number", "registry_status", "registered_at", "gone_at",
    search=("model__slug", "run_id"),
)  # fmt: skip
columns(External, "model", "source", "key", "version", search=("key", "source", "model__slug"))
columns(Listing, "model", "tenant", "listed_by", "created_at", search=("model__slug",))
columns(RegistryWatch, "__str__", "swept_at", "answered_at", "down_since")
columns(
    Entry, "slug", "tenant", "everyone", "served", "task", "cost", "attainment", search=("slug",)
)
columns(Word, "text", search=("text",))
columns(Synonym, "__str__", "changed_at", "changed_by")
columns(SavedView, "name", "person", "created_at", search=("person__username",))
columns(
    WantedModel, "title", "tenant", "requester", "status", "created_at", search=("title", "need")
)
