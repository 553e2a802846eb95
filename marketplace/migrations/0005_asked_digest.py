"""The fingerprint of what was put before the deciders when a request was made."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0004_search_and_measured")]

    operations = [
        migrations.AddField(
            model_name="accessrequest",
            name="asked_digest",
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
