"""Saying to the open pages of a person that something of theirs moved; never what."""

from collections.abc import Iterable

from portal.web import hints


def group_of(person_id) -> str:
    """The name of the group that all open pages of one person are in."""
    return f"person.{person_id}"


def moved(person_ids: Iterable, what: str = "notices") -> None:
    """After commit, hint to each person's pages that `what` should be read again."""
    hints.moved(sorted({group_of(person_id) for person_id in person_ids}), what)
