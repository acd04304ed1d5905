"""The figures of the dashboard, each with a caption and a label in words. Hatching and text say what colour says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.dashboard.cohort import Spread, Stage, bins
from grader.dashboard.parts import one_digit, percent, two_digits
from grader.dashboard.statistics import QuestionNumbers, signed
from grader.dashboard.svg import ACCENT, BAD, DIM, INK, LINE, SOFT, WARN, drawing, inline
from grader.languages.formats import figure
from grader.languages.translating import ENGLISH, spoken, tr
from grader.pages.markup import Html, el

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Locator

ROW_IN = 0.27  # height of a row of bars
LETTER_IN = 0.085  # width of a letter, generously
FEW = 60  # values; fewer get wider bars
HATCHES = ("", "////", "----", "xxxx", "\\\\\\\\", "++++")
FILLS = (ACCENT, SOFT, BAD, WARN, LINE, SOFT)


@dataclass(frozen=True)
class Row:
    """One bar made of parts, in the order of the figure's legend."""

    name: str
    parts: tuple[int, ...]


def histogram(name: str, values: Sequence[float], top: float, unit: str, boundaries: Sequence[float] = ()) -> Html:
    """How many values lie where, from 0 to `top`, with the median and the boundaries."""
    number = 20 if len(values) >= FEW else 10
    counts, width = bins(values, top, number), top / number
    middle = (
        sorted(values)[len(values) // 2] if len(values) % 2 else sum(sorted(values)[len(values) // 2 - 1 :][:2]) / 2
    )
    median = two_digits(middle)
    with drawing(name, 1.5, (0.5, 0.15, 0.25, 0.45)) as (drawn, axes):
        axes.bar([width * (place + 0.5) for place in range(number)], counts, width * 0.88, color=ACCENT)
        for boundary in boundaries:
            axes.axvline(boundary, color=DIM, linewidth=0.7, linestyle=(0, (1, 2)))
        axes.axvline(middle, color=INK, linewidth=1.3, linestyle=(0, (5, 2)))
        side = "right" if middle > top * 0.7 else "left"
        gap = top * (-0.01 if side == "right" else 0.01)
        told = tr("median {median}", median=median)
        axes.text(middle + gap, 1.02, told, ha=side, va="bottom", transform=axes.get_xaxis_transform())
        _whole_steps(axes, max(counts))
        axes.set_xlim(0, top)
        axes.set_xlabel(unit)
        axes.set_ylabel(tr("students"))
        _marked_as_spoken(axes)
        svg = inline(drawn, _histogram_words(counts, width, middle, unit))
    known = {"n": len(values), "unit": unit, "width": figure(f"{width:g}")}
    if not boundaries:
        return _figure(svg, tr("{n} students by {unit}, in steps of {width}. The dashed line is the median.", **known))
    caption = tr(
        "{n} students by {unit}, in steps of {width}. The dashed line is the median; the dotted lines are boundaries.",
        **known,
    )
    return _figure(svg, caption)


def _marked_as_spoken(axes: Axes) -> None:
    """Steps of the axis below with the decimal mark of the language; in English as matplotlib writes them."""
    if spoken().code != ENGLISH:
        axes.xaxis.set_major_formatter(lambda value, _: figure(f"{value:g}"))


def _histogram_words(counts: Sequence[int], width: float, middle: float, unit: str) -> str:
    borders = [figure(f"{place * width:g}") for place in range(len(counts) + 1)]
    steps = [
        tr("{low} to {high}: {n}", low=borders[place], high=borders[place + 1], n=count)
        for place, count in enumerate(counts)
        if count
    ]
    return tr(
        "Histogram of {n} students by {unit}. Median {median}. {steps}.",
        n=sum(counts),
        unit=unit,
        median=figure(f"{middle:g}"),
        steps="; ".join(steps),
    )


def _whole_steps(axes: Axes, most: int) -> None:
    """Room for what is counted, in whole numbers."""
    axes.yaxis.set_major_locator(_whole_numbers(4))
    axes.set_ylim(0, max(most, 1) * 1.05)


def funnel(name: str, stages: Sequence[Stage]) -> Html:
    """From the roster to what is published, a bar a stage."""
    most = max(stage.students for stage in stages) or 1
    margins = (_room_for([stage.name for stage in stages]), 0.1, 0.05, 0.05)
    with drawing(name, ROW_IN * len(stages), margins) as (drawn, axes):
        for place, stage in enumerate(stages):
            axes.barh(place, most, 0.72, color=SOFT)
            axes.barh(place, stage.students, 0.72, color=ACCENT)
            axes.text(most * 1.02, place, f"{stage.students}", va="center")
        axes.set_yticks(range(len(stages)), [stage.name for stage in stages])
        axes.set_xlim(0, most * 1.12)
        _rows_only(axes, len(stages))
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        words = ", ".join(f"{stage.name} {stage.students}" for stage in stages)
        svg = inline(drawn, tr("Bars: {bars}.", bars=words))
    return _figure(svg, tr("Students of the roster, from stage to stage."))


def _room_for(names: Sequence[str]) -> float:
    """Inches to the left of the axes for the longest of the names."""
    return 0.15 + LETTER_IN * max(map(len, names), default=0)


def _rows_only(axes: Axes, number: int) -> None:
    axes.set_ylim(number - 0.45, -0.55)  # the first row on top
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)


