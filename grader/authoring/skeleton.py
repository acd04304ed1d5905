"""`grader new`: an assignment of one question that builds, grades and passes its audit, to be written over."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.authoring.build import build, require_tools
from grader.authoring.writing import replace_all
from grader.errors import AuthoringError, UsageError
from grader.paths import Paths
from grader.schema import ASSIGNMENT_ID

ASSIGNMENT_TOML = """\
title = "A new assignment"
preload = ["numpy"]            # imported once, before any submission
hidden_modules = ["torch"]     # do not exist for the student's code
files = []                     # released beside the notebook, read-only in the sandbox

[limits]
load_s = 30
call_s = 5
total_s = 120
memory_mib = 1024

[[question]]
id = "q1"
title = "Mean and variance"
points = 3
names = ["mean_and_variance"]
"""
MASTER = '''\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [raw]
# # ASSIGNMENT CONFIG
# name: {id}
# generate: false
# export_cell: false
# tests:
#   files: true
#   ok_format: false

# %% [markdown]
# # A new assignment
#
# Say here what it is about, which conventions hold, and what to read.

# %%
# given: numpy
import numpy as np

# %% [raw]
# # BEGIN QUESTION
# name: q1
# points: 0

# %% [markdown]
# ## q1. Mean and variance (3 points)
#
# The mean of $N$ rows is $\\bar x = \\frac1N \\sum_i x_i$, their variance
# $\\frac1N \\sum_i (x_i - \\bar x)^2$, each column by itself.
#
# | argument | shape |
# |---|---|
# | `X` | (N, D), floats |
# | returns | mean (D,), variance (D,) |
#
# **What usually goes wrong**
# - Along which axis is the sum taken?
# - What becomes of the variance when all values are near $10^8$?

# %% [raw]
# # BEGIN SOLUTION

# %%
# q1


def mean_and_variance(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and (biased) variance of every column."""
    # BEGIN SOLUTION NO PROMPT
    mean = X.mean(axis=0)  # (D,)
    return mean, ((X - mean) ** 2).mean(axis=0)
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError("q1: mean_and_variance is not implemented yet")
    """  # END PROMPT


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS

# %%
def test_two_rows_by_hand(mean_and_variance):
    """the mean and variance of two rows, worked out on paper"""
    mean, variance = mean_and_variance(np.array([[1.0, 10.0], [3.0, 10.0]]))
    assert np.allclose(mean, [2.0, 10.0]), "the mean of 1 and 3 is 2, of 10 and 10 is 10"
    assert np.allclose(variance, [1.0, 0.0]), "the variance of 1 and 3 is 1, of 10 and 10 is 0"


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION
'''
HIDDEN = '''\
"""Hidden tests of question 1. They run outside of the sandbox; `student` is the submission."""

import numpy as np
import pytest

from grader.testing import close, unpack

pytestmark = pytest.mark.question("q1")


@pytest.mark.points(1, hint="The sum runs over the rows: one number for each column.")
def test_the_mean_of_every_column(student, rng):
    X = rng.normal(size=(5, 3))
    with student.pure():  # neither X nor a global generator may be touched
        mean, _ = unpack(student.mean_and_variance(X), 2)
    close(mean, X.mean(axis=0), what="the mean", factors={"N": 5})


@pytest.mark.points(1, hint="Divide by N, not by N - 1.")
def test_the_variance_of_every_column(student, rng):
    X = rng.normal(size=(4, 6))
    _, variance = unpack(student.mean_and_variance(X), 2)
    close(variance, X.var(axis=0), what="the variance", factors={"N": 4})


@pytest.mark.points(1, hint="The mean of the squares minus the square of the mean loses all digits here.")
def test_large_values_lose_no_digits(student, rng):
    X = 1e8 + rng.normal(size=(7, 2))
    _, variance = unpack(student.mean_and_variance(X), 2)
    close(variance, X.var(axis=0), rtol=1e-6, what="the variance of large values")
'''
WRONG = '''\
"""Wrong solutions of question 1; each cell is put behind the reference's."""

