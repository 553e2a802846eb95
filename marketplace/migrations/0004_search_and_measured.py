"""Search in one column, what was measured, and what is known of the registry."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

import portal.core.ids

WORDS = """
CREATE FUNCTION millwright_words(
  name text, slug text, task text, tags jsonb, summary text, card text
) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
  SELECT setweight(to_tsvector('simple', translate(name || ' ' || slug, '-_/.:', '     ')), 'A')
      || setweight(to_tsvector('english', translate(name || ' ' || slug, '-_/.:', '     ')), 'A')
      || setweight(to_tsvector('simple', translate(task, '-_/.:', '     ')), 'B')
      || setweight(to_tsvector('english', translate(task, '-_/.:', '     ')), 'B')
      || setweight(jsonb_to_tsvector('english', tags, '["string"]'), 'B')
      || setweight(to_tsvector('simple', summary), 'C')
      || setweight(to_tsvector('english', summary), 'C')
      || setweight(to_tsvector('english', left(card, 100000)), 'D')
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0003_walls"),
        ("tenants", "0002_walls"),
    ]

    operations = [
        migrations.RunSQL(
            WORDS, "DROP FUNCTION millwright_words(text, text, text, jsonb, text, text);"
        ),
        migrations.CreateModel(
            name="Measured",
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
                (
                    "environment",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("development", "Development"),
                            ("staging", "Staging"),
                            ("production", "Production"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "window",
                    models.CharField(
                        choices=[
                            ("hour", "Last hour"),
                            ("day", "Last 24 hours"),
                            ("month", "Last 30 days"),
                        ],
                        max_length=5,
                    ),
                ),
                ("calls", models.PositiveBigIntegerField(default=0)),
                ("good", models.PositiveBigIntegerField(default=0)),
                ("fast", models.PositiveBigIntegerField(default=0)),
                ("excluded", models.PositiveBigIntegerField(default=0)),
                ("p50_ms", models.FloatField(null=True)),
                ("p95_ms", models.FloatField(null=True)),
                ("measured_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["model", "environment", "window"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="MeasuredDay",
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
                ("day", models.DateField()),
                ("calls", models.PositiveBigIntegerField(default=0)),
                ("good", models.PositiveBigIntegerField(default=0)),
                ("fast", models.PositiveBigIntegerField(default=0)),
                ("excluded", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "ordering": ["model", "day"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="RegistryWatch",
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
                ("fingerprint", models.TextField(blank=True)),
                ("newest", models.DateTimeField(null=True)),
                ("swept_at", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("down_since", models.DateTimeField(null=True)),
                ("down_because", models.CharField(blank=True, max_length=500)),
                ("problems", models.JSONField(default=list)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="aimodel",
            name="version_pinned",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="words",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    "name", "slug", "task", "tags", "summary", "card", function="millwright_words"
                ),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="mark_digest",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="problems",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="read_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="aimodel",
            name="registry_name",
            field=models.CharField(max_length=256, unique=True),
        ),
        migrations.AddIndex(
            model_name="aimodel",
            index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name="aimodel_words"),
        ),
        migrations.AddField(
            model_name="measured",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="measured",
                to="marketplace.aimodel",
            ),
        ),
        migrations.AddField(
            model_name="measuredday",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="measured_days",
                to="marketplace.aimodel",
            ),
        ),
        migrations.AddConstraint(
            model_name="measured",
            constraint=models.UniqueConstraint(
                fields=("model", "environment", "window"), name="measured_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="measuredday",
            constraint=models.UniqueConstraint(fields=("model", "day"), name="a_day_once"),
        ),
    ]