def parts(name: str, legend: Sequence[str], rows: Sequence[Row], caption: str) -> Html:
    """Stacked bars that all are as long as their sum; a part is told by its hatching as well as by its colour."""
    margins = (_room_for([row.name for row in rows]), 0.15, 0.5, 0.3)
    with drawing(name, ROW_IN * len(rows), margins) as (drawn, axes):
        for place, what in enumerate(legend):
            lefts = [sum(row.parts[:place]) for row in rows]
            widths = [row.parts[place] for row in rows]
            bars = axes.barh(range(len(rows)), widths, 0.72, left=lefts, color=FILLS[place], label=what)
            for bar in bars:
                bar.set(hatch=HATCHES[place], edgecolor=DIM if place else ACCENT, linewidth=0.5)
        axes.set_yticks(range(len(rows)), [row.name for row in rows])
        _rows_only(axes, len(rows))
        axes.set_xlim(0, max(sum(row.parts) for row in rows) or 1)
        axes.xaxis.set_major_locator(_whole_numbers(6))
        drawn.legend(loc="upper left", ncols=3, handlelength=1.4, columnspacing=1.2, borderpad=0.2)
        words = "; ".join(f"{row.name}: {_named(legend, row.parts)}" for row in rows)
        svg = inline(drawn, tr("Bars. {bars}.", bars=words))
    return _figure(svg, caption)


def _whole_numbers(most: int) -> Locator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(most, integer=True)


def _named(legend: Sequence[str], counts: Sequence[int]) -> str:
    return ", ".join(f"{what} {count}" for what, count in zip(legend, counts, strict=True) if count) or tr("none")


def spreads(name: str, rows: Sequence[tuple[str, Spread]], caption: str) -> Html:
    """Where percentages lie: a line from least to greatest, a box for the middle half, a mark for the median."""
    margins = (_room_for([what for what, _ in rows]), 0.05, 0.05, 0.3)
    top = max(100.0, *(float(found.most) for _, found in rows))  # extra credit lies above 100
    with drawing(name, ROW_IN * len(rows), margins) as (drawn, axes):
        for place, (_, found) in enumerate(rows):
            axes.plot([found.least, found.most], [place, place], color=DIM, linewidth=1)
            box = [found.upper - found.lower]
            axes.barh([place], box, 0.6, left=[found.lower], color=SOFT, edgecolor=DIM, linewidth=0.8, zorder=2)
            axes.plot([found.middle] * 2, [place - 0.32, place + 0.32], color=ACCENT, linewidth=3, zorder=3)
            axes.text(top * 1.03, place, one_digit(found.middle), va="center")
        axes.set_yticks(range(len(rows)), [what for what, _ in rows])
        _rows_only(axes, len(rows))
        axes.set_xlim(0, top * 1.13)
        axes.set_xticks(range(0, 101, 20))
        axes.spines["bottom"].set_bounds(0, top)
        words = "; ".join(_middle_half(what, found) for what, found in rows)
        svg = inline(drawn, tr("The middle half of the percentages: {items}.", items=words))
    return _figure(svg, caption)


