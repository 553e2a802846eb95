"""Keeps the catalogue in step with the registry: cheap when nothing changed, one run at a time."""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.module_loading import import_string

from marketplace.catalog import broadcast
from marketplace.catalog.models import AIModel, ModelVersion, RegistryWatch
from marketplace.catalog.services import mirror
from marketplace.engines.base import (
    EngineRefused,
    RegisteredModel,
    Registry,
    RegistryUnavailable,
    VersionMark,
)
from portal.core import tenancy
from portal.core.background import alone

log = logging.getLogger(__name__)
SWEEP_EVERY = timedelta(seconds=30)
LONGEST_RUN = 120.0  # seconds; what is left is taken up by the next run
LOCK = 0x6D77_0001
MOST_PROBLEMS = 100


@dataclass
class Followed:
    """What one run did: counts of models, and {registry name: why it was not mirrored}."""

    ran: bool = True
    looked: bool = False
    new: int = 0
    changed: int = 0
    gone: int = 0
    versions: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    finished: bool = True
    touched: set[str] = field(default_factory=set)  # slugs of the tenants whose models moved


@cache
def _made(path: str, address: str) -> Registry:
    made = import_string(path)
    return made(address) if address else made()


def registry() -> Registry:
    """The registry that the settings name; one client per process."""
    return _made(settings.REGISTRY_ENGINE, settings.MLFLOW_TRACKING_URI)


def watch() -> RegistryWatch:
    """What was last seen of the registry."""
    return RegistryWatch.objects.get_or_create(only=True)[0]


def follow_registry() -> Followed:
    """Bring models and versions in step. Returns at once if another run is at it.

    A silent registry changes nothing but the note that it is silent.
    """
    with alone(LOCK) as mine:
        if not mine:
            return Followed(ran=False)
        seen = watch()
        try:
            return _look(registry(), seen)
        except RegistryUnavailable as silent:
            _note_silence(seen, str(silent))
            return Followed()


def _look(engine: Registry, seen: RegistryWatch) -> Followed:
    now = timezone.now()
    fingerprint = engine.fingerprint()
    whole = seen.swept_at is None or now - seen.swept_at >= SWEEP_EVERY
    if not whole and fingerprint == seen.fingerprint:
        _note_answer(seen, {})
        return Followed()
    since = None if whole else seen.newest
    run = _Run(engine, whole)
    models, marks = list(engine.models(since)), list(engine.version_marks(since))
    run.bring_in(models, marks)
    if run.done.new or run.done.touched:
        broadcast.moved(run.done.touched)
    told: dict = {}
    if run.done.finished:
        told = {"fingerprint": fingerprint, "newest": _newest(models, marks, seen.newest)}
        told |= {"swept_at": now} if whole else {}
    listed = sorted(run.done.problems.items())[:MOST_PROBLEMS]
    problems = [{"name": name[:256], "why": why[:500]} for name, why in listed]
    if whole or problems:
        told["problems"] = problems
    _note_answer(seen, told)
    return run.done


def _newest(models: list, marks: list, before: datetime | None) -> datetime | None:
    dates = [item.updated_at for item in [*models, *marks] if item.updated_at]
    return max([*dates, before] if before else dates, default=None)


def _note_answer(seen: RegistryWatch, told: dict) -> None:
    up = {"down_since": None, "down_because": ""}
    if seen.down_since or seen.answered_at is None:
        up["answered_at"] = timezone.now()
    mirror.write(seen, told | up)


def _note_silence(seen: RegistryWatch, why: str) -> None:
    since = seen.down_since or timezone.now()
    if mirror.write(seen, {"down_since": since, "down_because": why[:500]}):
        log.warning("The model registry does not answer: %s", why)


