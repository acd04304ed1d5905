"""What is worth a look before marks are published, and what is not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from grader.pages.anomalies import reasons_to_look
from grader.schema import FLAWED, Attempt, CheckResult, Evidence, Outcome, Status


def attempt(*results: CheckResult, status: Status = Status.GRADED, notices: tuple[str, ...] = ()) -> Attempt:
    evidence = Evidence("ab" * 32, (("q4", "cd" * 32),), "sha256:" + "ef" * 32, "cpu", "00", "strict")
    return Attempt("anna", "a1_mlp", status, evidence, results, notices)


def check(name: str, outcome: Outcome = Outcome.PASSED, message: str = "") -> CheckResult:
    return CheckResult(name, "q4", outcome, Decimal(2), message)


RAISED = "looked for relu; cell 3, which is to define it, did not get that far: "
NEAR = "looked for relu; your notebook defines rel (cell 3)"


@pytest.mark.parametrize(
    ("results", "kinds"),
    [
        pytest.param([check("t")], [], id="passed"),
        pytest.param([check("t", Outcome.FAILED, "wrong"), check("u")], [], id="partly wrong"),
        pytest.param([check("t", Outcome.FAILED, "wrong")], ["0 points"], id="nothing right"),
        pytest.param([check("t", Outcome.ERROR, "not written yet: relu")], [], id="nothing tried"),
        pytest.param([check("t", Outcome.TIMEOUT, "no answer")], ["timeout"], id="hangs"),
        pytest.param(
            [check("t", Outcome.MEMORY, "6 GB"), check("u", Outcome.CRASHED, "gone")],
            ["memory", "crashed"],
            id="two kinds",
        ),
        pytest.param(
            [check("t", Outcome.MISSING, NEAR), check("u", Outcome.MISSING, NEAR)], ["name"], id="a name like it"
        ),
        pytest.param([check("t", Outcome.MISSING, f"{RAISED}SyntaxError")] * 2, ["cell raised"], id="not reached"),
        pytest.param([check("t", Outcome.MISSING, f"{RAISED}NotImplementedError")], [], id="over a stub"),
        pytest.param(
            [check("t", Outcome.MISSING, "looked for relu; your notebook does not define it")], [], id="no such name"
        ),
    ],
)
def test_what_is_odd_about_an_attempt(results, kinds):
    assert [kind for kind, _ in reasons_to_look(attempt(*results))] == kinds


def test_a_hidden_test_that_failed_over_an_answer_is_to_be_looked_at():
    notice = f"{FLAWED}: t: ZeroDivisionError: division by zero (test_q4.py, line 3)"
    assert reasons_to_look(attempt(check("t"), notices=("cell 3 raised X", notice))) == [("hidden test", notice)]


def test_what_has_no_mark_says_why():
    unreadable = attempt(status=Status.UNREADABLE, notices=("a1_mlp.ipynb: this is a saved web page",))
    assert reasons_to_look(unreadable) == [("unreadable", "a1_mlp.ipynb: this is a saved web page")]


def test_what_ended_alike_is_one_reason_that_counts_the_others():
    hangs = attempt(*(check(name, Outcome.TIMEOUT, "no answer within 10 s") for name in "tuv"))
    assert reasons_to_look(hangs) == [("timeout", "q4: no answer within 10 s (and 2 more)")]
