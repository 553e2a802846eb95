"""What a model still needs before others may find it, in words and with the place to put it."""

from dataclasses import dataclass

from django.urls import reverse

from marketplace.catalog.models import AIModel
from marketplace.catalog.rows import dress


@dataclass(frozen=True)
class Missing:
    """One thing to do: `field` names it, `words` say it, `href` leads to where it is done."""

    field: str
    words: str
    href: str
    verb: str
    required: bool = True

    @property
    def label(self) -> str:
        return self.field.replace("_", " ").capitalize()


def missing(model: AIModel, *, fresh: bool = True) -> list[Missing]:
    """What is missing, in the order in which it is done; what is only advised comes last.

    `fresh=False` trusts the price and version that `rows.dress` has put on the model.
    """
    if fresh:
        dress([model])
    edit = reverse("catalog:edit", args=[model.slug])
    found = [
        Missing(
            "tenant",
            "A tenant that owns it and answers for it.",
            reverse("catalog:claim", args=[model.slug]),
            "Confirm the tenant",
        ),
        Missing("version", *_version(model)),
        Missing("summary", "A summary: what it does, in one line.", f"{edit}#id_summary", "Write"),
        Missing(
            "card",
            "A card: what it is for, what not, how well it does.",
            f"{edit}#id_card",
            "Write",
        ),
        Missing(
            "data_class",
            "A data class: how sensitive what it is given may be.",
            f"{edit}#id_data_class",
            "Choose",
        ),
        Missing(
            "price",
            "A price. Free is a price too.",
            reverse("catalog:publish", args=[model.slug]) + "#id_amount",
            "Set",
        ),
        Missing(
            "licence",
            "A licence, so that users know what they may do with it.",
            f"{edit}#id_licence",
            "Add",
            required=False,
        ),
    ]
    return [item for item in found if not _has(model, item.field)]


def _has(model: AIModel, field: str) -> bool:
    if field == "tenant":
        return model.tenant_id is not None
    if field == "version":
        return bool(model.default_version and model.default_version.servable)
    return bool(getattr(model, field))


def _version(model: AIModel) -> tuple[str, str, str]:
    href = reverse("catalog:versions", args=[model.slug])
    version = model.default_version
    if version is None:
        return "A version. Register one in the model registry.", href, "See versions"
    if version.gone_at:
        words = f"A version: the registry no longer has version {version.number}."
    elif version.registry_status != "READY":
        words = f"Version {version.number} is not ready in the registry."
    else:
        words = f"Version {version.number} has no signature. Log it with one, then register again."
    return words, href, "See versions"
