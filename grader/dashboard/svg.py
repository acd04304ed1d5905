"""Matplotlib figures as SVG inside a page: no style attributes, no ids of no use, the page's colours and font.

Matplotlib writes style="..." on every shape, which the page's policy forbids; all of it may stand as plain attributes.
Colours are drawn in stand-ins (`INK`, `ACCENT`, ...) that become the page's own: one figure serves light and dark.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from grader.dashboard.hatches import lines_for_patterns
from grader.errors import MachineryError
from grader.pages.markup import Html, el, joined

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, DIM, LINE, ACCENT, BAD, WARN, SOFT = (f"#0{place}0{place}0{place}" for place in range(1, 8))
COLOURS = {
    INK: "currentColor",
    DIM: "var(--dim)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    BAD: "var(--badsoft)",
    WARN: "var(--warnsoft)",
    SOFT: "var(--soft)",
}
WIDTH_IN = 5.0  # of a figure; at 72 units an inch, so that letters stay readable on a phone
LETTERS = 9.5
SETTINGS: Any = {  # its keys are literals to matplotlib
    "svg.fonttype": "none",  # text stays text, in the page's font
    "text.parse_math": False,
    "font.size": LETTERS,
    "axes.labelsize": LETTERS,
    "xtick.labelsize": LETTERS,
    "ytick.labelsize": LETTERS,
    "legend.fontsize": LETTERS,
    "legend.frameon": False,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": DIM,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": DIM,
    "ytick.labelcolor": DIM,
    "hatch.linewidth": 0.8,
    "path.simplify": False,
}
Margins = tuple[float, float, float, float]  # left, right, top, bottom of the axes, in inches
KEPT_IDS = re.compile(r"#([\w-]+)")
NUMBER = re.compile(r"-?\d+\.\d+")
NO_USE = ("font-family", "stroke-linejoin", "stroke-miterlimit")


@contextmanager
def drawing(name: str, height_in: float, margins: Margins) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one pair of axes, to be drawn and passed to `inline` inside the block.

    name: differs between the figures of a page; ids are made from it.  height_in: of the axes, without the margins.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise MachineryError(
            "grader report draws with matplotlib, which is not installed; pip install matplotlib"
        ) from None
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # nobody's matplotlibrc may change a report
        matplotlib.rcParams.update({**SETTINGS, "svg.hashsalt": name})
        left, right, top, bottom = margins
        height = top + height_in + bottom
        figure = Figure(figsize=(WIDTH_IN, height))
        inside = (left / WIDTH_IN, bottom / height, 1 - (left + right) / WIDTH_IN, height_in / height)
        yield figure, figure.add_axes(inside)


def inline(figure: Figure, label: str) -> Html:
    """The figure as an SVG element; `label` says in words what it shows."""
    stream = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    root = ElementTree.fromstring(stream.getvalue())
    lines_for_patterns(root)
    text = ElementTree.tostring(root, encoding="unicode")
    kept = frozenset(KEPT_IDS.findall(" ".join(re.findall(r"(?:url\(|href=\")#[\w-]+", text))))
    children = joined(_element(child, kept) for child in root)
    return el("svg", children, class_="plot", viewBox=root.get("viewBox"), role="img", aria_label=label)


def _element(element: ElementTree.Element, kept: frozenset[str]) -> Html | None:
    tag = element.tag.rpartition("}")[2]
    if tag in ("metadata", "style"):
        return None
    children = joined(_element(child, kept) for child in element)
    attributes = dict(_attributes(element, kept))
    if tag in ("g", "defs") and (not attributes and tag == "g" or not children):
        return children
    text = Html("") if element.text is None or not element.text.strip() else joined([element.text])
    return el(tag, text, children, **attributes)


def _attributes(element: ElementTree.Element, kept: frozenset[str]) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        plain = name.rpartition("}")[2]
        if plain == "style":
            yield from _styles(value)
        elif plain == "id":
            if value in kept:
                yield "id", value
        elif not (plain == "transform" and value.startswith("rotate(-0 ")):
            yield plain, _short(value)


def _styles(style: str) -> Iterator[tuple[str, str]]:
    for rule in style.split(";"):
        name, _, value = rule.partition(":")
        if name.strip() and name.strip() not in NO_USE:
            yield name.strip(), _short(COLOURS.get(value.strip(), value.strip()))


def _short(value: str) -> str:
    """Numbers with two digits, no line breaks; the stand-ins for colours wherever they are."""
    value = NUMBER.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), " ".join(value.split()))
    return COLOURS.get(value, value)
