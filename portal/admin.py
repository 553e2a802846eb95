"""Notices and secrets in the console; the trail has its own pages."""

from portal.notices.models import Notice
from portal.vault.models import Secret
from portal.web.admin import columns

columns(Notice, "title", "tenant", "person", "read_at", "created_at", search=("title",))
columns(Secret, "about", "field", "created_at", search=("about",), hidden=("sealed",))
