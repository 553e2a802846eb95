"""The storey `tenants` as a Django app."""

from django.apps import AppConfig
from django.utils.module_loading import import_string

from portal.core import shell


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        shell.register(
            verb="Run", order=40, label="People", url_name="directory:people", icon="user",
            shown=lambda user: user.is_operator or bool(user.tenants_as("owner")),
        )  # fmt: skip
        shell.register(
            verb="Run", order=50, label="Tenants", url_name="directory:tenants", icon="building"
        )
        tenants_of = import_string("tenants.directory.chosen.tenants_of")
        shell.connect(
            account_url="directory:account", switch_url="directory:switch", tenants=tenants_of
        )
        connect_money = import_string("tenants.chargeback.upward.connect")
        connect_money(keys=import_string("tenants.keys.lookup.named"))
        shell.register(
            verb="Use", order=30, label="API keys", url_name="keys:list", icon="key", short="Keys"
        )
        shell.register(
            verb="Pay", order=10, label="Usage and cost", url_name="chargeback:usage",
            icon="usage", shown=pays, short="Usage",
        )  # fmt: skip
        shell.register(
            verb="Pay", order=20, label="Statements", url_name="chargeback:statements",
            icon="statement", shown=pays,
        )  # fmt: skip
        shell.register(
            verb="Pay", order=30, label="Prices", url_name="chargeback:prices", icon="doc"
        )


def pays(user) -> bool:
    """Whether there is money that this person may look at."""
    return user.is_finance or user.is_auditor or user.is_operator or bool(user.standing)
