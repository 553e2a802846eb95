"""A route knows who takes over, and whether it goes along with the catalogue."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compute", "0003_initial")]

    operations = [
        migrations.AddField(
            model_name="route",
            name="follows",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="route",
            name="successor",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="takes_over",
                to="compute.endpoint",
            ),
        ),
    ]
