"""A team that holds the model, and its first report."""

import pytest

from marketplace.feedback import services as feedback
from portal.core.permissions import allow
from tenants.directory.roles import TenantRole


def hold(tenant, model) -> None:
    """Let the people of `tenant` call `model`, as a grant does."""
    for role in TenantRole:
        allow(tenant.group(role), "use_aimodel", model)


@pytest.fixture
def held(model, claims, consumer, vision):
    """The model, which claims and its own team may call."""
    hold(claims, model)
    hold(vision, model)
    return model


@pytest.fixture
def report(held, consumer):
    """What the consumer reported for everybody to read, with an example."""
    return feedback.report(
        held, by=consumer, title="Reads 7 as 1", text="When the bar is missing.", version=1,
        example='{"pixel": [1, 7]}', public=True,
    )  # fmt: skip
