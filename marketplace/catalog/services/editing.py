"""The words of a model, and which of its versions users get."""

from django.core.exceptions import ValidationError
from django.db import transaction

from marketplace.catalog import facts
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel
from marketplace.catalog.prefill import LONGEST_CARD
from marketplace.catalog.services.mirror import choose_version
from portal.audit.models import Event
from portal.audit.services import denied, record
from portal.core import events, tenancy
from portal.core.errors import Conflict, Refused
from tenants.directory.roles import TenantRole

EDITABLE = ("name", "summary", "card", "task", "framework", "licence", "data_class")
EDITABLE += ("region", "stage", "contact")
NEEDED = {
    "name": "Give the model a name.",
    "summary": "A published model needs a summary.",
    "card": "A published model needs a card.",
    "data_class": "A published model needs a data class.",
}
CHANGED_MEANWHILE = (
    "Somebody else changed this model since you opened the page. Yours is still in the form; "
    "open the model in another tab to compare, then save again."
)


@transaction.atomic
def edit(model: AIModel, *, by, seen=None, **changes) -> AIModel:
    """Change the words of a model. `seen` is the `changed_at` the person started from, if known.

    Raises `Refused` with the field, `Conflict` if somebody else changed it after `seen`.
    """
    require_publisher(by, "edit", model)
    model = AIModel.objects.select_for_update(of=("self",)).get(pk=model.pk)
    if seen is not None and model.changed_at != seen:
        raise Conflict(CHANGED_MEANWHILE)
    before, after = {}, {}
    for name, value in changes.items():
        clean = _clean(model, name, value)
        if clean != getattr(model, name):
            before[name], after[name] = _told(name, getattr(model, name)), _told(name, clean)
            setattr(model, name, clean)
    if after:
        model.save(update_fields=[*after, "changed_at"])
        record("edited", model, by=by, before=before, after=after)
    return model


@transaction.atomic
def pin(model: AIModel, number: int, *, by) -> AIModel:
    """Give users this version by default until it is unpinned."""
    require_publisher(by, "pin a version of", model)
    version = model.versions.present().filter(number=number).first()
    if version is None:
        raise Refused(f"The registry has no version {number} of this model.", field="version")
    if not version.servable:
        raise Refused(
            f"Version {number} cannot be served: it has no signature or is not ready.",
            field="version",
        )
    before = model.followed_version
    model.followed_version, model.version_pinned = number, True
    model.save(update_fields=["followed_version", "version_pinned", "changed_at"])
    record("pinned a version", model, by=by, before=before, after=number)
    events.tell(events.access_changed, model_id=str(model.pk))
    return model


@transaction.atomic
def unpin(model: AIModel, *, by) -> AIModel:
    """Follow the registry again: its champion, or the newest version that can be served."""
    require_publisher(by, "unpin the version of", model)
    before = model.followed_version
    model.version_pinned = False
    model.save(update_fields=["version_pinned", "changed_at"])
    record("follows the registry again", model, by=by, before=before)
    choose_version(model)
    events.tell(events.access_changed, model_id=str(model.pk))
    return model


def history(model: AIModel, *, by, most: int = 20) -> list[Event]:
    """The last changes of a model, newest first, for its publishers and who reads the trail."""
    if by.reads_trail or by.may(TenantRole.PUBLISHER, model.tenant):
        with tenancy.as_system():
            lines = Event.objects.about(model).exclude(verb__startswith="denied ").newest_first()
            return list(lines[:most])
    return []


def retirement(model: AIModel) -> Event | None:
    """The line of the trail that says when and why a model was retired; everybody may read it."""
    with tenancy.as_system():
        lines = Event.objects.about(model).filter(verb=ModelStatus.RETIRED).newest_first()
        return lines.first()


def require_publisher(by, verb: str, model: AIModel) -> None:
    """403, and a line in the trail, for anybody but publishers of the owning tenant."""
    if by is None or by.may(TenantRole.PUBLISHER, model.tenant):
        return
    why = f"Only publishers of {model.tenant} can do this."
    if model.is_reference:
        why = "It is described here and served elsewhere, so nobody here publishes it."
    elif model.tenant is None:
        why = "Only publishers can do this, once the model has a tenant."
    raise denied(verb, model, by=by, why=why)


def _clean(model: AIModel, name: str, value):
    if name not in EDITABLE:
        raise Refused("This cannot be changed here.", field=name)
    field = AIModel._meta.get_field(name)
    longest = LONGEST_CARD if name == "card" else field.max_length
    plain = str(value or "")
    if len(plain) > longest:
        raise Refused(f"Use {longest:,} characters or fewer.", field=name)
    plain = facts.text(plain, longest) if name == "card" else facts.line(plain, longest)
    live = model.status in {ModelStatus.PUBLISHED, ModelStatus.RETIRED}
    if not plain.strip() and (name == "name" or (live and name in NEEDED)):
        raise Refused(NEEDED[name], field=name)
    if not plain and field.blank:
        return plain
    try:
        return field.clean(plain, model)
    except ValidationError as wrong:
        raise Refused(" ".join(wrong.messages), field=name) from wrong


def _told(name: str, value: str) -> str:
    """A change as the trail keeps it: the card by its length, the rest as it is."""
    return f"{len(value)} characters" if name == "card" else value