def _middle_half(what: str, found: Spread) -> str:
    low, high, median = (one_digit(value) for value in (found.lower, found.upper, found.middle))
    return tr("{item} {low} to {high}, median {median}", item=what, low=low, high=high, median=median)


# ---------------------------------------------------------------------------------------------------- the map


def difficulty_map(name: str, questions: Sequence[QuestionNumbers]) -> Html | None:
    """Every question by how hard it is and how well it discriminates; None where nothing can be told."""
    known = [(each, each.mean, each.discrimination) for each in questions]
    dots = [(each.question.id, x, y) for each, x, y in known if x is not None and y is not None]
    if not dots:
        return None
    low = min(-0.1, *(y for _, _, y in dots))
    places = _places(dots)
    left_out = ", ".join(text for (text, _, _), place in zip(dots, places, strict=True) if place is None)
    with drawing(name, 2.0, (0.5, 0.2, 0.1, 0.5)) as (drawn, axes):
        axes.axhspan(low - 0.1, 0, color=SOFT, linewidth=0)
        axes.axhline(0, color=DIM, linewidth=0.8)
        for (text, x, y), place in zip(dots, places, strict=True):
            axes.plot(x, y, "o", color=ACCENT, markersize=5)
            if place is None:
                continue
            right, up = place
            side = "left" if right > 0 else "right" if right < 0 else "center"
            axes.annotate(text, (x, y), (right, up), textcoords="offset points", ha=side, va="center", color=INK)
        axes.set_xlim(0, 1)
        axes.set_ylim(low - 0.05, 1.02)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], [f"0 %\n{tr('hard')}", "25 %", "50 %", "75 %", f"100 %\n{tr('easy')}"])
        axes.set_ylabel(tr("item-rest correlation"))
        axes.set_xlabel(tr("mean share of the points"), labelpad=-7)
        words = "; ".join(
            tr("{question} mean {mean}, r {r}", question=text, mean=percent(x), r=signed(y)) for text, x, y in dots
        )
        svg = inline(drawn, tr("Dots: {dots}.", dots=words))
    caption = tr(
        "A question in the shaded part, below 0, is answered worse by those who do well elsewhere: look at it. "
        "Near 0 it does not tell the better from the weaker; far right or left it hardly can."
    )
    more = f" {tr('Without room for a name: {questions}.', questions=left_out)}" if left_out else ""
    return _figure(svg, f"{caption}{more}")


def _places(dots: Sequence[tuple[str, float, float]]) -> list[tuple[int, int] | None]:
    """Where each dot's name goes, so that names cover neither names nor dots; None where there is no such place."""
    wide, high = 290.0, 130.0 / 1.15  # units of the plot for one unit of either axis, about
    taken = [(x * wide - 4, y * high - 4, x * wide + 4, y * high + 4) for _, x, y in dots]
    chosen: list[tuple[int, int] | None] = []
    for text, x, y in dots:
        choices = []
        for right, up in ((6, 0), (-6, 0), (0, 9), (0, -9), (6, 9), (-6, 9), (6, -9), (-6, -9)):
            length = 6.0 * len(text)
            left = x * wide + right - (length if right < 0 else length / 2 if not right else 0)
            box = (left, y * high + up - 5, left + length, y * high + up + 5)
            outside = box[2] > wide + 14 or box[0] < 0
            choices.append((sum(_overlap(box, other) for other in taken) + outside, (right, up), box))
        best = min(choices, key=lambda choice: choice[0])
        taken += [best[2]] if not best[0] else []
        chosen.append(None if best[0] else best[1])
    return chosen


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _figure(svg: Html, caption: str) -> Html:
    return el("figure", svg, el("figcaption", caption))
