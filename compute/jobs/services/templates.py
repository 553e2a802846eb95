"""A team's own templates: written by its people, put away by their writer or its owners."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from compute.jobs.models import Template
from compute.jobs.services import needs
from portal.audit.services import denied, record
from portal.core.errors import Conflict, Refused
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole

SLUG, DESCRIPTION = 60, 300
TAKEN = "Your team has a template of this name."


@transaction.atomic
def write_template(
    tenant: Tenant, *, by, name: str, asks: dict, description: str = ""
) -> Template:
    """Keep `asks` (values by field of `ASKS`, any of them) under a name, for all of the team.

    Consumers of the tenant. Raises `Refused` by field, `Conflict` where the name is taken, 403.
    """
    _require_hand(by, tenant)
    template = Template(tenant=tenant, person=by)
    _keep(template, name, asks, description)
    record("wrote a template", template, by=by, asks=template.asks)
    return template


@transaction.atomic
def change_template(
    template: Template, *, by, name: str, asks: dict, description: str = ""
) -> Template:
    """Hold other values under a template; jobs made from it stay as they are. As for writing, by
    who wrote it and owners."""
    _require_hand(by, template.tenant, template)
    before = template.asks
    _keep(template, name, asks, description)
    record("changed a template", template, by=by, before=before, after=template.asks)
    return template


@transaction.atomic
def shelve_template(template: Template, *, by, back: bool = False) -> Template:
    """Take a template out of use, or `back` into it; jobs made from it stay as they are."""
    _require_hand(by, template.tenant, template)
    if bool(template.archived_at) == back:
        template.archived_at = None if back else timezone.now()
        template.save(update_fields=["archived_at"])
        record("restored a template" if back else "archived a template", template, by=by)
    return template


def require_in_use(template: Template) -> None:
    """Raises `Refused` for a template that was archived: it starts no job."""
    if template.archived_at:
        words = f"{template} is archived and starts no jobs. Take it back under Templates first."
        raise Refused(words, field="template", row=template)


def _keep(template: Template, name: str, asks: dict, description: str) -> None:
    name = needs.CHECKS["name"]("name", name)
    slug = slugify(name)[:SLUG]
    if not slug:
        raise Refused("Use a name with letters or digits.", field="name")
    if len(description) > DESCRIPTION:
        raise Refused(f"Use {DESCRIPTION} characters or fewer.", field="description")
    facts = needs.checked(asks)
    namesake = Template.objects.filter(tenant=template.tenant, slug=slug).exclude(pk=template.pk)
    if taken := namesake.first():
        raise Conflict(TAKEN, field="name", row=taken)
    template.slug, template.name, template.description = slug, name, description.strip()
    template.asks = {field: _plain(value) for field, value in facts.items()}
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError:  # somebody took the name in this moment
        raise Conflict(TAKEN, field="name", row=namesake.first()) from None


def _plain(value):
    """A value as JSON holds it: decimals as text, so that none is rounded."""
    return value if isinstance(value, str | bool | int | list | dict) else str(value)


def _require_hand(by, tenant: Tenant, template: Template | None = None) -> None:
    mine = template is None or template.person_id == by.pk
    enough = TenantRole.CONSUMER if mine else TenantRole.OWNER
    if not by.may(enough, tenant):
        why = f"Only the writer of a template and owners of {tenant} change it."
        raise denied("write a template of", tenant, by=by, why=why, tenant=tenant)
