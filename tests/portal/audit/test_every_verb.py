"""Every verb that changes something leaves a line in the trail."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
STOREYS = ("tenants", "marketplace", "compute")
CHANGES = {"create", "save", "update", "delete", "bulk_create", "update_or_create"}
TRACES = {"record", "record_all", "advance", "denied"}


def verbs():
    """(module, function) of every service, with the names that each calls."""
    for storey in STOREYS:
        for path in (ROOT / storey).rglob("*.py"):
            if path.stem == "services" or path.parent.name == "services":
                yield path, ast.parse(path.read_text())


def called(function) -> set[str]:
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            names.add(getattr(node.func, "attr", getattr(node.func, "id", "")))
    return names


def test_every_verb_with_an_actor_that_changes_rows_leaves_a_line():
    silent = []
    for path, module in verbs():
        functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
        known = {function.name: called(function) for function in functions}
        for function in functions:
            actor = any(word.arg == "by" for word in function.args.kwonlyargs)
            reached = known[function.name]
            for _ in known:
                reached = reached.union(*(known[name] for name in reached & known.keys()))
            public = not function.name.startswith("_")
            if public and actor and reached & CHANGES and not reached & TRACES:
                silent.append(f"{path.relative_to(ROOT)}: {function.name}")
    assert silent == []


def test_the_walk_sees_the_verbs():
    names = {f.name for _, module in verbs() for f in module.body if hasattr(f, "name")}
    assert {"found", "seat", "issue", "approve", "publish"} <= names
