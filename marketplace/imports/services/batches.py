"""A hundred rows at a time: what is new, what differs, what is refused, and why."""

from collections import Counter

from django.db import DataError, IntegrityError, transaction

from marketplace.catalog.models import External
from marketplace.catalog.services import references
from marketplace.catalog.services.references import Described
from marketplace.imports.lifecycle import Outcome
from marketplace.imports.models import Import, ImportRow
from marketplace.imports.normalising import Note, Unfit, described, excerpt
from marketplace.imports.reading import Row

MOST_DISTINCT = 200  # of one kind in the report; the rest is counted together
OTHERS = ("others", "")


class Batch:
    """What is known while the rows of one import are gone through."""

    def __init__(self, subject: Import, *, dry: bool) -> None:
        self.subject, self.dry = subject, dry
        self.seen: dict[tuple[str, str], tuple[int, dict]] = {}
        self.counts = Counter(subject.counts)
        self.normalised = {
            kind: Counter({(before, after): count for before, after, count in rows})
            for kind, rows in subject.normalised.items()
        }

    def remember(self, row: Row, header: tuple) -> None:
        """A row that was done before: the same one further down is still a repetition."""
        try:
            self._first(self._described(row, header, Note()), row)
        except Unfit:
            return

    def fates(self, rows: list[Row], header: tuple) -> list[ImportRow]:
        """What becomes of each row, done already unless this is a check."""
        told: list[tuple[Row, Described | None, Unfit | None]] = []
        for row in rows:
            note = Note()
            try:
                found = self._described(row, header, note)
                self._first(found, row)
            except Unfit as unfit:
                told.append((row, None, unfit))
                continue
            told.append((row, found, None))
            self._note(note)
        held = self._held([found for _, found, _ in told if found])
        made = [self._fate(row, found, unfit, held) for row, found, unfit in told]
        self.counts.update(fate.outcome for fate in made)
        return made

    def report(self) -> dict:
        """What was normalised so far: {kind: [[before, after, rows]]}, the most frequent first."""
        return {
            kind: [[*pair, count] for pair, count in found.most_common()]
            for kind, found in sorted(self.normalised.items())
        }

    def _described(self, row: Row, header: tuple, note: Note) -> Described:
        return described(row, header, self.subject.mapping, self.subject.source, note)

    def _first(self, found: Described, row: Row) -> None:
        """Remember who was here; the same one again is refused, and told what differs."""
        who = (found.source, found.key)
        line, values = self.seen.setdefault(who, (row.line, found.values))
        if line == row.line:
            return
        differs = [name for name, value in found.values.items() if values[name] != value]
        words = f", with another {' and '.join(differs)}" if differs else ", word for word"
        why = f"{found.key} of {found.source} is already on line {line:,}{words}."
        raise Unfit(why, value=found.key)

    def _held(self, found: list[Described]) -> dict:
        keys = {told.key for told in found}
        rows = External.objects.select_related("model").filter(key__in=keys)
        return {(row.source, row.key): row for row in rows}

    def _fate(self, row: Row, found: Described | None, unfit: Unfit | None, held) -> ImportRow:
        if unfit:
            return self._refused(row, unfit)
        external = held.get((found.source, found.key))
        fate = ImportRow(
            of=self.subject, place=row.place, line=row.line, source=found.source, key=found.key
        )
        if external is None:
            fate.outcome, fate.after = Outcome.CREATED, found.values
        elif external.written != found.values:
            fate.outcome = Outcome.CHANGED
            fate.before, fate.after = external.written, found.values
        else:
            fate.outcome = Outcome.UNCHANGED
        try:
            with transaction.atomic():
                fate.model = self._write(fate, found, external)
        except (DataError, IntegrityError) as wrong:
            why = f"The database does not take it: {str(wrong).splitlines()[0][:200]}"
            return self._refused(row, Unfit(why, value=found.key))
        fate.slug = fate.model.slug if fate.model else ""
        if self.dry:
            fate.model = None  # a check touches nothing
        return fate

    def _write(self, fate: ImportRow, found: Described, external: External | None):
        by = self.subject.by
        if not self.dry and external is None:
            return references.take_in(found, by=by, tenant=self.subject.for_tenant)
        if not self.dry and fate.outcome == Outcome.CHANGED:
            why = "was changed by an import"
            return references.rewrite(external, found.values, by=by, why=why)
        return external.model if external else None

    def _refused(self, row: Row, unfit: Unfit) -> ImportRow:
        return ImportRow(
            of=self.subject,
            place=row.place,
            line=row.line,
            outcome=Outcome.REFUSED,
            column=excerpt(unfit.column)[:120],
            excerpt=unfit.excerpt,
            why=excerpt(unfit.why) if "\0" in unfit.why else unfit.why[:400],
        )

    def _note(self, note: Note) -> None:
        for kind, before, after in note.changes:
            found = self.normalised.setdefault(kind, Counter())
            known = (before, after) in found or len(found) < MOST_DISTINCT
            found[(before, after) if known else OTHERS] += 1
