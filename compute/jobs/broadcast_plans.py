"""Saying that a pipeline moved, to the pages that show it; never what, they read it again."""

from portal.web import hints

PIPELINE = "pipeline"


def pipeline_group(pipeline_id) -> str:
    """The name of the group that all open pages of one pipeline are in."""
    return f"pipeline.{pipeline_id}"


def pipelines_of(tenant_id) -> str:
    """The name of the group of the pages that list the pipelines of one tenant."""
    return f"pipelines.{tenant_id}"


def pipeline_moved(pipeline_id, *, tenant_id=None) -> None:
    """After commit, hint to who looks at it; and to the lists of its tenant, if given."""
    groups = [pipeline_group(pipeline_id), *([pipelines_of(tenant_id)] if tenant_id else [])]
    hints.moved(groups, PIPELINE)
