"""When the mail of a notice may be tried again."""

import django.utils.timezone
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("portal", "0003_walls")]

    operations = [
        migrations.AddField(
            model_name="notice",
            name="try_after",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=Q(told_at=None), fields=["try_after"], name="notice_owed"
            ),
        ),
    ]
