"""Builds the commands of the control plane into the cache, one after the other, with progress."""

import json
import os
import subprocess
import time
from collections import deque
from pathlib import Path

import yaml

from portal.local.cluster import cache
from portal.local.cluster.recipes import Recipe
from portal.local.cluster.toolchain import environment, find_go
from portal.local.console import Console
from portal.local.errors import LocalError

TELL_EVERY = 15.0
LAST_LINES = 12


def build(console: Console) -> cache.Programs:
    """Everything that is not in the cache yet; at once when nothing is missing."""
    owed = cache.missing()
    if owed:
        names = ", ".join(f"{recipe.name} {recipe.version}" for recipe in owed)
        console.say(f"Building {names} into {cache.cache_folder() / 'cluster'}.")
        console.say("This happens once, and takes 10 to 20 minutes on two cores.")
        go = find_go(cache.cache_folder(), console)
        for recipe in owed:
            with cache.building(recipe, console) as folder:
                if folder:
                    Builder(recipe, go, console).build_into(folder)
        console.say(f"Built after {console.since_start()}.")
    programs = cache.built()
    if programs is None:
        raise LocalError("The built commands vanished from the cache: run the command again.")
    return programs


class Builder:
    """Builds one recipe in a folder that nobody else uses."""

    def __init__(self, recipe: Recipe, go: Path, console: Console):
        self.recipe = recipe
        self.go = str(go)
        self.console = console
        self.environment = environment(cache.cache_folder())

    def build_into(self, folder: Path) -> None:
        """Commands into `bin`, manifests beside them; LocalError with Go's own words."""
        with self.console.step(f"{self.recipe.name} modules") as notes:
            total = len(self._run("list", "-deps", *self.recipe.commands.values()).split())
            notes.append(f"{total} packages")
        for command, package in self.recipe.commands.items():
            with self.console.step(command) as notes:
                self._compile(folder / "bin" / command, package, total)
                notes.append(self._check(folder / "bin" / command))
        if self.recipe.manifests:
            with self.console.step(f"{self.recipe.name} manifests") as notes:
                notes.append(f"{self._keep_manifests(folder)} files")

    def _compile(self, program: Path, package: str, total: int) -> None:
        command = [self.go, "build", "-v", "-mod=readonly", "-buildvcs=false", "-trimpath"]
        command += ["-p", str(min(2, os.cpu_count() or 1)), "-ldflags", self.recipe.linker_flags]
        with subprocess.Popen(  # noqa: S603
            [*command, "-o", str(program), package],
            cwd=self.recipe.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                said = self._follow(process, program.name, total)
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            raise LocalError(f"{program.name} could not be built:\n" + "\n".join(said))

    def _follow(self, process: subprocess.Popen, name: str, total: int) -> deque[str]:
        """Tell now and then how far it is; the last lines that it said."""
        began = told = time.monotonic()
        compiled, said = 0, deque(maxlen=LAST_LINES)
        for line in process.stderr:
            said.append(line.rstrip())
            compiled += not line.startswith(("go: ", "#"))
            if time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                self.console.say(
                    f"    {name}: {compiled} packages compiled of {total} at most, "
                    f"{told - began:.0f} s"
                )
        return said

    def _check(self, program: Path) -> str:
        """What it calls itself must be what was pinned."""
        size = f"{program.stat().st_size / 1e6:.0f} MB"
        if not self.recipe.answers:
            return f"{self.recipe.version}, {size}"
        said = subprocess.run(  # noqa: S603
            [str(program), "--version"], capture_output=True, text=True, check=False
        ).stdout
        first = " ".join(said.split("\n", 1)[0].split())
        if self.recipe.filled(self.recipe.answers) not in first:
            raise LocalError(f"{program.name} calls itself {first!r}, not {self.recipe.version}.")
        return f"{first}, {size}"

    def _keep_manifests(self, folder: Path) -> int:
        """As one JSON file, because reading 2 MB of YAML takes longer than starting the plane."""
        module = Path(self._run("list", "-m", "-f", "{{.Dir}}", self.recipe.module).strip())
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        kept = {
            str(path.relative_to(module)): [
                document for document in yaml.load_all(path.read_text(), loader) if document
            ]
            for place in self.recipe.manifests
            for path in sorted((module / place).glob("*.yaml"))
        }
        if not kept:
            raise LocalError(f"{self.recipe.module} {self.recipe.version} has no manifests.")
        (folder / cache.MANIFESTS).write_text(json.dumps(kept))
        return len(kept)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603
            [self.go, *arguments],
            cwd=self.recipe.folder,
            env=self.environment | {"GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -mod=readonly"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LocalError(
                f"go {' '.join(arguments)} failed in {self.recipe.folder}:\n"
                + "\n".join(done.stderr.splitlines()[-LAST_LINES:])
            )
        return done.stdout
