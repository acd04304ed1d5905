"""The rules of course marks: by example, and against a slow implementation that tries every choice."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.course.curve import Curve
from grader.course.entries import Entry, State
from grader.course.scheme import Component, LateRule, Scheme
from grader.errors import AuthoringError, UsageError
from grader.marks.explanation import explain
from grader.marks.policy import CourseMark, Verdict, course_mark, rounded, so_far
from grader.marks.what_if import needed, rest_of, supposing

FOUR = ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative")
EXCUSED, INTEGRITY = Entry(State.EXCUSED, reason="ill"), Entry(State.INTEGRITY, reason="copied")
MISSING, DEFERRED = Entry(State.MISSING), Entry(State.DEFERRED, reason="the GPU was lost")


def graded(points, late_minutes=0, max_points=100):
    most = Fraction(9) if max_points == 8 else None  # what the property tests draw may be extra credit
    return Entry(State.GRADED, Fraction(points), Fraction(max_points), Decimal(late_minutes), most=most)


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
        st.sampled_from(["0", "1", "2.5", "2.5", "5", "7.25", "8", "8.5"]),
        st.sampled_from([0, 0, 5, 30, 1440, 1500, 4000, 6000]),
    ),
    st.sampled_from([MISSING, EXCUSED, INTEGRITY]),
)
RULES = st.builds(
    LateRule,
    per_day=st.sampled_from([Decimal(0), Decimal("7.5"), Decimal(10), Decimal(60)]),
    unit=st.sampled_from(["percent", "points", "earned"]),
    grace_minutes=st.sampled_from([Decimal(0), Decimal(15)]),
    max_days=st.sampled_from([None, 0, 2, 3]),
    free_days=st.just(4),
    free_days_each=st.sampled_from([None, 1, 3]),
) | st.builds(LateRule, per_day=st.just(Decimal(10)), free_days=st.integers(0, 3))


CURVES = st.builds(
    Curve,
    sqrt=st.booleans(),
    times=st.sampled_from([Decimal(1), Decimal("1.1"), Decimal("0.75")]),
    add=st.sampled_from([Decimal(0), Decimal(5), Decimal("-7.5")]),
    at_least=st.sampled_from([None, Decimal(40)]),
    at_most=st.sampled_from([None, Decimal(90), Decimal(100)]),
)


@st.composite
def components(draw, name, weight, bonus=False):
    """One component of one to five items, with what it may have."""
    size = draw(st.integers(1, 5))
    items = tuple(f"{name}_i{place}" for place in range(size))
    here = draw(st.integers(0, size))
    weights = draw(st.sampled_from([{}, {item: Decimal(place % 3 + 1) / 2 for place, item in enumerate(items)}]))
    picking = draw(st.sampled_from(["best", "drop"]))
    rule = {"best": [None, *range(1, size + 1)], "drop": [None, *range(1, size)]}[picking]
    return Component(
        name,
        "Part",
        Decimal(weight),
        items[:here],
        items[here:],
        **{picking: draw(st.sampled_from(rule))},
        weights=weights,
        out_of={item: draw(st.sampled_from([Decimal(6), Decimal(8)])) for item in items[:here]},
        cap=Decimal(draw(st.sampled_from([100, 110, 80]))),
        bonus=bonus,
    )


@st.composite
def schemes(draw):
    weights = draw(st.sampled_from([["100"], ["30", "70"], ["33.3", "33.3", "33.4"]]))
    parts = [draw(components(f"part{n}", weight)) for n, weight in enumerate(weights)]
    parts += [draw(components("extra", "5", bonus=True))] if draw(st.booleans()) else []
    names = [name for part in parts for name in (part.id, *part.items)]
    curved = draw(st.lists(st.sampled_from([*names, "total"]), max_size=2, unique=True))
    curves = {name: draw(CURVES) for name in curved}
    ends = draw(st.sampled_from(["incomplete", "reweigh"]))
    return Scheme(tuple(parts), draw(RULES), draw(st.integers(0, 3)), ends, curves)


@st.composite
def cases(draw):
    scheme = draw(schemes())
    return scheme, {item: draw(ENTRIES) for item in scheme.items}


def slow_curve(scheme, name, percent):
    """What a curve makes of a percentage; the root by decimals of 60 digits."""
    curve = scheme.curves.get(name, Curve())
    if curve.sqrt:
        with localcontext(prec=60):
            root = (Decimal(percent.numerator) / Decimal(percent.denominator)).sqrt() * 10
            percent = Fraction(root.quantize(Decimal("0.0001"), ROUND_HALF_UP))
    percent = max(percent * Fraction(curve.times) + Fraction(curve.add), Fraction(0))
    percent = percent if curve.at_least is None else max(percent, Fraction(curve.at_least))
    return percent if curve.at_most is None else min(percent, Fraction(curve.at_most))


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
        (part,) = (part for part in scheme.components if item in part.items)
        worth = Fraction(part.out_of.get(item, entry.max_points))
        percent = min(slow_curve(scheme, item, entry.points / worth * 100), Fraction(part.cap))
        if scheme.late.max_days is not None and days > scheme.late.max_days:
            percent = Fraction(0)
        else:
            earned, spent = percent, 0
            for _ in range(days):
                if free and (scheme.late.free_days_each is None or spent < scheme.late.free_days_each):
                    free, spent = free - 1, spent + 1
                elif scheme.late.unit == "earned":
                    percent -= earned * Fraction(scheme.late.per_day) / 100
                elif scheme.late.unit == "percent":
                    percent -= Fraction(scheme.late.per_day)
                else:
                    percent -= Fraction(scheme.late.per_day) / worth * 100
        percentages[item] = max(percent, Fraction(0))
    return percentages


def slow_component(scheme, part, entries, percentages):
    """(percentage, counted items): try every subset, the first of the best wins. None: nothing is left."""
    pool = [item for item in part.items if item in percentages]
    marked = [item for item in pool if entries[item].state is State.INTEGRITY]
    size = min(len(part.items) if part.best is None else part.best, len(pool))
    for _ in range(part.drop or 0):
        size -= size > len(pool) - part.drop and size > 1
    if not pool:
        return None, []

    def mean(choice):
        weights = {item: Fraction(part.weights.get(item, 1)) for item in choice}
        return sum(weights[item] * percentages[item] for item in choice) / sum(weights.values())

    choices = [choice for choice in combinations(pool, size) if set(marked) <= set(choice)] or [tuple(marked)]
    best = max(choices, key=mean)  # max keeps the first
    return slow_curve(scheme, part.id, mean(best)), list(best)


def slow_total(scheme, entries):
    percentages = slow_percentages(scheme, entries)
    parts = [(part, slow_component(scheme, part, entries, percentages)[0]) for part in scheme.components]
    extra = sum(Fraction(part.weight) * (percent or 0) / 100 for part, percent in parts if part.bonus)
    needed = [(Fraction(part.weight), percent) for part, percent in parts if not part.bonus]
    there = [(weight, percent) for weight, percent in needed if percent is not None]
    if not there or (len(there) < len(needed) and scheme.when_all_excused == "incomplete"):
        return None
    total = sum(weight * percent for weight, percent in there) / sum(weight for weight, _ in there)
    return slow_curve(scheme, "total", total + extra)


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=150, deadline=None)
@given(cases())
def test_what_counts_is_what_trying_every_choice_picks(case):
    scheme, entries = case
    percentages = slow_percentages(scheme, entries)
    for part in course_mark(scheme, entries).components:
        counted = [item.item for item in part.items if item.verdict is Verdict.COUNTED]
        assert (part.percent, counted) == slow_component(scheme, part.component, entries, percentages)


@settings(max_examples=120, deadline=None)
@given(cases(), st.data())
def test_raising_a_mark_never_lowers_the_total(case, choice):
    scheme, entries = case
    raisable = [item for item, entry in entries.items() if entry.state in (State.GRADED, State.MISSING)]
    before = course_mark(scheme, entries).exact
    if not raisable or before is None:
        return
    item = choice.draw(st.sampled_from(raisable))
    entry = entries[item]
    more = choice.draw(st.integers(int(entry.points), 9))
    higher = graded(
        max(entry.points, Decimal(more)), entry.late_minutes if entry.state is State.GRADED else 0, max_points=8
    )
    assert course_mark(scheme, {**entries, item: higher}).exact >= before


@settings(max_examples=120, deadline=None)
@given(cases())
def test_marks_stay_between_0_and_100_and_can_be_explained(case):
    scheme, entries = case
    mark = course_mark(scheme, entries)
    ordinary = not scheme.curves and all(part.cap <= 100 and not part.bonus for part in scheme.components)
    assert mark.exact is None or mark.exact >= 0 and (mark.exact <= 100 or not ordinary)
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
        "Late: a1_mlp by 50 h; every day begun costs 10 of the 100",
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
        pytest.param(lambda: LateRule(unit="marks"), "one of percent, points, earned, got 'marks'", id="unknown unit"),
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


# --- a bank of days, groups, what is there so far, what the rest must bring -----------------------


@settings(max_examples=50, deadline=None)
@given(cases())
def test_the_free_days_that_are_left_are_those_that_nobody_spent(case):
    scheme, entries = case
    mark = course_mark(scheme, entries)
    spent = 0
    for item in scheme.items:
        late = entries[item].late_minutes - scheme.late.grace_minutes if entries[item].state is State.GRADED else 0
        days = math.ceil(Fraction(late) / 1440) if late > 0 else 0
        accepted = scheme.late.max_days is None or days <= scheme.late.max_days
        days = min(days, scheme.late.free_days_each or days)
        spent += days if accepted else 0
    assert mark.free_days_left == (max(scheme.late.free_days - spent, 0) if scheme.late.free_days else None)


@settings(max_examples=50, deadline=None)
@given(cases(), cases())
def test_a_group_is_marked_as_if_there_were_no_other(case, other):
    (scheme, entries), (others, _) = case, other
    mine = [replace(part, groups=("graduates",)) for part in scheme.components]
    theirs = [replace(part, id=f"u_{part.id}", groups=("undergraduates",)) for part in others.components]
    both = replace(scheme, components=(*mine, *theirs))
    assert both.of("graduates") == scheme
    assert course_mark(both.of("graduates"), entries) == course_mark(scheme, entries)


@settings(max_examples=50, deadline=None)
@given(cases(), st.data())
def test_so_far_is_the_mark_as_if_nothing_else_were_asked(case, choice):
    scheme, entries = case
    waiting = choice.draw(st.sets(st.sampled_from(scheme.items)))
    there = {item: EXCUSED if item in waiting else entry for item, entry in entries.items()}
    mark = course_mark(scheme, {item: DEFERRED if item in waiting else entry for item, entry in entries.items()})
    assert so_far(mark).exact == slow_total(replace(scheme, when_all_excused="reweigh"), there)


@settings(max_examples=50, deadline=None)
@given(cases(), st.data())
def test_what_is_needed_reaches_the_total_and_a_hundredth_less_does_not(case, choice):
    scheme, entries = case
    scheme = replace(scheme, when_all_excused="reweigh")
    waiting = choice.draw(st.sets(st.sampled_from(scheme.items), min_size=1))
    late = choice.draw(st.sampled_from([0, 1440]))
    open_ = Entry(State.DEFERRED, max_points=Fraction(8), late_minutes=Decimal(late))
    mark = course_mark(scheme, {item: open_ if item in waiting else entry for item, entry in entries.items()})
    target = Decimal(choice.draw(st.integers(0, 110)))

    def total(percent):
        """The total with the percentage in everything that waits, but no more than 8 points."""
        out_of = {item: points for part in scheme.components for item, points in part.out_of.items()}
        points = {item: min(percent * Fraction(out_of.get(item, 8)) / 100, Fraction(8)) for item in waiting}
        supposed = {item: graded(points[item], late, 8) for item in waiting}
        exact = slow_total(scheme, {**entries, **supposed})
        return None if exact is None else rounded(exact, scheme.rounding_digits)

    if total(Fraction(0)) is None:
        with pytest.raises(UsageError, match="no mark in the rest gives a total"):
            needed(mark, target)
        return
    need = needed(mark, target)
    assert (need.lowest, need.highest) == (total(Fraction(0)), total(Fraction(134)))
    if need.percent is None:
        assert need.highest < target
    else:
        assert total(need.percent) >= target
        assert not need.percent or total(need.percent - Fraction(1, 100)) < target


@settings(max_examples=50, deadline=None)
@given(cases(), st.data())
def test_supposing_some_marks_is_the_mark_with_them_and_leaves_the_rest_open(case, choice):
    scheme, entries = case
    waiting = choice.draw(st.sets(st.sampled_from(scheme.items), min_size=1))
    named = choice.draw(st.sets(st.sampled_from(sorted(waiting))))
    open_ = Entry(State.DEFERRED, max_points=Fraction(100))
    mark = course_mark(scheme, {item: open_ if item in waiting else entry for item, entry in entries.items()})
    supposed = supposing(mark, dict.fromkeys(named, Fraction(50)))
    assert set(rest_of(supposed)) == waiting - named
    out_of = {item: points for part in scheme.components for item, points in part.out_of.items()}
    there = {item: graded(Fraction(out_of.get(item, 100)) / 2) for item in named}
    wanted = {**dict.fromkeys(waiting, open_), **there}
    assert supposed.exact == course_mark(scheme, {**entries, **wanted}).exact


@settings(max_examples=50, deadline=None)
@given(cases(), st.data())
def test_supposing_marks_in_place_of_others_is_what_trying_every_choice_gives(case, choice):
    scheme, entries = case
    named = choice.draw(st.sets(st.sampled_from(scheme.items), min_size=1))
    mark = course_mark(scheme, entries)
    out_of = {item: points for part in scheme.components for item, points in part.out_of.items()}
    there = {}
    for item in named:
        before = entries[item]
        worth = before.max_points or Fraction(100)
        points = Fraction(out_of.get(item, worth)) / 2
        late = before.late_minutes
        there[item] = Entry(State.GRADED, points, worth, late, most=max(points, worth))
    supposed = supposing(mark, dict.fromkeys(named, Fraction(50)))
    assert supposed.exact == slow_total(scheme, {**entries, **there})
