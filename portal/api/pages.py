"""How lists are cut into pages; apart from the views, whose bases load it by name."""

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    """`{count, next, previous, results}`."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