# %% along_the_rows | fails: test_the_mean_of_every_column | hint: The mean was taken along each row.
def mean_and_variance(X):
    return X.mean(axis=1), X.var(axis=0)


# %% unbiased | fails: test_the_variance_of_every_column | hint: Divided by N - 1.
def mean_and_variance(X):
    return X.mean(axis=0), X.var(axis=0, ddof=1)


# %% by_squares | fails: test_large_values_lose_no_digits | hint: E[x^2] - E[x]^2 cancels.
def mean_and_variance(X):
    return X.mean(axis=0), (X**2).mean(axis=0) - X.mean(axis=0) ** 2
'''
RIGHT = '''\
"""Right solutions of question 1 that look different from the reference."""

# %% with_loops | why: plain sums over Python numbers
def mean_and_variance(X):
    N, D = X.shape
    mean = [sum(X[i, d] for i in range(N)) / N for d in range(D)]
    variance = [sum((X[i, d] - mean[d]) ** 2 for i in range(N)) / N for d in range(D)]
    return np.array(mean), np.array(variance)
'''


def begin(paths: Paths, assignment_id: str) -> list[Path]:
    """Write the skeleton and build it; return what was written, the starter last.

    Nothing stays behind when something fails half-way, such as a course.toml that cannot be read. Raises MachineryError
    before anything is written where building is not installed, and what `new` raises.
    """
    require_tools()
    parents = [folder for folder in (paths.assignments, paths.solutions) if not folder.exists()]
    files = new(paths, assignment_id)
    with _removed_on_failure([*_folders(paths, assignment_id), *parents]):
        return [*files, build(paths, assignment_id)]


def new(paths: Paths, assignment_id: str) -> list[Path]:
    """Write the skeleton; return what was written. Raises UsageError rather than overwriting anything."""
    refuse_taken(paths, assignment_id)
    files = _files(paths, assignment_id)
    with _removed_on_failure(_folders(paths, assignment_id)):
        replace_all(files)
    return list(files)


def refuse_taken(paths: Paths, assignment_id: str) -> None:
    """Raise UsageError unless an assignment may begin under this id, AuthoringError where there is no course."""
    if not ASSIGNMENT_ID.fullmatch(assignment_id):
        raise UsageError(
            f"{assignment_id!r}: an id is lower-case letters, digits and _, beginning with a letter: a5_rl"
        )
    if there := [str(folder) for folder in _folders(paths, assignment_id) if folder.exists()]:
        also, it = (f", and {there[1]}", "them") if len(there) > 1 else ("", "it")
        raise UsageError(f"{there[0]} exists already{also}; choose another id, or delete {it}")
    if not paths.course_toml.is_file():
        raise AuthoringError(f"{paths.root} has no course.toml")


def untouched(paths: Paths, assignment_id: str) -> bool:
    """Whether under this id there is the skeleton and nothing else, as `init` and `new` leave it."""
    texts = _files(paths, assignment_id)
    if not all(file.is_file() and file.read_text(encoding="utf-8") == text for file, text in texts.items()):
        return False
    built = {paths.starter(assignment_id), paths.assignment(assignment_id) / "tests" / "q1.py"}
    there = {file for folder in _folders(paths, assignment_id) for file in folder.rglob("*") if file.is_file()}
    return there <= texts.keys() | built


@contextmanager
def _removed_on_failure(folders: Iterable[Path]) -> Iterator[None]:
    """Remove folders that were not there before, when what is done in them fails."""
    try:
        yield
    except BaseException:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _folders(paths: Paths, assignment_id: str) -> tuple[Path, Path]:
    return paths.assignment(assignment_id), paths.solutions / assignment_id


def _files(paths: Paths, assignment_id: str) -> dict[Path, str]:
    return {
        paths.assignment_toml(assignment_id): ASSIGNMENT_TOML,
        paths.hidden_tests(assignment_id) / "test_q1.py": HIDDEN,
        paths.reference(assignment_id): MASTER.replace("{id}", assignment_id),
        paths.wrong(assignment_id) / "q1.py": WRONG,
        paths.right(assignment_id) / "q1.py": RIGHT,
    }
