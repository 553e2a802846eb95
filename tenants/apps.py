"""The storey `tenants` as a Django app."""

from django.apps import AppConfig

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
        shell.connect(account_url="directory:account")
        shell.register(
            verb="Use", order=30, label="API keys", url_name="keys:list", icon="key", short="Keys"
        )
