"""Row-level security of requests and grants, and keys that cannot cross tenants."""

from django.db import migrations

from portal.core.tenancy import locked

BOUND = """
ALTER TABLE marketplace_grant ADD CONSTRAINT grant_request_in_tenant
  FOREIGN KEY (tenant_id, request_id) REFERENCES marketplace_accessrequest (tenant_id, id);
ALTER TABLE marketplace_accessrequest ADD CONSTRAINT request_renews_in_tenant
  FOREIGN KEY (tenant_id, renews_id) REFERENCES marketplace_grant (tenant_id, id);
"""
UNBOUND = """
ALTER TABLE marketplace_accessrequest DROP CONSTRAINT request_renews_in_tenant;
ALTER TABLE marketplace_grant DROP CONSTRAINT grant_request_in_tenant;
"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0002_initial"), ("portal", "0003_walls")]

    operations = [
        migrations.RunSQL(BOUND, UNBOUND),
        locked("marketplace_accessrequest", "tenant_id", "provider_id"),
        locked("marketplace_grant", "tenant_id", "provider_id"),
    ]
