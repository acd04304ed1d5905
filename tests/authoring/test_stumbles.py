"""Odd answers in place of the reference's: a hidden test that falls over one is found, one that looks first is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny import IN_PROCESSES, hidden, small_course

from grader import wire
from grader.authoring import variants
from grader.authoring.stumbles import stumbles
from grader.course.config import read_assignment
from grader.examination.odd_answers import odd
from grader.examination.task import Task
from grader.execution.pool import Pool

TESTS = """
import numpy as np
import pytest
from grader.testing import array, close, formed

pytestmark = [pytest.mark.question("q3"), pytest.mark.points(1)]

@pytest.fixture(scope="module")
def kept(): return {}

def parts(nb, x): return [{"sum": nb.running_sum(x)}]

def test_trusts(student): assert (student.running_sum(np.ones(3)) + 1).sum() == 9
def test_looks(student): assert (array(student.running_sum(np.ones(3)), shape=(3,)) + 1).sum() == 9
def test_divides(student): assert 1 // int(array(student.running_sum(np.ones(1)), shape=(1,))[0]) == 1
def test_trusts_a_part(student): assert student.run(parts, np.ones(2))[0]["sum"].sum() == 3
def test_looks_at_parts(student):
    [part] = formed(student.run(parts, np.ones(2)), ({"sum": np.ndarray},))
    close(part["sum"], np.array([1.0, 2.0]))
def test_keeps(student, kept): kept["sum"] = student.running_sum(np.ones(2))
def test_uses(student, kept): assert kept["sum"][1] == 2
def test_reference_loses(student): assert student.running_sum(np.ones(1)) is None
def test_expects_an_error(student):
    with student.raises(TypeError):
        student.running_sum()
    close(student.running_sum(np.ones(2)), np.array([1.0, 2.0]))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    paths = small_course(tmp_path_factory.mktemp("odd"))
    next(paths.hidden_tests("tiny").glob("test_q3*.py")).unlink()
    hidden(paths, "test_q3.py", TESTS)
    reference = variants.reference(paths, read_assignment(paths, "tiny")).submission
    with Pool(paths, "tiny", IN_PROCESSES) as pool:
        [(task, examined)] = pool.run(iter([Task(reference, "5eed", ("q1", "q2", "q3"))]))
        return list(stumbles(pool, task, examined, 60.0))  # enough for all


def test_a_test_that_falls_over_an_odd_answer_is_found_and_no_other(found):
    assert {row.kind for row in found} == {"broken"}
    assert {row.check for row in found} == {"test_trusts", "test_divides", "test_trusts_a_part", "test_uses"}


@pytest.mark.parametrize(
    ("check", "odd_one", "says"),
    [
        ("test_trusts", "running_sum: None", "TypeError: unsupported operand"),
        ("test_divides", "running_sum: zeros", "ZeroDivisionError"),
        ("test_trusts_a_part", "parts: an empty list", "IndexError: list index out of range"),
        ("test_trusts_a_part", "parts: entry 0: entry 'sum': None", "AttributeError: 'NoneType' object"),
        ("test_uses", "running_sum: one row", "IndexError: index 1 is out of bounds"),
    ],
)
def test_it_is_said_which_answer_made_it_fall_where(found, check, odd_one, says):
    rows = [row for row in found if row.check == check and row.submission == odd_one]
    assert len(rows) == 1 and rows[0].detail.startswith(says) and "(test_q3.py, line " in rows[0].detail


@pytest.mark.parametrize(
    "answer",
    [
        None, True, 3, 0.5, "word", [1, 2], (1.0, [np.ones(2)]), {"a": 1, "b": np.zeros((2, 3))},
        np.arange(6).reshape(2, 3), np.ones((2, 3), np.float32), np.zeros(0), np.array(2.0), np.array([True]),
        torch.ones(2, 3), torch.arange(4), torch.zeros(0, 2), wire.Ref(1, "object", "Net"),
    ],
    ids=lambda answer: type(answer).__name__,
)  # fmt: skip
def test_odd_answers_are_of_other_kinds_and_can_be_sent(answer):
    answers = list(odd(answer))
    assert {"None", "zero", "NaN", "a word", "an array without axes", "a huge integer"} <= {
        words for words, _ in answers
    }
    for _, value in answers:
        wire.decode(wire.encode(value, 1 << 30, lambda ref: ref))
