"""Whole imports: built, graded (the source's own solution has full marks, its stub none), and what the page says."""

import html
import json
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from grader.authoring import skeleton, variants
from grader.authoring.claims import marked
from grader.commands import importing as command
from grader.course.config import read_assignment
from grader.errors import AuthoringError, GraderError, UsageError
from grader.examination.budget import RUNNING
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.importing.bringing import PAGE, _next_forms, bring
from grader.importing.hidden_text import Form
from grader.importing.hidden_text import Test as Imported
from grader.importing.material import Case
from grader.importing.sources import materials
from grader.paths import Paths
from grader.schema import CheckResult, Outcome

OTTER = """\
# %% [raw]
# # ASSIGNMENT CONFIG
# name: hw01
# files:
#   - numbers.txt

# %%
import numpy as np
numbers = np.loadtxt("numbers.txt")

# %% [raw]
# # BEGIN QUESTION
# name: q1
# points: 3

# %% [markdown]
# ## Question 1 (3 points)
# The mean of the columns.

# %% [raw]
# # BEGIN SOLUTION

# %%
def mean_of_columns(table):
    return np.sum(table, axis=0) / len(table)  # SOLUTION

centre = mean_of_columns(np.ones((2, 3)))  # SOLUTION

# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS

# %%
assert np.allclose(mean_of_columns(np.eye(2)), [0.5, 0.5])

# %%
\""" # BEGIN TEST CONFIG
# hidden: true
# failure_message: Which axis?
\""" # END TEST CONFIG
assert mean_of_columns(np.ones((2, 5))).shape == (5,)

# %%
# HIDDEN
centre[0] = 7
assert centre[0] == 7

# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: essay
# manual: true
# points: 2

# %% [markdown]
# Why?

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# Because it is the mean.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION
""".replace("# hidden: true\n# failure_message", "hidden: true\nfailure_message")

WRONG = """\
import numpy as np

def mean_of_columns(table):
    return np.mean(table, axis=1)
"""


ROOT = """\
### BEGIN SOLUTION
def root(n):
    if n < 0:
        raise ValueError
    return sqrt(n)
### END SOLUTION"""
ROOT_TEST = """\
from nose.tools import assert_equal
assert_equal(root(4), 2)
### BEGIN HIDDEN TESTS
assert root(9) == 3
### END HIDDEN TESTS"""


def course(folder):
    (folder / "course.toml").write_text(
        'name = "C"\n[[component]]\nid = "a"\ntitle = "A"\nweight = 100\nassignments = ["hw1"]\n'  # not there yet
    )
    return Paths(folder)


