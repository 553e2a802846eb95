"""Imports and their rows in the console."""

from marketplace.imports.models import Import, ImportFile, ImportRow
from portal.web.admin import columns

columns(
    Import, "name", "status", "by", "done", "total", "created_at",
    search=("name", "source"), hidden=("digest",),
)  # fmt: skip
columns(ImportFile, "of", "created_at", search=("of__name",), hidden=("content",))
columns(ImportRow, "of", "line", "outcome", "source", "key", "slug", search=("key", "slug"))
