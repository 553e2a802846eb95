"""Indexes of lists: by person, by a priority that few have, and what has not ended."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compute", "0009_job_progress")]

    operations = [
        migrations.AddIndex("job", models.Index(fields=["person", "-id"], name="jobs_of_person")),
        migrations.AddIndex(
            "job",
            models.Index(
                fields=["priority", "-id"],
                name="jobs_not_normal",
                condition=~models.Q(priority="normal"),
            ),
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                fields=["person"],
                name="jobs_unfinished_of",
                condition=~models.Q(status__in=["cancelled", "failed", "succeeded"]),
            ),
        ),
    ]
