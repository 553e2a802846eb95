"""REST: the log and the measures of a job; `api.Jobs` takes these verbs in."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from compute.jobs import logs
from compute.jobs.models import Job, Measure
from compute.jobs.rendering import plain
from portal.api import questions
from portal.audit.services import denied

PAGE = 500
MOST = 2000
LATEST = 240  # measures: an hour of them


class LogLineSerializer(serializers.Serializer):
    n = serializers.IntegerField(min_value=1)
    at = serializers.DateTimeField()
    text = serializers.CharField()


class LogSerializer(serializers.Serializer):
    lines = LogLineSerializer(many=True)
    last = serializers.IntegerField(
        min_value=0, help_text="The newest line of the job: ask again while yours is smaller."
    )


class MeasureSerializer(serializers.ModelSerializer):
    class Meta:
        model = Measure
        fields = ["at", "gpu", "gpu_memory_gb", "cpu", "memory_gb"]


def _whole(name: str, told: str) -> OpenApiParameter:
    return OpenApiParameter(name, int, description=told)


class LogActions:
    """What a job prints, and how busy its hardware is."""

    @extend_schema(
        parameters=[
            _whole("after", "Lines numbered above this; 0 is the beginning."),
            _whole("limit", f"At most so many lines, up to {MOST}."),
        ],
        responses=LogSerializer,
    )
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def logs(self, request, pk=None):
        """Lines of the log, as a terminal would show them; colours are left out."""
        questions.check_names(request, ["after", "limit"])
        after = questions.whole(request.query_params.get("after", "0"), "after", 0)
        limit = questions.whole(request.query_params.get("limit", str(PAGE)), "limit", 1, MOST)
        job = self._readable()
        lines = [
            {"n": line.n, "at": line.at, "text": plain(line.text)}
            for line in logs.lines_after(job, after, limit)
        ]
        return Response(LogSerializer({"lines": lines, "last": job.last_line}).data)

    @extend_schema(responses=MeasureSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def measures(self, request, pk=None):
        """The newest measures of its hardware, in order; shares are from 0 to 1."""
        questions.check_names(request, [])
        seen = Measure.objects.visible_to(request.user).filter(job=self.get_object())
        newest = list(seen.order_by("-at")[:LATEST])
        return Response(MeasureSerializer(newest[::-1], many=True).data)

    def _readable(self) -> Job:
        job, user = self.get_object(), self.request.user
        if not Job.objects.readable_by(user).filter(pk=job.pk).exists():
            why = f"Only people of {job.tenant} and operators read the logs of its jobs."
            raise denied("read log", job, by=user, why=why)
        return job
