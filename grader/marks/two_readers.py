"""How far two people who marked the same answers agree. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

Pair = tuple[Fraction, Fraction]  # the points of the first reader, and those of the second


@dataclass(frozen=True)
class Agreement:
    """Of `pairs` answers: second minus first in the mean, and of its size; the share that is exactly equal.

    kappa, weighted_kappa: None where chance alone agrees wholly, so that nothing can be said
    """

    pairs: int
    mean_difference: Fraction
    mean_distance: Fraction
    exact: Fraction
    kappa: Fraction | None
    weighted_kappa: Fraction | None


def agreement(pairs: Sequence[Pair]) -> Agreement | None:
    """The agreement of two readers; None of no pairs."""
    if not pairs:
        return None
    count = len(pairs)
    return Agreement(
        pairs=count,
        mean_difference=sum((second - first for first, second in pairs), Fraction(0)) / count,
        mean_distance=sum((abs(second - first) for first, second in pairs), Fraction(0)) / count,
        exact=Fraction(sum(first == second for first, second in pairs), count),
        kappa=kappa(pairs),
        weighted_kappa=quadratic_weighted_kappa(pairs),
    )


def kappa(pairs: Sequence[Pair]) -> Fraction | None:
    """Cohen's kappa, (p_o - p_e) / (1 - p_e), each number of points a category of its own.

    p_o: the share of pairs that are equal;  p_e: sum over k of p_1k p_2k, the share that would be by chance, with
    p_rk the share of reader r's marks that are k
    Source: J. Cohen, "A coefficient of agreement for nominal scales", Educ. Psychol. Meas. 20 (1960), 37-46.
    """
    count = len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(two for _, two in pairs)
    by_chance = Fraction(sum(times * second[points] for points, times in first.items()), count**2)
    observed = Fraction(sum(one == two for one, two in pairs), count)
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def quadratic_weighted_kappa(pairs: Sequence[Pair]) -> Fraction | None:
    """Cohen's weighted kappa, 1 - (sum v_ij o_ij) / (sum v_ij e_ij), with v_ij the squared distance of the points.

    o_ij: the share of pairs with points i and j;  e_ij: the product of the shares of i and of j
    The distance is that of the points themselves, so that halves count as halves, and no scale of categories is needed.
    Source: J. Cohen, "Weighted kappa", Psychological Bulletin 70 (1968), 213-220, eq. 8.
    """
    count = len(pairs)
    observed = sum(((one - two) ** 2 for one, two in pairs), Fraction(0)) / count
    seconds = [two for _, two in pairs]
    mean, mean_square = sum(seconds, Fraction(0)) / count, sum((two**2 for two in seconds), Fraction(0)) / count
    by_chance = sum((one**2 - 2 * one * mean + mean_square for one, _ in pairs), Fraction(0)) / count
    return None if not by_chance else 1 - observed / by_chance
