"""The life of a model in the catalogue."""

from django.db.models import TextChoices

from portal.core.lifecycle import Lifecycle


class ModelStatus(TextChoices):
    WAITING = "waiting", "Waiting for its tenant"
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Retired"


S = ModelStatus
MODEL = Lifecycle(
    moves={
        S.WAITING: frozenset({S.DRAFT}),
        S.DRAFT: frozenset({S.PUBLISHED, S.RETIRED}),
        S.PUBLISHED: frozenset({S.RETIRED}),
        S.RETIRED: frozenset({S.PUBLISHED}),
    },
    looks={
        S.WAITING: ("warn", "wait"),
        S.DRAFT: ("info", "half"),
        S.PUBLISHED: ("ok", "ok"),
        S.RETIRED: ("idle", "idle"),
    },
)
