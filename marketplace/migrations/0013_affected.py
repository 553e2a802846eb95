"""People whom a report affects too, locked to their tenant and the tenant that publishes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids
from portal.core.tenancy import locked


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0012_names"),
        ("tenants", "0004_names"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Affected",
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
                    "person",
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
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="affected",
                        to="marketplace.report",
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
            ],
            options={
                "verbose_name": "affected person",
                "verbose_name_plural": "affected people",
                "ordering": ["id"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="affected_in_tenant"),
                    models.UniqueConstraint(fields=("report", "person"), name="affected_once"),
                ],
            },
        ),
        locked("marketplace_affected", "tenant_id", "provider_id"),
    ]
