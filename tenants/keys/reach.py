"""Which models a key may be limited to: asked of the storey above, which connects its answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


def _none_visible(user, slugs: Iterable[str]) -> dict[str, str]:
    return {}


def _none_held(tenants: Iterable) -> dict:
    return {}


@dataclass
class Sources:
    """`visible(user, slugs)` gives the names of those of `slugs` that `user` may know of, by slug;
    `held(tenants)` the slugs of models that each tenant holds a grant for, by tenant id."""

    visible: Callable[[object, Iterable[str]], dict[str, str]] = _none_visible
    held: Callable[[Iterable], dict] = _none_held


sources = Sources()


def connect(*, visible: Callable, held: Callable) -> None:
    """Say who knows the models; called once, when the upper storey is ready."""
    sources.visible, sources.held = visible, held


def unknown_to(user, slugs: Iterable[str]) -> list[str]:
    """Those of `slugs` that are no models for this person, in the order they were given."""
    wanted = list(slugs)
    known = sources.visible(user, wanted) if wanted else set()
    return [slug for slug in wanted if slug not in known]


def names_of(user, slugs: Iterable[str]) -> dict[str, str]:
    """The names of models by slug; the slug itself where `user` may not know of the model."""
    wanted = list(dict.fromkeys(slugs))
    known = sources.visible(user, wanted) if wanted else {}
    return {slug: known.get(slug, slug) for slug in wanted}


def held_by(tenants: Iterable) -> dict:
    """The slugs of the models that each tenant holds a grant for now, by tenant id."""
    return sources.held(tenants)
