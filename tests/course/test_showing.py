"""What students see, and when: the table `portal` of course.toml."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from grader.course.showing import Showing, Shown, Start, When, showings

DEADLINE = datetime(2026, 9, 1, tzinfo=UTC)
BEFORE, AFTER = DEADLINE - timedelta(seconds=1), DEADLINE + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("when", "time", "published", "shown"),
    [
        (When.PUBLISHED, AFTER, None, Shown.CHECKS),
        (When.PUBLISHED, BEFORE, True, Shown.FEEDBACK),
        (When.DEADLINE, BEFORE, None, Shown.CHECKS),
        (When.DEADLINE, DEADLINE, None, Shown.CHECKS),
        (When.DEADLINE, AFTER, None, Shown.FEEDBACK),
        (When.AT_ONCE, BEFORE, None, Shown.FEEDBACK),
        (When.AT_ONCE, BEFORE, False, Shown.CHECKS),
        (When.DEADLINE, AFTER, False, Shown.CHECKS),
    ],
)
def test_what_is_shown_when(when: When, time: datetime, published: bool | None, shown: Shown):
    assert Showing(when=when).now(time, DEADLINE, published) is shown


def test_without_a_deadline_it_never_passes():
    assert Showing(when=When.DEADLINE).now(AFTER, None, None) is Shown.CHECKS


def test_marks_that_were_taken_back_are_shown_to_nobody():
    assert Showing(before=Shown.POINTS).now(BEFORE, DEADLINE, None) is Shown.POINTS
    assert Showing(before=Shown.POINTS).now(BEFORE, DEADLINE, False) is Shown.CHECKS
    assert Showing(before=Shown.NOTHING).now(BEFORE, DEADLINE, False) is Shown.NOTHING


def test_public_checks_are_run_where_students_see_them_some_time_and_hand_ins_may_be_run():
    assert Showing().runs_public_checks
    assert Showing(before=Shown.ACCEPTED, after=Shown.CHECKS).runs_public_checks
    assert not Showing(before=Shown.ACCEPTED).runs_public_checks
    assert not Showing(grade=Start.COMMAND).runs_public_checks


def test_an_assignment_says_what_is_otherwise_there():
    table = {"grade": "deadline", "a1": {"before": "nothing", "graded_a_day": 1}}
    found = showings(table, "course.toml: portal")
    assert found[""] == Showing(grade=Start.DEADLINE)
    assert found["a1"] == Showing(grade=Start.DEADLINE, before=Shown.NOTHING, graded_a_day=1)
