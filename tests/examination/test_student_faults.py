"""How a check ends by itself: errors, missing names, forged replies, a sandbox that is not ready."""

import re
from decimal import Decimal

import numpy as np
import pytest
from tiny import assignment, ended, opened

from grader.checking.compare import Mismatch
from grader.errors import MachineryError
from grader.examination.student import StudentFault
from grader.sandbox.process import ProcessSandbox
from grader.schema import Outcome, Question

GONE = "looked for softmax_loss; cell 1, which is to define it, did not get that far: "


@pytest.fixture(scope="module")
def sandbox():
    slot = ProcessSandbox(assignment())
    yield slot
    slot.close()


ASKED_FOR = (Question("q1", "One", Decimal(1), ("softmax_loss", "softmax_losses")),)


class TestFaults:
    def test_raises_takes_the_kind_and_what_derives_from_it(self, sandbox):
        mine = "class Mine(ValueError): pass\nkinds = {'m': Mine, 'v': ValueError, 'k': KeyError}"
        cells = [mine, "def f(kind):\n    if kind: raise kinds[kind]('no')"]
        with opened(sandbox, *cells) as submission:
            student = submission.check()
            for kind, expected in (("v", ValueError), ("m", ValueError), ("k", LookupError), ("k", Exception)):
                with student.raises(expected):
                    student.f(kind)
            with (
                pytest.raises(Mismatch, match="ValueError was to be raised by f, and nothing was"),
                student.raises(ValueError),
            ):
                student.f("")
            says = "^ValueError was to be raised by f without a kind, and nothing was$"
            with pytest.raises(Mismatch, match=says), student.raises(ValueError, what="f without a kind"):
                student.f("")
            with pytest.raises(StudentFault, match="KeyError"), student.raises(ValueError):
                student.f("k")
            student = submission.check()
            says = "^ValueError was to be raised by the call, and nothing was$"
            with pytest.raises(Mismatch, match=says), student.raises(ValueError):
                student.put(1)  # no name was called yet

    def test_raises_is_not_met_by_a_process_that_ends(self, sandbox):
        with opened(sandbox, "import os\ndef f(): os._exit(1)") as submission:
            student = submission.check()
            with pytest.raises(StudentFault, match="exit code 1"), student.raises(Exception):
                student.f()

    @pytest.mark.parametrize(
        ("cells", "says"),
        [
            pytest.param(
                ["def softmax_los(x): ..."],
                "looked for softmax_loss; your notebook defines softmax_los (cell 1)",
                id="misspelt",
            ),
            pytest.param(
                ["def other(): ..."], "looked for softmax_loss; your notebook does not define it", id="not there"
            ),
            pytest.param(
                ["x = 1", "# experiment\ndef softmax_loss(): ..."],
                "looked for softmax_loss; it is defined in cell 2, which is marked as an experiment and is not run",
                id="in an experiment",
            ),
            pytest.param(
                ["x = 1 / 0\ndef softmax_loss(): ..."],
                GONE + "ZeroDivisionError: division by zero",
                id="in a cell that raised",
            ),
            pytest.param(
                ["import nowhere\n1 / 0\ndef softmax_loss(): ..."],
                GONE + "ZeroDivisionError: division by zero",
                id="in a cell that raised behind what was skipped",
            ),
            pytest.param(
                ["def softmax_loss(x:\n    return x"],
                GONE + "SyntaxError",
                id="in a cell that is no Python",
            ),
            pytest.param(
                ["def softmax_loss(): ...", "del softmax_loss"],
                GONE + "the name was deleted later",
                id="deleted",
            ),
            pytest.param(
                ["import sys\nsys.exit()\ndef softmax_loss(): ..."],
                GONE + "SystemExit",
                id="in a cell that exits",
            ),
        ],
    )
    def test_a_missing_name_is_traced(self, sandbox, cells, says):
        with opened(sandbox, *cells) as submission:
            outcome, said = ended(submission.check().softmax_loss, 3)
            assert outcome is Outcome.MISSING and said.startswith(says)
            assert ended(submission.check("test_two").fetch, "softmax_loss") == (outcome, said)

    def test_a_close_name_is_taken_where_the_course_says_so(self, sandbox):
        with opened(sandbox, "def softmax_los(x):\n    return 2 * x", questions=ASKED_FOR) as submission:
            assert submission.check(allow_close_names=True).softmax_loss(2) == 4
            assert ended(submission.check("test_two").softmax_loss, 2)[0] is Outcome.MISSING

    def test_a_name_that_is_asked_for_itself_is_not_taken_for_another(self, sandbox):
        with opened(sandbox, "def softmax_losses(x):\n    return x", questions=ASKED_FOR) as submission:
            assert ended(submission.check(allow_close_names=True).softmax_loss, 2)[0] is Outcome.MISSING

    def test_what_is_not_written_yet_is_told_as_such(self, sandbox):
        with opened(sandbox, "class A:\n    def f(self):\n        raise NotImplementedError") as submission:
            student = submission.check()
            outcome, says = ended(student.A().f)
            assert outcome is Outcome.ERROR
            assert says == "not written yet: f in cell 1 raises NotImplementedError"

    def test_an_error_is_told_with_its_place_and_without_its_numbers(self, sandbox):
        cell = "def f(x):\n    y = x * 2\n    raise ValueError(f'bad {x[0]!r} at\\n{x.shape}, 1e-3, {-17} \\x1b[31m')"
        with opened(sandbox, cell) as submission:
            outcome, says = ended(submission.check().f, np.array([0.123456, 7.0]))
            assert outcome is Outcome.ERROR
            place, _, message = says.partition(": ")
            assert place == "ValueError in cell 1, line 3, in f"
            assert "0.123456" not in says and "\n" not in says and "\x1b" not in says
            assert not re.search(r"\d", message.rpartition("`: ")[2])

    @pytest.mark.parametrize("length", [10, 10_000])
    def test_no_message_is_long(self, sandbox, length):
        cell = f"def f(x):\n    raise type('E' * {length}, (Exception,), {{}})('word ' * {length})"
        with opened(sandbox, cell) as submission:
            assert len(ended(submission.check().f, 3)[1]) < 600


