"""What the walks share."""

from tests.access.fixtures import stage, walker

__all__ = ["stage", "walker"]
