"""What counting needs: the price band of each entry, and who may know of a model in one index."""

from decimal import Decimal

from django.db import migrations, models
from django.db.models import Case, Value, When

BANDS = (("free", "0"), ("low", "0.5"), ("mid", "2"), ("high", "10"))


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0010_synonyms")]

    operations = [
        migrations.AddField(
            "entry",
            "price",
            models.GeneratedField(
                db_persist=True,
                expression=Case(
                    When(cost=None, then=Value("")),
                    *(When(cost__lte=Decimal(top), then=Value(band)) for band, top in BANDS),
                    default=Value("top"),
                    output_field=models.CharField(max_length=4),
                ),
                output_field=models.CharField(max_length=4),
            ),
        ),
        migrations.AddIndex(
            "aimodel",
            models.Index(fields=["status", "visibility", "tenant", "id"], name="aimodel_seen"),
        ),
    ]
