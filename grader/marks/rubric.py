"""The rule of a rubric: what its items come to, and what the student is told of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from grader.course.scheme import plain

RULE = "The points of the items that apply are added up, from {begin}; no less than 0, no more than {worth}."


def rule(worth: Fraction, from_full: bool) -> str:
    """The rule in words, for a question that is worth so much."""
    return RULE.format(begin=plain(worth) if from_full else "0", worth=plain(worth))


def points_of(worth: Fraction, from_full: bool, items: Iterable[Decimal], besides: Decimal = Decimal(0)) -> Fraction:
    """What items and the points besides come to: their sum, from 0 or from all points, held between 0 and these."""
    begin = worth if from_full else Fraction(0)
    total = begin + sum((Fraction(points) for points in items), Fraction(besides))
    return max(Fraction(0), min(worth, total))


def told(items: Iterable[tuple[Decimal, str]], besides: Decimal, comment: str) -> str:
    """What the student reads: a line for each item, points besides, and the comment."""
    lines = [f"{signed(points)}: {text}" if points else text for points, text in items]
    if besides:
        lines.append(f"{signed(besides)} {'besides' if lines else 'points'}")
    return "\n".join([*lines, *([comment] if comment else [])])


def signed(points: Decimal) -> str:
    """+1.5, -2; for what counts nothing 0."""
    return f"{'+' if points > 0 else ''}{plain(points)}"
