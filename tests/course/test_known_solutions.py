"""Masters in parts, questions kept apart, and known mistakes recognised in what a submission answers."""

from __future__ import annotations

import shutil
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from grader import wire
from grader.course import isolation, known_solutions
from grader.course.master import master_parts, read_master
from grader.errors import AuthoringError
from grader.examination.matching import same_answer
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import PACKAGE, Paths
from grader.schema import Outcome, Submission

SMALL = PACKAGE.parent / "tests" / "small_course"


# ------------------------------------------------------------------------------------------------ the master


def test_a_master_goes_on_in_one_file_a_question_by_number(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert master_parts(paths, "a9") == []
    with pytest.raises(FileNotFoundError):
        read_master(paths, "a9")
    paths.questions("a9").mkdir(parents=True)
    paths.reference("a9").write_text("# %%\nfirst = 1\n\n\n")
    for number in (10, 2):
        (paths.questions("a9") / f"q{number}.py").write_text(f"# %%\nq{number} = {number}")
    assert read_master(paths, "a9") == "# %%\nfirst = 1\n\n# %%\nq2 = 2\n\n# %%\nq10 = 10\n"


# ------------------------------------------------------------------------------------------------ kept apart

NOTEBOOK = """
def double(x): return 2 * x
def shared(x): return double(x) + 1
def first(x): return double(x)
def second(x): return shared(x) + first(x)
TABLE = {"first": first}
def from_table(x): return TABLE["first"](x)
class Other:
    def ask(self, x): return first(x)
    @staticmethod
    def plain(x): return first(x)
    @property
    def value(self): return first(1)
"""


def test_a_mistake_in_one_question_is_not_passed_on_to_the_others() -> None:
    names = vars(types.ModuleType("__main__"))
    exec(NOTEBOOK, names)
    right = isolation.isolate_questions(names, ["second", "Other", "from_table"])
    exec("def first(x): return -1000\ndef double(x): return -1000", names)
    assert names["second"](3) == 13 and names["from_table"](3) == 6
    assert names["Other"]().ask(3) == names["Other"].plain(3) == 6 and names["Other"]().value == 2
    assert names["first"](3) == -1000 and right["first"](3) == 6
    assert names["shared"](3) == -999, "a helper is the changed question's own"


def test_the_cell_that_keeps_apart_stands_by_itself() -> None:
    names = vars(types.ModuleType("__main__"))
    exec(f"{NOTEBOOK}\n{isolation.cell(['second'])}\ndef first(x): return -1000", names)
    assert names["second"](3) == 13


# ------------------------------------------------------------------------------------------------ alike


def reply(value: object, effects: tuple[str, ...] = (), **more: object) -> bytes:
    return wire.encode({"id": 0, "value": value, "output": str(more), "effects": list(effects)})


X = np.array([[1.0, -2.0, 1e-9], [3.0, np.nan, np.inf]])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(X, X * (1 + 1e-9), True, id="rounding"),
        pytest.param(X, X * (1 + 1e-4), False, id="more than rounding"),
        pytest.param(X.astype(np.float32), (X * (1 + 1e-6)).astype(np.float32), True, id="float32"),
        pytest.param(X, X.astype(np.float32), False, id="another dtype"),
        pytest.param(X, X.T.copy(), False, id="another shape"),
        pytest.param(np.arange(3), np.arange(3) + 1, False, id="integers"),
        pytest.param(torch.ones(2), torch.ones(2), True, id="tensors"),
        pytest.param(torch.ones(2), np.ones(2, np.float32), False, id="tensor and array"),
        pytest.param(torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16), True, id="bfloat16"),
        pytest.param({"a": (1.0, [X])}, {"a": (1.0 + 1e-12, [X])}, True, id="nested"),
        pytest.param({"a": 1.0}, {"b": 1.0}, False, id="keys"),
        pytest.param((1, 2), [1, 2], False, id="tuple and list"),
        pytest.param(1, True, False, id="number and bool"),
        pytest.param(None, None, True, id="nothing"),
        pytest.param("a", "b", False, id="words"),
        pytest.param(wire.Ref(1, "object", "A"), wire.Ref(2, "object", "B"), True, id="objects"),
        pytest.param(wire.Ref(1, "object", "A"), wire.Ref(1, "function", "A"), False, id="object and function"),
    ],
)
def test_replies_are_alike_up_to_rounding(one: object, other: object, same: bool) -> None:
    assert same_answer(reply(one), reply(other, printed="something else")) is same


def test_effects_and_faults_are_part_of_a_reply() -> None:
    assert not same_answer(reply(1.0), reply(1.0, effects=("argument 1 was changed",)))
    assert not same_answer(fault("KeyError", "'w'"), reply(1.0))


