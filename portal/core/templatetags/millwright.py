"""The tags of our pages: figures in words, marks, fields, links that keep what was chosen."""

from datetime import datetime
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.text import slugify

from portal.core import charts, shell
from portal.core.actor import scene
from portal.core.templatetags import _fields, _words

register = template.Library()

register.filter("number", _words.number)
register.filter("percent", _words.percent)
register.filter("span", _words.span)
register.filter("roughly", _words.roughly)
register.filter("exact", _words.exact)
register.simple_tag(_words.money, name="money")
register.simple_tag(_words.number, name="number")
register.simple_tag(charts.strip, name="strip")
register.simple_tag(charts.sparkline, name="sparkline")

DECORATION = 'aria-hidden="true"'
TONE_ICONS = {"ok": "ok", "warn": "clock", "bad": "bad", "info": "half", "idle": "idle"}
CLASS_NAMES = ("Public", "Internal", "Confidential", "Restricted")
LATE = 0.75


@register.filter
def day(moment):
    """A date; that of an instant is the reader's, with the exact time on hover."""
    if not isinstance(moment, datetime):
        return _words.day(moment) if moment else ""
    return _instant(moment, _words.day(moment))


@register.filter
def local(moment):
    """An instant to the minute in the reader's zone, which is named."""
    return _instant(moment, _words.local(moment)) if moment else ""


def _instant(moment: datetime, words: str):
    shape = '<time datetime="{}" title="{}">{}</time>'
    return format_html(shape, moment.isoformat(), _words.exact(moment), words)


@register.filter
def initials(name: str) -> str:
    """Two letters for an avatar."""
    return str(name)[:2].capitalize()


@register.filter
def tally(count: int | None) -> str:
    """What waits, in a mark beside a link: 1000 -> "999+"."""
    most = shell.MOST_TOLD
    return f"{most}+" if count and count > most else _words.number(count or 0)


@register.filter
def compact(value) -> str:
    """1700000 -> "1.70M"."""
    return _words.number(value, compact=True)


@register.simple_tag
def icon(name: str, size: str = "", label: str = "", css: str = ""):
    """A symbol of icons.svg: decoration, unless `label` says what it means. `size` is 12 or 20."""
    if not label:
        return _symbol(name, size, css, DECORATION)
    return _symbol(name, size, css, format_html('role="img" aria-label="{}"', label))


@lru_cache(maxsize=1024, typed=True)  # a page has dozens, and they are the same on all
def _symbol(name: str, size: str, css: str, spoken: str) -> str:
    classes = " ".join(filter(None, ["icon", size and f"icon--{size}", css]))
    shape = '<svg class="{}" {}><use href="{}#{}"/></svg>'
    return format_html(shape, classes, mark_safe(spoken), static("icons.svg"), name)


@register.simple_tag
def figure(name: str, css: str, box: str):
    """A drawing of icons.svg in its own box, such as the millstone of the sign-in page."""
    shape = '<svg class="{}" viewBox="{}" aria-hidden="true"><use href="{}#{}"/></svg>'
    return format_html(shape, css, box, static("icons.svg"), name)


@register.simple_tag
def pill(label, tone: str = "idle", symbol: str = "", size: str = "", bare: bool = False):
    """A state: symbol, word and colour."""
    return _pill(label, tone, symbol, size, bare)


@lru_cache(maxsize=1024, typed=True)
def _pill(label, tone: str, symbol: str, size: str, bare: bool):
    shape = "pill" + (f" pill--{tone}" if tone != "idle" else "")
    shape += (f" pill--{size}" if size else "") + (" pill--bare" if bare else "")
    mark = icon(symbol or TONE_ICONS.get(tone, "idle"))
    return format_html('<span class="{}">{}{}</span>', shape, mark, label)


@register.simple_tag
def status(subject, size: str = "", bare: bool = False):
    """The state of a row, in the words of its field and the look of its lifecycle."""
    tone, symbol = subject.lifecycle.looks[subject.status]
    return pill(subject.get_status_display(), tone, symbol, size, bare)


