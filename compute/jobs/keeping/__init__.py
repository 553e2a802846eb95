"""The keeper: one process at a time that follows clusters, their jobs' logs and their use."""

from compute.jobs.keeping.keeper import Keeper

__all__ = ["Keeper"]
