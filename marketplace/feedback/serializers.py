"""What feedback looks like in the REST API."""

import json

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.feedback.lifecycle import Kind, ReportStatus
from marketplace.feedback.models import STARS
from marketplace.feedback.services.reporting import LARGEST_EXAMPLE, TEXT, TITLE
from portal.api.base import VisibleField
from tenants.directory.models import Tenant

LARGEST_NUMBER = 2**31 - 1


@extend_schema_field({})
class AnyJson(serializers.JSONField):
    """Text, or JSON of any shape."""


class SaidSerializer(serializers.Serializer):
    """A reply. `who` is a user name for the two sides, and a side for everybody else."""

    who = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField()
    by_publisher = serializers.BooleanField()


class ProblemSerializer(serializers.Serializer):
    """A report. `reporter`, `team` and `has_example` are for its two sides alone.

    `affected` people said that it concerns them too.
    """

    id = serializers.UUIDField()
    model = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(ReportStatus.choices)
    fixed_in = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    public = serializers.BooleanField()
    publisher = serializers.CharField()
    created_at = serializers.DateTimeField()
    replies = serializers.IntegerField()
    affected = serializers.IntegerField()
    has_example = serializers.BooleanField()
    reporter = serializers.CharField()
    team = serializers.CharField()


class ThreadSerializer(ProblemSerializer):
    """A report with everything that was said about it."""

    affects_me = serializers.BooleanField()
    thread = SaidSerializer(many=True)


class FeedbackSerializer(serializers.Serializer):
    """A rating or a problem. `person` and `team` are empty unless one is of its two sides."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Kind.choices)
    stars = serializers.IntegerField(allow_null=True)
    title = serializers.CharField()
    text = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    status = serializers.CharField()
    fixed_in = serializers.IntegerField(allow_null=True)
    person = serializers.CharField()
    team = serializers.CharField()
    at = serializers.DateTimeField()


class OpinionSerializer(serializers.Serializer):
    """`by_stars` counts ratings from five stars down to one; `open` counts problems."""

    average = serializers.FloatField(allow_null=True)
    count = serializers.IntegerField()
    by_stars = serializers.ListField(child=serializers.IntegerField())
    open = serializers.IntegerField()


class FeedbackPageSerializer(serializers.Serializer):
    """A page of feedback, the newest first, with what it adds up to."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    summary = OpinionSerializer()
    results = FeedbackSerializer(many=True)


class SpeakSerializer(serializers.Serializer):
    """A rating (`stars`, `sentence`) or a problem (`title` and the rest).

    `tenant` is needed by people of several teams that may call the model.
    """

    kind = serializers.ChoiceField(Kind.choices)
    tenant = VisibleField(queryset=Tenant.objects.all(), slug_field="slug", required=False)
    stars = serializers.IntegerField(min_value=STARS[0], max_value=STARS[1], required=False)
    sentence = serializers.CharField(max_length=280, required=False)
    title = serializers.CharField(max_length=TITLE, required=False)
    text = serializers.CharField(max_length=TEXT, required=False, allow_blank=True)
    version = serializers.IntegerField(
        min_value=1, max_value=LARGEST_NUMBER, required=False, allow_null=True
    )
    example = AnyJson(required=False, allow_null=True)
    public = serializers.BooleanField(required=False)

    needed = {"rating": ("stars", "sentence"), "problem": ("title",)}
    taken = {
        "rating": ("tenant", "stars", "sentence"),
        "problem": ("tenant", "title", "text", "version", "example", "public"),
    }

    def validate_example(self, value) -> str:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if value is None:
            return ""
        if len(text.encode("utf-8", "replace")) > LARGEST_EXAMPLE:
            raise serializers.ValidationError("Use an example of 64 KiB or less.")
        return text

    def validate(self, given):
        kind = given.pop("kind")
        lacking = [name for name in self.needed[kind] if name not in given]
        if lacking:
            raise serializers.ValidationError(dict.fromkeys(lacking, f"A {kind} needs this."))
        return {"kind": kind} | {n: given[n] for n in self.taken[kind] if n in given}


class NoteSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class FixSerializer(NoteSerializer):
    version = serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER)


class AffectedSerializer(serializers.Serializer):
    """`tenant` is needed by people of several teams that may call the model."""

    tenant = VisibleField(queryset=Tenant.objects.all(), slug_field="slug", required=False)


class ReplySerializer(serializers.Serializer):
    text = serializers.CharField(max_length=TEXT)


class SealedExampleSerializer(serializers.Serializer):
    """As it was given."""

    example = serializers.CharField()