@register.simple_tag
def data_class(level: int, label: str = ""):
    """Four rising bars, filled up to `level` (1 to 4), and the word."""
    context = {"level": level, "label": label or CLASS_NAMES[level - 1]}
    bars = ((0, "8", "4"), (4, "5.3", "6.7"), (8, "2.7", "9.3"), (12, "0", "12"))
    context["bars"] = [(*bar, index < level) for index, bar in enumerate(bars)]
    return render_to_string("components/data_class.html", context)


@register.simple_tag
def when(moment, empty: str = _words.UNKNOWN):
    """How long ago or until, kept fresh by the page, with the exact time on hover."""
    if not moment:
        return empty
    return format_html(
        '<time datetime="{}" title="{}" data-when>{}</time>',
        moment.isoformat(),
        _words.exact(moment),
        _words.relative(moment),
    )


@register.simple_tag
def age(due, since, now=None):
    """Time left until `due` over a slim meter that fills from `since`; late says how much over."""
    now = now or _words.timezone.now()
    whole, used = (due - since).total_seconds(), (now - since).total_seconds()
    left = whole - used
    share = used / whole if whole > 0 else 1.0
    tone = "bad" if left < 0 else "warn" if share >= LATE else ""
    words = f"{_words.span(abs(left) or 1)} {'left' if left >= 0 else 'over'}"
    told = f"{_words.span(max(used, 1))} of {_words.span(max(whole, 1))} used"
    kind = {"bad": "over", "warn": "warn", "": "used"}[tone]
    bar = charts.meter([(kind, min(1.0, max(0.0, share)))], 1, told, size="slim")
    return render_to_string("components/age.html", {"tone": tone, "words": words, "meter": bar})


@register.simple_tag
def meter(whole, label, used=0, held=0, more=0, limit=None, size="", kind="used"):
    """A measuring stick: `used` (drawn as `kind`), then `held`, then `more`, of `whole`."""
    parts = [(kind, float(used)), ("held", float(held)), ("more", float(more))]
    told = [(name, amount) for name, amount in parts if amount > 0]
    return charts.meter(told, float(whole), label, limit=limit and float(limit), size=size)


@register.simple_tag
def copyable(value, label: str = "Copy"):
    """An id in fixed width with a button that copies it."""
    return render_to_string("components/copyable.html", {"value": value, "label": label})


@register.simple_tag
def field(bound, unit: str = "", hint: str = "", **attrs):
    """A whole form field: label, control, help, error. Further arguments become attributes."""
    return render_to_string(
        "components/field.html", _fields.frame(bound, unit=unit, hint=hint, **attrs)
    )


@register.simple_tag
def control(bound, **attrs):
    """Only the control of a form field, for layouts of its own."""
    return _fields.control(bound, **attrs)


@register.simple_tag
def form_errors(*forms):
    """What is to be put right, above the form, each line leading to its field."""
    found = [problem for form in forms if form for problem in _fields.problems(form)]
    return render_to_string("components/form_errors.html", {"problems": found}) if found else ""


@register.simple_tag
def installation() -> dict:
    """Region and version, also where there is no request."""
    return shell.installation()


@register.simple_tag
def request_number() -> str:
    """The number under which this request is found in the logs; empty outside of one."""
    return scene().request_id


@register.simple_tag
def crumb(label, to: str = "", *args):
    """One step above the page: `to` is the name of an address or a path."""
    if not to:
        return format_html("<li>{}</li>", label)
    href = to if to.startswith("/") else reverse(to, args=args)
    return format_html('<li><a href="{}">{}</a></li>', href, label)


@register.simple_tag(takes_context=True)
def tab(context, label, href: str, tally=None, current: bool | None = None, symbol: str = ""):
    """A tab: a link to an address. It is current when the page is at that address."""
    request = context.get("request")
    if current is None:
        current = bool(request) and request.path == href.split("?")[0]
    return format_html(
        '<a class="tab" href="{}"{}>{}{}{}</a>',
        href,
        mark_safe(' aria-current="page"' if current else ""),
        icon(symbol) if symbol else "",
        label,
        ""
        if tally is None
        else format_html(' <span class="tally">{}</span>', _words.number(tally)),
    )


