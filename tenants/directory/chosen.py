"""Which of their tenants somebody works for now: kept in the session, checked at each request."""

from uuid import UUID

from django.utils.functional import SimpleLazyObject

from tenants.directory.models import Tenant

KEY = "tenant"


class TenantMiddleware:
    """Set `request.tenant`: whom this person works for; false when it is all of their tenants."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.tenant = SimpleLazyObject(lambda: tenant_of(request))
        return self.get_response(request)


def tenants_of(user) -> list[Tenant]:
    """The tenants that `user` may work for, by name."""
    return user.own_tenants


def tenant_of(request) -> Tenant | None:
    """The tenant that was chosen, as long as they stand in it; else the only one there is.

    Platform roles work for everybody until they choose.
    """
    user = request.user
    if not user.is_authenticated:
        return None
    chosen = UUID(request.session[KEY]) if KEY in request.session else None
    if chosen not in user.standing:
        alone = len(user.standing) == 1 and not user.platform_roles
        chosen = next(iter(user.standing)) if alone else None
    return next((tenant for tenant in user.own_tenants if tenant.pk == chosen), None)


def choose(request, tenant: Tenant | None) -> None:
    """Work for `tenant` from now on, or for all; the caller has checked that they stand in it."""
    if tenant:
        request.session[KEY] = str(tenant.pk)
    else:
        request.session.pop(KEY, None)


def slug_wanted(request) -> str:
    """The tenant to show: as the address says, else the one that somebody with several works for.

    Empty for all. `?tenant=` in the address is the way to see all again.
    """
    if "tenant" in request.GET:
        return request.GET["tenant"]
    several = request.tenant and len(request.user.standing) > 1
    return request.tenant.slug if several else ""