FORGERIES = {
    "no dict": "[reply]",
    "no effects": "{k: v for k, v in reply.items() if k != 'effects'}",
    "neither value nor fault": "{k: v for k, v in reply.items() if k != 'value'}",
    "effects of another form": "reply | {'effects': [3]}",
    "effects with a message": "reply | {'effects': ['the answer is 42']}",
    "a fault of another form": "{k: v for k, v in reply.items() if k != 'value'} | {'fault': 3}",
    "a fault without frames": "{k: v for k, v in reply.items() if k != 'value'} | {'fault': {'type': 'E'}}",
    "a fault with odd frames": "reply | {'fault': {'type': 'E', 'bases': [], 'message': '', 'frames': [(1,)]}}",
}


@pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_reply_is_a_violation_and_the_next_check_gets_a_fresh_candidate(sandbox, forged):
    patch = f"""
import grader.candidate.serve as serve
from grader import wire
honest = serve.Candidate.answer
def forge(self, payload):
    reply = wire.decode(honest(self, payload))
    return wire.encode(({forged}) if reply.get("value") == "mark" else reply)
def f():
    serve.Candidate.answer = forge
    return "mark"
def g():
    return "mark"
def fine():
    return 4
"""
    with opened(sandbox, patch) as submission:
        student = submission.check()
        assert student.f() == "mark"
        assert ended(student.g)[0] is Outcome.PROTOCOL
        assert submission.check("test_two").fine() == 4
        assert submission.channel.opened == 2


def test_a_sandbox_that_is_not_ready_is_the_machines_fault_and_not_a_missing_name(sandbox):
    with opened(sandbox, "def f(): return 4", preload=("torch",)) as submission:
        submission.channel.device = "cuda"  # and neither torch nor a GPU
        with pytest.raises(MachineryError, match="the sandbox cannot run a notebook: "):
            submission.check()


def test_a_notebook_that_says_so_itself_is_not_believed(sandbox):
    with opened(sandbox, "class NotPrepared(Exception): pass\nraise NotPrepared('no GPU')") as submission:
        assert ended(submission.check().f)[0] is Outcome.MISSING
