"""Pieces that several pages use: a page's frame, tiles, tables that scroll, students in a fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from grader.dashboard.finding import script
from grader.dashboard.links import NONE_NOTED, Links
from grader.dashboard.style import STYLE
from grader.languages.formats import figure
from grader.languages.translating import tr, trn
from grader.pages.markup import Html, document, el, joined, style_sheet, table
from grader.pages.stacked import STACKED, columns, stacked

NONE = "\u2013"  # where there is no figure
FEW = 6  # students that are named at once
PRINTED = 40  # more of them than this are a number on paper, where no fold can be closed


def sheet() -> str:
    """The style sheet of all pages of a report."""
    return style_sheet(STYLE + STACKED)


def page(title: str, header: Html, sections: Iterable[Html | None], links: Links, plain: bool = False) -> str:
    """A whole page, which holds its style sheet itself where it is the only one.

    plain: without figures and without a table in which rows are found, so without a script
    """
    body = joined([header, el("main", joined(sections, "\n"))], "\n")
    style = columns(body) if links.sheet else STYLE + stacked(body)
    return document(title, body, style, "" if plain else script(), links.sheet)


def header(
    title: object, about: object, pages: Sequence[Html], sections: Sequence[Html], tiles: Iterable[Html]
) -> Html:
    """Title, what the page is, links to other pages and to the parts of this one, figures to know first."""
    row, here = list(tiles), tr("On this page")
    return el(
        "header",
        el("h1", title),
        el("p", about, class_="dim"),
        el("nav", *pages, aria_label=tr("Other pages"), class_="pages") if pages else None,
        el("nav", el("span", here, ":", class_="dim", aria_hidden="true"), *sections, aria_label=here, class_="small"),
        el("ul", *row, class_="tiles") if row else None,
    )


def to_section(name: str, text: str) -> Html:
    return el("a", text, href=f"#{name}")


def section(name: str, title: str, *children: object) -> Html:
    return el("section", el("h2", title, id=name), *children)


def tile(figure: object, what: str, of: str = "") -> Html:
    small = el("span", f" / {of}", class_="dim small") if of else None
    return el("li", el("b", figure, small), what)


def tall_table(
    head: Iterable[Html], rows: Iterable[Iterable[Html]], label: str, class_: str = "", short: bool = False
) -> Html:
    """A table in a box of its own height, its head always in sight; its rows can be found and sorted."""
    return table(head, rows, class_=class_, label=label, box=f"wide tall find{' short' if short else ''}")


def named_students(
    links: Links, students: tuple[str, ...], few: int = FEW, noted: Mapping[str, str] = NONE_NOTED
) -> Html:
    """Students by name; more than a few of them in a fold, which on paper is open unless they are many.

    noted: what stands in brackets behind some of them
    """
    names = links.to_students(students, noted)
    if len(students) <= few:
        return names
    summary = el("summary", trn("{n} student", "{n} students", len(students)))
    return el("details", summary, el("div", names, class_="many" if len(students) > PRINTED else ""), class_="fold")


def percent(share: float | None) -> str:
    return NONE if share is None else tr("{percent}%", percent=f"{share * 100:.0f}")


def two_digits(points: Fraction | float) -> str:
    """At most two digits after the point, for people."""
    return figure(f"{float(points):.2f}".rstrip("0").rstrip("."))


def one_digit(value: float) -> str:
    """One digit after the point, half up, for people."""
    return figure(f"{Decimal(f'{value:.6f}').quantize(Decimal('0.1'), ROUND_HALF_UP):f}")
