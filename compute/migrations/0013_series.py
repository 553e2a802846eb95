"""Which jobs were submitted in one series."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compute", "0011_plans")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="series",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("series__isnull", False)),
                fields=["series", "id"],
                name="jobs_of_series",
            ),
        ),
    ]
