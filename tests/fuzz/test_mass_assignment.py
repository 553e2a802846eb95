"""Fields that nobody may set stay as they are, whatever is written beside the ones they may."""

import re

import pytest
from django.apps import apps
from django.db import connection
from drf_spectacular.generators import SchemaGenerator

from portal.core import tenancy
from tests.access import policy
from tests.access.addresses import portal_addresses
from tests.access.bodies import own_fields
from tests.access.walking import body_for, counting, values_of

ADDRESSES = {address.path: address for address in portal_addresses()}
SIGN = "massassigned"
SIGNED_ID = "99999999-9999-7999-8999-999999999999"
SIGNED_DAY = "1999-09-09T09:09:09Z"
NUMBER = 424_242_424
OWN = {"status": "approved", "role": "owner", "scopes": ["api", "predict"], "is_superuser": True}
OWN |= {"is_staff": True, "is_active": False, "for_portal": True, "version_pinned": True}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)?|[0-9A-Za-z_]{60,}|mw_live_\w+")
PREFIX = re.compile(r'"(?:public_id|prefix|secret|digest|short_id)":\s*"[^"]*"')
DOCUMENT = SchemaGenerator().get_schema(request=None, public=True)


def writes():
    """Every line of the policy that writes by the API, for the first person whom it lets in."""
    for path, rows in policy.portal_rows().items():
        for row in rows:
            people = [name for name, word in row.by_person().items() if word == "ok"]
            asked = row.method in ("POST", "PATCH", "PUT") and row.sample != "theirs"
            if path.startswith("/api/") and asked and people:
                yield pytest.param(row, people[0], id=f"{row.method} {path}")


def writable(row) -> set[str]:
    """The fields that the document lets callers send here."""
    operations = [
        entry for path, entry in DOCUMENT["paths"].items()
        if re.sub(r"{\w+}", "{}", path) == re.sub(r"{\w+}", "{}", row.path)
    ]  # fmt: skip
    found = set()
    for media in (
        operations[0][row.method.lower()].get("requestBody", {}).get("content", {}).values()
    ):
        shape = media["schema"]
        name = shape.get("$ref", "").rpartition("/")[2]
        shape = DOCUMENT["components"]["schemas"].get(name, shape)
        found |= set(shape.get("properties", {}))
    return found


def every_field() -> dict:
    """A signed value for every column of every table, by the name a serializer would use."""
    found = {}
    for kind in apps.get_models():
        for field in kind._meta.concrete_fields:
            found[field.name] = found[field.attname] = signed(field)
    return found | OWN


def signed(field):
    kind = field.get_internal_type()
    if kind in ("UUIDField", "ForeignKey", "OneToOneField"):
        return SIGNED_ID
    if "Date" in kind:
        return SIGNED_DAY
    return NUMBER if "Integer" in kind or kind in ("FloatField", "DecimalField") else SIGN


@pytest.mark.parametrize(("row", "name"), list(writes()))
def test_more_fields_change_nothing(walker, row, name):
    stage = walker.stage
    place = ADDRESSES[row.path].at(values_of(stage, ADDRESSES[row.path], row.about, row.sample))
    sound = body_for(stage, row.path, row.method, row.sample)
    sound = {field: value for field, value in sound.items() if field in writable(row)}
    extra = {f: v for f, v in every_field().items() if f not in writable(row)}
    plain = walker.ask(name, row.method, place, body=sound)
    found = []
    more = walker.ask(
        name, row.method, place, body=extra | sound, look=lambda: found.extend(signed_rows())
    )
    assert not found, (row.path, found)
    if own_fields(place) is not None:
        assert more.status == 422 and "no such field" in steady(more), row.path
        return
    assert (more.status, steady(more)) == (plain.status, steady(plain))


def steady(answer) -> str:
    """The body without what differs from one request to the next."""
    text = answer.plain({})[2]
    return MOMENT.sub("…", PREFIX.sub("…", text))


def signed_rows() -> list[str]:
    """Tables in which one of our signs stands now."""
    tables = re.findall(r'FROM "(\w+)" t', counting())
    sign = f"({SIGN}|{SIGNED_ID}|1999-09-09|{NUMBER})"
    query = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\" t WHERE t::text ~ %s)"  # noqa: S608
        for table in tables
    )
    with tenancy.as_system(), connection.cursor() as cursor:
        cursor.execute(query, [sign] * len(tables))
        return [table for (table,) in cursor.fetchall()]
