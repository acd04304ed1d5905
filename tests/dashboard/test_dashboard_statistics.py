"""What the dashboard calculates: correlations, clusters, funnel, spreads, boundaries; each against a plain account."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outline import Outline

from grader.dashboard.assignment_checks import checks_section
from grader.dashboard.assignment_page import assignment_page
from grader.dashboard.clusters import clusters, masked
from grader.dashboard.cohort import Cohort, bins, near, spread
from grader.dashboard.findings import Findings, findings
from grader.dashboard.incidents import how_many, incidents, slowest
from grader.dashboard.links import Links, student_page
from grader.dashboard.parts import one_digit
from grader.dashboard.statistics import check_numbers, correlation, doubt, question_numbers, signed
from grader.dashboard.what_went_wrong import wrong_section
from grader.schema import Assignment, Attempt, CheckResult, Evidence, ManualMark, Outcome, Question, Status, Usage

EVIDENCE = Evidence("ab" * 32, (), "sha256:" + "ef" * 32, "cpu", "00", "strict")
ASSIGNMENT = Assignment(
    "a1_mlp",
    "One",
    (
        Question("q1", "First", Decimal(4)),
        Question("q2", "Second", Decimal(6)),
    ),
)
WRONG = "result is too large by the factor 3."


def check(name: str, outcome: Outcome = Outcome.PASSED, message: str = "", worth: str = "2") -> CheckResult:
    """A check whose question is the first part of its name: q1_shapes belongs to q1."""
    return CheckResult(name, name.partition("_")[0], outcome, Decimal(worth), message)


def attempt(student: str, *results: CheckResult, status: Status = Status.GRADED, wall_s: float = 1.0) -> Attempt:
    return Attempt(student, "a1_mlp", status, EVIDENCE, results, ("said",), Usage(wall_s, wall_s, 40.0))


def cohort(*attempts: Attempt, roster: tuple[str, ...] = (), handed_in: tuple[str, ...] = ()) -> Cohort:
    there = {each.student for each in attempts}
    return Cohort(ASSIGNMENT, roster or tuple(sorted(there)), frozenset({*there, *handed_in}), attempts)


def a_class(size: int = 12) -> Cohort:
    """Student n passes everything of q1 but for the weakest third, and q2 in the upper half."""
    made = []
    for n in range(size):
        first = Outcome.FAILED if n < size // 3 else Outcome.PASSED
        second = Outcome.PASSED if n >= size // 2 else Outcome.FAILED
        results = [check("q1_values", first, WRONG, "4"), check("q2_values", second, f"wrong in {n} of 9", "6")]
        made.append(attempt(f"s{n:02}", *results))
    return cohort(*made)


# ---------------------------------------------------------------------------------------------------- correlation

numbers = st.lists(st.integers(-50, 50), min_size=10, max_size=40)


@settings(max_examples=100, deadline=None)
@given(first=numbers, seed=st.integers(0, 2**32 - 1))
def test_the_correlation_is_pearsons(first, seed):
    second = np.random.default_rng(seed).integers(-9, 9, len(first)).tolist()
    found = correlation(first, second)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(np.corrcoef(first, second)[0, 1], abs=1e-9)


def test_nine_students_are_too_few_for_a_correlation():
    assert correlation(range(9), range(9)) is None
    assert correlation(range(10), range(10)) == pytest.approx(1)


def test_a_check_is_correlated_with_everything_but_itself():
    found = {each.name: each for each in check_numbers(a_class())}
    passed = [0.0] * 6 + [6.0] * 6
    first = [0.0] * 4 + [4.0] * 8
    assert found["q2_values"].discrimination == pytest.approx(np.corrcoef(passed, first)[0, 1])
    assert (found["q2_values"].passed, found["q2_values"].asked) == (6, 12)
    assert found["q1_values"].endings == ((Outcome.FAILED, 4),)


def test_a_question_has_its_mean_share_and_how_many_got_nothing_or_everything():
    first, second = question_numbers(a_class())
    assert (first.mean, first.nothing, first.everything) == (pytest.approx(8 / 12), 4, 8)
    assert (second.mean, second.nothing, second.everything) == (pytest.approx(0.5), 6, 6)


def test_a_question_that_nobody_was_asked_has_no_mean():
    only_first = cohort(*(attempt(f"s{n}", check("q1_values", worth="4")) for n in range(12)))
    second = question_numbers(only_first)[1]
    assert (second.asked, second.mean, second.discrimination, second.doubt) == (0, None, None, "")


def test_attempts_that_were_not_graded_are_not_counted():
    whole = a_class()
    broken = attempt("zoe", check("q1_values", Outcome.DEFERRED, "", "4"), status=Status.DEFERRED)
    more = replace(whole, attempts=(*whole.attempts, broken))
    assert question_numbers(more) == question_numbers(whole)
    assert check_numbers(more) == check_numbers(whole)


@pytest.mark.parametrize(
    ("asked", "passed", "r", "doubtful"),
    [
        pytest.param(100, 0, None, True, id="nobody passes"),
        pytest.param(3, 0, None, False, id="nobody of three"),
        pytest.param(100, 50, -0.3, True, id="the better fail"),
        pytest.param(100, 50, -0.1, False, id="below zero by chance"),
        pytest.param(100, 100, None, False, id="everybody passes"),
        pytest.param(16, 8, -0.4, False, id="a small class"),
    ],
)
def test_a_check_is_in_doubt_when_nobody_or_the_wrong_half_passes(asked, passed, r, doubtful):
    assert bool(doubt(asked, passed, r, "passes")) == doubtful


@pytest.mark.parametrize(("value", "text"), [(0.5, "+0.50"), (-0.25, "\u22120.25"), (-0.001, "0.00"), (0.0, "0.00")])
def test_a_signed_number_has_two_digits_and_no_negative_zero(value, text):
    assert signed(value) == text


# ---------------------------------------------------------------------------------------------------- clusters


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("differs in 7 of 60 entries, first at (2, 3)", "differs in 12 of 60 entries, first at (0, 9)"),
        ("looked for f; your notebook defines ff (cell 3)", "looked for f; your notebook defines fg (cell 14)"),
        ("<object at 0x7f00aa>", "<object at 0x55cc>"),
        ("off by -1.5e-07", "off by 3"),
        ("KeyError in cell 3, line 4: `a = b[x]`", "KeyError in cell 9, line 1: `print(y)`"),
        ("too   large", "too large"),
        ("a sum over 2 axes differs, first at index (2, 3)", "a sum over 1 axis differs, first at index (4,)"),
        ("axes 0, 1 and 2 are too long by 1", "axis 3 is too long by 2"),
    ],
)  # fmt: skip
def test_what_differs_between_students_is_masked(one, other):
    assert masked(one) == masked(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("result is float64, expected float32.", "result is float32, expected float64."),
        ("KeyError: 'W1'", "KeyError: 'b1'"),
        ("has shape (#, #)", "has shape (#,)"),
        ("conv2d was used", "conv3d was used"),
    ],
)
def test_what_is_another_mistake_stays_another(one, other):
    assert masked(one) != masked(other)


def test_masking_a_very_long_message_is_quick_and_short():
    assert len(masked("1 " * 10**6)) <= 300


def test_three_students_who_are_told_the_same_are_a_cluster_and_two_are_none():
    said = [f"differs in {n} of 60 entries" for n in range(3)]
    made = [attempt(f"s{n}", check("q1_a", Outcome.FAILED, text)) for n, text in enumerate(said)]
    (one,) = clusters(cohort(*made))
    assert (one.students, one.checks, one.said) == (("s0", "s1", "s2"), ("q1_a",), said[0])
    assert clusters(cohort(*made[:2])) == ()


def test_the_same_words_after_another_ending_or_at_another_question_are_another_cluster():
    three = [check("q1_a", Outcome.FAILED, "x"), check("q2_a", Outcome.FAILED, "x"), check("q2_b", Outcome.ERROR, "x")]
    found = clusters(cohort(*(attempt(f"s{n}", *three) for n in range(3))))
    assert sorted((each.question, each.outcome.value) for each in found) == [
        ("q1", "failed"), ("q2", "error"), ("q2", "failed")]  # fmt: skip


def test_the_same_students_with_the_same_words_at_several_checks_of_a_question_are_one_cluster():
    both = [check("q1_a", Outcome.ERROR, "NameError in cell 3"), check("q1_b", Outcome.ERROR, "NameError in cell 9")]
    (one,) = clusters(cohort(*(attempt(f"s{n}", *both) for n in range(4))))
    assert one.checks == ("q1_a", "q1_b")


def class_with_cluster(members: list[int], message: str = WRONG, outcome: Outcome = Outcome.FAILED) -> Cohort:
    """Twenty students, of whom the last ten are good at q2; the members are told the same at q1."""
    made = []
    for n in range(20):
        first = check("q1_a", outcome, message) if n in members else check("q1_a")
        second = check("q2_a", worth="6") if n >= 10 else check("q2_a", Outcome.FAILED, f"{'x' * n}", "6")
        made.append(attempt(f"s{n:02}", first, second))
    return cohort(*made)


@pytest.mark.parametrize(
    ("members", "message", "outcome", "doubtful"),
    [
        pytest.param([15, 16, 17, 18, 19], WRONG, Outcome.FAILED, True, id="all of them good elsewhere"),
        pytest.param([0, 1, 2, 3, 4], WRONG, Outcome.FAILED, False, id="all of them weak elsewhere"),
        pytest.param([7, 8, 9, 10, 11], WRONG, Outcome.FAILED, False, id="no better than the class"),
        pytest.param(list(range(10)), WRONG, Outcome.FAILED, True, id="half of the class"),
        pytest.param(list(range(5, 20)), "not written yet: f", Outcome.ERROR, False, id="not written"),
        pytest.param(list(range(5, 20)), "looked for f", Outcome.MISSING, False, id="not defined"),
    ],
)
def test_a_cluster_puts_the_check_in_doubt_when_it_holds_the_better_or_half_the_class(
    members, message, outcome, doubtful
):
    found = [each for each in clusters(class_with_cluster(members, message, outcome)) if each.question == "q1"]
    assert [bool(each.doubt) for each in found] == [doubtful]


def test_a_check_is_in_doubt_in_every_count_when_it_is_for_its_cluster_alone():
    found = findings(class_with_cluster([15, 16, 17, 18, 19]))
    by_r = {each.name for each in found.doubtful_checks}
    assert found.doubts == tuple(sorted(by_r | {"q1_a"}))
    page = assignment_page(found, "Course", Links(False, ("a1_mlp",), frozenset()))
    assert f"<b>{len(found.doubts)}<" in page.partition("checks in doubt")[0].rpartition("<li>")[2]


def test_clusters_in_doubt_come_first_then_the_largest():
    small, large = class_with_cluster([15, 16, 17, 18, 19]), class_with_cluster(list(range(9)))
    attempts = tuple(
        replace(one, results=(*one.results, *(replace(r, name="q1_b", message="other") for r in other.results[:1])))
        for one, other in zip(small.attempts, large.attempts, strict=True)
    )
    found = clusters(replace(small, attempts=attempts))
    assert [len(each.students) for each in found] == [5, 9]
    assert found[0].doubt and not found[1].doubt


# ---------------------------------------------------------------------------------------------------- who got how far


def test_the_funnel_counts_the_roster_and_names_who_is_lost_where():
    roster = ("anna", "ben", "cleo", "dan", "eve", "finn")
    made = [
        attempt("anna", check("q1_a")),
        attempt("ben", status=Status.UNREADABLE),
        attempt("cleo", status=Status.DEFERRED),
        attempt("zoe", check("q1_a")),
    ]
    whole = replace(cohort(*made, roster=roster, handed_in=("dan",)), excused=frozenset({"finn"}))
    stages = whole.funnel()
    assert [(stage.name, stage.students) for stage in stages] == [
        ("on the roster", 6), ("handed in", 4), ("readable", 3), ("graded", 1), ("feedback written", 0)]  # fmt: skip
    assert [stage.lost for stage in stages] == [(), ("eve", "finn"), ("ben",), ("cleo", "dan"), ("anna",)]
    assert "nothing handed in, 1 of them excused" in stages[1].why and whole.without_hand_in == stages[1].lost
    assert whole.strangers == ("zoe",) and whole.waiting == ("dan",)
    assert replace(whole, published=frozenset({"anna"})).funnel()[-1].students == 1


def test_waiting_and_odd_attempts_are_incidents_by_severity():
    made = [
        attempt("ben", check("q1_a", Outcome.TIMEOUT, "no answer"), check("q1_b")),
        attempt("anna", check("q1_a", Outcome.DEFERRED, "lost"), check("q1_b")),
        attempt("cleo", check("q1_a")),
    ]
    found = incidents(cohort(*made, handed_in=("dan",)))
    assert [(each.student, each.kind) for each in found] == [
        ("anna", "deferred"), ("dan", "waiting"), ("ben", "timeout")]  # fmt: skip
    assert how_many(found) == "1 deferred, 1 not graded yet, 1 timeout"


def test_the_slowest_come_first_and_what_was_not_run_not_at_all():
    made = [attempt("a", wall_s=1), attempt("b", wall_s=9), attempt("c", wall_s=0), attempt("d", wall_s=math.nan)]
    assert [each.student for each in slowest(cohort(*made))] == ["b", "a"]


# ---------------------------------------------------------------------------------------------------- wrong


def gone_wrong() -> Findings:
    """Two of four are wrong at a cheap check, and one at a dear one that two others have not written."""
    stub, wrong = "not written yet (cell 5)", Outcome.FAILED
    return findings(
        cohort(
            attempt("anna", check("q1_sum", wrong), check("q2_fit", wrong, WRONG, "6")),
            attempt("ben", check("q1_sum", wrong), check("q2_fit", Outcome.ERROR, stub, "6")),
            attempt("cleo", check("q1_sum"), check("q2_fit", Outcome.MISSING, "looked for fit", "6")),
            attempt("dan", check("q1_sum"), check("q2_fit", worth="6")),
            attempt("eve", check("q1_sum"), check("q2_fit", Outcome.DEFERRED, "lost", "6")),
        )
    )


def test_what_is_wrong_is_counted_apart_from_what_is_not_there():
    cheap, dear = gone_wrong().checks
    assert (cheap.wrong, cheap.not_there, cheap.endings) == (2, 0, ((Outcome.FAILED, 2),))
    assert (dear.wrong, dear.not_there, dear.passed, dear.asked) == (1, 2, 1, 5)
    assert dict(dear.endings) == {Outcome.FAILED: 1, Outcome.DEFERRED: 1}


def test_what_fails_over_an_earlier_question_alone_is_not_wrong_again():
    over_q1 = check("q2_fit", Outcome.FAILED, "passes with the reference's q1; by itself: expected 3", "6")
    found = findings(cohort(attempt("anna", check("q1_sum", Outcome.FAILED), over_q1), attempt("ben", check("q2_fit"))))
    assert [(each.name, each.wrong) for each in found.checks] == [("q1_sum", 1), ("q2_fit", 0)]
    assert dict(found.checks[1].endings) == {Outcome.FAILED: 1}


def test_nobody_passes_what_nobody_wrote_and_the_check_is_not_in_doubt():
    def all_of_five(outcome: Outcome, message: str) -> str:
        made = (attempt(f"s{n}", check("q1_sum", outcome, message)) for n in range(5))
        return check_numbers(cohort(*made))[0].doubt

    assert all_of_five(Outcome.FAILED, WRONG) == "nobody passes"
    assert all_of_five(Outcome.ERROR, "not written yet (cell 5)") == all_of_five(Outcome.MISSING, "looked for f") == ""


def test_the_lists_name_what_most_got_wrong_and_who_lost_most_and_nobody_who_wrote_nothing():
    links = Links(True, ("a1_mlp",), frozenset({"anna", "ben", "cleo"}))
    class_, one = wrong_section([gone_wrong()], links).split("<h3>")[1:]
    assert rows_of(class_) == ["q1 sum a1_mlp q1 2 of 5 0", "q2 fit a1_mlp q2 1 of 5 2"]
    assert rows_of(one) == ["6 anna q2 fit a1_mlp q2", "2 anna, ben q1 sum a1_mlp q1"]
    leads_to = [student_page("anna"), "assignment_a1_mlp.html#c2", student_page("anna"), student_page("ben")]
    assert re.findall('href="([^"]*)"', one)[:4] == leads_to
    here = wrong_section([gone_wrong()], links, here=True)
    assert "#c1" in Outline(here).values("href") and "a1_mlp q1" not in here


def rows_of(part: str) -> list[str]:
    """The text of each row of a table's body."""
    body = part.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(Outline(row.replace("</td>", " </td>")).text.split()) for row in body.split("\n")]


