"""What finding models reads: narrow rows, the words in use, and words that mean the same."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Concat

from marketplace.catalog.models import AIModel, AIModelGroupPermission
from portal.core.models import Record
from portal.core.permissions import permitted
from tenants.directory.models import Tenant, User
from tenants.directory.roles import TenantRole

MINE, ASK, CLOSED, ELSEWHERE = "mine", "ask", "closed", "elsewhere"
BANDS = (("free", "0"), ("low", "0.5"), ("mid", "2"), ("high", "10"))  # up to, for 1,000 units


class EntryQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Entries of the models that the catalogue shows this person; the rule of `listed_to`."""
        if not user.is_authenticated:
            return self.none()
        if user.platform_roles:
            return self
        return self.filter(Q(everyone=True) | _told(user) | _own(user))

    def standing(self, user):
        """With `access`: usable by this person's tenants, to be asked for, closed, elsewhere.

        Of entries that this person sees. Elsewhere is what is not served here. Closed is what is
        seen by office alone: without a team to ask for it, or not listed to that team.
        """
        found = Value(CLOSED)
        if user.tenants_as(TenantRole.CONSUMER):
            office = bool(user.platform_roles)
            listed = Q(everyone=True) | _named(user) | _own(user) if office else Q()
            found = Case(When(listed, served=True, then=Value(ASK)), default=Value(CLOSED))
        outside = When(served=False, then=Value(ELSEWHERE))
        access = Case(outside, When(_usable(user), then=Value(MINE)), default=found)
        return self.annotate(access=access)

    def of(self, models_):
        """Entries of these models."""
        return self.filter(model__in=models_.order_by().values("pk"))


def _named(user) -> Q:
    return permitted(user, "see_aimodel", AIModelGroupPermission, outer="model_id")


def _told(user) -> Q:
    return Q(model_id__in=AIModelGroupPermission.told_to(user))


def _usable(user) -> Q:
    return permitted(user, "use_aimodel", AIModelGroupPermission, outer="model_id")


def _own(user) -> Q:
    return Q(tenant__in=user.tenants_as(TenantRole.CONSUMER))


class Entry(models.Model):
    """One listed model in as few bytes as lists, counts and filters need.

    Kept in step with models and prices by the database itself, in the same transaction. `cost`
    is for 1,000 units. `attainment` is told by whoever measures: met, missed, quiet.
    """

    model = models.OneToOneField(AIModel, models.CASCADE, primary_key=True, related_name="entry")
    tenant = models.ForeignKey(Tenant, models.CASCADE, null=True, related_name="+", db_index=False)
    everyone = models.BooleanField()
    served = models.BooleanField()  # here, and not a reference to elsewhere
    task = models.CharField(max_length=60)
    framework = models.CharField(max_length=60)
    licence = models.CharField(max_length=80)
    stage = models.CharField(max_length=12)
    data_class = models.CharField(max_length=12)
    region = models.CharField(max_length=20)
    attainment = models.CharField(max_length=6)
    cost = models.DecimalField(max_digits=24, decimal_places=9, null=True)
    price = models.GeneratedField(  # the band of the facet
        expression=Case(
            When(cost=None, then=Value("")),
            *(When(cost__lte=Decimal(top), then=Value(band)) for band, top in BANDS),
            default=Value("top"),
            output_field=models.CharField(max_length=4),
        ),
        output_field=models.CharField(max_length=4),
        db_persist=True,
    )
    traits = models.GeneratedField(  # facets of a few values each, to be counted together
        expression=Concat(
            *("data_class", Value("|"), "stage", Value("|"), "attainment", Value("|"), "region"),
            output_field=models.TextField(),
        ),
        output_field=models.TextField(),
        db_persist=True,
    )
    slug = models.CharField(max_length=80)
    published_at = models.DateTimeField(null=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "index entry", "index entries"
        default_permissions = ()
        indexes = [
            models.Index(fields=["-served", "slug"], name="entry_by_name"),
            models.Index(fields=["-published_at", "slug"], name="entry_by_age"),
            models.Index(fields=["cost", "slug"], name="entry_by_cost"),
            models.Index(fields=["tenant"], name="entry_by_tenant"),
        ]

    def __str__(self) -> str:
        return self.slug


class Word(models.Model):
    """A word that some model is described with; what spelling is put right by."""

    text = models.CharField(max_length=40, primary_key=True)

    class Meta:
        verbose_name, verbose_name_plural = "word", "words"
        default_permissions = ()
        indexes = [GinIndex(fields=["text"], opclasses=["gin_trgm_ops"], name="word_trgm")]

    def __str__(self) -> str:
        return self.text


class SynonymQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Everybody signed in may read what the search takes for the same."""
        return self if user.is_authenticated else self.none()


class Synonym(Record):
    """Words and short phrases that mean the same to a search, in small letters."""

    terms = ArrayField(models.CharField(max_length=60))
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = SynonymQuerySet.as_manager()

    tenant = None

    class Meta:
        verbose_name, verbose_name_plural = "synonym", "synonyms"
        default_permissions = ()
        ordering = ["terms"]

    def __str__(self) -> str:
        return ", ".join(self.terms)[:200]
