"""What upper rooms add to the rows of the catalogue, without the catalogue knowing them.

An upper room calls `connect(name, provider)` from a module named in the storey's `apps.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Provider = Callable[[Sequence, object], dict]
_providers: dict[str, Provider] = {}


@dataclass(frozen=True)
class Access:
    """How a person stands to a model, with the one thing to do next.

    `words` such as "Waiting for approval", `tone` and `icon` of its pill, `note` under it
    ("asked 2 h ago"), `href` and `verb` of the button.
    """

    words: str
    tone: str
    icon: str
    note: str = ""
    href: str = ""
    verb: str = ""


@dataclass(frozen=True)
class Level:
    """What was measured of a model over 30 days beside what it promises: percent, and by day.

    `measured` is empty and `met` None while there were no calls. `daily` are calls by day, the
    oldest first. Latencies in milliseconds; `in_time` is the share answered under `target_ms`,
    `target_share` what is promised of it, `quick` whether it was kept.
    """

    measured: str
    target: str
    met: bool | None
    calls: int = 0
    daily: tuple = ()
    p50_ms: float | None = None
    p95_ms: float | None = None
    target_ms: int = 0
    target_share: str = ""
    in_time: str = ""
    quick: bool | None = None

    @property
    def finding(self) -> str:
        busiest = max(self.daily, default=0)
        return f"{self.calls:,} calls in 30 days, {busiest:,} on the busiest"


def connect(name: str, provider: Provider) -> None:
    """`provider(models, user)` gives {model id: cell}; `name` is `access` or `level`.

    It is asked once a page and must need a fixed number of queries.
    """
    _providers[name] = provider


def fill(models: Sequence, user) -> None:
    """Put the cells of all connected rooms on each model, as `model.cells`."""
    found = {name: provider(models, user) for name, provider in _providers.items()}
    for model in models:
        model.cells = {name: cells.get(model.pk) for name, cells in found.items()}
