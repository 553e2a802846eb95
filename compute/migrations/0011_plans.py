"""Which job of a step counts, the wish to keep an idle job, and what estimates learn from."""

import django.db.models.deletion
from django.db import migrations, models

BIND = (
    "ALTER TABLE compute_step ADD CONSTRAINT step_job_id_in_tenant "
    "FOREIGN KEY (tenant_id, job_id) REFERENCES compute_job (tenant_id, id);"
)
UNBIND = "ALTER TABLE compute_step DROP CONSTRAINT step_job_id_in_tenant;"


class Migration(migrations.Migration):
    dependencies = [
        ("compute", "0012_capacity"),
    ]

    operations = [
        migrations.AddField(
            model_name="estimate",
            name="early_s",
            field=models.FloatField(default=0),
        ),
        migrations.AddField(
            model_name="estimate",
            name="first",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="estimate",
            name="flavour",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="compute.gpuflavour",
            ),
        ),
        migrations.AddField(
            model_name="estimate",
            name="late_s",
            field=models.FloatField(default=0),
        ),
        migrations.AddField(
            model_name="estimate",
            name="middle",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="estimate",
            name="told_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="idle_told_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="kept_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="step",
            name="job",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="compute.job",
            ),
        ),
        migrations.AddIndex(
            model_name="estimate",
            index=models.Index(
                condition=models.Q(("first", True), ("started_at__isnull", False)),
                fields=["method", "-id"],
                name="estimates_kept",
            ),
        ),
        migrations.AddConstraint(
            model_name="estimate",
            constraint=models.UniqueConstraint(
                fields=("job_id", "first"), name="first_and_newest"
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("status__in", ["cancelled", "failed", "succeeded"]), _negated=True
                ),
                fields=("step",),
                name="one_job_a_step",
            ),
        ),
        migrations.RunSQL(BIND, UNBIND),
    ]