def words(page):
    """What is read of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def graded(paths, assignment_id, *sources):
    """Points of the reference, the stub, and each source, by question."""
    assignment = read_assignment(paths, assignment_id)
    asked = tuple(question.id for question in assignment.questions if not question.manual)
    reference = variants.reference(paths, assignment).submission
    others = [
        type(reference)(f"s{number}", assignment_id, "s.py", text.encode()) for number, text in enumerate(sources)
    ]
    found = {}
    with Pool(paths, assignment_id, PoolSpec(kind="process")) as pool:
        tasks = [
            Task(each, "9", asked, explain=False)
            for each in (reference, variants.starter(paths, assignment).submission, *others)
        ]
        for task, examined in pool.run(iter(tasks)):
            assert not any(result.outcome is Outcome.DEFERRED for result in examined.results)
            found[task.submission.student] = {result.name: float(result.points) for result in examined.results}
    return found


def test_a_master_of_otter_becomes_an_assignment(tmp_path):
    paths = course(tmp_path)
    (tmp_path / "hw.py").write_text(OTTER)
    (tmp_path / "numbers.txt").write_text("1 2\n3 4\n")
    skeleton.new(paths, "hw1")  # as `init --with hw1` leaves it: the import takes its place
    ((_, _, material),) = materials("otter", tmp_path / "hw.py", "hw1")
    brought = bring(paths, material, "hw1", "hw.py", lambda says: None)
    points = graded(paths, "hw1", WRONG)
    assert points["reference"] == {"test_q1_1": 1, "test_q1_2": 1, "test_q1_3": 1}
    assert set(points["starter"].values()) == {0}
    assert points["s0"] == {"test_q1_1": 1, "test_q1_2": 0, "test_q1_3": 0}  # a square one is the same along both axes
    questions = read_assignment(paths, "hw1").questions
    assert [(question.points, question.manual) for question in questions] == [(Decimal(3), False), (Decimal(2), True)]
    assert questions[0].names == ("mean_of_columns", "centre")
    assert (paths.assignment("hw1") / "numbers.txt").read_text() == "1 2\n3 4\n"
    hidden = (paths.hidden_tests("hw1") / "test_q1.py").read_text()
    assert "student.mean_of_columns(np.eye(2))" in hidden and "'Which axis?'" in hidden
    assert marked(paths.hidden_tests("hw1")) == {"test_q1_3": "it changes an object of the notebook's"}
    page = (paths.solutions / "hw1" / PAGE).read_text()
    assert "q1 q1 3 2 1 " in words(page) and "q2 essay 2 a person marks it" in words(page)
    assert "a claim test_q1_3 q1 - 3: it changes an object of the notebook's" in words(page)
    assert page.count("<details") == 3 and len(re.findall("<details[^>]* open=", page)) == 1, (
        "what has to be looked at is unfolded"
    )
    assert "centre[0] = 7" in page and "student.run(probe_q1_3)" in page, "as it was, and as it is"
    starter = paths.starter("hw1").read_text()
    assert "Because it is the mean" not in starter and "axis=0) / len" not in starter and "shape == (5,)" not in starter
    assert brought.left == 0
    with pytest.raises(UsageError, match="exists already, and .*hw1; .*delete them"):
        bring(paths, material, "hw1", "hw.py", lambda says: None)


def cell(kind, source, **about):
    about = {"grade": False, "solution": False, "locked": False, "schema_version": 3} | about
    metadata = {"nbgrader": about} if "grade_id" in about else {}
    return {"cell_type": kind, "source": source, "metadata": metadata} | ({"outputs": []} if kind == "code" else {})


def test_a_notebook_of_nbgrader_becomes_an_assignment(tmp_path, monkeypatch, capsys):
    paths = course(tmp_path)
    raises = "try:\n    root(-1)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError()"
    cells = [
        cell("code", "from math import sqrt"),
        cell("code", "given = sqrt(2)"),
        cell("code", ROOT, grade_id="root", solution=True),
        cell("code", ROOT_TEST, grade_id="t1", grade=True, points=2),
        cell("code", raises, grade_id="t2", grade=True, points=1),
        cell("code", "saved = root\ndel root\nroot = saved", grade_id="t3", grade=True, points=1),
        cell("code", "assert given > 1", grade_id="t4", grade=True, points=1),
        cell("code", "unheard_of(1)"),
    ]
    source = tmp_path / "ps1.ipynb"
    source.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    monkeypatch.chdir(tmp_path)

    class Chosen:
        system, assignment, quiet = "nbgrader", "hw1", True

    Chosen.source = source
    assert command.bring(Chosen) == 1  # something is left for a person
    said = capsys.readouterr().out
    assert said.endswith("next: read it, then grader audit hw1\n"), "course.toml names it already"
    assert said.startswith("hw1: 1 questions, 3 tests moved, 0 of them as claims of the sandbox; left for you: 1\n")
    points = graded(paths, "hw1")
    assert sum(points["reference"].values()) == 5 and sum(points["starter"].values()) == 0
    page = (paths.solutions / "hw1" / PAGE).read_text()
    assert "left for you test_q1_3 t3: it replaces or deletes root in the notebook's own namespace" in words(page)
    assert "the untouched notebook passes it, so it counts with another" in page
    assert "not run when graded" in page  # the last cell raises


STEPS = """\
# %% [raw]
# # ASSIGNMENT CONFIG
# name: steps

# %%
import numpy as np

