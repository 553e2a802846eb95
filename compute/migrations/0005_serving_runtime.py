"""What is installed where models are served."""

from django.db import migrations, models

import portal.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("compute", "0004_route_successor"),
    ]

    operations = [
        migrations.CreateModel(
            name="ServingRuntime",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("only", models.BooleanField(default=True, editable=False, unique=True)),
                ("python", models.CharField(max_length=40)),
                ("packages", models.JSONField(default=dict)),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
