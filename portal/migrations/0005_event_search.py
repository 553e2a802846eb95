"""What the trail is searched by: the words of a subject, who did it, and when."""

from django.db import migrations

SEARCH = """
ALTER TABLE portal_event
  ADD COLUMN label text GENERATED ALWAYS AS (payload::jsonb ->> 'label') STORED;
CREATE INDEX portal_event_label ON portal_event (label text_pattern_ops, xid, id);
CREATE INDEX portal_event_actor ON portal_event (actor, xid, id);
CREATE INDEX portal_event_at ON portal_event USING brin (at);
"""


class Migration(migrations.Migration):
    dependencies = [("portal", "0004_notice_try_after")]

    operations = [
        migrations.RunSQL(SEARCH, "ALTER TABLE portal_event DROP COLUMN label;"),
    ]
