"""Ask the ledger whether it holds."""

from django.core.management.base import BaseCommand, CommandError

from tenants.chargeback import services


class Command(BaseCommand):
    help = (
        "Check that every transaction sums to zero, every paid call is in the ledger once and no "
        "other is, and closed statements are as they were closed. Fails if anything is wrong."
    )

    def handle(self, **options) -> None:
        wrong = services.verify_ledger()
        if wrong:
            raise CommandError("\n".join(wrong))
        self.stdout.write("The ledger holds.")
