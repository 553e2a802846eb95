"""Saying to open pages that hardware, its use or its shares moved; never how."""

from portal.web import hints

GROUP = "capacity"


def moved() -> None:
    """After commit, hint to everybody who looks at capacity that it should be read again."""
    hints.moved([GROUP], "capacity")