def fault(kind: str, message: str) -> bytes:
    return wire.encode({"id": 0, "fault": {"type": kind, "message": message}, "effects": []})


BROADCAST = "operands could not be broadcast together with shapes (3,4) (5,)"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("KeyError", "'w'"), ("KeyError", "'w'"), True),
        (("KeyError", "'w'"), ("KeyError", "'b'"), False),
        (("KeyError", "'w'"), ("IndexError", "'w'"), False),
        (("ValueError", BROADCAST), ("ValueError", BROADCAST.replace("3,4", "30,41")), True),
        (("RuntimeError", "expected scalar type Float"), ("RuntimeError", "size mismatch"), False),
        (("TypeError", "no 0x7f12ab"), ("TypeError", "no 0x9900cd"), True),
        (("AttributeError", "no W1"), ("AttributeError", "no W2"), False),
        (("AssertionError", ""), ("AssertionError", ""), False),
    ],
)
def test_exceptions_are_alike_where_they_say_the_same_whatever_the_numbers(one, other, alike) -> None:
    assert same_answer(fault(*one), fault(*other)) is alike
    assert not same_answer(b"nonsense", b"nonsense") and not same_answer(wire.encode([1]), wire.encode([1]))


# ------------------------------------------------------------------------------------------------ recognised

WRONG = """
# %%
def _halved(x): return x / 2

# %% shifted | fails: test_running_sum_starts_at_the_first | hint: The sum starts one entry late.
def running_sum(x):
    return np.cumsum(x) - x

# %% hangs | fails: test_running_sum_starts_at_the_first | hint: It does not end.
def running_sum(x):
    while True: pass

# %% doubled | fails: test_running_sum_starts_at_the_first | hint: Everything is counted twice.
def running_sum(x):
    return 2 * np.cumsum(x)
"""


@pytest.fixture
def course(tmp_path: Path) -> Paths:
    shutil.copytree(SMALL, tmp_path / "course")
    paths = Paths(tmp_path / "course")
    paths.wrong("tiny").mkdir(parents=True)
    (paths.wrong("tiny") / "q3.py").write_text(WRONG)
    return paths


def hints(paths: Paths, code: str) -> dict[str, str]:
    content = f"{read_master(paths, 'tiny')}\n# %%\n{code}\n".encode()
    task = Task(Submission("s1", "tiny", "work.py", content), "5eed", ("q3",))
    with Pool(paths, "tiny", PoolSpec(kind="process")) as pool:
        ((_, examined),) = pool.run(iter([task]))
    assert not examined.fault
    return {result.name: result.hint for result in examined.results if result.outcome is Outcome.FAILED}


def test_a_known_mistake_is_told_in_the_words_of_its_wrong_solution(course: Paths) -> None:
    said = hints(course, "def running_sum(x):\n    return np.add.accumulate(x) + np.add.accumulate(x)")
    assert said and set(said.values()) == {"Everything is counted twice."}


def test_a_mistake_that_nobody_knows_keeps_the_hint_of_the_check(course: Paths) -> None:
    said = hints(course, "def running_sum(x):\n    return 17 * np.cumsum(x)")
    assert said and not {"Everything is counted twice.", "The sum starts one entry late."} & set(said.values())


LONG = """
@pytest.mark.points(0.5)
def test_a_long_running_sum(student, rng):
    numbers = rng.normal(size=600)
    for _ in range(60):  # the shortest check is looked at first
        sums = student.running_sum(numbers)
    close(sums, np.cumsum(numbers), rtol=1e-3)
"""
STUCK = """
# %% stuck{number} | fails: test_running_sum | hint: Long ones hang.
def running_sum(x):
    while len(x) > 100: pass
    return {number} + np.cumsum(x)

"""


def test_what_takes_long_in_one_check_costs_no_hint_of_another(course: Paths) -> None:
    hidden = course.root / "assignments" / "tiny" / "hidden" / "test_q3.py"
    hidden.write_text(hidden.read_text() + LONG)
    stuck = "".join(STUCK.format(number=number) for number in range(3, 13))
    (course.wrong("tiny") / "q3.py").write_text(WRONG.replace("while True", "while len(x) > 100") + stuck)
    said = hints(course, "def running_sum(x):\n    return np.add.accumulate(x) + np.add.accumulate(x)")
    assert said["test_running_sum"] == "Everything is counted twice." != said["test_a_long_running_sum"]


def test_a_header_that_says_too_little_is_refused(course: Paths) -> None:
    (course.wrong("tiny") / "q1.py").write_text("# %% a | fails: test_b\nx = 1\n")
    with pytest.raises(AuthoringError, match="tiny/wrong/q1.py: the header"):
        known_solutions.wrong(course, "tiny", "q1")
