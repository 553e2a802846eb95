"""The live page of a pipeline: hears whenever it or one of its jobs moved."""

from compute.jobs.broadcast_plans import pipeline_group
from compute.jobs.models import Pipeline
from portal.web.live import LivePage


class PipelineLive(LivePage):
    """`live/pipelines/<id>/`: says that it moved, never how; the page reads it again by itself."""

    @property
    def wanted(self):
        return self.scope["url_route"]["kwargs"]["pk"]

    def groups_of(self, user) -> list[str]:
        return [pipeline_group(self.wanted)]

    def look(self, user, what: str) -> dict | None:
        if not Pipeline.objects.visible_to(user).filter(pk=self.wanted).exists():
            return None
        return {"moved": what} if what else {}
