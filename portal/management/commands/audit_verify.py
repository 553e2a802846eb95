"""Check the whole trail: every seal, every writer's count."""

from django.core.management.base import BaseCommand, CommandError

from portal.audit.verification import verify
from portal.core import tenancy

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Check that every line of the audit trail is as it was written, that none is there twice"
        " and that none claims a transaction that has not happened. Numbers that are missing in a"
        " writer's count are listed as holes: a rolled-back transaction leaves one, a deleted"
        " line too. Exit status 0: sound (holes or not). 1: lines were changed."
    )

    def handle(self, *args, **options) -> None:
        with tenancy.as_system():
            report = verify()
        self.stdout.write(f"{report.lines} lines by {report.writers} writers.")
        self._list("Changed", report.edited)
        self._list(
            "There more than once", [f"{w}, line {n}: {c} times" for w, n, c in report.copied]
        )
        self._list("From a transaction that has not happened", report.ahead)
        self._list("Holes", [f"{w}, lines {a} to {b}" for w, a, b in report.holes])
        if not report.sound:
            raise CommandError("The trail is not as it was written.", returncode=1)
        self.stdout.write("Every line is as it was written.")

    def _list(self, title: str, found: list[str]) -> None:
        if not found:
            return
        self.stdout.write(f"{title}: {len(found)}")
        for each in found[:SHOWN]:
            self.stdout.write(f"  {each}")
        if len(found) > SHOWN:
            self.stdout.write(f"  and {len(found) - SHOWN} more")
