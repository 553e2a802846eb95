"""Rows for stories, made the way the product makes them where it has a verb for it."""

from decimal import Decimal

from django.utils import timezone

from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel, ModelVersion, Stage, Visibility
from portal.core.ids import new_id
from tenants.chargeback.models import Meter, Price
from tenants.directory import services as directory
from tenants.directory.models import Tenant

SIGNATURE = {
    "inputs": [{"name": "pixel", "type": "tensor", "dtype": "float64", "shape": [-1, 64]}],
    "outputs": [{"name": None, "type": "tensor", "dtype": "int64", "shape": [-1]}],
}


def tenant(slug: str, *, parent: Tenant | None = None) -> Tenant:
    return directory.found(
        slug,
        by=None,
        name=slug.title(),
        cost_centre=f"CC-{slug}",
        contact=f"{slug}@example.org",
        parent=parent,
    )


def model(slug: str, owner: Tenant, *, status: str = ModelStatus.PUBLISHED, **more) -> AIModel:
    """A model of `owner`, listed to everyone unless told otherwise, with version 1 and a price."""
    facts = {
        "registry_name": slug,
        "name": slug.replace("-", " ").capitalize(),
        "summary": f"What {slug} does",
        "stage": Stage.PRODUCTION,
        "data_class": "internal",
        "task": "classification",
        "visibility": Visibility.EVERYONE,
        "followed_version": 1,
    }
    made = AIModel.objects.create(slug=slug, tenant=owner, status=status, **facts | more)
    version(made, 1)
    price(made)
    return made


def version(of: AIModel, number: int, **more) -> ModelVersion:
    facts = {"registry_status": "READY", "signature": SIGNATURE, "registered_at": timezone.now()}
    return ModelVersion.objects.create(model=of, number=number, **facts | more)


def price(of: AIModel, amount: str = "0.40", per: int = 1000) -> Price:
    return Price.objects.create(
        id=new_id(),
        tenant=of.tenant,
        model_id=of.pk,
        model_slug=of.slug,
        meter=Meter.PREDICTIONS,
        version=1,
        amount=Decimal(amount),
        per=per,
        valid_from=timezone.now(),
    )
