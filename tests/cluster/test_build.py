"""Building: once for the same sources, whole or not at all, one builder at a time."""

import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from portal.local.cluster import cache
from portal.local.cluster.build import Builder
from portal.local.cluster.recipes import RECIPES, Recipe
from portal.local.cluster.toolchain import find_go
from portal.local.console import Console
from portal.local.errors import LocalError

PROGRAM = 'package main\nvar version = "none"\nfunc main() { println(version) }\n'


@dataclass(frozen=True)
class SmallRecipe(Recipe):
    """A module in a folder of the test."""

    place: Path = Path()

    @property
    def folder(self) -> Path:
        return self.place


@pytest.fixture
def recipe(tmp_path, monkeypatch) -> SmallRecipe:
    """A program of one line, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = tmp_path / "hello"
    place.mkdir()
    (place / "go.mod").write_text("module hello\n\ngo 1.26.0\n\n// require example.org/x v1.2.3\n")
    (place / "go.sum").write_text("")
    (place / "main.go").write_text(PROGRAM)
    return SmallRecipe(
        "hello",
        "// require example.org/x",
        {"hello": "hello"},
        {"main.version": "{version}"},
        answers="",
        place=place,
    )


@pytest.fixture
def console() -> Console:
    return Console(StringIO())


@pytest.fixture
def go(recipe, tmp_path, console) -> Path:
    """The machine's own Go: a test fetches none."""
    if not shutil.which("go"):
        pytest.skip("this machine has no Go")
    return find_go(tmp_path / "no-cache", console)


def build(recipe, go, console):
    with cache.building(recipe, console) as folder:
        if folder:
            Builder(recipe, go, console).build_into(folder)
    return folder


def test_a_built_program_is_stamped_and_never_built_again(recipe, go, console):
    assert build(recipe, go, console)
    program = cache.place_of(recipe) / "bin" / "hello"
    said = subprocess.run([program], capture_output=True, text=True, check=True).stderr
    assert said == "v1.2.3\n"
    assert build(recipe, go, console) is None


def test_a_broken_build_leaves_nothing_and_says_what_is_wrong(recipe, go, console):
    (recipe.place / "main.go").write_text("package main\nfunc main() { oops }\n")
    with pytest.raises(LocalError, match="undefined: oops"):
        build(recipe, go, console)
    assert not cache.place_of(recipe).exists()
    (recipe.place / "main.go").write_text(PROGRAM)
    assert build(recipe, go, console)
    assert not list(cache.place_of(recipe).parent.glob(".*.building"))


def test_a_second_builder_waits_and_uses_the_result(recipe, console):
    entered, seen = threading.Event(), []

    def first():
        with cache.building(recipe, console) as folder:
            entered.set()
            time.sleep(0.3)
            (folder / "bin").mkdir()

    thread = threading.Thread(target=first)
    thread.start()
    assert entered.wait(5)
    with cache.building(recipe, console) as folder:
        seen.append(folder)
    thread.join()
    assert seen == [None]
    assert "waiting" in console.out.getvalue()


@pytest.mark.parametrize("change", ["go.mod", "go.sum"])
def test_other_sources_have_another_key(recipe, change):
    before = recipe.key
    file = recipe.place / change
    file.write_text(file.read_text() + "\n// more\n")
    assert recipe.key != before


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe_is_pinned(recipe):
    assert recipe.version.startswith("v")
    sums = (recipe.folder / "go.sum").read_text()
    assert f"{recipe.module} {recipe.version} h1:" in sums
    assert recipe.version in recipe.key


def test_a_named_go_that_is_none_is_said(tmp_path, monkeypatch, console):
    monkeypatch.setenv("MILLWRIGHT_GO", sys.executable)
    with pytest.raises(LocalError, match="MILLWRIGHT_GO"):
        find_go(tmp_path, console)
