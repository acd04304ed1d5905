"""A stated rule that changes percentages after they were earned: of an item, a component or the total."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from grader.errors import AuthoringError
from grader.schema import exact_text

ROOT_DIGITS = 4  # after the point, of a square root, which has no end


@dataclass(frozen=True)
class Curve:
    """What is done to a percentage, in this order; it never falls below 0.

    sqrt: ten times the square root, rounded half up to ROOT_DIGITS;  times, add: a straight line
    at_least, at_most: borders of the result
    """

    sqrt: bool = False
    times: Decimal = Decimal(1)
    add: Decimal = Decimal(0)
    at_least: Decimal | None = None
    at_most: Decimal | None = None

    def __post_init__(self) -> None:
        if not 0 < self.times <= 100:
            raise AuthoringError(f"times must be above 0 and at most 100, got {self.times}")
        if not -100 <= self.add <= 100:
            raise AuthoringError(f"add must be from -100 to 100, got {self.add}")
        for name in ("at_least", "at_most"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1000:
                raise AuthoringError(f"{name} must be from 0 to 1000, got {value}")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise AuthoringError(f"at_least {self.at_least} is above at_most {self.at_most}")

    def steps(self, percent: Fraction) -> Iterator[tuple[str, Fraction]]:
        """What is done, in words, and what comes of it, one step after the other."""
        if self.sqrt:
            percent = _root(percent)
            yield "10 x its square root", percent
        if self.times != 1:
            percent *= Fraction(self.times)
            yield f"x {_plain(self.times)}", percent
        if self.add:
            percent = max(Fraction(0), percent + Fraction(self.add))
            yield f"{'+' if self.add > 0 else '-'} {_plain(abs(self.add))}", percent
        if self.at_least is not None and percent < self.at_least:
            percent = Fraction(self.at_least)
            yield f"at least {_plain(self.at_least)}", percent
        if self.at_most is not None and percent > self.at_most:
            percent = Fraction(self.at_most)
            yield f"at most {_plain(self.at_most)}", percent


def _plain(number: Decimal) -> str:
    return exact_text(Fraction(number))


def _root(percent: Fraction) -> Fraction:
    """10 x the square root, rounded half up to ROOT_DIGITS with whole numbers alone."""
    scale = 10**ROOT_DIGITS
    twice = math.isqrt(math.floor(percent * (20 * scale) ** 2))  # the floor of twice the root, in units of the scale
    return Fraction((twice + 1) // 2, scale)
