"""Close a month: freeze every tenant's statement of it."""

from datetime import date

from django.core.management.base import BaseCommand, CommandError

from portal.core import tenancy
from portal.core.errors import Refused
from tenants.chargeback import services
from tenants.chargeback.amounts import decimal_text
from tenants.directory.models import User


class Command(BaseCommand):
    help = (
        "Close a month for every tenant. Its statements are frozen; what is found later goes to "
        "the month that runs then. Doing it twice changes nothing."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("month", type=_month, help="the month to close, such as 2026-10")
        parser.add_argument("--by", required=True, help="account name of the finance person")

    def handle(self, *, month: date, by: str, **options) -> None:
        user = User.objects.filter(username=by, is_active=True).first()
        if user is None or not user.is_finance:
            raise CommandError(f"{by} is no open account with the role finance.")
        try:
            with tenancy.acting_as(user):
                statements = services.close_period(month, by=user)
                shown = [
                    f"{s.tenant}: {decimal_text(s.total_nano)} {s.currency}" for s in statements
                ]
        except Refused as refused:
            raise CommandError(refused.detail) from None
        self.stdout.write("\n".join(shown) or f"Nothing was used in {month:%B %Y}.")


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")
