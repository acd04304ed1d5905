"""The rules of course marks: by example, and against a slow implementation that tries every choice."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.course.entries import Entry, State
from grader.course.scheme import Component, LateRule, Scheme
from grader.errors import AuthoringError
from grader.marks.explanation import explain
from grader.marks.policy import CourseMark, Verdict, course_mark, rounded

FOUR = ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative")
EXCUSED, INTEGRITY = Entry(State.EXCUSED, reason="ill"), Entry(State.INTEGRITY, reason="copied")
MISSING, DEFERRED = Entry(State.MISSING), Entry(State.DEFERRED, reason="the GPU was lost")


def graded(points, late_minutes=0, max_points=100):
    return Entry(State.GRADED, Fraction(points), Fraction(max_points), Decimal(late_minutes))


def best_three(**changes):
    return Scheme((Component("assignments", "Assignments", Decimal(100), FOUR, best=3),), **changes)


def mark_of(*entries, **changes) -> CourseMark:
    return course_mark(best_three(**changes), dict(zip(FOUR, entries, strict=True)))


def verdicts(mark):
    return [item.verdict.value for part in mark.components for item in part.items]


@pytest.mark.parametrize(
    ("entries", "total", "picked"),
    [
        pytest.param((graded(90), graded(50), graded(80), graded(70)), "80.00", "cdcc", id="the lowest is dropped"),
        pytest.param(
            (graded(90), MISSING, graded(80), graded(70)), "80.00", "cdcc", id="missing is a 0, dropped first"
        ),
        pytest.param((graded(90), MISSING, MISSING, graded(60)), "50.00", "ccdc", id="two missing: one of them counts"),
        pytest.param((graded(90), INTEGRITY, graded(80), graded(70)), "56.67", "cccd", id="an integrity zero stays"),
        pytest.param((INTEGRITY, MISSING, graded(80), graded(70)), "50.00", "cdcc", id="missing goes, integrity stays"),
        pytest.param((INTEGRITY,) * 4, "0.00", "cccc", id="four integrity zeros"),
        pytest.param((graded(90), EXCUSED, graded(80), graded(40)), "70.00", "cecc", id="excused: three of three"),
        pytest.param((graded(90), EXCUSED, EXCUSED, graded(40)), "65.00", "ceec", id="two excused: two of two"),
        pytest.param(
            (graded(90), EXCUSED, MISSING, graded(40)), "43.33", "cecc", id="excused frees no place for missing"
        ),
        pytest.param((graded(70), graded(70), graded(70), graded(70)), "70.00", "cccd", id="a tie: the last one goes"),
        pytest.param((graded(60), graded(70), graded(60), graded(70)), "66.67", "ccdc", id="a tie at the edge"),
    ],
)
def test_the_best_three_are_picked(entries, total, picked):
    mark = mark_of(*entries)
    assert f"{mark.total:f}" == total
    assert "".join(verdict[0] for verdict in verdicts(mark)) == picked


def test_lateness_comes_before_picking():
    rule = LateRule(per_day=Decimal(20))
    late_best = graded(90, late_minutes=2 * 1440)  # 90 before, 50 after: the best one becomes the one that is dropped
    mark = mark_of(late_best, graded(60), graded(70), graded(80), late=rule)
    assert verdicts(mark) == ["dropped", "counted", "counted", "counted"]
    assert mark.exact == 70
    picked_first = Fraction(90 - 40 + 70 + 80, 3)  # what picking before lateness would give
    assert mark.exact > picked_first


def test_percentages_are_compared_and_not_points():
    assert verdicts(mark_of(graded(50, max_points=56), graded(60), graded(70), graded(80)))[:2] == [
        "counted",
        "dropped",
    ]


@pytest.mark.parametrize(
    ("rule", "late_minutes", "percent"),
    [
        pytest.param(LateRule(Decimal(10)), 0, 80, id="in time"),
        pytest.param(LateRule(Decimal(10)), 1, 70, id="a day begun is a day"),
        pytest.param(LateRule(Decimal(10)), 1440, 70, id="exactly a day"),
        pytest.param(LateRule(Decimal(10)), 1441, 60, id="a minute more"),
        pytest.param(LateRule(Decimal(10), grace_minutes=Decimal(15)), 15, 80, id="within the grace"),
        pytest.param(LateRule(Decimal(10), grace_minutes=Decimal(15)), 1455, 70, id="the grace moves the deadline"),
        pytest.param(LateRule(Decimal(50)), 3000, 0, id="not below 0"),
        pytest.param(LateRule(Decimal(10), "points"), 1, 60, id="points of the item: 5 of 25 here"),
        pytest.param(LateRule(Decimal(1), max_days=2), 2880, 78, id="the last day that is accepted"),
        pytest.param(LateRule(Decimal(1), max_days=2), 2881, 0, id="later than that"),
        pytest.param(LateRule(Decimal(10), free_days=1), 1441, 70, id="one of two days is free"),
    ],
)
def test_lateness_costs_what_the_rule_says(rule, late_minutes, percent):
    per_item = replace(rule, per_day=Decimal(5)) if rule.unit == "points" else rule
    entry = graded(20, late_minutes, max_points=25)
    mark = mark_of(entry, EXCUSED, EXCUSED, EXCUSED, late=per_item)
    assert mark.components[0].items[0].percent == percent


def test_free_days_are_spent_in_the_order_of_the_items():
    rule = LateRule(Decimal(10), free_days=3)
    mark = mark_of(graded(50, 1440), graded(50, 2880), graded(50, 1440), graded(50), late=rule)
    assert [item.free_days for item in mark.components[0].items] == [1, 2, 0, 0]
    assert [item.percent for item in mark.components[0].items] == [50, 50, 40, 50]


def test_no_free_day_is_spent_on_what_is_too_late_to_count():
    mark = mark_of(
        graded(50, 9 * 1440),
        graded(50, 1440),
        MISSING,
        MISSING,
        late=LateRule(Decimal(10), "percent", max_days=3, free_days=1),
    )
    assert [item.percent for item in mark.components[0].items] == [0, 50, 0, 0]


def test_an_item_that_waits_keeps_its_free_days():
    waiting = replace(DEFERRED, late_minutes=Decimal(1440))
    mark = mark_of(waiting, graded(50, 1440), graded(50), graded(50), late=LateRule(Decimal(10), free_days=1))
    assert [item.free_days for item in mark.components[0].items] == [1, 0, 0, 0]


def test_an_item_without_a_mark_makes_the_total_incomplete_and_not_zero():
    mark = mark_of(graded(90), DEFERRED, graded(80), graded(70))
    assert (mark.total, mark.exact, mark.components[0].percent) == (None, None, None)
    assert mark.incomplete == ("a2_cnn has no mark yet",)
    assert verdicts(mark) == ["undecided", "waiting", "undecided", "undecided"]


def test_what_counts_whatever_comes_is_said_already():
    assert verdicts(mark_of(graded(90), DEFERRED, EXCUSED, INTEGRITY)) == ["counted", "waiting", "excused", "counted"]


def two_parts(**changes):
    parts = (
        Component("work", "Work", Decimal(60), ("a1_mlp",)),
        Component("final", "Final", Decimal(40), (), ("exam",)),
    )
    return Scheme(parts, **changes)


def test_a_component_with_nothing_left_is_incomplete_unless_the_scheme_reweighs():
    entries = {"a1_mlp": graded(75), "exam": EXCUSED}
    assert course_mark(two_parts(), entries).incomplete == ("every item of final is excused",)
    assert course_mark(two_parts(when_all_excused="reweigh"), entries).exact == 75


def test_a_student_excused_from_everything_has_no_total():
    mark = course_mark(two_parts(when_all_excused="reweigh"), {"a1_mlp": EXCUSED, "exam": EXCUSED})
    assert mark.total is None
    assert len(mark.incomplete) == 2


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        ("0.5", 0, "1"),
        ("1.5", 0, "2"),
        ("2.5", 0, "3"),
        ("2.675", 2, "2.68"),
        ("1/3", 4, "0.3333"),
        ("99.995", 2, "100.00"),
    ],
)
def test_halves_go_up(value, digits, expected):
    assert f"{rounded(Fraction(value), digits):f}" == expected


def test_rounding_twice_would_give_another_mark():
    parts = tuple(Component(f"part{n}", "Part", Decimal(50), (), (f"exam{n}",)) for n in (1, 2))
    mark = course_mark(Scheme(parts, rounding_digits=0), {"exam1": graded("60.4"), "exam2": graded("60.5")})
    assert mark.total == 60  # 60.45
    assert rounded(Fraction(60 + 61, 2), 0) == 61  # components rounded first
    assert rounded(Fraction(rounded(mark.exact, 1)), 0) == 61  # 60.45 -> 60.5 -> 61


def test_decimals_are_exact():
    """Ten times 0.15 is 1.5, which goes up to 2; in binary fractions it is less and would go down to 1."""
    quizzes = [Component(f"part{n}", "Quiz", Decimal(10), (), (f"quiz{n}",)) for n in range(10)]
    entries = {item: graded("1.5") for part in quizzes for item in part.items}
    assert sum([0.15] * 10) < 1.5
    assert course_mark(Scheme(tuple(quizzes), rounding_digits=0), entries).total == 2


ENTRIES = st.one_of(
    st.builds(
        lambda points, late: graded(points, late, max_points=8),
        st.sampled_from(["0", "1", "2.5", "2.5", "5", "7.25", "8"]),
        st.sampled_from([0, 0, 5, 30, 1440, 1500, 4000, 6000]),
    ),
    st.sampled_from([MISSING, EXCUSED, INTEGRITY]),
)
RULES = st.builds(
    LateRule,
    per_day=st.sampled_from([Decimal(0), Decimal("7.5"), Decimal(10), Decimal(60)]),
    unit=st.sampled_from(["percent", "points"]),
    grace_minutes=st.sampled_from([Decimal(0), Decimal(15)]),
    max_days=st.sampled_from([None, 0, 2, 3]),
    free_days=st.integers(0, 4),
)


@st.composite
def schemes(draw):
    weights = draw(st.sampled_from([["100"], ["30", "70"], ["33.3", "33.3", "33.4"]]))
    sizes = [draw(st.integers(1, 5)) for _ in weights]
    parts = tuple(
        Component(
            f"part{n}",
            "Part",
            Decimal(weight),
            (),
            tuple(f"p{n}_i{i}" for i in range(size)),
            draw(st.sampled_from([None, *range(1, size + 1)])),
        )
        for n, (weight, size) in enumerate(zip(weights, sizes, strict=True))
    )
    return Scheme(parts, draw(RULES), draw(st.integers(0, 3)), draw(st.sampled_from(["incomplete", "reweigh"])))


@st.composite
def cases(draw):
    scheme = draw(schemes())
    return scheme, {item: draw(ENTRIES) for item in scheme.items}


def slow_percentages(scheme, entries):
    """Percentage of every item that is not excused, days counted one by one."""
    percentages, free = {}, scheme.late.free_days
    for item in scheme.items:
        entry = entries[item]
        if entry.state in (State.MISSING, State.INTEGRITY):
            percentages[item] = Fraction(0)
        if entry.state is not State.GRADED:
            continue
        days, left = 0, entry.late_minutes - scheme.late.grace_minutes
        while left > 0:
            days, left = days + 1, left - 1440
        percent = Fraction(entry.points) / Fraction(entry.max_points) * 100
        if scheme.late.max_days is not None and days > scheme.late.max_days:
            percent = Fraction(0)
        else:
            for _ in range(days):
                if free:
                    free -= 1
                elif scheme.late.unit == "percent":
                    percent -= Fraction(scheme.late.per_day)
                else:
                    percent -= Fraction(scheme.late.per_day) / Fraction(entry.max_points) * 100
        percentages[item] = max(percent, Fraction(0))
    return percentages


def slow_component(part, entries, percentages):
    """(percentage, counted items): try every subset, the first of the best wins. None: nothing is left."""
    pool = [item for item in part.items if item in percentages]
    marked = [item for item in pool if entries[item].state is State.INTEGRITY]
    size = min(len(part.items) if part.best is None else part.best, len(pool))
    if not pool:
        return None, []
    if len(marked) >= size:
        return Fraction(0), marked
    choices = [choice for choice in combinations(pool, size) if set(marked) <= set(choice)]
    best = max(choices, key=lambda choice: sum(percentages[item] for item in choice))  # max keeps the first
    return sum(percentages[item] for item in best) / size, list(best)


def slow_total(scheme, entries):
    percentages = slow_percentages(scheme, entries)
    parts = [(part.weight, slow_component(part, entries, percentages)[0]) for part in scheme.components]
    there = [(Fraction(weight), percent) for weight, percent in parts if percent is not None]
    if not there or (len(there) < len(parts) and scheme.when_all_excused == "incomplete"):
        return None
    return sum(weight * percent for weight, percent in there) / sum(weight for weight, _ in there)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_the_mark_is_what_trying_every_choice_gives(case):
    scheme, entries = case
    mark = course_mark(scheme, entries)
    expected = slow_total(scheme, entries)
    assert mark.exact == expected
    if expected is not None:
        with localcontext(prec=60):
            number = Decimal(expected.numerator) / Decimal(expected.denominator)
            assert mark.total == number.quantize(Decimal(1).scaleb(-scheme.rounding_digits), ROUND_HALF_UP)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_what_counts_is_what_trying_every_choice_picks(case):
    scheme, entries = case
    percentages = slow_percentages(scheme, entries)
    for part in course_mark(scheme, entries).components:
        counted = [item.item for item in part.items if item.verdict is Verdict.COUNTED]
        assert (part.percent, counted) == slow_component(part.component, entries, percentages)


@settings(max_examples=200, deadline=None)
@given(cases(), st.data())
def test_raising_a_mark_never_lowers_the_total(case, choice):
    scheme, entries = case
    raisable = [item for item, entry in entries.items() if entry.state in (State.GRADED, State.MISSING)]
    before = course_mark(scheme, entries).exact
    if not raisable or before is None:
        return
    item = choice.draw(st.sampled_from(raisable))
    entry = entries[item]
    more = choice.draw(st.integers(int(entry.points), 8))
    higher = graded(
        max(entry.points, Decimal(more)), entry.late_minutes if entry.state is State.GRADED else 0, max_points=8
    )
    assert course_mark(scheme, {**entries, item: higher}).exact >= before


@settings(max_examples=200, deadline=None)
@given(cases())
def test_marks_stay_between_0_and_100_and_can_be_explained(case):
    scheme, entries = case
    mark = course_mark(scheme, entries)
    assert mark.exact is None or 0 <= mark.exact <= 100
    lines = explain(mark)
    assert all(item.why for part in mark.components for item in part.items)
    for item in scheme.items:
        assert sum(line.startswith(f"  {item}: ") for line in lines) == 1


@settings(max_examples=100, deadline=None)
@given(cases(), st.data())
def test_a_waiting_item_never_gives_a_total(case, choice):
    scheme, entries = case
    item = choice.draw(st.sampled_from(scheme.items))
    mark = course_mark(scheme, {**entries, item: DEFERRED})
    assert mark.total is None
    assert f"{item} has no mark yet" in mark.incomplete


def test_the_explanation_shows_every_step():
    rule = LateRule(Decimal(10), "percent", max_days=3, free_days=1)
    lines = explain(
        mark_of(graded("50.5", 3000, 56), INTEGRITY, EXCUSED, graded(20, max_points=56), late=rule, rounding_digits=1)
    )
    assert lines == [
        "Assignments: 100 % of the course, best 3 of 4",
        "  a1_mlp: 50.5 of 56 points = 90.18 %; 3 days late, 1 of them free: 20.00 off = 70.18 %; "
        "counted (all 3 count)",
        "  a2_cnn: integrity = 0.00 %; counted (an integrity zero is never dropped)",
        "      because: copied",
        "  a3_sequences: excused, not in the set",
        "      because: ill",
        "  a4_generative: 20 of 56 points = 35.71 %; counted (all 3 count)",
        "  = (70.18 + 0.00 + 35.71) / 3 = 35.30 %, which gives 35.30 of 100.00",
        "",
        "Free days: 0 of 1 left; spent: a1_mlp 1",
        "",
        "Total: 35.30 = 35.29761...; rounded once, half up: 35.3",
        "Numbers on the way are shown with two digits; the calculation is exact.",
    ]


def test_the_reason_for_dropping_names_the_tie():
    mark = mark_of(graded(70), graded(70), graded(70), graded(70))
    assert mark.components[0].items[3].why == "equal to a3_sequences, which comes first; the best 3 of 4 count"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda: graded(57, max_points=56), "from 0 to 56, got 57", id="more than the maximum"),
        pytest.param(lambda: graded(-1), "from 0 to 100, got -1", id="negative points"),
        pytest.param(lambda: graded(0, max_points=0), "maximum must be above 0", id="out of nothing"),
        pytest.param(lambda: replace(MISSING, points=Decimal(3)), "missing has no points", id="missing with points"),
        pytest.param(lambda: graded(1, late_minutes=-5), "must not be negative", id="handed in before it was late"),
        pytest.param(lambda: LateRule(unit="marks"), "one of percent, points, got 'marks'", id="unknown unit"),
        pytest.param(lambda: LateRule(per_day=Decimal(-1)), "per_day must be from 0", id="a bonus for lateness"),
        pytest.param(lambda: Scheme(()), "add to 100, got 0 = no component that is no bonus", id="no components"),
        pytest.param(lambda: two_parts(rounding_digits=9), "from 0 to 6, got 9", id="too many digits"),
        pytest.param(lambda: two_parts(when_all_excused="ask"), "incomplete, reweigh, got 'ask'", id="unknown policy"),
        pytest.param(lambda: course_mark(two_parts(), {}), "one entry for each item", id="entries missing"),
    ],
)
def test_what_makes_no_sense_is_refused(make, says):
    with pytest.raises(AuthoringError, match=says.replace("(", r"\(")):
        make()