class _Run:
    """One pass over what the registry listed; `whole` if that was everything."""

    def __init__(self, engine: Registry, whole: bool) -> None:
        self.engine, self.whole, self.done = engine, whole, Followed(looked=True)
        self.until = time.monotonic() + LONGEST_RUN

    def bring_in(self, models: list[RegisteredModel], marks: list[VersionMark]) -> None:
        self._load(models, marks)
        by_model: dict[str, list[VersionMark]] = {}
        for mark in marks:
            by_model.setdefault(mark.model, []).append(mark)
        found = {model.name: model for model in models}
        for name in [*found, *(name for name in by_model if name not in found)]:
            if time.monotonic() > self.until:
                self.done.finished = False
                return
            self._careful(name, found.get(name), by_model.get(name, []))
        if self.whole:
            self._lose(set(found))

    def _load(self, models: list[RegisteredModel], marks: list[VersionMark]) -> None:
        rows = AIModel.objects.exclude(registry_name=None).defer("card", "words")
        if not self.whole:
            names = {model.name for model in models} | {mark.model for mark in marks}
            rows = rows.filter(registry_name__in=names)
        self.rows = {row.registry_name: row for row in rows}
        self.versions = mirror.known_versions([row.pk for row in self.rows.values()])

    def _careful(self, name: str, found: RegisteredModel | None, marks: list) -> None:
        """One model; what goes wrong with it is told and stops no other."""
        try:
            self._model(found, name, marks)
        except (RegistryUnavailable, OperationalError, InterfaceError):
            raise
        except EngineRefused as refused:
            self.done.problems[name] = str(refused)
        except Exception as wrong:
            log.warning("%r could not be taken over from the registry", name[:256], exc_info=True)
            self.done.problems[name] = f"{type(wrong).__name__}: {wrong}"

    def _model(self, found: RegisteredModel | None, name: str, marks: list) -> None:
        row, now = self.rows.get(name), timezone.now()
        if found is None and row is None:
            return  # a version without its model: the next sweep lists both
        if row is None:
            row = self._first_sight(found, marks)
        stored = self.versions.get(row.pk, {})
        due = [m for m in marks if m.version not in stored or stored[m.version].due(m, now)]
        aliases = _by_version(found) if found else {n: list(k.aliases) for n, k in stored.items()}
        moved = [n for n, known in stored.items() if set(known.aliases) != set(aliases.get(n, []))]
        listed = {mark.version for mark in marks}
        lost = [n for n, known in stored.items() if not known.gone and n not in listed]
        lost = lost if self.whole else []
        old = found and (row.registry_fingerprint != found.digest or row.registry_gone_at)
        if due or moved or lost or old:
            self._write(row, found if old else None, due, aliases, moved, lost)

    def _first_sight(self, found: RegisteredModel, marks: list) -> AIModel:
        twin = self._renamed(found, marks)
        with tenancy.as_system():
            if twin is None:
                row = mirror.take_in(found)
                self.done.new += 1
            else:
                row = AIModel.objects.select_for_update().get(pk=twin.pk)
                self.rows.pop(row.registry_name, None)
                mirror.rename(row, found)
                self.versions |= mirror.known_versions([row.pk])
        self.rows[found.name] = row
        self._touch(row)
        return row

    def _touch(self, row: AIModel) -> None:
        """Remember whose pages show this model, to say so once for the whole run."""
        self.done.touched.add(row.tenant.slug if row.tenant_id else row.proposed_tenant)

    def _renamed(self, found: RegisteredModel, marks: list) -> AIModel | None:
        """The model that this new name was before: same run, and its old name is gone."""
        if not marks:
            return None
        run = self.engine.version(found.name, marks[0].version).run_id
        twins = ModelVersion.objects.filter(run_id=run).exclude(model__registry_name=found.name)
        twin = twins.select_related("model").first() if run else None
        if twin is None:
            return None
        try:
            self.engine.versions(twin.model.registry_name)
        except EngineRefused:
            return twin.model
        return None

    def _write(self, row: AIModel, found, due: list, aliases: dict, moved: list, lost: list):
        read = []
        for mark in due:
            try:
                read.append(self.engine.version(mark.model, mark.version))
            except EngineRefused as refused:  # deleted since it was listed, or unreadable
                self.done.problems[f"{mark.model}, version {mark.version}"] = str(refused)
        with tenancy.as_system():
            row = AIModel.objects.select_for_update().get(pk=row.pk)
            if found:
                mirror.refresh(row, found)
            for version in read:
                mirror.put_version(row, version, aliases.get(version.version, []))
            for number in set(moved) - set(lost):
                mirror.write(row.versions.get(number=number), {"aliases": aliases.get(number, [])})
            for number in lost:
                mirror.lose_version(row, number)
            mirror.choose_version(row)
        self._touch(row)
        self.done.changed += bool(found)
        self.done.versions += len(read)

    def _lose(self, listed: set[str]) -> None:
        for name, row in self.rows.items():
            if name not in listed and row.registry_gone_at is None:
                with tenancy.as_system():
                    row = AIModel.objects.select_for_update().get(pk=row.pk)
                    for number, known in self.versions.get(row.pk, {}).items():
                        if not known.gone:
                            mirror.lose_version(row, number)
                    mirror.lose(row)
                self._touch(row)
                self.done.gone += 1


def _by_version(found: RegisteredModel) -> dict[int, list[str]]:
    """Aliases by the version they point to; one that is too long for a column is left out."""
    turned: dict[int, list[str]] = {}
    for alias, number in sorted(found.aliases.items()):
        if len(alias) <= 250:
            turned.setdefault(number, []).append(alias)
    return turned
