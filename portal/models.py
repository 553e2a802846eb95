"""Table of contents for Django."""

from portal.audit.models import Event, IdempotentAnswer
from portal.notices.models import Notice
from portal.vault.models import Secret

__all__ = ["Event", "IdempotentAnswer", "Notice", "Secret"]
