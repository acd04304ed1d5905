"""A hidden test that fails by itself: the answer's fault where the reference passes, else the test's, for everybody."""

from __future__ import annotations

import pytest
from tiny import IN_PROCESSES, hidden, small_course, submission

from grader.examination import own_limits
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.schema import FLAWED, UNJUDGED, Outcome, Status

TESTS = """
import os
import numpy as np
import pytest

pytestmark = [pytest.mark.question("q3"), pytest.mark.points(1)]

@pytest.fixture(scope="module")
def kept():
    return {}

def last(student): return float(student.running_sum(np.ones(3))[-1])

def test_divides(student): assert 1 / last(student) > 0
def test_allocates(student): assert np.ones(int(1e11) if last(student) == 0 else 3).size == 3
def test_calculates(student):
    while last_seen := last(student) == 0:
        while last_seen: pass
def test_ends(student):
    if last(student) == 0: os.kill(os.getpid(), 9)
def test_sends_back(student): student.softmax(np.ones((1, 2)) if last(student) else object())
def test_keeps(student, kept): kept["last"] = last(student)
def test_uses(student, kept): assert 3 // (kept["last"] if kept else last(student))
def test_is_broken(student): assert last(student) + None
def test_judges(student): assert last(student) == 3
"""
ZEROS = "def running_sum(x): return np.zeros(len(x))"
ONES = "def running_sum(x): return [1, 2, 1]"


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:  # what is forked below has it
        patch.setattr(own_limits, "LEAST_CPU_S", 0.3)
        patch.setattr(own_limits, "WHOLE_CPU_S", 3.0)
        paths = small_course(tmp_path_factory.mktemp("faults"))
        next(paths.hidden_tests("tiny").glob("test_q3*.py")).unlink()
        hidden(paths, "test_q3.py", TESTS)
        with Pool(paths, "tiny", IN_PROCESSES) as made:
            yield made


def examined(pool, *cells):
    whole = ("import numpy as np", "def softmax(z): return z", *cells)
    [(_, done)] = pool.run(iter([Task(submission("ada", *whole), "5eed", ("q3",))]))
    return done


@pytest.fixture(scope="module")
def zeros(pool):
    return examined(pool, ZEROS)


@pytest.mark.parametrize(
    ("check", "says", "author_reads"),
    [
        ("test_divides", "divides by zero", "ZeroDivisionError"),
        ("test_allocates", "takes too much memory", "Unable to allocate"),
        ("test_calculates", "takes too long", "calculates for more than"),
        ("test_ends", "fails", "the examining process ended in it, more than once"),
        ("test_sends_back", "leads to what cannot be compared or sent", "an object of type object"),
        ("test_uses", "divides by zero", "float floor division by zero"),
    ],
)
def test_an_answer_that_cannot_be_calculated_with_fails_its_check_and_names_the_test(zeros, check, says, author_reads):
    result = next(result for result in zeros.results if result.name == check)
    assert result.outcome is Outcome.FAILED and result.points == 0
    assert result.message.startswith(f"{UNJUDGED}: calculating with what running_sum") and result.message.endswith(says)
    notices = [notice for notice in zeros.notices if notice.startswith(f"{FLAWED}: {check}: ")]
    assert len(notices) == 1 and author_reads in notices[0]
    assert author_reads in zeros.flaws[check]


def test_what_fails_with_the_reference_too_is_deferred_for_everybody_and_named(pool, zeros):
    for done in (zeros, examined(pool, ONES)):
        deferred = [result.name for result in done.results if result.outcome is Outcome.DEFERRED]
        assert deferred == ["test_is_broken"] and done.status is Status.DEFERRED
        assert done.fault.startswith("test_is_broken: the hidden test itself failed: TypeError")


def test_the_other_checks_keep_their_verdict(zeros):
    verdicts = {result.name: result.outcome for result in zeros.results}
    assert verdicts["test_keeps"] is Outcome.PASSED and verdicts["test_judges"] is Outcome.FAILED


def test_a_calculation_may_take_half_of_what_is_left(monkeypatch):
    monkeypatch.setattr(own_limits, "LEAST_CPU_S", 0.05)
    with pytest.raises(own_limits.TakesTooLong), own_limits.share_of(0.1):
        while True:
            pass
    with own_limits.share_of(1000.0) as share:
        sum(range(1000))
    assert 0 <= share.used() < 500
