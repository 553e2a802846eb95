"""What a cluster was told, where a flavour stands, and queues that are closed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compute", "0010_jobs_of_people")]

    operations = [
        migrations.AddField(
            model_name="cluster",
            name="applied",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="gpuflavour",
            name="region",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="queue",
            name="open",
            field=models.BooleanField(default=True),
        ),
    ]
