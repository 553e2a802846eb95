"""Walls of size: what outgrows them is redesigned, not waved through."""

from tests.architecture.source import ROOT, STOREYS, classes, files, functions, length, short, tree
from tests.architecture.source import modules as python

NO_ROOM = {"migrations", "management", "templatetags", "settings", "__pycache__"}


def lines(path) -> int:
    return len(path.read_text().splitlines())


def too_long(paths, wall: int) -> list[str]:
    return [f"{short(path)}: {lines(path)}" for path in paths if lines(path) > wall]


def test_no_module_is_over_400_lines():
    assert not too_long(python(*STOREYS, "tests", "benchmarks"), 400)


def test_no_function_is_over_50_lines():
    assert not [
        f"{short(path)}: {node.name}"
        for path in python(*STOREYS, "benchmarks")
        for node in functions(path)
        if length(node) > 50
    ]


def test_no_test_is_over_35_lines():
    assert not [
        f"{short(path)}: {node.name}"
        for path in python("tests")
        for node in functions(path)
        if node.name.startswith("test_") and length(node) > 35
    ]


def test_no_view_is_over_40_lines():
    views = [path for path in python() if path.name == "views.py" or path.parent.name == "views"]
    assert views
    assert not [
        f"{short(path)}: {node.name}"
        for path in views
        for node in classes(path)
        if length(node) > 40
    ]


def test_no_template_is_over_150_lines():
    assert not too_long(files("templates", ".html", ".txt"), 150)


def test_no_style_or_script_is_over_250_lines():
    assert not too_long(files("static", ".css", ".js"), 250)


def test_a_storey_has_at_most_seven_rooms():
    for storey in STOREYS[1:]:
        rooms = [
            path.name
            for path in (ROOT / storey).iterdir()
            if path.is_dir() and (path / "__init__.py").exists() and path.name not in NO_ROOM
        ]
        assert len(rooms) <= 7, rooms


def test_the_ground_floor_has_at_most_twelve_modules():
    core = [path for path in (ROOT / "portal/core").glob("*.py") if path.name != "__init__.py"]
    assert len(core) <= 12, [path.name for path in core]


def test_every_module_says_what_it_is_for():
    silent = [
        short(path)
        for path in python(*STOREYS, "tests", "benchmarks")
        if path.read_text().strip() and not (tree(path).body[0].__dict__.get("value"))
    ]
    assert not silent
