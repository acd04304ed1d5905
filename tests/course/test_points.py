"""Points are exact: thirds are no decimals, nothing is lost by adding them up, and people read two digits."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.course.scheme import plain
from grader.schema import Check, CheckResult, Outcome, Question, as_points, exact_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(10), "10"),
        (Fraction(100), "100"),
        (Fraction(0), "0"),
        (Fraction("1.75"), "1.75"),
        (Fraction("0.05"), "0.05"),
        (Fraction("-2.5"), "-2.5"),
        (Fraction(1, 1024), "0.0009765625"),
        (Fraction(10, 3), "10/3"),
        (Fraction(-10, 3), "-10/3"),
    ],
)
def test_a_number_is_written_without_loss(number, text):
    assert exact_text(number) == text and Fraction(text) == number


@given(st.fractions())
def test_every_number_comes_back_from_its_text(number):
    assert Fraction(exact_text(number)) == number


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**6, places=4))
def test_decimals_are_recorded_and_shown_as_they_always_were(number):
    text = format(number.normalize(), "f") if number else "0"
    assert exact_text(Fraction(number)) == plain(number) == plain(Fraction(number)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(20, 3), "6.67"),
        (Fraction(10, 3), "3.33"),
        (Fraction(10, 3) * 3, "10"),
        (Fraction(29999, 3000), "10.00"),  # nearly everything is not shown as everything
        (Fraction(1, 300), "0.00"),
        (Fraction(-20, 3), "-6.67"),
        (Fraction(5, 8), "0.625"),
        (Decimal("12.50"), "12.5"),
    ],
)
def test_a_number_without_an_end_is_shown_with_two_digits(number, text):
    assert plain(number) == text


shares = st.lists(st.decimals(min_value=0, max_value=20, places=2), min_size=1, max_size=25).filter(sum)


@given(shares, st.integers(1, 100))
def test_the_checks_of_a_question_are_worth_its_points_together(shares, points):
    total = sum(map(Fraction, shares))
    results = [CheckResult(f"test_{n}", "q1", Outcome.PASSED, points * Fraction(share) / total)
               for n, share in enumerate(shares)]  # fmt: skip
    assert sum(result.points for result in results) == points
    assert sum(Fraction(exact_text(result.points)) for result in results) == points  # and out of the record


def test_points_are_fractions_whatever_exact_number_they_were_made_of():
    for made in (Question("q1", "One", Decimal("0.1")).points, Check("a", "q1", Decimal("0.1")).max_points,
                 as_points(0.1, ""), as_points("0.1", "")):  # fmt: skip
        assert type(made) is Fraction and made == Fraction(1, 10)
