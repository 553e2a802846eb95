"""A publisher's Markdown as HTML that can do no harm: no script, no style, no foreign address."""

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

LONGEST = 100_000
TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("strong", "em", "s", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "th": {"scope"}}
REACHED = {"pre": {"tabindex": "0"}}  # a long line is scrolled to by the keyboard too
_markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(
    ["table", "strikethrough"]
)


def _alternative(renderer, tokens, at, options, env) -> str:
    """A picture is shown as its words: cards lead to no foreign pictures."""
    return escape(tokens[at].content)


_markdown.add_render_rule("image", _alternative)


def _lower_headings(tokens, below: int) -> None:
    """The page has headings of its own down to `below`: those of the text start after them."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(4, max(below + 1, int(token.tag[1]) + below - 1))}"


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Links lead to the web, to mail or within the page; nowhere else."""
    if tag == "a" and name == "href":
        known = value.lower().startswith(("https://", "http://", "mailto:", "#", "/"))
        return value if known and not value.startswith("//") else None
    return value


def render(text: str, *, below: int = 2) -> SafeString:
    """`text` (Markdown, at most 100,000 characters are read) as safe HTML.

    Its headings start under the page's own, which go down to level `below`.
    """
    env: dict = {}
    tokens = _markdown.parse(text[:LONGEST].replace("\0", ""), env)
    _lower_headings(tokens, below)
    html = _markdown.renderer.render(tokens, _markdown.options, env)
    return mark_safe(
        nh3.clean(
            html,
            tags=TAGS,
            attributes=ATTRIBUTES,
            attribute_filter=_attribute,
            set_tag_attribute_values=REACHED,
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer nofollow",
        )
    )
