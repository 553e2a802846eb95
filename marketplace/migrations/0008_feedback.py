"""Feedback: ratings, reports and replies, locked to both sides; data sets of a version."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids
from portal.core.tenancy import locked

BOUND = """
ALTER TABLE marketplace_reply ADD CONSTRAINT reply_of_report_in_tenant
  FOREIGN KEY (tenant_id, report_id) REFERENCES marketplace_report (tenant_id, id);
"""
UNBOUND = "ALTER TABLE marketplace_reply DROP CONSTRAINT reply_of_report_in_tenant;"


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0007_references_and_imports"),
        ("tenants", "0003_statement_certificate"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="data_sets",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), default=list, size=None
            ),
        ),
        migrations.CreateModel(
            name="Report",
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
                ("version", models.PositiveIntegerField(null=True)),
                ("title", models.CharField(max_length=140)),
                ("text", models.TextField(blank=True, max_length=4000)),
                ("public", models.BooleanField(default=False)),
                ("has_example", models.BooleanField(default=False, editable=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("confirmed", "Confirmed"),
                            ("fixed", "Fixed"),
                            ("declined", "Declined"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("fixed_in", models.PositiveIntegerField(editable=False, null=True)),
                ("reason", models.CharField(blank=True, max_length=1000)),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to="marketplace.aimodel",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports_received",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "reporter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Reply",
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
                ("by_publisher", models.BooleanField()),
                ("text", models.TextField(max_length=4000)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="replies",
                        to="marketplace.report",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Rating",
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
                    "stars",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5),
                        ]
                    ),
                ),
                ("sentence", models.CharField(max_length=280)),
                ("version", models.PositiveIntegerField(null=True)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ratings",
                        to="marketplace.aimodel",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ratings",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ratings_received",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ratings",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="rating_in_tenant"),
                    models.UniqueConstraint(
                        fields=("model", "person"), name="one_rating_a_person"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stars__range", (1, 5))), name="one_to_five_stars"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["model", "status"], name="report_of_model"),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="report_in_tenant"),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "fixed"), _negated=True),
                    ("fixed_in__isnull", False),
                    _connector="OR",
                ),
                name="fixed_in_a_version",
            ),
        ),
        migrations.AddConstraint(
            model_name="reply",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="reply_in_tenant"),
        ),
        migrations.RunSQL(BOUND, UNBOUND),
        locked("marketplace_rating", "tenant_id", "provider_id"),
        locked("marketplace_report", "tenant_id", "provider_id"),
        locked("marketplace_reply", "tenant_id", "provider_id"),
    ]
