"""What we ask of a model registry, in our own words. No Django, no MLflow."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Protocol


class EngineUnavailable(Exception):
    """The engine cannot answer now. Nothing was decided; ask again later."""


class EngineRefused(Exception):
    """The engine said no, and will say no again: tell the human what it said."""


class RegistryUnavailable(EngineUnavailable):
    """The model registry cannot answer now; ask again later."""


@dataclass(frozen=True)
class RegisteredModel:
    """A name in the registry. All text is the registry's own: somebody else wrote it."""

    name: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)  # alias -> version number
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def digest(self) -> str:
        """Changes when the description, a tag or an alias changes."""
        return _digest([self.name, self.description, self.tags, self.aliases])


@dataclass(frozen=True)
class VersionMark:
    """A version as the registry lists it, without its artifacts: cheap to read for all of them."""

    model: str
    version: int
    status: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    updated_at: datetime | None = None

    @property
    def digest(self) -> str:
        """Changes when the status, the description or a tag changes."""
        return _digest([self.model, self.version, self.status, self.description, self.tags])


@dataclass(frozen=True)
class RegisteredVersion:
    """One version with everything the registry and its artifacts say about it.

    `signature` is `{"inputs": [...], "outputs": [...], "params": [...]}`; an input or output is
    `{"name": str | None, "type": str, "shape": list[int] | None, "required": bool}` (a shape is
    there for tensors alone), a param `{"name", "type", "default", "shape"}`. Types are MLflow's
    words for columns (`double`, `float`, `long`, `integer`, `boolean`, `string`, `binary`,
    `datetime`, `array`, `object`, `map`) and numpy's for tensors (`float64`).
    `input_example` is a body ready to send to the MLflow scoring route. `problems` says in plain
    words which facts could not be read. Text and JSON hold no NUL, numbers are finite.
    """

    model: str
    version: int
    run_id: str = ""
    source: str = ""
    status: str = "READY"
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    signature: dict | None = None
    input_example: dict | None = None
    dependencies: tuple[str, ...] = ()
    flavours: tuple[str, ...] = ()
    python_version: str = ""
    model_size_bytes: int | None = None
    trained_by: str = ""
    data_sets: tuple[str, ...] = ()  # names of the inputs that its run was logged with
    problems: tuple[str, ...] = ()

    @property
    def mark(self) -> VersionMark:
        """The same version as `version_marks` lists it."""
        return VersionMark(
            self.model, self.version, self.status, self.description, self.tags, self.updated_at
        )

    @property
    def facts(self) -> dict:
        """All fields as a dictionary, for a JSON column or a comparison."""
        return asdict(self)


@dataclass(frozen=True)
class RegistryDescription:
    """Which server answers, for the operator's page."""

    product: str
    version: str
    address: str


class Registry(Protocol):
    """The port. Every method raises `RegistryUnavailable` or `EngineRefused`, nothing else.

    How to stay in step: ask `fingerprint()` every few seconds. When it changes, read
    `models(changed_since=...)` and `version_marks(changed_since=...)` from the newest
    `updated_at` seen so far (the registry's clock, not ours). A registry puts no date on a
    changed tag or alias, nor on a deletion, so about every 30 s sweep `models()` and
    `version_marks()` whole and compare digests and names. Read `version(name, number)` only for
    a mark that is new or has another digest, and now and then for one read with `problems`.
    """

    def ready(self) -> bool:
        """Whether the registry answers now. Never raises."""

    def describe(self) -> RegistryDescription:
        """The product, its version and its address without a password."""

    def fingerprint(self) -> str:
        """Changes when a model or version is created, described, or moved between states.

        Two short requests whatever the size of the registry.
        """

    def models(self, changed_since: datetime | None = None) -> Iterator[RegisteredModel]:
        """All models by name; or those dated at or after `changed_since`, newest first."""

    def version_marks(self, changed_since: datetime | None = None) -> Iterator[VersionMark]:
        """All versions; or those dated at or after `changed_since`. Newest first."""

    def versions(self, name: str) -> list[RegisteredVersion]:
        """Every version of a model with all its facts, lowest number first.

        Raises EngineRefused for a name that the registry does not know.
        """

    def version(self, name: str, number: int) -> RegisteredVersion:
        """One version with all its facts. Raises EngineRefused if there is none."""


def _digest(parts: list) -> str:
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
