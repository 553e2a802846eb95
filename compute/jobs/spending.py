"""What a job has cost so far, as its page tells it."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from compute.capacity.services import hourly
from compute.jobs.models import Job, Receipt, Run
from compute.jobs.services.metering import quantity, seconds_of
from portal.core.templatetags._words import number
from tenants.chargeback import services as chargeback
from tenants.chargeback.models import Price

HOUR = 3600
USUAL = chargeback.CURRENCY


@dataclass(frozen=True)
class Used:
    """One stretch of hardware as money: `nano` is None where nobody has set a price."""

    run: Run
    seconds: Decimal
    nano: int | None
    currency: str


@dataclass
class Money:
    """The cost of a job for its page; nano-units of `currency`. `most` is when it stops itself.

    `hourly` is at the price that holds now, or held when the last run of an ended job began:
    `version` in the book of prices.
    """

    nano: int
    currency: str
    lines: list = field(default_factory=list)
    refunded: int = 0
    hourly: int | None = None
    version: int | None = None
    most: int | None = None
    unpriced: bool = False


@dataclass(frozen=True)
class Line:
    words: str
    nano: int | None


def used(runs: list[Run], now: datetime | None = None) -> list[Used]:
    """Every stretch that began: as it was billed, or as it would be now."""
    now = now or timezone.now()
    begun = [run for run in runs if run.started_at]
    prices = chargeback.prices_of({run.flavour_id for run in begun if not run.billed_at})
    return [_used(run, prices, now) for run in begun]


def _used(run: Run, prices: dict, now: datetime) -> Used:
    if run.billed_at:
        nano = run.nano if run.price_id else None
        return Used(run, run.seconds or Decimal(0), nano, run.currency or USUAL)
    seconds = seconds_of(run, run.ended_at or now)
    held = prices.get(run.flavour_id, ())
    price = next((each for each in held if each.covers(run.started_at)), None)
    if price is None:
        return Used(run, seconds, None, USUAL)
    return Used(run, seconds, price.nano_for(quantity(run.units, seconds)), price.currency)


def money_of(job: Job, runs: list[Run], receipts: list[Receipt]) -> Money:
    """What the page of a job says of its cost, from its runs (with flavours) and receipts."""
    stretches = used(runs)
    refunded = sum(receipt.refunded_nano for receipt in receipts)
    nano = sum(each.nano or 0 for each in stretches) - refunded
    currency = next((each.currency for each in stretches if each.nano is not None), USUAL)
    money = Money(nano, currency, _lines(stretches), refunded)
    price = _price_of(job, runs)
    if price:
        amount = (job.gpus if job.flavour.has_gpus else job.cpu) * job.nodes
        money.hourly, money.version = price.nano_for(int(amount * HOUR)), price.version
        money.most = nano + price.nano_for(int(amount * _left(job, runs)))
        money.currency = price.currency
    money.unpriced = job.flavour is not None and price is None
    return money


def _price_of(job: Job, runs: list[Run]) -> Price | None:
    """The price that holds for its hardware now; of an ended job the one at which it ran."""
    if job.flavour is None:
        return None
    began = [run for run in runs if run.started_at]
    if not (job.ended and began):
        return hourly(job.flavour)
    last = max(began, key=lambda run: run.started_at)
    return chargeback.price_at(last.flavour_id, last.started_at)


def _left(job: Job, runs: list[Run]) -> int:
    """Seconds that the try which runs now may still run, or the next one if none does."""
    begun = [run.started_at for run in runs if run.started_at and run.ended_at is None]
    gone = (timezone.now() - min(begun)).total_seconds() if begun else 0
    return max(0, round(job.time_limit_s - gone))


def _lines(stretches: list[Used]) -> list[Line]:
    """One line for each kind of hardware: "H100 80 GB, 2.5 GPU hours"."""
    by_kind: dict = {}
    for each in stretches:
        by_kind.setdefault(each.run.flavour, []).append(each)
    return [_line(*kind) for kind in by_kind.items()]


def _line(flavour, some: list[Used]) -> Line:
    hours = sum(each.run.units * each.seconds for each in some) / HOUR
    known = [each.nano for each in some if each.nano is not None]
    words = f"{flavour.name}, {hours_in_words(hours)} {flavour.unit} hours"
    return Line(words, sum(known) if known else None)


def hours_in_words(hours) -> str:
    """Hours with the digits that count: 12.5, 0.63, 0.004."""
    return number(hours, 1 if hours >= 10 else 2 if hours >= Decimal("0.1") else 3)
