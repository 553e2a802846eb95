"""Bring models of others into the catalogue from a CSV."""

import json
from pathlib import Path

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from marketplace.imports import columns, services
from marketplace.imports.lifecycle import ImportStatus, Outcome
from marketplace.imports.models import Import
from portal.core import tenancy
from portal.core.errors import Refused
from tenants.directory.models import Tenant, User

FIELDS = ", ".join([*columns.FIELDS, columns.FACT])
SHOWN = 20


class Command(BaseCommand):
    help = (
        "Bring models of others into the catalogue from FILE: a CSV, plain or packed with gzip,"
        " with a header. They become references: people find them, nobody is served by them. The"
        " same file again changes nothing. Every row is created, changed, unchanged or refused;"
        " refused rows are listed with line, column and reason. Exit status 0: every row has an"
        " answer, also if some were refused. 1: the file could not be read, or the import stopped."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", nargs="?", metavar="FILE", help="the CSV, or CSV.gz")
        parser.add_argument(
            "--mapping", metavar="JSON",
            help="a file with {column: field}; columns it does not name are left out."
            f" Fields: {FIELDS}. Without it the header decides; --show-mapping prints how",
        )  # fmt: skip
        parser.add_argument("--show-mapping", action="store_true", help="print it and stop")
        parser.add_argument("--source", default="", help="where they come from, if no column says")
        parser.add_argument(
            "--tenant", metavar="SLUG", help="only people of this tenant find them"
        )
        parser.add_argument("--dry-run", action="store_true", help="report, and change nothing")
        parser.add_argument("--by", metavar="USERNAME", help="the operator who is doing this")
        parser.add_argument("--report", metavar="CSV", help="write what became of each row here")
        parser.add_argument("--undo", metavar="ID", help="undo an import instead of making one")

    def handle(self, *args, **told) -> None:
        try:
            by = self._find(User, told["by"], "username", "account")
            subject = self._undo(told["undo"], by) if told["undo"] else self._new(told, by)
        except Refused as refused:
            raise CommandError(refused.detail) from refused
        except PermissionDenied as denied:
            raise CommandError(str(denied)) from denied
        if subject is None:
            return
        services.work(subject.pk, told=self._progress)
        with tenancy.as_system():
            self._tell(Import.objects.get(pk=subject.pk), told["report"])

    def _new(self, told: dict, by) -> Import | None:
        if not told["file"]:
            raise CommandError("Name a file to import, or an import to --undo.")
        path = Path(told["file"])
        try:
            content = path.read_bytes()
            mapping = json.loads(Path(told["mapping"]).read_text()) if told["mapping"] else None
        except (OSError, ValueError) as wrong:
            raise CommandError(f"It cannot be read: {wrong}") from wrong
        with tenancy.as_system():
            tenant = self._find(Tenant, told["tenant"], "slug", "tenant")
            made = services.upload(path.name, content, by=by, tenant=tenant, source=told["source"])
            for line in made.reading["told"]:
                self.stdout.write(line)
            if told["show_mapping"]:
                self.stdout.write(json.dumps(made.mapping, indent=2, ensure_ascii=False))
                services.drop(made, by=by)
                return None
            made = services.map_columns(
                made, by=by, mapping=made.mapping if mapping is None else mapping,
                source=told["source"], tenant=tenant,
            )  # fmt: skip
            return (services.check if told["dry_run"] else services.run)(made, by=by, later=False)

    def _undo(self, wanted: str, by) -> Import:
        with tenancy.as_system():
            subject = self._find(Import, wanted, "pk", "import")
            return services.undo(subject, by=by, later=False)

    def _find(self, kind, wanted: str | None, field: str, word: str):
        if not wanted:
            return None
        try:
            found = kind.objects.filter(**{field: wanted}).first()
        except ValidationError:
            found = None
        if found is None:
            raise CommandError(f"There is no {word} {wanted}.")
        return found

    def _progress(self, subject: Import) -> None:
        if subject.status != ImportStatus.UNDOING:
            self.stdout.write(f"{subject.done:,} of {subject.total:,} rows")

    def _tell(self, subject: Import, report: str | None) -> None:
        if subject.moving:
            raise CommandError("Another import is at work. This one follows in the background.")
        if subject.why:
            raise CommandError(subject.why)
        if subject.status == ImportStatus.UNDONE:
            told = ", ".join(f"{count:,} {name}" for name, count in subject.undone.items())
            self.stdout.write(f"Undone: {told or 'there was nothing to undo'}.")
        else:
            told = [f"{subject.counts.get(o.value, 0):,} {o.label.lower()}" for o in Outcome]
            would = "would be " if subject.status == ImportStatus.CHECKED else ""
            self.stdout.write(f"{subject.done:,} rows read = {would}{' + '.join(told)}.")
            for kind, rows in subject.normalised.items():
                self.stdout.write(f"{kind}: {sum(row[2] for row in rows):,} rows")
            self._refused(subject)
        if report:
            self._write(subject, Path(report))
        self.stdout.write(f"Import {subject.pk}")

    def _refused(self, subject: Import) -> None:
        refused = subject.rows.filter(outcome=Outcome.REFUSED).order_by("place")
        for row in refused[:SHOWN]:
            where = f", {row.column}" if row.column else ""
            self.stdout.write(f"  line {row.line}{where}: {row.why} [{row.excerpt[:60]}]")
        if refused.count() > SHOWN:
            self.stdout.write(f"  and {refused.count() - SHOWN:,} more; --report writes all")

    def _write(self, subject: Import, path: Path) -> None:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            services.write_report(subject.rows.all(), file)
        self.stdout.write(f"What became of each row is in {path}.")
