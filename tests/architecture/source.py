"""The product's own files, parsed once for all tests of the architecture."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STOREYS = ("portal", "tenants", "marketplace", "compute")


@cache
def modules(*folders: str) -> tuple[Path, ...]:
    """Python files of `folders` (default: the storeys), without migrations."""
    found = [path for folder in folders or STOREYS for path in (ROOT / folder).rglob("*.py")]
    return tuple(sorted(path for path in found if "migrations" not in path.parts))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def files(folder: str, *endings: str) -> list[Path]:
    return sorted(
        path for path in (ROOT / folder).rglob("*") if path.suffix in endings and path.is_file()
    )


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def length(node: ast.AST) -> int:
    return node.end_lineno - node.lineno + 1


def functions(path: Path):
    """Every function and method of a module."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def classes(path: Path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef):
            yield node
