"""Pages as a server's own process answers them, which has nothing else to do."""

from importlib import import_module

import django

GOES = 45


def asked(username: str, paths: dict[str, str]) -> dict[str, tuple[list[float], list[float]]]:
    """Milliseconds of each page for this person, and those of a processor, over `GOES` goes.

    Called in a new process, with the surroundings of the installation that is measured.
    """
    django.setup()
    visitor = import_module("django.test").Client(SERVER_NAME="127.0.0.1")
    people = import_module("tenants.directory.models").User.objects
    visitor.force_login(people.get(username=username))
    timed = import_module("benchmarks.catalogue").timed
    return {
        name: timed(lambda path=path: _got(visitor, path), GOES) for name, path in paths.items()
    }


def _got(visitor, path: str) -> None:
    answer = visitor.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")
