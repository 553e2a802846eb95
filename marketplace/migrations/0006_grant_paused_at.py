"""Since when the holders of a grant know that its model is retired."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0005_asked_digest")]

    operations = [
        migrations.AddField(
            model_name="grant", name="paused_at", field=models.DateTimeField(null=True)
        ),
    ]
