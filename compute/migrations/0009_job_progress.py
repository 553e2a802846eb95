"""How far a job's program says it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compute", "0008_attempt_place")]

    operations = [
        migrations.AddField("job", "progress", models.FloatField(editable=False, null=True)),
        migrations.AddField(
            "job",
            "progress_words",
            models.CharField(blank=True, default="", editable=False, max_length=40),
            preserve_default=False,
        ),
    ]
