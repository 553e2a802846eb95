"""Row-level security, the trail in SQL, and the functions that both stand on."""

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations

from portal.core.tenancy import locked

REACH = """
CREATE FUNCTION millwright_unbounded() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(current_setting('millwright.reach', true), '') = '*'
$$;
CREATE FUNCTION millwright_reach() RETURNS uuid[] LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN coalesce(current_setting('millwright.reach', true), '') IN ('', '*')
              THEN '{}'::uuid[]
              ELSE string_to_array(current_setting('millwright.reach'), ',')::uuid[] END
$$;
CREATE FUNCTION millwright_floor_id(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
          || '70008000000000000000')::uuid
$$;
CREATE FUNCTION millwright_moment(written text) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT written::timestamptz
$$;
"""
NO_REACH = """
DROP FUNCTION millwright_moment(text);
DROP FUNCTION millwright_floor_id(timestamptz);
DROP FUNCTION millwright_reach();
DROP FUNCTION millwright_unbounded();
"""

EVENT = """
CREATE TABLE portal_event (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id bigint GENERATED ALWAYS AS IDENTITY,
  writer varchar(80) NOT NULL,
  wseq bigint NOT NULL,
  payload text NOT NULL,
  mac bytea NOT NULL,
  at timestamptz GENERATED ALWAYS AS (millwright_moment(payload::jsonb ->> 'at')) STORED,
  verb text GENERATED ALWAYS AS (payload::jsonb ->> 'verb') STORED,
  actor text GENERATED ALWAYS AS (payload::jsonb ->> 'actor') STORED,
  tenant_id uuid GENERATED ALWAYS AS ((payload::jsonb ->> 'tenant')::uuid) STORED,
  subject_type text GENERATED ALWAYS AS (payload::jsonb ->> 'subject_type') STORED,
  subject_id text GENERATED ALWAYS AS (payload::jsonb ->> 'subject_id') STORED,
  PRIMARY KEY (xid, id)
);
CREATE INDEX portal_event_subject ON portal_event (subject_id, xid, id);
CREATE INDEX portal_event_tenant ON portal_event (tenant_id, xid, id);
ALTER TABLE portal_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_event FORCE ROW LEVEL SECURITY;
CREATE POLICY append ON portal_event FOR INSERT WITH CHECK (true);
CREATE POLICY reach ON portal_event FOR SELECT USING (
  (SELECT millwright_unbounded()) OR tenant_id = ANY ((SELECT millwright_reach())::uuid[])
);
"""


class Migration(migrations.Migration):
    dependencies = [("portal", "0002_initial")]

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.RunSQL(REACH, NO_REACH),
        migrations.RunSQL(EVENT, "DROP TABLE portal_event;"),
        locked("portal_notice", "tenant_id"),
        locked("portal_secret", "tenant_id"),
    ]
