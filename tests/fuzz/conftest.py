"""What fuzzing shares with the walks: the company and its browsers."""

from tests.access.fixtures import stage, walker

__all__ = ["stage", "walker"]
