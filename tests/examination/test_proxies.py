"""What a hidden test does with a name or an object as if it were a value, and whose mistake it is."""

import re

import numpy as np
import pytest
from tiny import assignment, opened

from grader.checking.compare import Mismatch, array, close, number, same, unpack
from grader.errors import AuthoringError
from grader.sandbox.process import ProcessSandbox


@pytest.fixture(scope="module")
def sandbox():
    slot = ProcessSandbox(assignment())
    yield slot
    slot.close()


TAKES_A_NAME_FOR_A_VALUE = {
    "close": lambda student: close(student.f, 3),
    "close, as what is expected": lambda student: close(3, student.f),
    "close, inside a list": lambda student: close([student.f], [3]),
    "same": lambda student: same(student.f, 3),
    "array": lambda student: array(student.f),
    "number": lambda student: number(student.f),
    "unpack": lambda student: unpack(student.f, 2),
    "==": lambda student: student.f == 3,
    "!=": lambda student: student.f != 3,
    "<": lambda student: student.f < 3,
    "< from the other side": lambda student: sorted([3, student.f]),
    "an array of NumPy": lambda student: np.ones(2) + student.f,
    "a comparison with an array": lambda student: np.ones(2) == student.f,
    "if": lambda student: 1 if student.f else 2,
    "not": lambda student: not student.f,
    "for": lambda student: list(student.f),
    "in": lambda student: 3 in student.f,
    "among values": lambda student: student.f in (1, 2),
    "+": lambda student: student.f + 1,
    "1 -": lambda student: 1 - student.f,
    "-": lambda student: -student.f,
    "abs": lambda student: abs(student.f),
    "float": lambda student: float(student.f),
    "int": lambda student: int(student.f),
    "round": lambda student: round(student.f),
    "len": lambda student: len(student.f),
    "[0]": lambda student: student.f[0],
    "np.asarray": lambda student: np.asarray(student.f),
    "np.allclose": lambda student: np.allclose(student.f, 3),
    "a text": lambda student: f"it is {student.f}",
    "an argument": lambda student: student.f(student.f),
}


@pytest.mark.parametrize("mistake", TAKES_A_NAME_FOR_A_VALUE.values(), ids=TAKES_A_NAME_FOR_A_VALUE)
def test_a_name_taken_for_a_value_is_the_tests_mistake_with_its_remedy(sandbox, mistake):
    with opened(sandbox, "def f(x=0): return 3") as submission:
        student = submission.check()
        with pytest.raises(AuthoringError, match=re.escape("student.fetch('f')")):
            mistake(student)
        close(student.f(), 3)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda there: close(there, np.ones(3)),
        lambda there: array(there),
        lambda there: there == 3,
        lambda there: there < 3,
        lambda there: float(there),
        lambda there: list(there),
        lambda there: np.asarray(there),
        lambda there: same([there], [1]),
    ],
)
def test_what_a_test_put_there_itself_is_to_be_fetched(sandbox, mistake):
    with opened(sandbox, "def double(x): x *= 2") as submission:
        student = submission.check()
        there = student.put(np.ones(3))
        with pytest.raises(AuthoringError, match=r"student.put\(...\) returns stays in the sandbox; student.fetch"):
            mistake(there)
        student.double(there)
        close(student.fetch(there), np.full(3, 2.0))
        assert there == there  # noqa: PLR0124


@pytest.mark.parametrize("use", [lambda it: close(it, 3.0), lambda it: it < 3, float, round, np.asarray, list, number])
def test_an_object_that_was_answered_for_a_value_is_the_students_mistake(sandbox, use):
    with opened(sandbox, "class Odd: ...\ndef f(): return Odd()") as submission:
        odd = submission.check().f()
        with pytest.raises(Mismatch, match="an object of class Odd"):
            use(odd)


def test_an_attribute_of_what_a_name_stands_for_is_set_there(sandbox):
    with opened(sandbox, "class Layer: rate = 1\nlayer = Layer()\ndef rate(): return layer.rate") as submission:
        student = submission.check()
        student.layer.rate = 7
        assert student.rate() == 7 == student.layer.rate
        with pytest.raises(AuthoringError, match=re.escape("student.rate = ... sets nothing in the sandbox")):
            student.rate = 3
