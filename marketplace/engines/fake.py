"""A model registry in a dictionary, with the manners of the real one; for tests."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from marketplace.engines.base import (
    EngineRefused,
    RegisteredModel,
    RegisteredVersion,
    RegistryDescription,
    RegistryUnavailable,
    VersionMark,
)


class FakeRegistry:
    """A `Registry` in memory. The verbs a data scientist uses are methods of their own.

    As in MLflow, a new or deleted version dates its model, a description dates what it
    describes, tags and aliases date nothing. Set `down = True` to take the registry away.
    """

    def __init__(self) -> None:
        self.down = False
        self._models: dict[str, RegisteredModel] = {}
        self._versions: dict[str, dict[int, RegisteredVersion]] = {}
        self._numbers: dict[str, int] = {}
        self._last = datetime.fromtimestamp(time.time(), UTC)

    def register(self, name: str, **facts: object) -> RegisteredVersion:
        """Add a version, and the model if it is new; `facts` are RegisteredVersion's fields."""
        now = self._tick()
        if name not in self._models:
            self._models[name] = RegisteredModel(name, created_at=now)
        self._models[name] = replace(self._models[name], updated_at=now)
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        version = RegisteredVersion(name, number, created_at=now, updated_at=now, **facts)
        self._versions.setdefault(name, {})[number] = version
        return version

    def describe_model(self, name: str, text: str) -> None:
        """Change a model's description."""
        model = self._models[name]
        self._models[name] = replace(model, description=text, updated_at=self._tick())

    def describe_version(self, name: str, number: int, text: str) -> None:
        """Change a version's description."""
        version = self._versions[name][number]
        changed = replace(version, description=text, updated_at=self._tick())
        self._versions[name][number] = changed

    def tag_model(self, name: str, key: str, value: str) -> None:
        """Set a tag of a model."""
        model = self._models[name]
        self._models[name] = replace(model, tags={**model.tags, key: value})

    def tag_version(self, name: str, number: int, key: str, value: str) -> None:
        """Set a tag of a version."""
        version = self._versions[name][number]
        self._versions[name][number] = replace(version, tags={**version.tags, key: value})

    def alias(self, name: str, alias: str, number: int) -> None:
        """Point an alias to a version."""
        model = self._models[name]
        self._models[name] = replace(model, aliases={**model.aliases, alias: number})

    def delete_version(self, name: str, number: int) -> None:
        """Delete a version and the aliases that point to it."""
        model = self._models[name]
        del self._versions[name][number]
        aliases = {a: v for a, v in model.aliases.items() if v != number}
        self._models[name] = replace(model, aliases=aliases, updated_at=self._tick())

    def delete_model(self, name: str) -> None:
        """Delete a model with all its versions."""
        del self._models[name]
        self._versions.pop(name, None)
        self._numbers.pop(name, None)

    def ready(self) -> bool:
        """Whether the registry is up."""
        return not self.down

    def describe(self) -> RegistryDescription:
        """What it is."""
        self._check()
        return RegistryDescription("Fake registry", "1", "memory")

    def fingerprint(self) -> str:
        """The newest model and version."""
        self._check()
        newest = [max(self._models.values(), key=_age, default=None)]
        newest += [max(self._all(), key=_age, default=None)]
        return "|".join(f"{item.updated_at} {_name(item)}" if item else "" for item in newest)

    def models(self, changed_since: datetime | None = None) -> Iterator[RegisteredModel]:
        """All by name, or the recently dated, newest first."""
        self._check()
        if changed_since is None:
            yield from sorted(self._models.values(), key=lambda model: model.name)
            return
        newest = sorted(self._models.values(), key=_age, reverse=True)
        yield from (model for model in newest if model.updated_at >= changed_since)

    def version_marks(self, changed_since: datetime | None = None) -> Iterator[VersionMark]:
        """All or the recently dated, newest first."""
        self._check()
        for version in sorted(self._all(), key=_age, reverse=True):
            if changed_since is None or version.updated_at >= changed_since:
                yield version.mark

    def versions(self, name: str) -> list[RegisteredVersion]:
        """Every version of a model, lowest number first."""
        self._check()
        if name not in self._models:
            raise EngineRefused(f"Registered Model with name={name} not found")
        return sorted(self._versions.get(name, {}).values(), key=lambda found: found.version)

    def version(self, name: str, number: int) -> RegisteredVersion:
        """One version."""
        self._check()
        try:
            return self._versions[name][number]
        except KeyError:
            message = f"Model Version (name={name}, version={number}) not found"
            raise EngineRefused(message) from None

    def _all(self) -> list[RegisteredVersion]:
        return [one for versions in self._versions.values() for one in versions.values()]

    def _check(self) -> None:
        if self.down:
            raise RegistryUnavailable("The registry is down.")

    def _tick(self) -> datetime:
        now = max(datetime.fromtimestamp(time.time(), UTC), self._last + timedelta(milliseconds=1))
        self._last = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return self._last


def _age(item: RegisteredModel | RegisteredVersion) -> datetime:
    return item.updated_at


def _name(item: RegisteredModel | RegisteredVersion) -> str:
    return item.name if isinstance(item, RegisteredModel) else f"{item.model}/{item.version}"