# %% [raw]
# # BEGIN QUESTION
# name: batches
# points: 2

# %% [raw]
# # BEGIN SOLUTION

# %%
def batches(x, size):
    yield from (x[at : at + size] for at in range(0, len(x), size))  # SOLUTION

def scaled(weights, by):
    return weights * by  # SOLUTION

# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS

# %%
pieces = batches(np.arange(5), 2)
assert next(pieces)[1] == 1 and next(pieces)[1] == 3
assert sum(len(piece) for piece in batches(np.arange(7), 3)) == 7

# %%
layer = {"w": np.ones(3)}
w = layer["w"]
assert scaled(w, 2).sum() == 6
assert layer["w"].sum() == 3

# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION
"""


def test_a_test_that_is_no_python_is_left_and_said_to_be_none(tmp_path):
    source = tmp_path / "steps.py"
    unwritten = STEPS.replace("pieces =", ">>> pieces =").replace("layer =", "# HIDDEN\n>>> layer =")
    source.write_text(unwritten.replace("# %% [raw]\n# # END TESTS", "# %%\nscaled(2, 3)\n\n# %% [raw]\n# # END TESTS"))
    ((_, file, material),) = materials("otter", source, "hw1")
    brought = bring(course(tmp_path), material, "hw1", file.name, lambda says: None)
    assert [test.why_left for test in brought.every_test()] == ["it is no Python", "it is no Python", ""]


def test_what_yields_is_asked_and_a_part_that_was_handed_over_is_looked_at_there(tmp_path):
    source = tmp_path / "steps.py"
    source.write_text(STEPS)
    paths = course(tmp_path)
    ((_, file, material),) = materials("otter", source, "hw1")
    brought = bring(paths, material, "hw1", file.name, lambda says: None)
    assert [test.form.kind for test in brought.every_test()] == ["outside", "outside"]
    right = "import numpy as np\ndef batches(x, size):\n    return iter(np.split(x, range(size, len(x), size)))\n"
    a_list = "import numpy as np\ndef batches(x, size):\n    return np.split(x, range(size, len(x), size))\n"
    ours, changes = "def scaled(w, by):\n    return by * w\n", "def scaled(w, by):\n    w *= by\n    return w\n"
    empty = "def batches(x, size):\n    return iter([])\n"
    given = [right + ours, a_list + ours, right + changes, empty + ours]
    whole = {"test_q1_1": 1, "test_q1_2": 1}
    found = graded(paths, "hw1", *given)
    assert found["reference"] == found["s0"] == whole and not any(found["starter"].values())
    assert found["s1"] == whole | {"test_q1_1": 0}, "a list is no iterator"
    assert found["s3"] == whole | {"test_q1_1": 0}, "what has ended already is a wrong answer, and no fault of the test"
    assert found["s2"] == whole | {"test_q1_2": 0}, "it changes what it is given a part of"


def test_a_failed_import_leaves_nothing_behind(tmp_path):
    paths = course(tmp_path)
    (tmp_path / "hw.py").write_text(OTTER.replace("import numpy as np", "import numpy as np, no_such_module"))
    (tmp_path / "numbers.txt").write_text("1 2\n")
    ((_, _, material),) = materials("otter", tmp_path / "hw.py", "hw1")
    with pytest.raises(GraderError, match="imports no_such_module, which is not here"):
        bring(paths, material, "hw1", "hw.py", lambda says: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course.toml", "hw.py", "numbers.txt"]


AUTOTEST = """\
def raises(f):
    try:
        f()
    except ValueError:
        return True
    return False
