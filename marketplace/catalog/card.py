"""A publisher's Markdown as HTML that can do no harm: no script, no style, no foreign address."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

LONGEST = 100_000
TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("strong", "em", "s", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "th": {"scope"}}
_markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(
    ["table", "strikethrough"]
)
_markdown.disable("image")


def _lower_headings(tokens) -> None:
    """The page has its own h1 and h2: a card's headings start one step below them."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(4, max(3, int(token.tag[1]) + 1))}"


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Links lead to the web, to mail or within the page; nowhere else."""
    if tag == "a" and name == "href":
        known = value.lower().startswith(("https://", "http://", "mailto:", "#", "/"))
        return value if known and not value.startswith("//") else None
    return value


def render(text: str) -> SafeString:
    """`text` (Markdown, at most 100,000 characters are read) as safe HTML."""
    env: dict = {}
    tokens = _markdown.parse(text[:LONGEST].replace("\0", ""), env)
    _lower_headings(tokens)
    html = _markdown.renderer.render(tokens, _markdown.options, env)
    return mark_safe(
        nh3.clean(
            html,
            tags=TAGS,
            attributes=ATTRIBUTES,
            attribute_filter=_attribute,
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer nofollow",
        )
    )
