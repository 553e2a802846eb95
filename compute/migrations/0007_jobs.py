"""Capacity and jobs; what belongs to a tenant is locked to it, and stays within it."""

from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids
from portal.core.tenancy import locked

INNER = (  # table, column, table it names: of the same tenant, or refused
    ("quota", "queue_id", "queue"),
    ("step", "pipeline_id", "pipeline"),
    ("job", "step_id", "step"),
    ("job", "template_id", "template"),
    ("attempt", "job_id", "job"),
    ("run", "job_id", "job"),
    ("run", "attempt_id", "attempt"),
    ("receipt", "job_id", "job"),
    ("receipt", "attempt_id", "attempt"),
    ("happening", "job_id", "job"),
    ("logline", "job_id", "job"),
    ("measure", "job_id", "job"),
)
LOCKED = (
    "queue quota template pipeline step job attempt run receipt happening logline measure estimate"
)
BIND = "".join(
    f"ALTER TABLE compute_{table} ADD CONSTRAINT {table}_{column}_in_tenant "
    f"FOREIGN KEY (tenant_id, {column}) REFERENCES compute_{named} (tenant_id, id);"
    for table, column, named in INNER
)
UNBIND = "".join(
    f"ALTER TABLE compute_{table} DROP CONSTRAINT {table}_{column}_in_tenant;"
    for table, column, _ in INNER
)