### AUTOTEST root(4); type(root(4))
### HASHED AUTOTEST root(2)
### AUTOTEST raises(lambda: root(-1))
"""


def test_what_a_source_leaves_open_is_what_its_own_solution_gives(tmp_path):
    paths = course(tmp_path)
    cells = [
        cell("code", "from math import sqrt"),
        cell("code", ROOT, grade_id="root", solution=True),
        cell("code", AUTOTEST, grade_id="t1", grade=True, points=2),
        cell("code", "for n in (1, 4):\n    ### AUTOTEST root(n)", grade_id="t2", grade=True, points=1),
    ]
    (tmp_path / "ps.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    ((_, _, material),) = materials("nbgrader", tmp_path / "ps.ipynb", "hw1")
    brought = bring(paths, material, "hw1", "ps.ipynb", lambda says: None)
    points = graded(paths, "hw1", "from math import sqrt\ndef root(n):\n    return sqrt(n) + 0.02")
    assert points["reference"] == {"test_q1_1": 3} and points["s0"] == {"test_q1_1": 0}
    assert [test.why_left.partition(":")[0] for test in brought.every_test() if test.left] == [
        "its AUTOTEST cannot be filled in"
    ]
    starter = paths.starter("hw1").read_text()
    assert "1.41" not in starter and "root(2)" not in starter, "students do not see what is hashed"
    master = OTTER.replace("assert np.allclose(mean_of_columns(np.eye(2)), [0.5, 0.5])", "mean_of_columns(np.eye(2))")
    (tmp_path / "hw.py").write_text(master)
    (tmp_path / "numbers.txt").write_text("1 2\n3 4\n")
    ((_, _, material),) = materials("otter", tmp_path / "hw.py", "hw2")
    assert material.questions[0].cases[0].prints, "a script was never run: it does not say what it prints"
    (tmp_path / "course.toml").write_text((tmp_path / "course.toml").read_text().replace('"hw1"', '"hw1", "hw2"'))
    assert bring(paths, material, "hw2", "hw.py", lambda says: None).left == 0
    points = graded(paths, "hw2", WRONG)
    assert points["reference"]["test_q1_1"] == 1 and points["starter"]["test_q1_1"] == 0


def test_a_seed_that_the_source_sets_is_set_here_for_cells_and_probes(tmp_path):
    paths = course(tmp_path)
    master = OTTER.replace("# files:", "# generate:\n#   seed: 42\n# files:")
    master = master.replace("centre = mean_of_columns(np.ones((2, 3)))", "centre = np.random.normal(size=2)")
    master = master.replace("assert mean_of_columns(np.ones((2, 5))).shape == (5,)", "assert round(draw(), 3) == 0.497")
    master = master.replace("numbers = np", "def draw():\n    return np.random.normal()\nnumbers = np")
    (tmp_path / "hw.py").write_text(master)
    (tmp_path / "numbers.txt").write_text("1 2\n3 4\n")
    ((_, _, material),) = materials("otter", tmp_path / "hw.py", "hw1")
    bring(paths, material, "hw1", "hw.py", lambda says: None)
    points = graded(paths, "hw1")["reference"].values()
    assert sum(points) == 3 and all(points), "the source's own solution is right here, too"
    hidden = (paths.hidden_tests("hw1") / "test_q1.py").read_text()
    assert "def probe_q1_2(nb):" in hidden and "random.seed(42)" in hidden, "it is right with that seed alone"
    assert "random.seed(42)" in paths.starter("hw1").read_text()


def test_time_that_ran_out_is_no_reason_for_a_lesser_form(tmp_path):
    case = Case("one", "assert f(1) == 1")
    forms = [Form("outside", ("outside",)), Form("claim", ("inside",))]
    slow, wrong = (Imported(name, case, Fraction(1), list(forms)) for name in ("slow", "wrong"))
    late = CheckResult("slow", "q1", Outcome.TIMEOUT, Decimal(0), f"{RUNNING}: no answer within 60 s")
    own = {"slow": late, "wrong": replace(late, name="wrong", outcome=Outcome.FAILED, message="no")}
    _next_forms([slow, wrong], own)
    assert slow.form.kind == "outside" and wrong.form.kind == "claim"
    with pytest.raises(
        AuthoringError, match="does not end here: running the notebook's cells: no answer .*import again"
    ):
        _next_forms([slow], own)
    _next_forms([slow], {"slow": replace(late, message="no answer within 10 s")})
    assert slow.form.kind == "claim", "this form takes too long"
