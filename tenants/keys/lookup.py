"""Names of keys for those who only have their ids."""

from collections.abc import Iterable

from tenants.keys.models import ApiKey


def named(user, ids: Iterable) -> dict:
    """`name`, `prefix`, `used_at` and `href` of the keys that `user` may see, by id."""
    rows = ApiKey.objects.visible_to(user).filter(pk__in=list(ids))
    return {
        key.pk: {
            "name": key.name,
            "prefix": "" if key.for_portal else key.prefix,
            "used_at": key.last_used_at,
            "href": "" if key.for_portal else key.get_absolute_url(),
        }
        for key in rows
    }
