"""What may be used: models, their versions, and who may see them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Func, Q
from django.urls import reverse

from marketplace.catalog.lifecycle import MODEL, ModelStatus
from portal.core.models import Record
from portal.core.permissions import GroupPermissionTable, UserPermissionTable, permitted
from tenants.directory.models import Region, Tenant, User
from tenants.directory.roles import TenantRole


class DataClass(models.TextChoices):
    """How sensitive the data is that a model was made from or is given. In rising order."""

    PUBLIC = "public", "Public"
    INTERNAL = "internal", "Internal"
    CONFIDENTIAL = "confidential", "Confidential"
    RESTRICTED = "restricted", "Restricted"


class Visibility(models.TextChoices):
    """Who finds a published model in the catalogue."""

    EVERYONE = "everyone", "Everyone"
    NAMED = "named", "Named tenants"
    NOBODY = "nobody", "Nobody"


class Stage(models.TextChoices):
    """How far its publisher trusts it."""

    DEVELOPMENT = "development", "Development"
    STAGING = "staging", "Staging"
    PRODUCTION = "production", "Production"


class Environment(models.TextChoices):
    """Where a model is served and a grant holds."""

    DEVELOPMENT = "development", "Development"
    STAGING = "staging", "Staging"
    PRODUCTION = "production", "Production"


# What everybody may know of; `marketplace_tells` in the database has the same rule.
SHOWN = (ModelStatus.PUBLISHED, ModelStatus.RETIRED, ModelStatus.REFERENCE)
EVERYONES = Q(status__in=SHOWN, visibility=Visibility.EVERYONE)


def _told(user) -> Q:
    return Q(pk__in=AIModelGroupPermission.told_to(user)) | _own(user)


def _own(user) -> Q:
    """Of this person's tenants, or proposed to one where they publish."""
    proposed = Tenant.objects.filter(pk__in=user.tenants_as(TenantRole.PUBLISHER))
    return Q(tenant__in=user.tenants_as(TenantRole.CONSUMER)) | Q(
        status=ModelStatus.WAITING, proposed_tenant__in=proposed.values("slug")
    )