class Migration(migrations.Migration):
    dependencies = [
        ("compute", "0006_names"),
        ("tenants", "0004_names"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("duty", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("holder", models.CharField(blank=True, max_length=120)),
                ("token", models.PositiveBigIntegerField(default=0)),
                ("until", models.DateTimeField()),
            ],
            options={
                "verbose_name": "lease",
                "verbose_name_plural": "leases",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Cluster",
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
                ("slug", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=80)),
                (
                    "region",
                    models.CharField(
                        choices=[
                            ("eu-central", "Eu Central"),
                            ("eu-west", "Eu West"),
                            ("us-east", "Us East"),
                        ],
                        default="eu-central",
                        max_length=20,
                    ),
                ),
                (
                    "engine",
                    models.CharField(
                        choices=[
                            ("local", "Processes on this machine"),
                            ("kueue", "Kubernetes with Kueue"),
                        ],
                        max_length=10,
                    ),
                ),
                ("context", models.CharField(blank=True, max_length=120)),
                ("open", models.BooleanField(default=True)),
                ("reachable", models.BooleanField(editable=False, null=True)),
                ("reason", models.TextField(blank=True)),
                ("version", models.CharField(blank=True, max_length=120)),
                ("seen_at", models.DateTimeField(null=True)),
                ("applied_at", models.DateTimeField(null=True)),
                ("drift", models.JSONField(default=list)),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clusters",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "cluster",
                "verbose_name_plural": "clusters",
                "ordering": ["slug"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="GpuFlavour",
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
                ("slug", models.SlugField()),
                ("name", models.CharField(max_length=80)),
                ("product", models.CharField(blank=True, max_length=80)),
                ("memory_gb", models.PositiveIntegerField(default=0)),
                ("generation", models.PositiveSmallIntegerField(default=0)),
                ("parts", models.PositiveSmallIntegerField(default=1)),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "cluster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="flavours",
                        to="compute.cluster",
                    ),
                ),
            ],
            options={
                "verbose_name": "flavour",
                "verbose_name_plural": "flavours",
                "ordering": ["cluster__slug", "-generation", "slug"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Job",
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
                ("name", models.CharField(max_length=80)),
                ("image", models.CharField(blank=True, max_length=255)),
                ("command", models.JSONField(default=list)),
                ("variables", models.JSONField(default=dict)),
                ("gpus", models.DecimalField(decimal_places=2, default=0, max_digits=6)),
                ("gpu_memory_gb", models.PositiveIntegerField(default=0)),
                ("cpu", models.DecimalField(decimal_places=2, default=1, max_digits=6)),
                ("memory_gb", models.DecimalField(decimal_places=2, default=1, max_digits=8)),
                ("nodes", models.PositiveSmallIntegerField(default=1)),
                ("together", models.BooleanField(default=False)),
                ("datasets", models.JSONField(default=list)),
                (
                    "data_class",
                    models.CharField(
                        choices=[
                            ("public", "Public"),
                            ("internal", "Internal"),
                            ("confidential", "Confidential"),
                            ("restricted", "Restricted"),
                        ],
                        default="internal",
                        max_length=12,
                    ),
                ),
                (
                    "region",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("eu-central", "Eu Central"),
                            ("eu-west", "Eu West"),
                            ("us-east", "Us East"),
                        ],
                        max_length=20,
                    ),
                ),
                ("time_limit_s", models.PositiveIntegerField(default=3600)),
                (
                    "priority",
                    models.CharField(
                        choices=[
                            ("low", "Low"),
                            ("normal", "Normal"),
                            ("high", "High"),
                            ("urgent", "Urgent"),
                        ],
                        default="normal",
                        max_length=8,
                    ),
                ),
                ("retries", models.PositiveSmallIntegerField(default=0)),
                ("checkpoint", models.CharField(blank=True, max_length=300)),
                ("notify", models.BooleanField(default=True)),
                ("cancel_asked_at", models.DateTimeField(null=True)),
                ("cancel_reason", models.CharField(blank=True, max_length=300)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("submitted", "Submitted"),
                            ("queued", "Waiting"),
                            ("starting", "Starting"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="submitted",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("cause", models.CharField(blank=True, editable=False, max_length=14)),
                ("reason", models.TextField(blank=True, editable=False)),
                ("detail", models.TextField(blank=True, editable=False)),
                ("position", models.PositiveIntegerField(editable=False, null=True)),
                ("queued_at", models.DateTimeField(editable=False, null=True)),
                ("started_at", models.DateTimeField(editable=False, null=True)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                ("idle_since", models.DateTimeField(editable=False, null=True)),
                ("checkpointed_at", models.DateTimeField(editable=False, null=True)),
                ("last_line", models.PositiveBigIntegerField(default=0, editable=False)),
                ("seen_at", models.DateTimeField(editable=False, null=True)),
                ("settled_at", models.DateTimeField(editable=False, null=True)),
                (
                    "cluster",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="jobs",
                        to="compute.cluster",
                    ),
                ),
                (
                    "flavour",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="jobs",
                        to="compute.gpuflavour",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="jobs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="jobs",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "job",
                "verbose_name_plural": "jobs",
                "ordering": ["-id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Happening",
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
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=30)),
                ("tone", models.CharField(default="info", max_length=5)),
                ("words", models.CharField(max_length=300)),
                ("detail", models.TextField(blank=True)),
                ("key", models.CharField(max_length=120)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="happenings",
                        to="compute.job",
                    ),
                ),
            ],
            options={
                "verbose_name": "happening",
                "verbose_name_plural": "happenings",
                "ordering": ["at", "id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Attempt",
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
                ("number", models.PositiveSmallIntegerField()),
                ("order", models.JSONField()),
                ("ordered_at", models.DateTimeField(null=True)),
                ("stop_asked_at", models.DateTimeField(null=True)),
                ("evictions", models.PositiveSmallIntegerField(default=0)),
                ("end", models.CharField(blank=True, max_length=12)),
                ("exit_code", models.IntegerField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("forgotten_at", models.DateTimeField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="compute.job",
                    ),
                ),
            ],
            options={
                "verbose_name": "attempt",
                "verbose_name_plural": "attempts",
                "ordering": ["job", "number"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="LogLine",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "job_id",
                        "n",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("n", models.PositiveBigIntegerField()),
                ("run_id", models.UUIDField(null=True)),
                ("at", models.DateTimeField()),
                ("stream", models.CharField(default="stdout", max_length=6)),
                ("redraw", models.BooleanField(default=False)),
                ("text", models.TextField()),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="compute.job",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "log line",
                "verbose_name_plural": "log lines",
                "ordering": ["n"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Measure",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "job_id",
                        "at",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("gpu", models.FloatField(null=True)),
                ("gpu_memory_gb", models.FloatField(null=True)),
                ("cpu", models.FloatField(null=True)),
                ("memory_gb", models.FloatField(null=True)),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="measures",
                        to="compute.job",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "measure",
                "verbose_name_plural": "measures",
                "ordering": ["at"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Node",
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
                ("name", models.CharField(max_length=253)),
                ("gpus", models.PositiveSmallIntegerField(default=0)),
                ("cpu", models.DecimalField(decimal_places=3, default=0, max_digits=9)),
                ("memory_mb", models.PositiveIntegerField(default=0)),
                ("region", models.CharField(blank=True, max_length=40)),
                ("block", models.CharField(blank=True, max_length=63)),
                ("rack", models.CharField(blank=True, max_length=63)),
                ("ready", models.BooleanField(default=True)),
                ("open", models.BooleanField(default=True)),
                ("holdings", models.JSONField(default=list)),
                ("held", models.DecimalField(decimal_places=3, default=0, max_digits=8)),
                ("seen_at", models.DateTimeField()),
                ("gone_at", models.DateTimeField(null=True)),
                (
                    "cluster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="nodes",
                        to="compute.cluster",
                    ),
                ),
                (
                    "flavour",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="nodes",
                        to="compute.gpuflavour",
                    ),
                ),
            ],
            options={
                "verbose_name": "node",
                "verbose_name_plural": "nodes",
                "ordering": ["name"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Pipeline",
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
                ("name", models.CharField(max_length=80)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="running",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("cancel_asked_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True, editable=False)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pipelines",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "pipeline",
                "verbose_name_plural": "pipelines",
                "ordering": ["-id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Queue",
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
                ("weight", models.DecimalField(decimal_places=2, default=1, max_digits=6)),
                (
                    "cluster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="queues",
                        to="compute.cluster",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="queues",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "queue",
                "verbose_name_plural": "queues",
                "ordering": ["cluster__slug", "tenant__slug"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Quota",
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
                    "guaranteed",
                    models.DecimalField(decimal_places=2, default=Decimal(0), max_digits=8),
                ),
                (
                    "borrow",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True),
                ),
                (
                    "lend",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True),
                ),
                (
                    "flavour",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quotas",
                        to="compute.gpuflavour",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quotas",
                        to="compute.queue",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quotas",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "quota",
                "verbose_name_plural": "quotas",
                "ordering": ["flavour__slug"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Receipt",
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
                ("at", models.DateTimeField()),
                ("rule", models.CharField(max_length=60)),
                ("by_job", models.CharField(blank=True, max_length=80)),
                ("by_tenant", models.CharField(blank=True, max_length=40)),
                ("words", models.TextField(blank=True)),
                ("lost_since", models.DateTimeField(null=True)),
                ("lost_seconds", models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                ("lost_nano", models.BigIntegerField(default=0)),
                ("refunded_nano", models.BigIntegerField(default=0)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("refund", models.UUIDField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="receipts",
                        to="compute.attempt",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="receipts",
                        to="compute.job",
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
                "verbose_name": "receipt",
                "verbose_name_plural": "receipts",
                "ordering": ["-at"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Run",
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
                ("pod", models.CharField(max_length=80)),
                ("pod_name", models.CharField(max_length=253)),
                ("index", models.PositiveSmallIntegerField(default=0)),
                ("node", models.CharField(blank=True, max_length=253)),
                ("units", models.DecimalField(decimal_places=2, max_digits=8)),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("completed", "Finished"),
                            ("exit", "Its program failed"),
                            ("memory", "Out of memory"),
                            ("time_limit", "Time limit"),
                            ("node_lost", "Node lost"),
                            ("evicted", "Pre-empted"),
                            ("stopped", "Stopped"),
                            ("gone", "Removed from outside"),
                        ],
                        max_length=12,
                    ),
                ),
                ("exit_code", models.IntegerField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("price_id", models.UUIDField(null=True)),
                ("seconds", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ("nano", models.BigIntegerField(null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("billed_at", models.DateTimeField(null=True)),
                ("log_mark", models.CharField(blank=True, max_length=200)),
                ("log_read_at", models.DateTimeField(null=True)),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="compute.attempt",
                    ),
                ),
                (
                    "flavour",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compute.gpuflavour",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="compute.job",
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
                "verbose_name": "run",
                "verbose_name_plural": "runs",
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Step",
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
                ("slug", models.SlugField(max_length=40)),
                ("name", models.CharField(max_length=80)),
                ("place", models.PositiveSmallIntegerField()),
                ("after", models.JSONField(default=list)),
                ("asks", models.JSONField(default=dict)),
                ("inputs", models.JSONField(default=list)),
                ("outputs", models.JSONField(default=list)),
                (
                    "pipeline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="compute.pipeline",
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
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ["pipeline", "place"],
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="job",
            name="step",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="jobs",
                to="compute.step",
            ),
        ),
        migrations.CreateModel(
            name="Template",
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
                ("slug", models.SlugField(max_length=60)),
                ("name", models.CharField(max_length=80)),
                ("description", models.CharField(blank=True, max_length=300)),
                ("asks", models.JSONField(default=dict)),
                ("archived_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="templates",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "template",
                "verbose_name_plural": "templates",
                "ordering": ["name"],
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="job",
            name="template",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="jobs",
                to="compute.template",
            ),
        ),
        migrations.CreateModel(
            name="Estimate",
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
                ("job_id", models.UUIDField(db_index=True)),
                ("low", models.DateTimeField()),
                ("high", models.DateTimeField()),
                ("method", models.CharField(max_length=20)),
                ("started_at", models.DateTimeField(null=True)),
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
                "verbose_name": "estimate",
                "verbose_name_plural": "estimates",
                "ordering": ["-id"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="estimate_in_tenant")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="gpuflavour",
            constraint=models.UniqueConstraint(
                fields=("cluster", "slug"), name="one_flavour_a_cluster"
            ),
        ),
        migrations.AddConstraint(
            model_name="gpuflavour",
            constraint=models.CheckConstraint(
                condition=models.Q(("parts__gte", 1)), name="whole_or_parts"
            ),
        ),
        migrations.AddConstraint(
            model_name="happening",
            constraint=models.UniqueConstraint(
                fields=("tenant", "id"), name="happening_in_tenant"
            ),
        ),
        migrations.AddConstraint(
            model_name="happening",
            constraint=models.UniqueConstraint(fields=("job", "key"), name="told_once"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("forgotten_at", None)), fields=["id"], name="attempt_there"
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="attempt_in_tenant"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(fields=("job", "number"), name="attempt_number"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("job",),
                name="one_attempt_at_a_time",
            ),
        ),
        migrations.AddIndex(
            model_name="node",
            index=models.Index(fields=["flavour", "held"], name="node_of_flavour"),
        ),
        migrations.AddConstraint(
            model_name="node",
            constraint=models.UniqueConstraint(
                fields=("cluster", "name"), name="one_node_a_cluster"
            ),
        ),
        migrations.AddIndex(
            model_name="pipeline",
            index=models.Index(fields=["tenant", "-id"], name="pipelines_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="pipeline",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="pipeline_in_tenant"),
        ),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="queue_in_tenant"),
        ),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.UniqueConstraint(
                fields=("tenant", "cluster"), name="one_queue_a_cluster"
            ),
        ),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.CheckConstraint(
                condition=models.Q(("weight__gt", 0)), name="weight_above_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="quota_in_tenant"),
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.UniqueConstraint(
                fields=("queue", "flavour"), name="one_quota_a_flavour"
            ),
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("guaranteed__gte", 0),
                    models.Q(("borrow", None), ("borrow__gte", 0), _connector="OR"),
                    models.Q(
                        ("lend", None),
                        models.Q(("lend__gte", 0), ("lend__lte", models.F("guaranteed"))),
                        _connector="OR",
                    ),
                ),
                name="quota_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="receipt_in_tenant"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(
                fields=("attempt", "at"), name="one_receipt_an_eviction"
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["job", "id"], name="runs_of_job"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("billed_at", None), ("log_read_at", None), _connector="OR"),
                fields=["id"],
                name="run_owed",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="run_in_tenant"),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(fields=("attempt", "pod"), name="one_run_a_pod"),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="step_in_tenant"),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.UniqueConstraint(
                fields=("pipeline", "slug"), name="one_step_a_slug"
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="template_in_tenant"),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.UniqueConstraint(
                fields=("tenant", "slug"), name="one_template_a_slug"
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["tenant", "-id"], name="jobs_of_tenant"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["tenant", "status", "-id"], name="jobs_by_status"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(
                    models.Q(("status__in", ["cancelled", "failed", "succeeded"]), _negated=True),
                    ("settled_at", None),
                    _connector="OR",
                ),
                fields=["id"],
                name="job_unsettled",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="job_in_tenant"),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cpu__gt", 0), ("gpus__gte", 0), ("memory_gb__gt", 0), ("nodes__gte", 1)
                ),
                name="job_needs_sane",
            ),
        ),
        migrations.RunSQL(BIND, UNBIND),
        *(locked(f"compute_{table}", "tenant_id") for table in LOCKED.split()),
    ]
