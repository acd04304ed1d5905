"""HTML from values: text is escaped unless it is markup already. A page loads nothing and runs its own script."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

from grader.languages.translating import spoken, tr
from grader.marks.marksheet import clean
from grader.pages.style import STYLE, words

VOID = ("meta", "br", "rect", "input", "link", "img")  # without content; SVG needs the slash that HTML ignores


class Html(str):
    """Text that is markup already. Everything else is escaped where it enters a page."""


def el(tag: str, *children: object, **attributes: object) -> Html:
    """An element. Children that are not Html are escaped, None is left out; class_ and aria_label lose their marks."""
    given = attributes.items()
    named = "".join(_attribute(name, str(value)) for name, value in given if value not in (None, "", False))
    return Html(f"<{tag}{named}/>" if tag in VOID else f"<{tag}{named}>{joined(children)}</{tag}>")


@lru_cache(maxsize=4096)  # a page says class="n" thousands of times
def _attribute(name: str, value: str) -> str:
    return f' {name.rstrip("_").replace("_", "-")}="{html.escape(clean(value))}"'


def joined(children: Iterable[object], between: str = "") -> Html:
    """Children one after the other, escaped where they are not Html."""
    return Html(between.join(_escaped(child) for child in children if child is not None))


def within(sentence: str, **children: object) -> Html:
    """A sentence with markup at its placeholders; the sentence and what is not Html are escaped."""
    parts = re.split(r"\{(\w+)\}", sentence)
    return joined(children[part] if place % 2 else part for place, part in enumerate(parts))


def _escaped(child: object) -> str:
    if isinstance(child, Html):
        return child
    text = str(child)
    if not text.isprintable():
        text = "\n".join(map(clean, text.split("\n")))  # control characters made visible
    return html.escape(text)


def table(
    head: Iterable[Html],
    rows: Iterable[Iterable[Html]],
    caption: str = "",
    class_: str = "",
    label: str = "",
    box: str = "wide",
) -> Html:
    """A table in a box of its own that scrolls where the screen is too narrow, by keyboard too. Cells are th or td.

    label: what the box is called where there is no caption;  box: the classes of the box
    """
    body = joined((el("tr", *row) for row in rows), "\n")
    title = el("caption", caption) if caption else None
    inside = el("table", title, el("thead", *head), el("tbody", body), class_=class_)
    return el("div", inside, class_=box, role="group", aria_label=label or caption or tr("Table"), tabindex="0")


def scroller(*children: object, label: str, class_: str = "") -> Html:
    """Text with its own line breaks that scrolls sideways, by keyboard too."""
    return el("pre", *children, class_=class_, role="group", aria_label=label, tabindex="0")


def cell(text: object, class_: str = "", **attributes: object) -> Html:
    return el("td", text, class_=class_, **attributes)


def heading(text: object, class_: str = "", scope: str = "col", **attributes: object) -> Html:
    """The head of a column or a row; where it has no name, a cell like others."""
    if text == "":
        return el("td", class_=class_, **attributes)
    return el("th", text, scope=scope, class_=class_, **attributes)


def number(text: object, class_: str = "") -> Html:
    return el("td", text, class_=f"n {class_}".strip())


def badge(text: str, kind: str = "") -> Html:
    """A word in a frame; what it means is in the word, the colour only repeats it."""
    return el("span", text, class_=f"badge {kind}".strip())


@lru_cache(maxsize=4096)
def bar(share: float, label: str) -> Html:
    """A share from 0 to 1 as a bar; the figure stands beside it in the text. Without a label only the eye meets it."""
    filled = round(max(0.0, min(1.0, share)) * 100)
    part = el("rect", width=f"{filled}%", height="9") if filled else None  # the rail is the background
    named = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    return el("svg", part, class_="bar", **named)


def share_of(points: Fraction, worth: Fraction) -> float:
    """Points as a share of what there is to get; 0 where there is nothing."""
    return float(points / worth) if worth else 0.0


def style_sheet(more: str = "") -> str:
    """The style sheet of a page, or of many pages that link to one; more: what they add to it."""
    return _tight(STYLE + more + words())


def document(title: str, body: Html, more_style: str = "", script: str = "", sheet: str = "") -> str:
    """A whole page. Its policy allows its style sheet, the script if one is given, and nothing else.

    script: of ours, which must hold nothing of what a page is about
    sheet: where the style sheet lies that the page has in common with others; without one the page holds all of it
    """
    style = _tight(more_style) if sheet else style_sheet(more_style)
    styles = [*(["'self'"] if sheet else []), *([f"'{_digest(style)}'"] if style else [])]
    allowed = f"style-src {' '.join(styles)}" + (f"; script-src '{_digest(script)}'" if script else "")
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    head = [
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", title),
        el("link", rel="stylesheet", href=sheet) if sheet else None,
        Html(f"<style>{style}</style>") if style else None,
    ]
    runs = Html(f"\n<script>{script}</script>") if script else None
    page = el("html", el("head", joined(head, "\n")), "\n", el("body", body, runs), lang=spoken().code)
    return f"<!doctype html>\n{page}\n"


@lru_cache
def _tight(style: str) -> str:
    """A style sheet without the blanks that only its author needs; what is quoted stays as it is."""
    parts = re.split(r'("[^"]*")', style)
    parts[::2] = [re.sub(r" ?([{};,]) ?", r"\1", re.sub(r"\s+", " ", part)) for part in parts[::2]]
    return "".join(parts).strip()


def _digest(text: str) -> str:
    """As a policy names what it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
