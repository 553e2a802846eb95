"""What a list may be asked: names that it knows, pages that exist, orders that it has."""

from collections.abc import Iterable

from django_filters.rest_framework import BooleanFilter, DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter

FLAGS = ("", "true", "false", "1", "0")
BY_PAGE = ("page_query_param", "page_size_query_param", "cursor_query_param")


class BadQuestion(ValidationError):
    """A parameter of the address is unknown, or has a value that it cannot have: a 400."""

    def __init__(self, name: str, why: str):
        super().__init__({name: [why]})
        self.why = why


class Ordering(OrderingFilter):
    """`?ordering=`: an order that the list does not have is refused, not forgotten."""

    def remove_invalid_fields(self, queryset, fields, view, request):
        known = [name for name, _ in self.get_valid_fields(queryset, view, {"request": request})]
        for field in fields:
            if field.removeprefix("-") not in known:
                told = ", ".join(known)
                why = f"Order by some of {told}; a minus before a name turns it around."
                raise BadQuestion("ordering", why if known else "This list has one order only.")
        return fields


def check(view) -> None:
    """Refuse a list that is asked with a parameter it does not know, or for neither yes nor no."""
    check_names(view.request, sorted(known_to(view)))
    for backend in view.filter_backends:
        if issubclass(backend, DjangoFilterBackend):
            shape = backend().get_filterset_class(view, view.queryset)
            _check_flags(view.request, shape.base_filters if shape else {})


def _check_flags(request, asked: dict) -> None:
    """A flag is true or false; another word would be forgotten by its filter."""
    for name, kind in asked.items():
        value = request.query_params.get(name, "")
        if isinstance(kind, BooleanFilter) and value.lower() not in FLAGS:
            raise BadQuestion(name, f"{name} is true or false.")


def check_names(request, known: Iterable[str]) -> None:
    """Raises `BadQuestion` for the first parameter of the address that is none of `known`."""
    for name in request.query_params:
        if name not in known:
            shown = name[:60].replace("\0", "")
            raise BadQuestion(shown, f"There is no parameter {shown} here. {_told(known)}")


def whole(text: str, name: str, least: int = 1, most: int | None = None) -> int:
    """A whole number of the address from `least`; what is beyond `most` counts as `most`."""
    if not text.isascii() or not text.isdigit() or int(text[:9]) < least:
        upto = f" to {most}" if most else " on"
        raise BadQuestion(name, f"{name} is a whole number from {least}{upto}.")
    number = int(text[:9])
    return min(number, most) if most else number


def known_to(view) -> set[str]:
    """The parameters that the list of a view knows: of its filters, order and pages, and its own.

    A view names its own by action: `also_asked = {"list": ("kind",)}`.
    """
    names = set(getattr(view, "also_asked", {}).get(view.action, ()))
    for backend in view.filter_backends:
        names |= _of_backend(backend, view)
    paginator = view.paginator
    names |= {getattr(paginator, place, None) for place in BY_PAGE}
    return names - {None}


def _of_backend(backend: type, view) -> set[str]:
    if issubclass(backend, OrderingFilter):
        return {backend.ordering_param}
    if issubclass(backend, SearchFilter):
        return {backend.search_param}
    if issubclass(backend, DjangoFilterBackend):
        shape = backend().get_filterset_class(view, view.queryset)
        return set(shape.base_filters) if shape else set()
    return set(getattr(backend, "names", ()))


def _told(known: Iterable[str]) -> str:
    names = ", ".join(known)
    return f"Choose among {names}." if names else "It takes none."