@register.simple_tag(takes_context=True)
def sort_head(
    context, key: str, label: str, css: str = "", first: str = "asc", param: str = "sort"
):
    """A table head that sorts by `key`, keeping every filter; `first` is the first direction."""
    chosen = context["request"].GET.get(param, "")
    turned = {key: "ascending", f"-{key}": "descending"}.get(chosen, "")
    start = f"-{key}" if first == "desc" else key
    after = {key: f"-{key}", f"-{key}": key}.get(chosen, start)
    mark = {"ascending": "up", "descending": "down"}.get(turned, "sort")
    href = _query(context, page=None, **{param: after})
    facts = {"label": label, "css": css, "sorted": turned, "href": href, "symbol": mark}
    return render_to_string("components/sort_head.html", facts)


@register.simple_tag(takes_context=True)
def filter_chip(context, param: str, value, label: str, words: str = ""):
    """A filter in use, with a link that takes only this value away."""
    query = context["request"].GET.copy()
    rest = [other for other in query.getlist(param) if other != str(value)]
    query.setlist(param, rest)
    query.pop("page", None)
    facts = {"label": label, "words": words or value, "href": f"?{query.urlencode()}"}
    return render_to_string("components/chip.html", facts)


@register.simple_tag(takes_context=True)
def pager(context, page, noun: str = "results"):
    """Which rows are shown, and the way to the others; other choices of the address stay."""
    facts = {"page": page, "noun": noun, "start": page.start_index(), "end": page.end_index()}
    facts["total"] = page.paginator.count
    if page.has_previous():
        facts["previous"] = _query(context, page=page.previous_page_number())
    if page.has_next():
        facts["next"] = _query(context, page=page.next_page_number())
    return render_to_string("components/pager.html", facts)


def _query(context, **changes) -> str:
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    return f"?{query.urlencode()}"


@register.simple_block_tag
def capture(content):
    """Render once, use twice: `{% capture as name %}…{% endcapture %}`."""
    return mark_safe(content.strip())


@register.simple_block_tag
def callout(content, title: str = "", tone: str = "", symbol: str = ""):
    """Something that changes what the reader should do. The content is the cause."""
    marks = {"": "info", "ok": "ok", "warn": "warn", "bad": "bad", "idle": "idle"}
    facts = {"title": title, "tone": tone, "symbol": symbol or marks[tone], "content": content}
    return render_to_string("components/callout.html", facts)


@register.simple_block_tag
def nothing(content, title: str):
    """An empty state: what would be here; the content says how to get it."""
    return render_to_string("components/empty.html", {"title": title, "content": content})


@register.simple_block_tag
def table(content, label: str, css: str = "", framed: bool = True):
    """The frame around `<thead>` and `<tbody>`: scrolls inside itself, and says what it holds."""
    facts = {"label": label, "css": css, "framed": framed, "content": content}
    return render_to_string("components/table.html", facts)


@register.simple_block_tag
def code(content, label: str, title: str = ""):
    """An example with a copy button. `title` stands above it, `label` is read aloud."""
    facts = {"label": label, "title": title or label, "content": mark_safe(content.strip())}
    return render_to_string("components/code.html", facts)


@register.simple_block_tag
def dialog(content, name: str, title: str):
    """A dialog with a head and a close button, opened by `data-dialog-open="#name"`."""
    return render_to_string(
        "components/dialog.html", {"name": name, "title": title, "content": content}
    )


@register.simple_tag
def code_tabs(examples, label: str = "Examples"):
    """Examples side by side: `examples` are (title, text)."""
    rows = [(title, text, f"{slugify(label)}-{slugify(title)}") for title, text in examples]
    return render_to_string("components/code_tabs.html", {"examples": rows, "label": label})
