"""A series of jobs as programs ask for it, and the short rows they get."""

from rest_framework import serializers

from compute.jobs import limits, variables
from compute.jobs.models import Job
from compute.jobs.serializers import NewJobSerializer


class NewSeriesSerializer(NewJobSerializer):
    """A job to submit several times: once with each of these variables over the common ones."""

    each = serializers.ListField(
        child=serializers.DictField(
            child=serializers.CharField(max_length=variables.LONGEST, allow_blank=True)
        ),
        min_length=1, max_length=limits.MOST_SERIES,
        help_text="The variables of each job, such as {\"LR\": \"0.1\"}. No secrets.",
    )  # fmt: skip

    def validate_each(self, value):
        wrong = {}
        for place, own in enumerate(value):
            try:
                variables.check(own)
            except ValueError as words:
                wrong[str(place)] = [str(words)]
        if wrong:
            raise serializers.ValidationError(wrong)
        return value


class SeriesJobSerializer(serializers.ModelSerializer):
    """One of a series: which it is, and what it runs with."""

    variables = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Job
        fields = ["id", "name", "variables"]
        read_only_fields = fields


class SeriesSerializer(serializers.Serializer):
    """The jobs of a series, in the order in which they were asked for."""

    count = serializers.IntegerField()
    jobs = SeriesJobSerializer(many=True)
