"""Hidden tests x one submission: what each kind of ending means, what is told, and what authors are told first."""

import hashlib
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest
from tiny import IN_PROCESSES, RIGHT, hidden, small_course, submission

from grader.checking.compare import Mismatch
from grader.errors import AuthoringError, GraderError, MachineryError, SubmissionError, UsageError
from grader.examination.outcomes import result_of
from grader.examination.student import StudentFault
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.languages.recorded import recorded
from grader.languages.translating import speaking
from grader.schema import Check, Outcome, Status

SEED = "00112233445566778899aabbccddeeff"
KINDS = """
import pytest
from grader.checking.compare import array, close, number, same, unpack
from grader.errors import MachineryError

pytestmark = [pytest.mark.question("q1"), pytest.mark.points(1, hint="Look again.")]

def test_passes(student): same(student.four(), 4)
def test_mismatch(student): same(student.four(), 5)
def test_plain_assert(student, rng): assert student.four() == rng.normal()
def test_fail(student): pytest.fail("the answer is 42")
def test_raises(student): student.divide(0)
def test_missing(student): student.nowhere()
def test_hangs(student):
    with student.limit(0.3): student.hang()
def test_memory(student): student.eat()
def test_dies(student): student.die()
def test_garbage(student): student.garbage()
def test_after_them_all(student): same(student.four(), 4)
"""
NOTEBOOK = """
import os
import numpy as np
def four(): return 4
def divide(x): return 1 / x
def hang():
    while True: pass
def eat(): return np.ones(1 << 31)
def die(): os._exit(7)
def garbage(): os.write(3, b"\\xff" * 50)
"""
OURS = """
import sys
import pytest
from grader.checking.compare import same

pytestmark = [pytest.mark.question("q2"), pytest.mark.points(1)]

def test_type_error(student): student.four() + None
def test_key_error(student): {}["no"]
def test_skipped(student): pytest.skip("not today")
def test_exits(student): sys.exit(0)
def test_recursion(student):
    def deeper(): deeper()
    deeper()
def test_reference_kept(student):
    global kept
    kept = student.put([1])
def test_reference_used_later(student): same(student.fetch(kept), [1])
def test_sends_an_object(student): student.four(object())
def test_fine(student): same(student.four(), 4)
"""
ENDS = """
import pytest
from grader.checking.compare import same
from grader.errors import MachineryError

pytestmark = pytest.mark.question("q3")

@pytest.mark.points(0.5)
def test_before(student): same(student.four(), 4)
@pytest.mark.points(0.5)
def test_machine(student): {raises}
@pytest.mark.points(0.5)
def test_after(student): same(student.four(), 4)
"""
WORTH = {"test_kinds": ("q1", 11), "test_ours": ("q2", 9), "test_ends": ("q3", 1.5), "test_a": ("q3", 1.5)}


def course_of(folder, **files):
    """A small course with these files of hidden tests and their questions instead of its own."""
    paths = small_course(folder)
    for file in paths.hidden_tests("tiny").glob("*.py"):
        file.unlink()
    for name, text in files.items():
        hidden(paths, f"{name}.py", text)
    description = paths.assignment_toml("tiny")
    text = description.read_text().partition("[[question]]")[0]
    for question, points in {WORTH[name] for name in files if name in WORTH} or {("q3", 1.5)}:
        text += f'[[question]]\nid = "{question}"\ntitle = "One"\npoints = {points}\nnames = []\n'
    description.write_text(text)
    return paths


def examined_by(pool, questions, *sources):
    [(_, examined)] = pool.run(iter([Task(submission("ada", *sources), SEED, questions)]))
    return examined


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    texts = {"test_kinds": KINDS, "test_ours": OURS, "test_ends": ENDS.format(raises='raise MachineryError("gone")')}
    with Pool(course_of(tmp_path_factory.mktemp("kinds"), **texts), "tiny", IN_PROCESSES) as made:
        yield made


@pytest.fixture(scope="module")
def kinds(pool):
    examined = examined_by(pool, ("q1",), NOTEBOOK)
    assert examined.status is Status.GRADED and not examined.fault
    return {result.name: result for result in examined.results}


