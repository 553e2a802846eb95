"""A person's jobs, newest first, and those of them that have not ended, without reading others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compute", "0009_job_progress")]

    operations = [
        migrations.AddIndex("job", models.Index(fields=["person", "-id"], name="jobs_of_person")),
        migrations.AddIndex(
            "job",
            models.Index(
                fields=["person"],
                name="jobs_unfinished_of",
                condition=~models.Q(status__in=["cancelled", "failed", "succeeded"]),
            ),
        ),
    ]
