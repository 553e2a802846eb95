"""A card is somebody else's text: it may say anything and do nothing."""

from html.parser import HTMLParser

import pytest

from marketplace.catalog.card import render

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![logo](https://evil.example/pixel.png)",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](&#106;avascript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](//evil.example)",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>body{display:none}</style>",
    "<div style='position:fixed' onclick='x()'>y</div>",
    "<iframe src='https://evil.example'></iframe>",
    "<svg/onload=alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[a](https://x.example "onmouseover=alert(1)")',
    "`<script>`",
]


class Tags(HTMLParser):
    """Every element of a page with its attributes, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_cards_are_inert(text):
    for tag, attributes in Tags(render(text)).found:
        assert tag in {"p", "a", "code"}
        assert set(attributes) <= {"href", "rel", "title"}
        assert attributes.get("href", "https://").startswith("https://")
        assert "onmouseover" not in attributes


def test_good_markdown_is_kept():
    html = render(
        "# Title\n\n- one\n- **two**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[x](https://x.example)"
    )
    for kept in ("<h3>Title</h3>", "<li>one</li>", "<strong>two</strong>", "<td>1</td>"):
        assert kept in html
    assert 'href="https://x.example"' in html and "noopener" in html


def test_deep_and_long_cards_end():
    assert len(render("> " * 5000 + "x")) < 500_000
    assert render("*" * 20_000) is not None
    assert len(render("word " * 100_000)) < 150_000


def test_a_picture_is_its_words_and_leads_nowhere():
    told = render("![A <b>plan</b>](https://example.org/p.png) and ![](x.png)[here](#a)")
    assert told.startswith("<p>A &lt;b&gt;plan&lt;/b&gt; and <a")
    assert "!" not in told and "example.org" not in told


def test_code_can_be_scrolled_by_the_keyboard():
    assert '<pre tabindex="0"><code>' in render("```\na very long line\n```")