# ------------------------------------------------------------------------------------------------ outcomes


@pytest.mark.parametrize(
    ("test", "outcome", "says"),
    [
        ("test_passes", Outcome.PASSED, ""),
        ("test_mismatch", Outcome.FAILED, "result"),
        ("test_plain_assert", Outcome.FAILED, ""),
        ("test_fail", Outcome.FAILED, ""),
        ("test_raises", Outcome.ERROR, "ZeroDivisionError in cell 1, line 5, in divide"),
        ("test_missing", Outcome.MISSING, "looked for nowhere"),
        ("test_hangs", Outcome.TIMEOUT, "no answer within 0.3 s"),
        ("test_memory", Outcome.MEMORY, "MemoryError"),
        ("test_dies", Outcome.CRASHED, "exit code 7"),
        ("test_garbage", Outcome.PROTOCOL, "no answer"),
        ("test_after_them_all", Outcome.PASSED, ""),
    ],
)
def test_how_a_check_ends_is_its_outcome(kinds, test, outcome, says):
    result = kinds[test]
    assert result.outcome is outcome
    assert says in result.message if says else result.message == ""
    assert result.points == (1 if outcome is Outcome.PASSED else 0)
    assert result.hint == ("" if outcome is Outcome.PASSED else "Look again.")


CHECK = Check("test_it", "q1", Decimal(2), "A hint.")
FROM_OUTSIDE = [  # what a hidden test may end with, whatever it is
    (None, Outcome.PASSED, ""),
    (Mismatch("the result has another sign"), Outcome.FAILED, "the result has another sign"),
    (AssertionError("assert 0.123 == 4.56"), Outcome.FAILED, ""),
    *[(StudentFault(each, "what happened"), each, "what happened") for each in Outcome if each.value not in
      ("passed", "failed", "deferred")],
    *[(family("ours"), Outcome.DEFERRED, "ours") for family in
      (GraderError, UsageError, SubmissionError, MachineryError)],
    (AuthoringError("expects NaN"), Outcome.DEFERRED, "the hidden test itself failed: expects NaN"),
    *[(kind("x"), Outcome.DEFERRED, f"the hidden test itself failed: {kind.__name__}: x") for kind in
      (TypeError, ValueError, RuntimeError, KeyboardInterrupt, SystemExit, MemoryError, Exception, BaseException)],
]  # fmt: skip


@pytest.mark.parametrize(("error", "outcome", "says"), FROM_OUTSIDE, ids=lambda value: type(value).__name__)
def test_every_way_to_end_has_an_outcome(error, outcome, says):
    result = result_of(CHECK, error, 0.5)
    assert (result.outcome, result.message) == (outcome, says)
    assert result.points == (2 if error is None else 0)


def test_every_outcome_is_reached():
    assert {outcome for _, outcome, _ in FROM_OUTSIDE} == set(Outcome)


# ------------------------------------------------------------------------------------------------ faults of ours


def test_a_hidden_test_that_fails_by_itself_defers_the_attempt_and_names_the_test(pool):
    examined = examined_by(pool, ("q2",), NOTEBOOK)
    assert examined.status is Status.DEFERRED
    outcomes = {result.name: (result.outcome, result.message) for result in examined.results}
    passed = {name for name, (outcome, _) in outcomes.items() if outcome is Outcome.PASSED}
    assert passed == {"test_reference_kept", "test_fine"}
    assert {outcome for name, (outcome, _) in outcomes.items() if name not in passed} == {Outcome.DEFERRED}
    assert outcomes["test_type_error"][1].startswith("the hidden test itself failed: TypeError")
    assert "test_reference_kept" in outcomes["test_reference_used_later"][1]
    assert "a test sends what cannot be sent" in outcomes["test_sends_an_object"][1]
    assert all(name in examined.fault for name in outcomes.keys() - passed)


def test_when_the_machine_fails_nothing_more_is_asked(pool):
    examined = examined_by(pool, ("q3",), NOTEBOOK)
    assert examined.status is Status.DEFERRED and examined.fault == "test_machine: gone"
    assert [result.name for result in examined.results] == ["test_before", "test_machine"]


