"""An attempt knows its cluster, and when its end was written down."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compute", "0007_jobs")]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="cluster",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="compute.cluster",
            ),
        ),
        migrations.AddField(
            model_name="attempt", name="noted_at", field=models.DateTimeField(null=True)
        ),
    ]
