"""How lists are cut into pages; apart from the views, whose bases load it by name."""

from rest_framework.pagination import PageNumberPagination

from portal.api import questions


class Pages(PageNumberPagination):
    """`{count, next, previous, results}`. A page of more than 200 rows is one of 200."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_size(self, request) -> int:
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        return questions.whole(asked, "page_size", most=self.max_page_size)

    def get_page_number(self, request, paginator):
        asked = request.query_params.get("page", "1")
        return asked if asked in self.last_page_strings else questions.whole(asked, "page")