@pytest.mark.parametrize("raises", ['pytest.exit("enough")', "raise KeyboardInterrupt", "__import__('os')._exit(0)"])
def test_a_hidden_test_that_ends_the_session_defers_the_attempt_and_the_worker_goes_on(tmp_path, raises):
    with Pool(
        course_of(tmp_path, test_kinds=KINDS, test_ends=ENDS.format(raises=raises)), "tiny", IN_PROCESSES
    ) as made:
        examined = examined_by(made, ("q3",), NOTEBOOK)
        assert examined.status is Status.DEFERRED and examined.fault
        assert examined_by(made, ("q1",), NOTEBOOK).status is Status.GRADED


def test_what_is_no_notebook_is_unreadable_and_told(pool):
    for content in (b"", b"%PDF-1.7", b"{", b"\x89PNG"):
        ada = submission("ada")
        task = Task(type(ada)("ada", "tiny", "tiny.ipynb", content), SEED, ("q1",))
        [(_, examined)] = pool.run(iter([task]))
        assert examined.status is Status.UNREADABLE and examined.results == () and examined.notices


def test_cells_that_raised_are_told(pool):
    cells = ("1 / 0", NOTEBOOK, "open('nowhere')")
    examined = examined_by(pool, ("q1",), *cells, "import nowhere as n\nimport elsewhere", "n.f()", "n.g()\nn.h()")
    assert examined.status is Status.GRADED
    assert examined.notices[-4:] == (
        "cell 1 raised ZeroDivisionError: division by zero",
        "cell 3 raised FileNotFoundError: [Errno 2] No such file or directory: 'nowhere'",
        "cell 4: nowhere is not there when graded; what needs it was skipped, also in cells 5, 6",
        "cell 4: elsewhere is not there when graded; what needs it was skipped",
    )


def test_a_cell_that_raised_without_a_word_is_told_without_a_colon(pool):
    examined = examined_by(pool, ("q1",), "raise NotImplementedError", NOTEBOOK, "raise ValueError('  ')")
    assert examined.notices[-2:] == ("cell 1 raised NotImplementedError", "cell 3 raised ValueError")
    with speaking("de"):
        assert recorded(examined.notices[-1]) == "Zelle 3 löste ValueError aus"


# ------------------------------------------------------------------------------------------------ messages


WRONG = {
    "plain exp": "def softmax(z):\n    return np.exp(z)",
    "another axis": "def softmax(z):\n    e = np.exp(z - z.max())\n    return e / e.sum(axis=0)",
    "echo": "def softmax(z):\n    return z",
    "tells all": "def softmax(z):\n    raise ValueError(f'{z.tolist()} {z!r}')",
    "tells by a class": "def softmax(z):\n    raise type(f'E{z[0, 0]}', (Exception,), {})",
    "tells by a name": "def softmax(z):\n    raise AttributeError(str(z[0, 0]), name=str(z))",
    "tells by a dtype": "def softmax(z):\n    return np.array([str(v) for v in z[0]])",
    "tells by keys": "def softmax(z):\n    return {float(v): 1 for v in z[0]}",
    "a string": "def softmax(z):\n    return str(z.tolist())",
}


@pytest.mark.parametrize("softmax", WRONG.values(), ids=WRONG)
def test_what_a_student_reads_holds_no_number_of_the_hidden_inputs(tiny_pool, softmax):
    examined = examined_by(tiny_pool, ("q1",), "import numpy as np", softmax)
    logits, large = draws("test_rows_add_up", (3, 5)), 1e4 * draws("test_large_logits", (2, 7))
    digits = {str(abs(number))[:6] for array in (logits, large) for number in array.ravel().tolist()}
    assert examined.results
    for result in examined.results:
        assert result.outcome in (Outcome.FAILED, Outcome.ERROR), result
        assert not any(part in result.message for part in digits), result.message
        assert len(result.message) < 600 and "\n" not in result.message


