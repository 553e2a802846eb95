"""Time on hardware is metered, charged and given back."""

from django.db import migrations, models

CAUSES = """
ALTER TABLE tenants_posting DROP CONSTRAINT tenants_posting_cause_check;
ALTER TABLE tenants_posting ADD CONSTRAINT tenants_posting_cause_check
  CHECK (cause IN ('call', 'job', 'correction', 'refund'));
"""
BEFORE = CAUSES.replace("'call', 'job', 'correction', 'refund'", "'call', 'correction'")


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_names")]

    operations = [
        migrations.AlterField(
            model_name="price",
            name="meter",
            field=models.CharField(
                choices=[
                    ("calls", "calls"),
                    ("predictions", "predictions"),
                    ("gpu_seconds", "GPU seconds"),
                    ("cpu_seconds", "core seconds"),
                ],
                max_length=20,
            ),
        ),
        migrations.RunSQL(CAUSES, BEFORE),
    ]
