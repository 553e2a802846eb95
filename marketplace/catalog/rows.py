"""What a model needs beside its own row to be shown: price, version, and whether I may call it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.db.models import Func, QuerySet, TextField
from django.utils import timezone
from django.utils.text import slugify

from marketplace.catalog import columns
from marketplace.catalog.models import (
    AIModel,
    AIModelGroupPermission,
    DataClass,
    ModelVersion,
    Stage,
)
from portal.core.permissions import held_among
from tenants.chargeback.models import Price

# What a list reads of a version; whatever else is asked for takes a query of its own.
IN_LISTS = ("model_id", "number", "registry_status", "registered_at", "gone_at")
IN_LISTS += ("metrics", "tags", "data_sets")  # how complete it is
FACTS = Func("signature", "input_example", function="jsonb_build_array", output_field=TextField())
SHORT = 4000  # characters of the facts that are kept once they were read
OF_PRICE = ("model_id", "meter", "version", "amount", "per", "currency", "valid_from")
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
STAGE_TONES = {Stage.PRODUCTION: "ok", Stage.STAGING: "warn", Stage.DEVELOPMENT: "info"}
KINDS = (("image", "image"), ("audio", "audio"), ("speech", "audio"), ("tab", "tabular"))
KINDS += (("text", "doc"), ("chat", "comment"), ("extract", "doc"))


@dataclass(frozen=True)
class Said:
    """A price in words: `€0.40` `per 1,000 predictions`."""

    amount: str
    per: str


def dress(models: Sequence[AIModel], user=None, *, page: bool = True) -> Sequence[AIModel]:
    """Put `price`, `default_version` and, for `user`, `usable` on each model.

    For a `page` also how it looks, and the cells of upper rooms. A fixed number of queries,
    however many models.
    """
    ids = [model.pk for model in models]
    prices = {row.model_id: row for row in prices_of(ids).only(*OF_PRICE)}
    followed = {model.followed_version for model in models if model.followed_version}
    rows = ModelVersion.objects.filter(model__in=ids, number__in=followed).annotate(facts=FACTS)
    rows = _with_facts(rows.only(*IN_LISTS)) if len(models) > 1 else rows
    versions = {(row.model_id, row.number): row for row in rows}
    mine: set = set()
    if user is not None:
        mine = held_among(user, "use_aimodel", ids, AIModelGroupPermission)
    for model in models:
        model.price = prices.get(model.pk)
        model.default_version = versions.get((model.pk, model.followed_version))
        model.usable = model.pk in mine
        if page:
            model.look = look_of(model)
    if user is not None and page:
        columns.fill(models, user)
    return models


def _with_facts(versions: QuerySet[ModelVersion]) -> list[ModelVersion]:
    """Signature and example of each as they were read before: nobody changes them in a list."""
    for version in versions:
        read = _read if len(version.facts) <= SHORT else json.loads
        version.signature, version.input_example = read(version.facts)
    return list(versions)


@lru_cache(maxsize=2048)
def _read(facts: str) -> list:
    return json.loads(facts)


def prices_of(ids):
    """The price in force of each of these models."""
    return Price.objects.at(timezone.now()).filter(model_id__in=ids)


def said(price: Price | None) -> Said | None:
    """A price in words; small amounts keep the digits that count."""
    if price is None:
        return None
    amount = price.amount.normalize()
    digits = f"{amount:,.{max(2, -amount.as_tuple().exponent)}f}"
    symbol = SYMBOLS.get(price.currency, f"{price.currency} ")
    unit = price.get_meter_display()
    per = f"per {price.per:,} {unit}" if price.per != 1 else f"per {unit.removesuffix('s')}"
    return Said(f"{symbol}{digits}" if amount else "Free", per if amount else "")


@dataclass(frozen=True)
class PerThousand:
    """What a thousand units cost: `amount`, and in words. `unit` names currency and meter."""

    amount: Decimal
    words: str
    per: str
    unit: tuple[str, str]


def per_thousand(price: Price | None) -> PerThousand | None:
    """A price for a thousand units, so that prices of several models can be compared."""
    if price is None:
        return None
    amount = price.amount * 1000 / price.per
    same = Price(amount=amount, per=1000, meter=price.meter, currency=price.currency)
    told, unit = said(same), price.get_meter_display()
    per = "" if unit == "calls" else f"per 1,000 {unit}; a call of one row is one"
    return PerThousand(amount, told.amount, per, (price.currency, price.meter))


def own_name(model: AIModel) -> str:
    """The name of a model where it says more than its slug, else nothing."""
    return "" if slugify(model.name) == model.slug else model.name


def named(model: AIModel) -> str:
    """A model as messages speak of it: `Handwritten digits (digits)`."""
    name = own_name(model)
    return f"{name} ({model.slug})" if name else model.slug


def look_of(model: AIModel) -> dict:
    """Tones, symbols and levels of a model's facts, for its row and its page."""
    kind = next((symbol for word, symbol in KINDS if word in model.task.lower()), "model")
    levels = list(DataClass.values)
    return {
        "kind": kind,
        "name": own_name(model),
        "task": model.task.replace("-", " ").replace("_", " ").capitalize(),
        "level": levels.index(model.data_class) + 1 if model.data_class else 0,
        "stage_tone": STAGE_TONES.get(model.stage, "idle"),
        "price": said(getattr(model, "price", None)),
    }