def test_the_usual_hint_of_a_check_is_told_with_how_many_got_it_where_others_got_another():
    def hinted(student: str, hint: str) -> Attempt:
        return attempt(student, replace(check("q1_sum", Outcome.FAILED), hint=hint))

    found = findings(cohort(hinted("anna", "an axis?"), hinted("ben", "a sign?"), hinted("cleo", "an axis?")))
    assert "to 2 of 3: an axis?" in checks_section(found.checks, found.known)
    same = findings(cohort(hinted("anna", "an axis?"), hinted("ben", "an axis?")))
    assert ">an axis?<" in checks_section(same.checks, same.known)


# ---------------------------------------------------------------------------------------------------- numbers


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 400).map(lambda n: Decimal(n) / 4), min_size=1, max_size=30))
def test_quartiles_agree_with_numpy(values):
    found = spread(values)
    plain = [float(value) for value in values]
    assert found is not None
    shape = (found.least, found.lower, found.middle, found.upper, found.most)
    assert shape == pytest.approx(tuple(np.percentile(plain, [0, 25, 50, 75, 100])))
    assert found.mean == pytest.approx(np.mean(plain))


def test_no_values_have_no_spread():
    assert spread([]) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 100), max_size=30), st.sampled_from([4, 10, 20]))
def test_every_value_is_in_one_bin_and_full_marks_are_in_the_last(values, number):
    counts = bins([float(value) for value in values], 100.0, number)
    assert sum(counts) == len(values)
    assert counts[-1] >= values.count(100)


