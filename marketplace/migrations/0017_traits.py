"""One column for all facets of a few values, to be counted together; and pages by name."""

from django.db import migrations, models
from django.db.models import Value
from django.db.models.functions import Concat


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0016_tells")]

    operations = [
        migrations.AddField(
            "entry",
            "traits",
            models.GeneratedField(
                db_persist=True,
                expression=Concat(
                    "data_class",
                    Value("|"),
                    "stage",
                    Value("|"),
                    "attainment",
                    Value("|"),
                    "region",
                    output_field=models.TextField(),
                ),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddIndex(
            "aimodel", models.Index(fields=["name", "id"], name="aimodel_by_name")
        ),
    ]
