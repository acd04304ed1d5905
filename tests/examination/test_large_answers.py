"""Answers that are too large cost the question that they are given to, and no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tiny import ended, opened

from grader.examination.channel import MOST_ANSWERS, MOST_OF_A_QUESTION, REPLY_OVERHEAD, TOO_MUCH
from grader.sandbox.process import ProcessSandbox
from grader.schema import Assignment, Limits, Outcome, Question

LARGE = "import numpy as np\ndef large():\n    return np.zeros((1 << 20) - 4096, np.uint8)\ndef small():\n    return 7"
LARGEST = (1 << 20) + REPLY_OVERHEAD  # a frame where answer_mib is 1


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    made = ProcessSandbox(Assignment("tiny", "Tiny", (Question("q1", "One", 1),), Limits()))
    yield made
    made.close()


def give_too_much(one, question: str) -> None:
    """Ask for large answers until there are too many."""
    student = one.check(f"test_{question}", question=question)
    for _ in range(MOST_OF_A_QUESTION * LARGEST // (1 << 20)):
        assert len(student.large()) == (1 << 20) - 4096
    assert ended(student.large) == (Outcome.PROTOCOL, TOO_MUCH)


def test_a_question_with_answers_that_are_too_large_loses_its_points_and_another_keeps_them(sandbox):
    with opened(sandbox, LARGE, answer_mib=1) as one:
        give_too_much(one, "q1")
        opened_before = one.channel.opened
        assert ended(one.check("test_another", question="q1").small) == (Outcome.PROTOCOL, TOO_MUCH)
        assert one.channel.opened == opened_before, "nothing is asked for what cannot be answered"
        assert one.check("test_two", question="q2").small() == 7


def test_all_answers_together_are_bounded(sandbox):
    with opened(sandbox, LARGE, answer_mib=1) as one:
        for place in range(MOST_ANSWERS // (MOST_OF_A_QUESTION + 1) + 1):
            give_too_much(one, f"q{place}")
        student = one.check("test_last", question="last")
        outcome, said = ended(lambda: [student.large() for _ in range(MOST_ANSWERS * LARGEST // (1 << 20))])
        assert outcome is Outcome.PROTOCOL and "all answers together are too large" in said
