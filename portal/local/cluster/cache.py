"""Where built commands are kept: outside the checkout, complete or not there at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.local.cluster.recipes import RECIPES, Recipe
from portal.local.console import Console
from portal.local.errors import LocalError
from portal.local.folder import MARKER, make_private, mark, private_file, read_json

MANIFESTS = "manifests.json"


def cache_folder() -> Path:
    """`millwright` in the user's cache: XDG_CACHE_HOME, else ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME", "").strip()
    return (Path(home) if home else Path.home() / ".cache") / "millwright"


@dataclass(frozen=True)
class Programs:
    """The built commands, and the manifests that came with their modules."""

    commands: dict[str, Path]
    folders: dict[str, Path]
    versions: dict[str, str]

    def manifests(self, name: str) -> dict[str, list[dict]]:
        """By path inside the module: the documents of each YAML file of the module `name`."""
        return read_json(self.folders[name] / MANIFESTS)


def built() -> Programs | None:
    """What the cache has, None unless it has everything."""
    places = {recipe.name: place_of(recipe) for recipe in RECIPES}
    if not all(map(is_complete, places.values())):
        return None
    return Programs(
        commands={
            command: places[recipe.name] / "bin" / command
            for recipe in RECIPES
            for command in recipe.commands
        },
        folders=places,
        versions={recipe.name: recipe.version for recipe in RECIPES},
    )


def missing() -> list[Recipe]:
    """What is still to be built, in the order of building."""
    return [recipe for recipe in RECIPES if not is_complete(place_of(recipe))]


def place_of(recipe: Recipe) -> Path:
    return cache_folder() / "cluster" / recipe.key


def is_complete(folder: Path) -> bool:
    return (folder / MARKER).exists()


@contextmanager
def building(recipe: Recipe, console: Console) -> Iterator[Path | None]:
    """A fresh folder to build in, alone on this machine; kept as the result unless it fails.

    None when another builder finished the same while this one waited for it.
    """
    place = place_of(recipe)
    with private_file(place.parent / f"{recipe.name}.lock") as lock:
        _wait_for(lock, recipe, console)
        if is_complete(place):
            yield None
            return
        for left in place.parent.glob(f".{recipe.name}-*.building"):
            shutil.rmtree(left)
        fresh = make_private(place.with_name(f".{place.name}.building"))
        try:
            yield fresh
        except OSError as problem:
            raise LocalError(f"{fresh} cannot be written: {problem.strerror}.") from None
        mark(fresh, version=recipe.version)
        shutil.rmtree(place, ignore_errors=True)
        fresh.rename(place)


def _wait_for(lock, recipe: Recipe, console: Console) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        console.say(f"  {recipe.name}: another process is building it; waiting for that.")
        fcntl.flock(lock, fcntl.LOCK_EX)
