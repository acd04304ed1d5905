"""Five syllabi of real courses, as course.toml: each gives the mark that its rules give with pencil and paper."""

from __future__ import annotations

import shutil
from decimal import Decimal
from fractions import Fraction

import pytest

from grader.course.config import read_course
from grader.course.entries import Entry, State
from grader.marks.explanation import explain
from grader.marks.policy import CourseMark, course_mark
from grader.paths import PACKAGE, Paths

SYLLABI = PACKAGE.parent / "examples" / "syllabi"
ASSIGNMENTS = ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative")
MISSING, EXCUSED = Entry(State.MISSING), Entry(State.EXCUSED)


def points(earned, late_days=0, of=100):
    return Entry(State.GRADED, Fraction(earned), Fraction(of), Decimal(1440 * late_days))


@pytest.fixture
def mark(tmp_path):
    """A function that marks a student by one of the syllabi; every item that is not named has 80 of 100."""

    def mark(syllabus: str, group: str = "", **entries: Entry) -> CourseMark:
        shutil.copy(SYLLABI / f"{syllabus}.toml", tmp_path / "course.toml")
        for name in ASSIGNMENTS:
            Paths(tmp_path).assignment(name).mkdir(parents=True, exist_ok=True)
            Paths(tmp_path).assignment_toml(name).write_text(f'title = "{name}"\n')
        scheme = read_course(Paths(tmp_path)).scheme.of(group)
        assert set(entries) <= set(scheme.items)
        return course_mark(scheme, {item: entries.get(item, points(80)) for item in scheme.items})

    return mark


def test_every_syllabus_has_a_test():
    tested = {name.removeprefix("test_by_") for name in globals() if name.startswith("test_by_")}
    assert tested == {path.stem for path in SYLLABI.glob("*.toml")}


def test_by_late_days(mark):
    """Three days late: two free, one costs 25. Two more are free of the bank of four; the fifth finds none."""
    got = mark("late_days", ps0=points(40), a1_mlp=points(90, 3), a2_cnn=points(90, 2), a3_sequences=points(90, 1))
    assert [item.percent for item in got.items[:5]] == [65, 90, 65, 80, 40]
    assert got.free_days_left == 0
    assert got.exact == Fraction(7 * (65 + 90 + 65 + 80) + 40, 100) + Fraction(80 * 71, 100)


def test_by_share_of_the_score(mark):
    """Two days late of 60: one is free, the other takes a quarter of what was earned and not 25 of the 100."""
    got = mark("share_of_the_score", a1_mlp=points(60, 2), a2_cnn=points(60, 6))
    assert [item.percent for item in got.items[:4]] == [45, 0, 80, 80]
    assert (got.free_days_left, got.exact) == (3, Fraction(35 * 205, 400) + 52)


def test_by_lowest_dropped(mark):
    """A missed quiz is the one that is dropped; of six quizzes that are left after an excuse five count."""
    assert mark("lowest_dropped", quiz3=MISSING, a5_written=points(10)).exact == 80
    got = mark("lowest_dropped", quiz3=MISSING, quiz4=EXCUSED, quiz5=points(50))
    assert got.components[0].places == 5 and got.components[0].percent == Fraction(4 * 80 + 50, 5)
    assert mark("lowest_dropped", a1_mlp=points(100, 1), a2_cnn=MISSING).components[1].percent == 60


def test_by_bonus_points(mark):
    """The bonus comes on top, and is none of what an excused midterm leaves to the others."""
    full = mark("bonus_points", survey_done=points(1, of=1), talks_heard=points(5, of=5))
    assert full.exact == 83
    assert mark("bonus_points", survey_done=MISSING, talks_heard=MISSING).exact == 80
    assert mark("bonus_points", midterm_exam=EXCUSED, survey_done=MISSING, talks_heard=points(5, of=5)).exact == 82
    assert "on top of the 100 of the course" in "\n".join(explain(full))


def test_by_two_groups(mark):
    """The same work: an undergraduate's 56 points are 112 %, a graduate's 100 %; 16 of 24 in the quizzes are all."""
    work = {"a1_mlp": points(56, of=56), "quiz_points": points(16, of=24)}
    young = mark("two_groups", "undergraduates", **work)
    assert young.exact == Fraction(60 * (112 + 80 * 3), 400) + 24 + 10
    old = mark("two_groups", "graduates", **work)
    assert old.exact == Fraction(50 * (100 + 80 * 3), 400) + 8 + 24 + 10
    assert "56 of 56 points, out of 50, = 112.00 %" in "\n".join(explain(young))
    assert "16 of 24 points = 66.67 %; x 1.5 = 100.00 %" in "\n".join(explain(young))
    best = {name: points(100) for name in ("a2_cnn", "a3_sequences", "a4_generative", "team_project")}
    most = mark("two_groups", "undergraduates", **{**work, **best})
    assert most.total == 100 and "= 101.80; at most 100 = 100.00" in "\n".join(explain(most))
