"""REST: jobs, what people wish of them, and the templates of teams."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

from compute.jobs import serializers as shapes
from compute.jobs import services
from compute.jobs.lifecycle import JobStatus, Priority
from compute.jobs.listing import Wanted
from compute.jobs.log_api import LogActions
from compute.jobs.models import Estimate, Happening, Job, Template
from compute.jobs.rows import is_stuck
from compute.jobs.series_serializers import NewSeriesSerializer, SeriesSerializer
from portal.api import questions
from portal.api.base import ReadOnly, Resource


class ByNewest(CursorPagination):
    """Pages that stay where they are while jobs come in, and cost the same at any depth."""

    page_size, max_page_size = 50, 200
    page_size_query_param = "page_size"
    ordering = "-id"

    def get_page_size(self, request) -> int:
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        return questions.whole(asked, "page_size", most=self.max_page_size)


class JobFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=JobStatus)
    priority = filters.MultipleChoiceFilter(choices=Priority)
    tenant = filters.CharFilter(field_name="tenant__slug")
    person = filters.CharFilter(field_name="person__username")
    flavour = filters.CharFilter(field_name="flavour__slug")
    template = filters.UUIDFilter(field_name="template_id")
    series = filters.UUIDFilter()
    mine = filters.BooleanFilter(method="only_mine", label="Only what I submitted")
    unfinished = filters.BooleanFilter(method="only_unfinished", label="Only what has not ended")
    needs_a_change = filters.BooleanFilter(
        method="only_stuck", label="Only what waits for something that somebody has to change"
    )
    search = filters.CharFilter(method="with_words", label="A part of the name, or an id")
    since = filters.IsoDateTimeFilter(method="from_moment", label="Asked for at or after")
    until = filters.IsoDateTimeFilter(method="to_moment", label="Asked for before")

    class Meta:
        model = Job
        fields: list[str] = []

    def only_mine(self, jobs, name, value):
        return jobs.filter(person=self.request.user) if value else jobs

    def only_unfinished(self, jobs, name, value):
        return Wanted(status="unfinished").of(jobs) if value else jobs

    def only_stuck(self, jobs, name, value):
        return Wanted(status="stuck").of(jobs) if value else jobs

    def with_words(self, jobs, name, value):
        return Wanted(words=value.replace("\0", "")[:80]).of(jobs)

    def from_moment(self, jobs, name, value):
        return Wanted(since=value).of(jobs)

    def to_moment(self, jobs, name, value):
        return Wanted(until=value).of(jobs)


class Reading:
    """How bodies are checked and rows are shown."""

    def _read(self, shape):
        body = shape(data=self.request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return body


class Jobs(LogActions, Reading, mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Jobs of my tenants; all of them for the platform roles. Newest first."""

    queryset = Job.objects.to_show()
    serializer_class = shapes.JobSerializer
    filterset_class = JobFilter
    pagination_class = ByNewest

    def get_queryset(self):
        seen = super().get_queryset()
        return seen.to_tell() if self.action == "list" else seen

    def list(self, request, *args, **kwargs):
        jobs = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self._shown(jobs, many=True))

    @extend_schema(responses=shapes.JobDetailSerializer)
    def retrieve(self, request, *args, **kwargs):
        return Response(self._detail(self.get_object()))

    @extend_schema(request=shapes.NewJobSerializer, responses={201: shapes.JobDetailSerializer})
    def create(self, request):
        """Submit a job: say what it needs, the hardware is found."""
        body = self._read(shapes.NewJobSerializer)
        job = services.submit(body.validated_data["tenant"], by=request.user, **body.facts())
        return Response(self._detail(job), status=status.HTTP_201_CREATED)

    @extend_schema(request=NewSeriesSerializer, responses={201: SeriesSerializer})
    @action(detail=False, methods=["post"])
    def series(self, request):
        """Submit jobs that differ in their variables alone: all of them or none."""
        body = self._read(NewSeriesSerializer)
        tenant = body.validated_data["tenant"]
        jobs = services.submit_series(tenant, by=request.user, **body.facts())
        made = SeriesSerializer({"count": len(jobs), "jobs": jobs})
        return Response(made.data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.EstimateSerializer, responses=shapes.ForecastSerializer)
    @action(detail=False, methods=["post"])
    def estimate(self, request):
        """Will it fit, when, and what will it cost; nothing is submitted."""
        body = self._read(shapes.EstimateSerializer)
        found = services.forecast(body.validated_data["tenant"], by=request.user, **body.facts())
        return Response(shapes.ForecastSerializer(found).data)

    @extend_schema(request=shapes.CancelSerializer, responses={202: shapes.JobDetailSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request, pk=None):
        """End it. What it used until then is paid."""
        given = self._read(shapes.CancelSerializer).validated_data
        job = services.cancel(self.get_object(), by=request.user, note=given["reason"])
        return Response(self._detail(job), status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=shapes.CancelSerializer, responses={202: SeriesSerializer})
    @action(detail=True, methods=["post"], url_path="cancel-series")
    def cancel_series(self, request, pk=None):
        """End all jobs of its series that go on; the answer names them."""
        given = self._read(shapes.CancelSerializer).validated_data
        jobs = services.cancel_series(self.get_object(), by=request.user, note=given["reason"])
        asked = SeriesSerializer({"count": len(jobs), "jobs": jobs})
        return Response(asked.data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={201: shapes.JobDetailSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request, pk=None):
        """The same again, as a job of its own; for jobs that have ended."""
        job = services.retry(self.get_object(), by=request.user)
        return Response(self._detail(job), status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.PrioritySerializer, responses={202: shapes.JobDetailSerializer})
    @action(detail=True, methods=["post"])
    def prioritise(self, request, pk=None):
        """Let it go before others, or after them."""
        job, given = self.get_object(), self._read(shapes.PrioritySerializer).validated_data
        job = services.prioritise(job, by=request.user, to=given["priority"])
        return Response(self._detail(job), status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: shapes.JobDetailSerializer})
    @action(detail=True, methods=["post"])
    def keep(self, request, pk=None):
        """Let it run on though its GPUs are idle, until they have worked again."""
        job = services.keep(self.get_object(), by=request.user)
        return Response(self._detail(job), status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses=shapes.HappeningSerializer(many=True))
    @action(detail=True, filter_backends=[], filterset_class=None)
    def events(self, request, pk=None):
        """What happened to it, newest first."""
        seen = Happening.objects.visible_to(request.user).filter(job=self.get_object())
        page = self.paginate_queryset(seen)
        return self.get_paginated_response(shapes.HappeningSerializer(page, many=True).data)

    def _detail(self, job: Job) -> dict:
        fresh = self.get_queryset().prefetch_related("attempts", "runs__attempt", "runs__flavour")
        return self._shown(fresh.get(pk=job.pk), shape=shapes.JobDetailSerializer)

    def _shown(self, jobs, *, many: bool = False, shape=shapes.JobSerializer) -> dict:
        rows = jobs if many else [jobs]
        more = {
            "stuck": is_stuck,
            "costs": services.costs_so_far(rows),
            "starts": self._starts(rows),
        }
        context = self.get_serializer_context() | more
        return shape(jobs, many=many, context=context).data

    def _starts(self, jobs) -> dict:
        """The newest estimate of each job that waits."""
        waiting = [job.pk for job in jobs if job.waits]
        told = Estimate.objects.visible_to(self.request.user).filter(job_id__in=waiting)
        newest = told.filter(first=False, started_at=None)
        return {each.job_id: each for each in newest} if waiting else {}


class TemplateFilter(filters.FilterSet):
    tenant = filters.CharFilter(field_name="tenant__slug")
    archived = filters.BooleanFilter(method="only_archived", label="Archived ones, or only others")

    class Meta:
        model = Template
        fields: list[str] = []

    def only_archived(self, rows, name, value):
        return rows.filter(archived_at__isnull=not value)


class Templates(Reading, ReadOnly):
    """What my teams keep to run again."""

    queryset = Template.objects.select_related("tenant", "person")
    serializer_class = shapes.TemplateSerializer
    filterset_class = TemplateFilter
    ordering_fields = ["name", "created_at"]

    @extend_schema(
        request=shapes.NewTemplateSerializer, responses={201: shapes.TemplateSerializer}
    )
    def create(self, request):
        """Keep values of a job under a name, for everybody in the team."""
        asks = self._read(shapes.NewTemplateSerializer)
        facts = self._facts(asks)
        made = services.write_template(asks.validated_data["tenant"], by=request.user, **facts)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.ChangedTemplateSerializer, responses=shapes.TemplateSerializer)
    def partial_update(self, request, pk=None):
        """Change some values; the others stay. Its writer and owners of the team."""
        kept, facts = self.get_object(), self._facts(self._read(shapes.ChangedTemplateSerializer))
        facts["asks"] = dict(kept.asks) | facts["asks"]
        facts = {"name": kept.name, "description": kept.description} | facts
        made = services.change_template(kept, by=request.user, **facts)
        return Response(self.get_serializer(made).data)

    @extend_schema(request=None, responses=shapes.TemplateSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request, pk=None):
        """Take it out of use; jobs that came from it stay as they are."""
        kept = services.shelve_template(self.get_object(), by=request.user)
        return Response(self.get_serializer(kept).data)

    @extend_schema(request=None, responses=shapes.TemplateSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request, pk=None):
        """Take it back into use."""
        kept = services.shelve_template(self.get_object(), by=request.user, back=True)
        return Response(self.get_serializer(kept).data)

    def _facts(self, body) -> dict:
        asks = body.asks()
        told = {name: asks.pop(name) for name in ("name", "description") if name in asks}
        return told | {"asks": asks}
