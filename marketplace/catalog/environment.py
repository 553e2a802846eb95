"""What a version was trained with, held against what is installed where it is served."""

from dataclasses import dataclass

from packaging.markers import InvalidMarker, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from marketplace.catalog.known import Runtime

MET, OFF, FAR, ABSENT, UNKNOWN = "met", "off", "far", "absent", "unknown"
TONES = {MET: "", OFF: "warn", FAR: "bad", ABSENT: "bad", UNKNOWN: ""}


@dataclass(frozen=True)
class Need:
    """One line of a version's requirements.

    `wanted` is such as `==1.7.2` or empty for any; `state` is one of met, off (another version),
    far (another major one), absent, unknown (cannot be told); `installed` where it is served.
    """

    name: str
    wanted: str
    state: str = UNKNOWN
    installed: str = ""

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def words(self) -> str:
        """What is wrong, for people; empty where nothing is."""
        if self.state == ABSENT:
            return "not installed where it is served"
        return f"{self.installed} where it is served" if self.tone else ""


def needs(dependencies: list[str], runtime: Runtime | None) -> dict[str, Need]:
    """The requirements by package; what does not apply to the serving Python is left out."""
    found = {}
    for line in dependencies:
        need = _need(line.strip(), runtime)
        if need is not None:
            found[need.name] = need
    return found


def python(trained: str, runtime: Runtime | None) -> Need | None:
    """Python itself: another minor version is far, since models are pickled bytecode and state."""
    if not trained:
        return None
    if runtime is None or not runtime.python:
        return Need("python", trained)
    same = trained.split(".")[:2] == runtime.python.split(".")[:2]
    return Need("python", trained, MET if same else FAR, runtime.python)


def _need(line: str, runtime: Runtime | None) -> Need | None:
    try:
        asked = Requirement(line.split(" #")[0])
    except InvalidRequirement:
        return Need(line[:80], "", UNKNOWN) if line and not line.startswith("-") else None
    name, wanted = canonicalize_name(asked.name), str(asked.specifier)
    if runtime is None:
        return Need(name, wanted)
    if not _applies(asked, runtime):
        return None
    installed = runtime.packages.get(name)
    if installed is None:
        return Need(name, wanted, ABSENT)
    return Need(name, wanted, _state(asked, installed), installed)


def _applies(asked: Requirement, runtime: Runtime) -> bool:
    if asked.marker is None:
        return True
    short = ".".join(runtime.python.split(".")[:2])
    here = {"python_version": short, "python_full_version": runtime.python, "extra": ""}
    try:
        return asked.marker.evaluate(here)
    except (InvalidMarker, UndefinedEnvironmentName, InvalidVersion):
        return True


def _state(asked: Requirement, installed: str) -> str:
    if asked.url:
        return UNKNOWN
    try:
        if asked.specifier.contains(installed, prereleases=True):
            return MET
        majors = {_major(one.operator, one.version) for one in asked.specifier}
        return OFF if Version(installed).major in majors else FAR
    except InvalidVersion:
        return UNKNOWN


def _major(operator: str, version: str) -> int:
    """The major version that a bound speaks of: `<2` is about the ones."""
    bound = Version(version.removesuffix(".*"))
    below = operator == "<" and not any(bound.release[1:])
    return bound.major - 1 if below else bound.major