class AIModelQuerySet(models.QuerySet):
    def visible_to(self, user):
        """What this person may know of: listed models, their own tenants', proposals to them."""
        if not user.is_authenticated:
            return self.none()
        if user.platform_roles:
            return self
        return self.filter(EVERYONES | _told(user))

    def known_to(self, user) -> int:
        """How many models `visible_to` has, counted without a look at each of them."""
        if not user.is_authenticated or user.platform_roles:
            return self.visible_to(user).count()
        more = AIModelGroupPermission.told_to(user).union(
            self.filter(_own(user)).exclude(EVERYONES).values("pk")
        )
        return self.filter(EVERYONES).count() + more.count()

    def listed_to(self, user):
        """What the catalogue shows this person: published here, or a reference to elsewhere."""
        listed = [ModelStatus.PUBLISHED, ModelStatus.REFERENCE]
        return self.visible_to(user).filter(status__in=listed)

    def offered_to(self, user):
        """Published models that this person finds: what can be asked for and has promises."""
        return self.visible_to(user).filter(status=ModelStatus.PUBLISHED)

    def editable_by(self, user):
        """Models whose card, listing and versions this person may change."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(tenant__in=user.tenants_as(TenantRole.PUBLISHER))

    def usable_by(self, user):
        """Models that one of this person's tenants may call now, in some environment."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(permitted(user, "use_aimodel", AIModelGroupPermission))

    def decidable_by(self, user):
        """Models whose requests this person may decide."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(tenant__in=user.tenants_as(TenantRole.OWNER))

    def claimable_by(self, user):
        """Waiting models that this person may confirm for a tenant."""
        if not user.is_authenticated:
            return self.none()
        waiting = self.filter(status=ModelStatus.WAITING)
        if user.is_operator:
            return waiting
        mine = Tenant.objects.filter(pk__in=user.tenants_as(TenantRole.PUBLISHER))
        return waiting.filter(proposed_tenant__in=mine.values("slug"))


class AIModel(Record):
    """A model: what it is for, whose it is, who may see it. Versions come from the registry.

    `registry_name` is its name in the registry, `slug` its name here, in addresses and keys.
    Without a confirmed `tenant` it waits, seen by operators and the proposed publishers alone.
    A reference to somebody else's model is in no registry and has no tenant; see `External`.
    """

    lifecycle = MODEL

    slug = models.SlugField(max_length=80, unique=True)
    registry_name = models.CharField(max_length=256, unique=True, null=True, blank=True)
    name = models.CharField(max_length=120)
    tenant = models.ForeignKey(
        Tenant, models.PROTECT, null=True, blank=True, related_name="models"
    )
    proposed_tenant = models.CharField(max_length=80, blank=True)
    status = models.CharField(
        max_length=10, choices=ModelStatus, default=ModelStatus.WAITING, editable=False
    )
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.DEVELOPMENT)
    visibility = models.CharField(
        max_length=10, choices=Visibility, default=Visibility.NOBODY, editable=False
    )
    summary = models.CharField(max_length=240, blank=True)
    card = models.TextField(blank=True)
    task = models.CharField(max_length=60, blank=True)
    framework = models.CharField(max_length=60, blank=True)
    licence = models.CharField(max_length=80, blank=True)
    data_class = models.CharField(max_length=12, choices=DataClass, blank=True)
    region = models.CharField(max_length=20, choices=Region, default=Region.EU_CENTRAL)
    contact = models.EmailField(blank=True)
    tags = models.JSONField(default=dict, blank=True)
    followed_version = models.PositiveIntegerField(null=True)  # the version users get by default
    version_pinned = models.BooleanField(default=False)  # a publisher chose it; it stays
    registry_gone_at = models.DateTimeField(null=True)
    registry_fingerprint = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(auto_now=True)
    words = models.GeneratedField(  # what search reads, weighted; computed by the database
        expression=Func(
            *("name", "slug", "task", "tags", "summary", "card"), function="millwright_terms"
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = AIModelQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "AI model", "AI models"
        default_permissions = ()
        permissions = [
            ("see_aimodel", "May find the model in the catalogue"),
            ("use_aimodel", "May call the model"),
        ]
        ordering = ["slug"]
        indexes = [
            GinIndex(fields=["slug"], opclasses=["gin_trgm_ops"], name="aimodel_slug_trgm"),
            GinIndex(fields=["name"], opclasses=["gin_trgm_ops"], name="aimodel_name_trgm"),
            GinIndex(fields=["summary"], opclasses=["gin_trgm_ops"], name="aimodel_summary_trgm"),
            GinIndex(fields=["words"], name="aimodel_words"),
            GinIndex(Func("name", "slug", function="millwright_names"), name="aimodel_named"),
            models.Index(fields=["status", "visibility", "tenant", "id"], name="aimodel_seen"),
            models.Index(  # all that `visible_to` and the counts of lists ask, without the rows
                fields=["slug"],
                include=["id", "status", "visibility", "tenant", "proposed_tenant", "task"],
                name="aimodel_shown",
            ),
            models.Index(fields=["published_at", "id"], name="aimodel_by_age"),
            models.Index(fields=["name", "id"], name="aimodel_by_name"),
            models.Index(
                fields=["task"],
                include=["id", "status", "visibility", "tenant", "proposed_tenant"],
                name="aimodel_by_task",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=ModelStatus.REFERENCE, registry_name=None, tenant=None)
                | ~Q(status=ModelStatus.REFERENCE) & Q(registry_name__isnull=False),
                name="a_reference_is_in_no_registry",
            )
        ]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return reverse("catalog:detail", args=[self.slug])

    @property
    def listed(self) -> bool:
        return self.status == ModelStatus.PUBLISHED

    @property
    def is_reference(self) -> bool:
        """Whether it is somebody else's: described here, served elsewhere."""
        return self.status == ModelStatus.REFERENCE


class ExternalQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Where the references come from that this person may know of."""
        return self.filter(model__in=AIModel.objects.visible_to(user).values("pk"))


class External(Record):
    """Where a reference comes from: a model of a public catalogue or of another company.

    `source` and `key` say which one it is there, so that a second import finds it again.
    `facts` are what the source says of it beside the columns of a model, as it says it.
    `written` is what the last import wrote, to be compared with what the next one brings.
    """

    model = models.OneToOneField(AIModel, models.CASCADE, related_name="external")
    source = models.CharField(max_length=80)
    key = models.CharField(max_length=300)
    version = models.CharField(max_length=80, blank=True)
    url = models.CharField(max_length=500, blank=True)
    facts = models.JSONField(default=dict)
    written = models.JSONField(default=dict)

    objects = ExternalQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "reference", "references"
        default_permissions = ()
        ordering = ["source", "key"]
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="one_reference_a_key")
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.source}"


class AIModelGroupPermission(GroupPermissionTable):
    """guardian's index of who sees and uses a model, with real foreign keys.

    `tells`: by this row the role knows of a model that not everyone is shown. The database keeps
    it, in the transaction that moves the row or the model.
    """

    content_object = models.ForeignKey(AIModel, models.CASCADE)
    tells = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta(GroupPermissionTable.Meta):
        verbose_name, verbose_name_plural = "permission of a role", "permissions of roles"
        abstract = False
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["group", "content_object"], condition=Q(tells=True), name="role_is_told"
            )
        ]

    @classmethod
    def told_to(cls, user) -> models.QuerySet:
        """Ids of the models that this person's roles know of and not everyone is shown."""
        rows = cls.objects.filter(tells=True, group__in=list(user.group_names))
        return rows.values("content_object")


class AIModelUserPermission(UserPermissionTable):
    """Required by guardian beside the table of groups; people get nothing directly."""

    content_object = models.ForeignKey(AIModel, models.CASCADE)

    class Meta(UserPermissionTable.Meta):
        verbose_name, verbose_name_plural = "permission of a person", "permissions of people"
        abstract = False
        default_permissions = ()


class Listing(Record):
    """A published model is shown to this tenant by name: the reason behind `see_aimodel`."""

    model = models.ForeignKey(AIModel, models.CASCADE, related_name="listings")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="listings")
    listed_by = models.ForeignKey(User, models.PROTECT, null=True)

    class Meta:
        verbose_name, verbose_name_plural = "listing", "listings"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["model", "tenant"], name="listed_once")]

    def __str__(self) -> str:
        return f"{self.model} to {self.tenant}"


class ModelVersionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Versions of the models this person may know of."""
        return self.filter(model__in=AIModel.objects.visible_to(user).values("pk"))

    def present(self):
        """Versions that the registry still has."""
        return self.filter(gone_at=None)


class ModelVersion(Record):
    """One version as the registry has it; facts are copied, never typed here."""

    model = models.ForeignKey(AIModel, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    run_id = models.CharField(max_length=64, blank=True)
    source = models.TextField(blank=True)
    registry_status = models.CharField(max_length=40, blank=True)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    aliases = ArrayField(models.CharField(max_length=250), default=list)
    metrics = models.JSONField(default=dict)
    parameters = models.JSONField(default=dict)
    signature = models.JSONField(null=True)
    input_example = models.JSONField(null=True)
    dependencies = ArrayField(models.TextField(), default=list)
    flavours = ArrayField(models.CharField(max_length=60), default=list)
    python_version = models.CharField(max_length=20, blank=True)
    size_bytes = models.BigIntegerField(null=True)
    trained_by = models.CharField(max_length=150, blank=True)
    registered_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    data_sets = ArrayField(models.TextField(), default=list)  # that its run was given
    problems = ArrayField(models.TextField(), default=list)  # facts that could not be read
    mark_digest = models.CharField(max_length=64, blank=True)
    read_at = models.DateTimeField(null=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "model version", "model versions"
        default_permissions = ()
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="one_row_a_version")
        ]

    def __str__(self) -> str:
        return f"{self.model.slug} v{self.number}"

    @property
    def servable(self) -> bool:
        """Whether the registry holds everything that serving and *Try it* need."""
        return self.registry_status == "READY" and bool(self.signature) and self.gone_at is None


class RegistryWatch(Record):
    """What was last seen of the registry, and since when it does not answer. One row.

    `newest` is by the registry's clock. `problems` are models that could not be mirrored, as
    `{"name", "why"}`; everything else was.
    """

    only = models.BooleanField(default=True, unique=True, editable=False)
    fingerprint = models.TextField(blank=True)
    newest = models.DateTimeField(null=True)
    swept_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)  # the first answer after the last silence
    down_since = models.DateTimeField(null=True)
    down_because = models.CharField(max_length=500, blank=True)
    problems = models.JSONField(default=list)

    class Meta:
        verbose_name, verbose_name_plural = "registry watch", "registry watches"
        default_permissions = ()

    def __str__(self) -> str:
        return f"registry, silent since {self.down_since}" if self.down_since else "registry"

    @property
    def starting(self) -> bool:
        """Whether it has never answered."""
        return self.answered_at is None
