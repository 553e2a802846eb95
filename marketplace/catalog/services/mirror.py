"""Writes what the registry says into the rows of the catalogue; publishers' words stay."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from marketplace.catalog import facts, prefill
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel, ModelVersion
from marketplace.engines.base import RegisteredModel, RegisteredVersion, VersionMark
from portal.audit.services import record
from portal.core import events

CHAMPION = "champion"
LONGEST_NAME = 256
LATE_FACTS = timedelta(minutes=10)  # a run may log metrics after its model was registered
READ_AGAIN = timedelta(seconds=25)
TROUBLE_AGAIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Known:
    """What is stored of one version: enough to see whether it must be read again."""

    digest: str
    aliases: tuple[str, ...]
    gone: bool
    read_at: object
    registered_at: object
    trouble: bool

    def due(self, mark: VersionMark, now) -> bool:
        """New here, changed there, or read at a time when its facts may not have been complete."""
        if self.gone or self.digest != digest_of(mark):
            return True
        if self.read_at is None:
            return True
        if self.trouble and now - self.read_at > TROUBLE_AGAIN:
            return True
        young = self.registered_at and now - self.registered_at < LATE_FACTS
        return bool(young) and now - self.read_at > READ_AGAIN


def known_versions(models) -> dict:
    """Stored versions of `models`: {model id: {number: Known}}."""
    names = ("model_id", "number", "mark_digest", "aliases", "gone_at", "read_at")
    rows = ModelVersion.objects.filter(model__in=models).values_list(
        *names, "registered_at", "problems"
    )
    found: dict = {}
    for model, number, digest, aliases, gone, read_at, registered_at, problems in rows:
        known = Known(digest, tuple(aliases), bool(gone), read_at, registered_at, bool(problems))
        found.setdefault(model, {})[number] = known
    return found


def digest_of(mark: VersionMark) -> str:
    """Changes with the mark and with its date: a name that was deleted and registered anew."""
    return hashlib.sha256(f"{mark.digest}|{mark.updated_at}".encode()).hexdigest()


def take_in(found: RegisteredModel) -> AIModel:
    """The row of a model seen for the first time; it waits for its tenant."""
    if len(found.name) > LONGEST_NAME:
        raise ValueError(f"Its name has more than {LONGEST_NAME} characters.")
    model = AIModel.objects.create(
        registry_name=facts.text(found.name, LONGEST_NAME),
        slug=facts.slug_of(found.name, lambda slug: AIModel.objects.filter(slug=slug).exists()),
        proposed_tenant=prefill.proposed_tenant(found),
        tags=facts.pairs(found.tags, 500),
        registry_fingerprint=found.digest,
        **prefill.card(found),
    )
    record("appeared in the registry", model, by=None, proposed=model.proposed_tenant)
    return model


def refresh(model: AIModel, found: RegisteredModel) -> None:
    """Take over changed tags; the card too, as long as no tenant has confirmed the model."""
    changes: dict = {"tags": facts.pairs(found.tags, 500), "registry_fingerprint": found.digest}
    if model.status == ModelStatus.WAITING:
        changes |= prefill.card(found) | {"proposed_tenant": prefill.proposed_tenant(found)}
        if not changes["framework"]:
            changes.pop("framework")
    if model.registry_gone_at:
        changes["registry_gone_at"] = None
        record("returned to the registry", model, by=None)
    write(model, changes)


def rename(model: AIModel, found: RegisteredModel) -> None:
    """The same model under another name: address, tenant and card stay."""
    before = model.registry_name
    write(model, {"registry_name": facts.text(found.name, LONGEST_NAME)})
    record("was renamed in the registry", model, by=None, before=before, after=found.name)


def put_version(model: AIModel, version: RegisteredVersion, aliases: list[str]) -> None:
    """Store one version as the registry has it; an unchanged one is only marked as read."""
    now = timezone.now()
    told = _told(version) | {"aliases": aliases, "gone_at": None}
    row = model.versions.filter(number=version.version).first()
    if row is None:
        ModelVersion.objects.create(model=model, number=version.version, read_at=now, **told)
        record("received a version", model, by=None, version=version.version)
    else:
        write(row, told | {"read_at": now})
    framework = prefill.framework(version)
    if framework and not model.framework:
        write(model, {"framework": framework})


def lose_version(model: AIModel, number: int) -> None:
    """The registry no longer has this version."""
    row = model.versions.get(number=number)
    write(row, {"gone_at": timezone.now(), "aliases": []})
    record("lost a version in the registry", model, by=None, version=number)


def lose(model: AIModel) -> None:
    """The registry no longer has this name."""
    write(model, {"registry_gone_at": timezone.now()})
    record("vanished from the registry", model, by=None)


def choose_version(model: AIModel) -> None:
    """Settle which version users get: the pinned one, the champion, or the newest that serves.

    Where the registry has none left the last choice stays, for what still runs.
    """
    present = list(model.versions.present().order_by("-number"))
    numbers = {version.number for version in present}
    if model.version_pinned and model.followed_version in numbers:
        return
    ready = [version for version in present if version.registry_status == "READY"]
    champion = [version for version in ready if CHAMPION in version.aliases]
    servable = [version for version in ready if version.servable]
    best = next(iter([*champion, *servable, *ready]), None)
    if best is None or best.number == model.followed_version and not model.version_pinned:
        return
    before = model.followed_version
    write(model, {"followed_version": best.number, "version_pinned": False})
    record("now gives a version by default", model, by=None, before=before, after=best.number)
    events.tell(events.access_changed, model_id=str(model.pk))


def write(row, changes: dict) -> bool:
    """Save the columns that differ; True if there were any."""
    different = [name for name, value in changes.items() if getattr(row, name) != value]
    for name in different:
        setattr(row, name, changes[name])
    if different:
        row.save(update_fields=different)  # `changed_at` tells of people alone
    return bool(different)


def _told(version: RegisteredVersion) -> dict:
    signature, example = facts.small(version.signature), facts.small(version.input_example)
    problems = list(version.problems)
    if signature is None and version.signature is not None:
        problems.append("The signature is larger than 256 KiB.")
    if example is None and version.input_example is not None:
        problems.append("The input example is larger than 256 KiB.")
    return {
        "run_id": facts.line(version.run_id, 64),
        "source": facts.line(version.source, 2000),
        "registry_status": facts.line(version.status, 40),
        "description": facts.text(version.description, 20_000),
        "tags": facts.pairs(version.tags, 500),
        "metrics": facts.figures(version.metrics),
        "parameters": facts.pairs(version.parameters, 1000),
        "signature": signature,
        "input_example": example,
        "dependencies": facts.lines(version.dependencies),
        "flavours": facts.lines(version.flavours, 60),
        "python_version": facts.line(version.python_version, 20),
        "size_bytes": version.model_size_bytes,
        "trained_by": facts.line(version.trained_by, 150),
        "registered_at": version.created_at,
        "data_sets": facts.lines(version.data_sets, 250),
        "problems": facts.lines(problems, 500),
        "mark_digest": digest_of(version.mark),
    }
