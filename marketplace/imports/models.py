"""Imports: a file, how its columns are read, and what became of each of its rows."""

from django.db import models
from django.urls import reverse

from marketplace.catalog.models import AIModel
from marketplace.imports.lifecycle import IMPORT, MOVING, ImportStatus, Outcome, Undoing
from portal.core.models import Record
from tenants.directory.models import Tenant, User


class ImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Imports are the platform's business: operators run them, who reads the trail looks."""
        if not user.is_authenticated or not user.platform_roles or not user.reads_trail:
            return self.none()
        return self

    def moving(self):
        """Being checked, imported or undone: what a worker owes."""
        return self.filter(status__in=MOVING)


class Import(Record):
    """One file of models of others, brought into the catalogue as references.

    `mapping` is {column of the file: field, or "" for left out}; `reading` says how the bytes were
    read. `counts` and `normalised` are the report. `done` rows of `total` are through.
    """

    lifecycle = IMPORT

    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    status = models.CharField(
        max_length=10, choices=ImportStatus, default=ImportStatus.UPLOADED, editable=False
    )
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="imports")
    for_tenant = models.ForeignKey(Tenant, models.PROTECT, null=True, related_name="imports")
    source = models.CharField(max_length=80, blank=True)
    mapping = models.JSONField(default=dict)
    reading = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    undone = models.JSONField(default=dict)
    normalised = models.JSONField(default=dict)
    why = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(null=True)  # the last sign of life of a worker

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "import", "imports"
        default_permissions = ()
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("imports:detail", args=[self.pk])

    @property
    def moving(self) -> bool:
        return self.status in MOVING

    @property
    def touched(self) -> bool:
        """Whether any of its rows has reached the catalogue; those of a check have not."""
        return self.rows.exclude(model=None).exists()


class ImportFile(Record):
    """The bytes of an import as they came, kept until it is finished."""

    of = models.OneToOneField(Import, models.CASCADE, related_name="file")
    content = models.BinaryField()

    class Meta:
        verbose_name, verbose_name_plural = "import file", "import files"
        default_permissions = ()

    def __str__(self) -> str:
        return f"file of {self.of}"


class ImportRowQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Rows of the imports this person may see."""
        return self.filter(of__in=Import.objects.visible_to(user).values("pk"))


class ImportRow(Record):
    """What became of one row of a file: its line there, and why it was refused if it was.

    `before` and `after` are what an import changed in the catalogue, so that it can be undone.
    """

    of = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    place = models.PositiveIntegerField()  # the first row of the file is 1
    line = models.PositiveIntegerField()  # where it begins in the file; the header is on line 1
    outcome = models.CharField(max_length=10, choices=Outcome)
    source = models.CharField(max_length=80, blank=True)
    key = models.CharField(max_length=300, blank=True)
    model = models.ForeignKey(AIModel, models.SET_NULL, null=True, related_name="+")
    slug = models.CharField(max_length=80, blank=True)
    column = models.CharField(max_length=120, blank=True)
    excerpt = models.CharField(max_length=160, blank=True)
    why = models.CharField(max_length=400, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    undoing = models.CharField(max_length=10, choices=Undoing, blank=True)
    undoing_why = models.CharField(max_length=400, blank=True)

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "import row", "import rows"
        default_permissions = ()
        ordering = ["of", "place"]
        constraints = [models.UniqueConstraint(fields=["of", "place"], name="one_fate_a_row")]
        indexes = [models.Index(fields=["of", "outcome"], name="importrow_outcome")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.outcome}"
