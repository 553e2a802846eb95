"""Pages as a server's own process answers them, which has nothing else to do."""

import time
from functools import partial
from importlib import import_module

GOES, BETWEEN_S = 45, 1.0  # spread over a minute, for one moment to decide nothing


def asked(
    username: str, paths: dict[str, str]
) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    """Milliseconds of each page for this person, and those of a processor, over `GOES` goes.

    Called in a new process, with the surroundings of the installation that is measured. The pages
    are asked for in turns, after one go that does not count.
    """
    import_module("portal.asgi")  # set up as the server is
    visitor = import_module("django.test").Client(SERVER_NAME="127.0.0.1")
    people = import_module("tenants.directory.models").User.objects
    visitor.force_login(people.get(username=username))
    once = import_module("benchmarks.catalogue").timed_once
    for path in paths.values():
        _got(visitor, path)
    backend = import_module("benchmarks.stand").backend()
    goes = {name: [] for name in paths}
    for _ in range(GOES):
        time.sleep(BETWEEN_S)
        for name, path in paths.items():
            goes[name].append(once(partial(_got, visitor, path), backend))
    return {name: tuple(zip(*each, strict=True)) for name, each in goes.items()}


def _got(visitor, path: str) -> None:
    answer = visitor.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")
