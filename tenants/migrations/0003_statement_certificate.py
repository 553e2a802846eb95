"""Statements keep what was compared when they were closed; months are found by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0002_walls"),
    ]

    operations = [
        migrations.AddField(
            model_name="statement",
            name="certificate",
            field=models.JSONField(default=dict),
        ),
        migrations.AddIndex(
            model_name="statement",
            index=models.Index(fields=["period"], name="statement_period"),
        ),
    ]
