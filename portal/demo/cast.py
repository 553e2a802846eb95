"""The people and tenants of the demonstration, named for what they do."""

from dataclasses import dataclass

from tenants.directory.roles import PlatformRole, TenantRole


@dataclass(frozen=True)
class Team:
    """A tenant: a division where `parent` is empty."""

    slug: str
    name: str
    cost_centre: str
    parent: str = ""


@dataclass(frozen=True)
class Person:
    """An account with one role, in a tenant or on the platform."""

    username: str
    tenant: str
    role: TenantRole | None = None
    platform: PlatformRole | None = None

    @property
    def roles(self) -> list[str]:
        return [str(role) for role in (self.role, self.platform) if role]


TEAMS = [
    Team("group", "Group", "1000"),
    Team("vision", "Vision", "4100", parent="group"),
    Team("claims", "Claims", "4410", parent="group"),
    Team("retail", "Retail", "4720", parent="group"),
    Team("platform", "AI platform", "9000"),
]
PEOPLE = [
    Person("owner", "vision", TenantRole.OWNER),
    Person("second_owner", "vision", TenantRole.OWNER),
    Person("publisher", "vision", TenantRole.PUBLISHER),
    Person("consumer", "claims", TenantRole.CONSUMER),
    Person("stranger", "retail", TenantRole.CONSUMER),
    Person("governor", "platform", platform=PlatformRole.GOVERNANCE),
    Person("finance", "platform", platform=PlatformRole.FINANCE),
    Person("operator", "platform", platform=PlatformRole.OPERATOR),
    Person("auditor", "platform", platform=PlatformRole.AUDITOR),
]
