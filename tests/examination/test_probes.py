"""What is inside of a probe that was sent, and what stays outside: its source, its names, the functions of a test."""

import ast
import importlib.util
import marshal
import types

import numpy as np
import pytest
from tiny import assignment, ended, opened

from grader import wire
from grader.checking.compare import Mismatch
from grader.errors import AuthoringError
from grader.examination import probes
from grader.examination.transcript import Transcript
from grader.sandbox.process import ProcessSandbox
from grader.schema import Outcome


@pytest.fixture(scope="module")
def sandbox():
    slot = ProcessSandbox(assignment())
    yield slot
    slot.close()


def telling(nb, x, *, rate=2.0):
    """EXPECTED is what this docstring tells."""
    secretly: "EXPECTED" = nb.identity(x)  # noqa: F821, UP037 - EXPECTED in a comment

    class Kept:
        """EXPECTED once more."""

        scale = rate

        def of(self, number):
            hidden_total = 0.0

            def add():
                """EXPECTED."""
                nonlocal hidden_total
                hidden_total += number * self.scale
                return hidden_total

            add()
            return add()

    return [Kept().of(number=part) for part in secretly], telling.__name__


def everything(code):
    yield from (code.co_name, code.co_qualname, code.co_filename, *code.co_varnames, *code.co_cellvars, *code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from everything(constant)
        elif isinstance(constant, str):
            yield constant


class TestWhatIsSent:
    def test_it_runs_as_it_was_written(self):
        space = {"np": np}
        exec(marshal.loads(probes.compiled(probes.source_of(telling), "telling")), space)
        nb = types.SimpleNamespace(identity=lambda x: x)
        assert space["probe"](nb, [1.0, 2.0], rate=3.0)[0] == telling(nb, [1.0, 2.0], rate=3.0)[0] == [6.0, 12.0]

    def test_no_docstring_name_comment_or_line_is_in_it(self):
        code = marshal.loads(probes.compiled(probes.source_of(telling), "telling"))
        words = set(everything(code))
        assert not words & {"secretly", "hidden_total", "telling", "add"}
        assert not [word for word in words if "EXPECTED" in word]
        assert {"identity", "nb", "rate"} <= words  # what must be there to run
        inner = next(part for part in code.co_consts if isinstance(part, types.CodeType))
        assert not inner.co_linetable and all(place == (None,) * 4 for place in inner.co_positions())

    def test_another_python_gets_the_source_without_what_people_read(self):
        request = wire.encode({"op": "run", "seed": 1, "source": probes.source_of(telling), "name": "telling"})
        sent = wire.decode(probes.as_sent(request, b"3.99"))["probe"]
        assert "EXPECTED" not in sent and "telling" not in sent
        assert ast.parse(sent).body[0].name == "probe"

    def test_what_is_no_probe_is_sent_as_it_is(self):
        request = wire.encode({"op": "call", "seed": 1, "target": "f", "args": [np.ones(3)]})
        assert probes.as_sent(request, importlib.util.MAGIC_NUMBER) is request

    def test_student_code_finds_nothing_of_it_in_frames_and_memory(self, sandbox):
        looks = (
            "import gc, linecache, sys\n"
            "def identity(x):\n"
            "    texts = [repr(sys._getframe(1).f_code.co_consts), repr(linecache.cache)]\n"
            "    held = [thing for kept in gc.get_objects() for thing in gc.get_referents(kept)]\n"
            "    texts += [repr(thing) for thing in held if type(thing) in (str, bytes)]\n"
            "    raise ValueError('found' if any('DETCEPXE' in text[::-1] for text in texts) else 'nothing')\n"
        )
        with opened(sandbox, looks) as submission:
            _, says = ended(submission.check().run, telling, [1.0])
        assert says.endswith(": nothing")

    def test_the_author_still_reads_the_line_of_the_probe(self, sandbox):
        def wrong(nb, x):
            def inside(part):
                return part / nb.zero()

            return inside(x)

        with opened(sandbox, "def zero():\n    return 0") as submission:
            outcome, says = ended(submission.check().run, wrong, 1.0)
        assert outcome is Outcome.ERROR and says.startswith("ZeroDivisionError in probe, line 3, in inside")


ASKS = """
def total(source, n):
    return sum(source(k, twice=k > 1) for k in range(n))
def keeps(source):
    global kept
    kept = source
def later():
    return kept(1)
def gives(source):
    return source([1, 2])
def many(source):
    while True:
        source(0)
def forges(source):
    for cell in source.__closure__:
        if isinstance(cell.cell_contents, int):
            cell.cell_contents = -7
    return source(0)
"""


class TestFunctionsThatStayOutside:
    def test_a_call_comes_out_and_is_counted_here(self, sandbox):
        seen = []

        def source(number, twice=False):
            seen.append((number, twice))
            return float(number * (1 + twice))

        with opened(sandbox, ASKS) as submission:
            assert submission.check().total(source, 4) == 0.0 + 1.0 + 4.0 + 6.0
        assert seen == [(0, False), (1, False), (2, True), (3, True)]

    def test_it_is_judged_again_from_the_record_alone(self, sandbox):
        record = Transcript()
        answers = []
        for _ in range(2):
            seen = []
            with opened(sandbox, ASKS, transcript=record) as submission:
                answers.append(submission.check().total(lambda k, twice, seen=seen: float(seen.append(k) or k), 3))
                opened_for_it = submission.channel.opened
            assert seen == [0, 1, 2]
        assert answers == [3.0, 3.0] and opened_for_it == 0

    def test_what_the_test_refuses_ends_the_check_and_the_next_one_is_answered(self, sandbox):
        def refuses(number):
            raise Mismatch("that is not to be asked")

        with opened(sandbox, ASKS) as submission:
            with pytest.raises(Mismatch, match="not to be asked"):
                submission.check().gives(refuses)
            assert submission.check("test_two").total(lambda k, twice: 1.0, 2) == 2.0

    def test_arguments_that_it_cannot_take_are_the_students_error(self, sandbox):
        with opened(sandbox, ASKS) as submission:
            outcome, says = ended(submission.check().gives, lambda number: number + 1.0)
        assert outcome is Outcome.ERROR and says.startswith("TypeError in a function that the test hands over")

    def test_it_may_be_kept_and_called_later(self, sandbox):
        with opened(sandbox, ASKS) as submission:
            student = submission.check()
            student.keeps(lambda number: number + 0.5)
            assert student.later() == 1.5

    def test_endless_calls_end(self, sandbox, monkeypatch):
        monkeypatch.setattr("grader.examination.student.MOST_CALLS", 50)
        with opened(sandbox, ASKS) as submission:
            outcome, says = ended(submission.check().many, lambda number: 1)
        assert outcome is Outcome.TIMEOUT and "50 times" in says

    def test_a_forged_call_is_no_answer(self, sandbox):
        with opened(sandbox, ASKS) as submission:
            outcome, _ = ended(submission.check().forges, lambda number: 1)
        assert outcome is Outcome.PROTOCOL

    def test_a_class_is_not_handed_over(self, sandbox):
        with opened(sandbox, ASKS) as submission, pytest.raises(AuthoringError, match="cannot be sent"):
            submission.check().gives(dict)
