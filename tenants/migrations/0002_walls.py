"""Calls and postings, partitioned by the time inside their ids; row-level security."""

from django.db import migrations

from portal.core.tenancy import locked

CALL = """
CREATE TABLE tenants_call (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  provider_id uuid NOT NULL,
  key_id uuid NOT NULL,
  holder_id uuid NOT NULL,
  grant_id uuid NOT NULL,
  model_id uuid NOT NULL,
  model_slug varchar(80) NOT NULL,
  version integer NOT NULL,
  endpoint_id uuid NOT NULL,
  environment varchar(12) NOT NULL,
  region varchar(20) NOT NULL,
  protocol varchar(10) NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  ended_as varchar(10) CHECK (ended_as IN ('settled', 'voided', 'estimated')),
  http_status smallint,
  status_class smallint,
  latency_ms double precision,
  ttfb_ms double precision,
  overhead_ms double precision,
  quantities jsonb NOT NULL DEFAULT '{}',
  price_id uuid NOT NULL,
  reserved_nano bigint NOT NULL,
  amount_nano bigint,
  currency varchar(3) NOT NULL,
  UNIQUE (tenant_id, id),
  CHECK ((ended_as IS NULL) = (ended_at IS NULL)),
  CHECK (ended_as IS NULL OR amount_nano IS NOT NULL)
) PARTITION BY RANGE (id);
CREATE INDEX tenants_call_model ON tenants_call (model_id, id);
CREATE INDEX tenants_call_provider ON tenants_call (provider_id, id);
CREATE INDEX tenants_call_open ON tenants_call (id) WHERE ended_as IS NULL;
CREATE TABLE tenants_call_rest PARTITION OF tenants_call DEFAULT;
"""
POSTING = """
CREATE TABLE tenants_posting (
  transaction uuid NOT NULL,
  line smallint NOT NULL,
  tenant_id uuid NOT NULL,
  account varchar(20) NOT NULL CHECK (account IN ('usage', 'revenue')),
  nano bigint NOT NULL,
  currency varchar(3) NOT NULL,
  cause varchar(12) NOT NULL CHECK (cause IN ('call', 'correction')),
  period date NOT NULL CHECK (extract(day FROM period) = 1),
  at timestamptz NOT NULL,
  meter varchar(20) NOT NULL,
  quantity numeric(20, 6) NOT NULL,
  price_id uuid,
  subject varchar(80) NOT NULL,
  subject_id uuid NOT NULL,
  key_id uuid,
  corrects uuid,
  note text NOT NULL DEFAULT '',
  PRIMARY KEY (transaction, line)
) PARTITION BY RANGE (transaction);
CREATE INDEX tenants_posting_tenant ON tenants_posting (tenant_id, period, account);
CREATE TABLE tenants_posting_rest PARTITION OF tenants_posting DEFAULT;
"""
PARTITIONS = """
CREATE FUNCTION millwright_keep_partitions(first date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
  made integer := 0;
  start timestamptz;
  parent text;
  child text;
BEGIN
  FOR step IN 0 .. months LOOP
    start := (date_trunc('month', first) + make_interval(months => step)) AT TIME ZONE 'UTC';
    FOREACH parent IN ARRAY ARRAY['tenants_call', 'tenants_posting'] LOOP
      child := parent || to_char(start AT TIME ZONE 'UTC', '_YYYY_MM');
      IF to_regclass(child) IS NULL THEN
        EXECUTE format(
          'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent,
          millwright_floor_id(start),
          millwright_floor_id(
            ((start AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC')
        );
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
SELECT millwright_keep_partitions((now() - interval '1 month')::date, 13);
"""
BOUND = """
ALTER TABLE tenants_apikey ADD CONSTRAINT key_rotated_in_tenant
  FOREIGN KEY (tenant_id, rotated_from_id) REFERENCES tenants_apikey (tenant_id, id);
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial"), ("portal", "0003_walls")]

    operations = [
        migrations.RunSQL(CALL, "DROP TABLE tenants_call;"),
        migrations.RunSQL(POSTING, "DROP TABLE tenants_posting;"),
        migrations.RunSQL(PARTITIONS, "DROP FUNCTION millwright_keep_partitions(date, integer);"),
        migrations.RunSQL(
            BOUND, "ALTER TABLE tenants_apikey DROP CONSTRAINT key_rotated_in_tenant;"
        ),
        locked("tenants_call", "tenant_id", "provider_id"),
        locked("tenants_posting", "tenant_id"),
        locked("tenants_apikey", "tenant_id"),
        locked("tenants_statement", "tenant_id"),
    ]
