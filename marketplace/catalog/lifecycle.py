"""The life of a model in the catalogue, and of a wish for one."""

from django.db.models import TextChoices

from portal.core.lifecycle import Lifecycle


class ModelStatus(TextChoices):
    WAITING = "waiting", "Waiting for its tenant"
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    RETIRED = "retired", "Retired"
    REFERENCE = "reference", "Not served here"


class WantedStatus(TextChoices):
    OPEN = "open", "Open"
    PLANNED = "planned", "Planned"
    MET = "met", "Met"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


S = ModelStatus
MODEL = Lifecycle(
    moves={
        S.WAITING: frozenset({S.DRAFT}),
        S.DRAFT: frozenset({S.PUBLISHED, S.RETIRED}),
        S.PUBLISHED: frozenset({S.RETIRED}),
        S.RETIRED: frozenset({S.PUBLISHED}),
        S.REFERENCE: frozenset(),
    },
    looks={
        S.WAITING: ("warn", "wait"),
        S.DRAFT: ("info", "half"),
        S.PUBLISHED: ("ok", "ok"),
        S.RETIRED: ("idle", "idle"),
        S.REFERENCE: ("idle", "globe"),
    },
)

W = WantedStatus
WANTED = Lifecycle(
    moves={
        W.OPEN: frozenset({W.PLANNED, W.MET, W.DECLINED, W.WITHDRAWN}),
        W.PLANNED: frozenset({W.MET, W.DECLINED, W.WITHDRAWN}),
        W.MET: frozenset(),
        W.DECLINED: frozenset({W.PLANNED, W.MET}),
        W.WITHDRAWN: frozenset(),
    },
    looks={
        W.OPEN: ("warn", "wait"),
        W.PLANNED: ("info", "half"),
        W.MET: ("ok", "ok"),
        W.DECLINED: ("bad", "x"),
        W.WITHDRAWN: ("idle", "idle"),
    },
)