def test_near_is_within_the_distance_on_both_sides_and_those_just_below_come_first():
    percents = [
        ("on", Fraction(50)),
        ("below", Fraction(499, 10)),
        ("far", Fraction(5101, 100)),
        ("edge", Fraction(49)),
    ]
    found = near(percents, [Decimal(50), Decimal(60)], Decimal(1))
    assert [(each.student, each.distance) for each in found] == [
        ("below", Fraction(-1, 10)), ("edge", Fraction(-1)), ("on", Fraction(0))]  # fmt: skip


# ---------------------------------------------------------------------------------------------------- by hand


def marked(size: int = 12, essays: int = 12, right: bool = True) -> Cohort:
    """`a_class` with an essay of 10 points: student n has n * 10 / (size - 1) points; from `essays` on they wait."""
    question = Question("q3", "Essay", Fraction(10), manual=True)
    assignment = replace(ASSIGNMENT, questions=(*ASSIGNMENT.questions, question))
    made = []
    for n, each in enumerate(a_class(size).attempts):
        worth = Fraction(10 * (n if right else size - 1 - n), size - 1)
        mark = ManualMark("q3", worth) if n < essays else ManualMark("q3", None, "is to be marked by hand")
        made.append(replace(each, manual=(mark,)))
    return replace(cohort(*made), assignment=assignment)


