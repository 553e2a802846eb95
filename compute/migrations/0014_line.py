"""Who comes next in a long queue, without reading all of it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compute", "0013_series")]

    operations = [
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("status", "queued")),
                fields=["tenant", "position"],
                name="jobs_in_line",
            ),
        ),
    ]
