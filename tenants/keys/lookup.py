"""Names of keys for those who only have their ids."""

from collections.abc import Iterable

from tenants.keys.models import ApiKey


def named(user, ids: Iterable) -> dict:
    """`name`, `prefix`, `used_at` and `href` of the keys that `user` may know, by id.

    Of a key that they may know by name only there is neither prefix nor address.
    """
    wanted = list(ids)
    opened = ApiKey.objects.visible_to(user).filter(pk__in=wanted, for_portal=False)
    open_ids = set(opened.values_list("pk", flat=True))
    return {
        key.pk: {
            "name": key.name,
            "prefix": key.prefix if key.pk in open_ids else "",
            "used_at": key.last_used_at,
            "href": key.get_absolute_url() if key.pk in open_ids else "",
        }
        for key in ApiKey.objects.named_to(user).filter(pk__in=wanted)
    }
