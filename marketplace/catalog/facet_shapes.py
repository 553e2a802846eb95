"""What facets and their counts look like in the REST API."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from marketplace.catalog.facets import ACCESS, LABELS, LEVELS, PRICES
from marketplace.catalog.models import DataClass, Stage
from tenants.directory.models import Region

VALUES = {
    "access": list(ACCESS),
    "data_class": DataClass.values,
    "stage": Stage.values,
    "region": Region.values,
    "level": list(LEVELS),
    "price": [value for value, _ in PRICES],
}
FACETS = [
    OpenApiParameter("search", OpenApiTypes.STR, description="Words, as for the list of models."),
    *(
        OpenApiParameter(
            name, OpenApiTypes.STR, many=True, enum=VALUES.get(name), description=label
        )
        for name, label in LABELS.items()
    ),
]


class OptionSerializer(serializers.Serializer):
    """One value of a facet."""

    value = serializers.CharField()
    label = serializers.CharField()
    count = serializers.IntegerField(help_text="Models you may see that have it.")
    chosen = serializers.BooleanField()


class FacetSerializer(serializers.Serializer):
    """One way to narrow the list. The name is the filter of `models/` as well."""

    name = serializers.CharField()
    label = serializers.CharField()
    options = OptionSerializer(many=True)
    more = serializers.IntegerField(help_text="Values that are not among the options.")


class FacetsSerializer(serializers.Serializer):
    """Counts of what the catalogue lists for you."""

    total = serializers.IntegerField(help_text="Models that meet the search and all filters.")
    search = serializers.CharField(source="found.asked")
    searched_for = serializers.CharField(
        source="found.used", help_text="The words with their spelling put right."
    )
    facets = FacetSerializer(many=True)