def draws(test, shape):
    """The inputs that a check of this attempt draws first."""
    digest = hashlib.blake2b(f"{SEED}/{test}/inputs".encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little")).normal(size=shape)


@pytest.fixture(scope="module")
def tiny_pool(tmp_path_factory):
    with Pool(small_course(tmp_path_factory.mktemp("tiny")), "tiny", IN_PROCESSES) as made:
        yield made


def test_the_inputs_are_those_that_the_check_above_supposes(tiny_pool):
    repeat = f"import numpy as np\nz0 = np.array({draws('test_rows_add_up', (3, 5)).tolist()})\n" + RIGHT[1]
    only = "honest = softmax\ndef softmax(z):\n    return honest(z) if z.shape != (3, 5) or (z == z0).all() else None"
    assert [result.outcome for result in examined_by(tiny_pool, ("q1",), repeat, only).results] == [Outcome.PASSED] * 2


def test_another_seed_means_other_inputs_and_the_same_seed_the_same(tiny_pool):
    echo = "def running_sum(x):\n    return x"
    transcripts = []
    for seed in (SEED, SEED, SEED[::-1]):
        [(_, examined)] = tiny_pool.run(iter([Task(submission("ada", echo), seed, ("q3",))]))
        transcripts.append(examined.transcripts["q3"])
    assert transcripts[0] == transcripts[1] != transcripts[2]


# ------------------------------------------------------------------------------------------------ authors


def test_a_reference_solution_that_raises_defers_and_says_where(tmp_path):
    paths = small_course(tmp_path)
    paths.reference("tiny").write_text("# %%\nimport nowhere\n")
    with Pool(paths, "tiny", IN_PROCESSES) as made:
        examined = examined_by(made, ("q1",), *RIGHT)
    assert examined.status is Status.DEFERRED
    assert "solutions/tiny/tiny.py raised ModuleNotFoundError: No module named 'nowhere'" in examined.fault


# ------------------------------------------------------------------------------------------------ by hand


def by_hand(paths, *arguments):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        str(paths.hidden_tests("tiny")),
        *arguments,
    ]
    return subprocess.run(command, cwd=paths.root, capture_output=True, text=True, timeout=60)


def test_hidden_tests_are_run_by_hand_on_one_file(tmp_path):
    paths = small_course(tmp_path)
    done = by_hand(paths, "--submission", str(paths.reference("tiny")))
    assert done.returncode == 0 and "5 passed" in done.stdout
    wrong = tmp_path / "wrong.py"
    wrong.write_text(paths.reference("tiny").read_text() + "\n# %%\ndef running_sum(x):\n    return x\n")
    done = by_hand(paths, "--submission", str(wrong), "--seed", "7", "-k", "running_sum or counts")
    assert done.returncode == 1 and "1 failed, 1 passed" in done.stdout


def test_what_a_share_is_worth_is_said_where_it_is_not_one_point(tmp_path):
    paths = small_course(tmp_path)
    assert "a share of" not in by_hand(paths, "--collect-only", "-q").stdout
    toml = paths.assignment_toml("tiny")
    toml.write_text(toml.read_text().replace("points = 4", "points = 10"))
    said = by_hand(paths, "--collect-only").stdout
    assert "q1: 10 points over shares of 4: a share of 1 is worth 2.5 points" in said and "q2:" not in said


def test_by_hand_a_test_of_a_question_that_a_person_marks_is_an_error(tmp_path):
    paths = small_course(tmp_path)
    toml = paths.assignment_toml("tiny")
    toml.write_text(toml.read_text().replace('names = ["softmax"]', "manual = true"))
    done = by_hand(paths, "--submission", str(paths.reference("tiny")))
    assert done.returncode != 0
    assert (
        "test_rows_add_up: q1 is marked by a person (manual = true); take one of them out" in done.stdout + done.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "no submission to examine; add --submission notebook.ipynb"),
        (["--submission", "nowhere.ipynb"], "nowhere.ipynb"),
        (["--submission", "printed.ipynb"], "printed.ipynb: this is a PDF, not a notebook"),
    ],
)
def test_by_hand_it_is_said_what_is_missing(tmp_path, arguments, says):
    (tmp_path / "printed.ipynb").write_bytes(b"%PDF-1.7")
    done = by_hand(small_course(tmp_path), *arguments)
    assert done.returncode != 0 and says in done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout
