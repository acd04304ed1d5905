"""Public checks: read as students have them, run in the sandbox, and they say what Otter says."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import RIGHT, small_course, submission

from grader.course.config import read_assignment
from grader.course.public_checks import PublicCheck, public_checks
from grader.errors import AuthoringError, SubmissionError
from grader.examination.public_checks import PublicResult, run_public_checks
from grader.paths import Paths
from grader.sandbox.process import ProcessSandbox
from grader.schema import Assignment, Submission

FUNCTIONS = '''
"""Public checks of q1."""
import numpy as np
from otter.test_files import test_case
OK_FORMAT = False
name = "q1"
points = 0

def defined(names):
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"q1: {', '.join(absent)} not defined")

@test_case(name="rows add up to 1", points=0, failure_message="Look at the axis.")
def test_rows(softmax):
    """rows add up to 1"""
    defined(locals())
    yours = softmax(np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]]))
    assert yours.shape == (2, 3), f"2 rows of 3, yours has {yours.shape}"
    assert np.allclose(yours.sum(axis=1), 1)

@test_case(points=0)
def test_env(env):
    """env has every name"""
    assert env["softmax"] is not None

@test_case(name="not for students", points=0, hidden=True)
def test_secret(softmax):
    """hidden"""
    assert False, "SECRET"

@test_case(name="scipy agrees", points=0)
def test_module(softmax):
    """scipy agrees"""
    import scipy.special
    assert np.allclose(softmax(np.ones((1, 2))), scipy.special.softmax(np.ones((1, 2)), axis=1))
'''
SESSIONS = """
OK_FORMAT = True
test = {"name": "q3", "points": 0, "suites": [{"type": "doctest", "setup": "", "teardown": "", "cases": [
    {"code": ">>> list(map(int, running_sum([1, 2, 3])))\\n[1, 3, 6]\\n", "hidden": False, "locked": False},
    {"code": ">>> x = running_sum([2])\\n>>> int(x[0])\\n3\\n", "hidden": False, "locked": False,
     "failure_message": "One number is its own sum."},
    {"code": ">>> 'SECRET'\\n''\\n", "hidden": True, "locked": False}]}]}
"""


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    made = small_course(tmp_path_factory.mktemp("course"))
    folder = made.public_checks("tiny")
    folder.mkdir()
    (folder / "q1.py").write_text(FUNCTIONS)
    (folder / "q3.py").write_text(SESSIONS)
    return made


@pytest.fixture(scope="module")
def tiny(paths: Paths) -> Assignment:
    return read_assignment(paths, "tiny")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Callable[[Assignment], ProcessSandbox]]:
    """A sandbox for an assignment: one for each set of hidden modules."""
    opened: dict[tuple[str, ...], ProcessSandbox] = {}
    with contextlib.ExitStack() as stack:

        def sandbox_of(assignment: Assignment) -> ProcessSandbox:
            if assignment.hidden_modules not in opened:
                made = ProcessSandbox(assignment)
                opened[assignment.hidden_modules] = stack.enter_context(contextlib.closing(made))
            return opened[assignment.hidden_modules]

        yield sandbox_of


@pytest.fixture(scope="module")
def checks(paths: Paths, tiny: Assignment) -> tuple[PublicCheck, ...]:
    return public_checks(paths, tiny)


def test_what_is_read_has_titles_and_leaves_hidden_ones_out(checks):
    assert [(each.question, each.title) for each in checks] == [
        ("q1", "rows add up to 1"),
        ("q1", "q1 - 2"),
        ("q1", "scipy agrees"),
        ("q3", "q3 - 1"),
        ("q3", "q3 - 2"),
    ]
    assert not any("SECRET" in each.source or "otter" in each.source for each in checks)


def by_title(found: list[PublicResult]) -> dict[str, PublicResult]:
    return {each.title: each for each in found}


def test_a_right_notebook_passes_those_that_are_right(tiny, checks, sandbox):
    found = run_public_checks(tiny, checks, submission("ann", *RIGHT), (), sandbox)
    assert [each.passed for each in found] == [True, True, True, True, False], found
    said = found[-1].text
    assert said.startswith("One number is its own sum.\n") and "Expected:" in said and "Got:" in said


def test_what_a_wrong_notebook_reads(tiny, checks, sandbox):
    flat = "def softmax(z):\n    return np.exp(z) / np.exp(z).sum()"
    raises = "def running_sum(x):\n    return x.missing"
    found = by_title(run_public_checks(tiny, checks, submission("ann", RIGHT[0], flat, raises), (), sandbox))
    assert found["rows add up to 1"].text == "Look at the axis.\nassert np.allclose(yours.sum(axis=1), 1)"
    assert found["q1 - 2"].passed and not found["q3 - 1"].passed and "missing" in found["q3 - 1"].text


def test_an_error_of_the_students_names_its_cell_and_line(tiny, checks, sandbox):
    broken = "def softmax(z):\n    return z.shape['rows']"
    found = by_title(run_public_checks(tiny, checks, submission("ann", RIGHT[0], broken), (), sandbox))
    assert "TypeError in cell 2, line 2, in softmax" in found["rows add up to 1"].text
    nothing = by_title(run_public_checks(tiny, checks, submission("ann", "x = 1"), (), sandbox))
    assert nothing["rows add up to 1"].text == "Look at the axis.\nNameError: q1: softmax not defined"


def test_a_check_whose_module_is_not_here_is_neither_passed_nor_failed(tiny, checks, sandbox):
    gone = replace(checks[2], source=checks[2].source.replace("scipy", "no_such_module"), imports=frozenset())
    (found,) = run_public_checks(tiny, [gone], submission("ann", *RIGHT), (), sandbox)
    assert found.passed is None and "no_such_module" in found.text


def test_one_that_hangs_costs_its_question_alone(tiny, checks, sandbox):
    hangs = RIGHT[1].replace("    e = ", "    while True: pass\n    e = ")
    short = replace(tiny, limits=replace(tiny.limits, total_s=2))
    found = by_title(run_public_checks(short, checks, submission("ann", RIGHT[0], hangs, RIGHT[3]), (), sandbox))
    assert "no answer within" in found["rows add up to 1"].text or "used up" in found["rows add up to 1"].text
    assert found["q3 - 1"].passed


def test_what_a_notebook_forges_stays_text_of_a_bounded_length(tiny, checks, sandbox):
    loud = "def running_sum(x):\n    return ['<script>' + '\\x1b[31m' * 5000] * 3"
    found = by_title(run_public_checks(tiny, checks, submission("ann", loud), (), sandbox))
    assert not found["q3 - 1"].passed and len(found["q3 - 1"].text) <= 2000 and "\x1b" not in found["q3 - 1"].text
    with pytest.raises(SubmissionError):
        run_public_checks(tiny, checks, Submission("ann", "tiny", "tiny.ipynb", b"PK no notebook"), (), sandbox)


def test_they_say_what_otter_says(tiny, checks, sandbox, paths: Paths):
    exceptions = pytest.importorskip("otter.test_files.exception_test")
    sessions = pytest.importorskip("otter.test_files.ok_test")
    cells = [RIGHT[0], "def softmax(z):\n    return z * 0 + 1 / z.shape[0]", RIGHT[3]]
    names: dict[str, object] = {}
    exec("\n".join(cells), names)
    said: list[bool] = []
    for kind, file in ((exceptions.ExceptionTestFile, "q1.py"), (sessions.OKTestFile, "q3.py")):
        test = kind.from_file(str(paths.public_checks("tiny") / file))
        test.run(names)
        said += [each.passed for each in test.test_case_results if not each.test_case.hidden]
    found = run_public_checks(tiny, checks, submission("ann", *cells), (), sandbox)
    assert [each.passed for each in found] == said
    assert True in said and False in said


@pytest.mark.parametrize("text", ["x = 1\n", "def test_one(:\n", "test = {'name': 'q1'}\n", "test = open('x')\n"])
def test_a_file_that_holds_none_is_said(tmp_path: Path, text: str):
    paths = small_course(tmp_path)
    paths.public_checks("tiny").mkdir()
    (paths.public_checks("tiny") / "q1.py").write_text(text)
    with pytest.raises(AuthoringError, match=r"assignments/tiny/tests/q1\.py"):
        public_checks(paths, read_assignment(paths, "tiny"))


def test_every_public_check_of_this_course_is_read(course: Path):
    for folder in sorted((course / "assignments").iterdir()):
        found = public_checks(Paths(course), read_assignment(Paths(course), folder.name))
        questions = {question.id for question in read_assignment(Paths(course), folder.name).questions}
        assert {each.question for each in found} == questions and all(each.title for each in found)
