"""The life of an import, from the file to the end of its undoing."""

from django.db.models import TextChoices

from portal.core.lifecycle import Lifecycle


class ImportStatus(TextChoices):
    UPLOADED = "uploaded", "Columns to confirm"
    CHECKING = "checking", "Being checked"
    CHECKED = "checked", "Checked, nothing imported"
    RUNNING = "running", "Being imported"
    DONE = "done", "Imported"
    FAILED = "failed", "Failed"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"
    DROPPED = "dropped", "Dropped"


class Outcome(TextChoices):
    """What became of one row of a file."""

    CREATED = "created", "Created"
    CHANGED = "changed", "Changed"
    UNCHANGED = "unchanged", "Unchanged"
    REFUSED = "refused", "Refused"


class Undoing(TextChoices):
    """What became of one row when its import was undone."""

    REMOVED = "removed", "Removed"
    RESTORED = "restored", "Put back"
    KEPT = "kept", "Kept"


S = ImportStatus
MOVING = frozenset({S.CHECKING, S.RUNNING, S.UNDOING})
IMPORT = Lifecycle(
    moves={
        S.UPLOADED: frozenset({S.CHECKING, S.RUNNING, S.DROPPED}),
        S.CHECKING: frozenset({S.CHECKED, S.FAILED}),
        S.CHECKED: frozenset({S.CHECKING, S.RUNNING, S.DROPPED}),
        S.RUNNING: frozenset({S.DONE, S.FAILED}),
        S.DONE: frozenset({S.UNDOING}),
        S.FAILED: frozenset({S.CHECKING, S.RUNNING, S.UNDOING, S.DROPPED}),
        S.UNDOING: frozenset({S.UNDONE, S.FAILED}),
        S.UNDONE: frozenset(),
        S.DROPPED: frozenset(),
    },
    looks={
        S.UPLOADED: ("warn", "wait"),
        S.CHECKING: ("info", "refresh"),
        S.CHECKED: ("info", "eye"),
        S.RUNNING: ("info", "refresh"),
        S.DONE: ("ok", "ok"),
        S.FAILED: ("bad", "bad"),
        S.UNDOING: ("info", "refresh"),
        S.UNDONE: ("idle", "idle"),
        S.DROPPED: ("idle", "x"),
    },
)