def test_an_essay_that_everybody_has_a_mark_for_is_a_question_like_any_other():
    found = {each.question.id: each for each in question_numbers(marked())}
    points = [float(Fraction(10 * n, 11)) for n in range(12)]
    rest = [float(each.points) - own for each, own in zip(marked().graded, points, strict=True)]
    assert found["q3"].asked == 12 and found["q3"].mean == pytest.approx(0.5)
    assert (found["q3"].nothing, found["q3"].everything) == (1, 1)
    assert found["q3"].discrimination == pytest.approx(np.corrcoef(points, rest)[0, 1])
    assert marked().points == tuple(each.points for each in marked().graded)


def test_an_essay_that_waits_is_left_out_of_everything_that_others_are_held_against():
    waiting, never = marked(essays=11, right=False), a_class()
    for numbers in (question_numbers, check_numbers):
        found = {each.question if numbers is check_numbers else each.question.id: each for each in numbers(waiting)}
        for each in numbers(never):
            name = each.question if numbers is check_numbers else each.question.id
            assert found[name] == each  # as if nobody had been asked for an essay
    assert clusters(waiting) == clusters(never)


def test_an_essay_that_is_marked_for_some_is_counted_for_them_alone():
    found = {each.question.id: each for each in question_numbers(marked(essays=10))}["q3"]
    own = [float(Fraction(10 * n, 11)) for n in range(10)]
    rest = [float(each.points) for each in a_class().graded][:10]
    assert found.asked == 10 and found.mean == pytest.approx(sum(own) / 100)
    assert found.discrimination == pytest.approx(np.corrcoef(own, rest)[0, 1])
    assert found.nothing == 1 and found.everything == 0


def test_who_waits_for_a_mark_has_no_total_and_is_in_no_distribution():
    assert len(marked(essays=9).points) == 9 and len(marked(essays=9).graded) == 12
    assert marked(essays=0).points == ()


@pytest.mark.parametrize(("value", "shown"), [(59.85, "59.9"), (1.05 + 0.1, "1.2"), (-0.05, "-0.1"), (60, "60.0")])
def test_one_digit_is_rounded_half_up(value, shown):
    assert one_digit(value) == shown


def test_the_nearest_of_a_boundary_come_first_on_both_sides():
    marks = [(f"s{percent}", Fraction(percent)) for percent in ("50.6", "49.2", "50.3", "49.9")]
    found = near(marks, [Decimal(50)], Decimal(1))
    assert [each.student for each in found] == ["s49.9", "s49.2", "s50.3", "s50.6"]
