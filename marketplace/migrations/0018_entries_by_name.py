"""Own models before references where nothing is searched."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0017_traits")]

    operations = [
        migrations.RemoveIndex("entry", "entry_by_slug"),
        migrations.AddIndex(
            "entry", models.Index(fields=["-served", "slug"], name="entry_by_name")
        ),
    ]
