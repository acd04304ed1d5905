"""The rule of a rubric, and how far two readers agree."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from grader.marks.rubric import points_of, rule, told
from grader.marks.two_readers import agreement, kappa, quadratic_weighted_kappa


@pytest.mark.parametrize(
    ("worth", "from_full", "items", "besides", "points"),
    [
        pytest.param("5", False, ("2", "1.5"), "0", "3.5", id="items add"),
        pytest.param("5", True, ("-2", "-0.5"), "0", "2.5", id="items take off"),
        pytest.param("5", False, ("2", "-0.5"), "0", "1.5", id="both"),
        pytest.param("5", False, ("4", "3"), "0", "5", id="no more than there is"),
        pytest.param("5", True, ("-4", "-3"), "0", "0", id="no less than nothing"),
        pytest.param("5", True, ("-4", "-3", "1"), "1", "0", id="held at the end, not on the way"),
        pytest.param("5", False, (), "0", "0", id="no items, from none"),
        pytest.param("5", True, (), "0", "5", id="no items, from all"),
        pytest.param("5", False, ("2",), "-0.75", "1.25", id="points besides"),
        pytest.param("10/3", True, (), "0", "10/3", id="a third, exactly"),
        pytest.param("10/3", True, ("-1",), "0", "7/3", id="a third less one, exactly"),
    ],
)
def test_points_are_the_sum_held_between_nothing_and_all(worth, from_full, items, besides, points):
    made = points_of(Fraction(worth), from_full, map(Decimal, items), Decimal(besides))
    assert made == Fraction(points)


def test_the_rule_is_said_with_its_numbers():
    assert rule(Fraction("2.5"), True).endswith("added up, from 2.5; no less than 0, no more than 2.5.")
    assert "from 0;" in rule(Fraction(4), False)


def test_a_student_reads_each_item_with_its_points_and_the_comment():
    items = [(Decimal("-0.50"), "no units"), (Decimal(0), "well drawn"), (Decimal("+1"), "a second proof")]
    assert told(items, Decimal(0), "See me.") == "-0.5: no units\nwell drawn\n+1: a second proof\nSee me."
    assert told(items[:1], Decimal("0.25"), "") == "-0.5: no units\n+0.25 besides"
    assert told([], Decimal(3), "") == "+3 points" and told([], Decimal(0), "") == ""


# ---------------------------------------------------------------------------------------------------- two readers

COHEN_1960 = [(1, 1)] * 88 + [(1, 2)] * 14 + [(1, 3)] * 18 + [(2, 1)] * 10 + [(2, 2)] * 40 + [(2, 3)] * 10 + [
    (3, 1)] * 2 + [(3, 2)] * 6 + [(3, 3)] * 12  # fmt: skip


def pairs_of(pairs):
    return [(Fraction(one), Fraction(two)) for one, two in pairs]


def by_matrix(pairs, weighted):
    """Both kappas as Cohen writes them: tables of what is, and of what chance would make."""
    values = sorted({value for pair in pairs for value in pair})
    place = {value: at for at, value in enumerate(values)}
    observed = np.zeros((len(values), len(values)))
    for one, two in pairs:
        observed[place[one], place[two]] += 1 / len(pairs)
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    scale = np.array([float(value) for value in values])
    weights = (scale[:, None] - scale[None, :]) ** 2 if weighted else 1 - np.eye(len(values))
    return 1 - (weights * observed).sum() / (weights * expected).sum()


def test_kappa_of_a_table_worked_out_by_hand():
    # shares on the diagonal 88 + 40 + 12 of 200; rows 120, 60, 20; columns 100, 60, 40: p_o 0.70, p_e 0.41
    assert kappa(pairs_of(COHEN_1960)) == Fraction(70 - 41, 100 - 41)


@pytest.mark.parametrize("seed", range(20))
def test_both_kappas_are_those_of_the_tables(seed):
    draw = random.Random(seed)
    scale = [Fraction(n, 2) for n in range(2 * draw.randint(1, 6) + 1)]
    pairs = [(one := draw.choice(scale), one if draw.random() < 0.6 else draw.choice(scale)) for _ in range(40)]
    assert float(kappa(pairs)) == pytest.approx(by_matrix(pairs, weighted=False), abs=1e-12)
    assert float(quadratic_weighted_kappa(pairs)) == pytest.approx(by_matrix(pairs, weighted=True), abs=1e-12)


def test_the_weighted_kappa_is_that_of_scikit_learn_on_whole_points():
    metrics = pytest.importorskip("sklearn.metrics")
    first, second = [one for one, _ in COHEN_1960], [two for _, two in COHEN_1960]
    expected = metrics.cohen_kappa_score(first, second, weights="quadratic")
    assert float(quadratic_weighted_kappa(pairs_of(COHEN_1960))) == pytest.approx(expected, abs=1e-12)


def test_agreement_says_who_gives_more_and_how_often_they_are_equal():
    found = agreement(pairs_of([(2, 3), (4, 4), (1, 3), (5, 4)]))
    assert (found.pairs, found.mean_difference, found.mean_distance, found.exact) == (
        4, Fraction(1, 2), 1, Fraction(1, 4)
    )  # fmt: skip


def test_where_everybody_gives_the_same_no_kappa_is_defined():
    found = agreement(pairs_of([(3, 3), (3, 3)]))
    assert found.exact == 1 and found.kappa is None and found.weighted_kappa is None
    assert agreement([]) is None
    assert quadratic_weighted_kappa(pairs_of([(1, 4), (2, 5)])) < Fraction(1, 2)  # always three apart
