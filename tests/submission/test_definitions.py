"""Which names a notebook defines, and which name was meant."""

import itertools
import json

import pytest

from grader.submission.notebook import MOST_NEAR, definitions, nearest, read


def notebook_of(*cells):
    """Return a notebook of code cells; None stands for a markdown cell."""
    listed = [{"cell_type": "markdown" if cell is None else "code", "source": cell or "# t"} for cell in cells]
    return read(json.dumps({"cells": listed}).encode(), "a1.ipynb")


def test_definitions_are_found_in_the_cells_that_bind_them():
    notebook = notebook_of(
        "import numpy as np, os.path\nfrom a import b as c, d\ndef f(): inner = 1\nclass G: h = 2",
        None,
        "# experiment\n%cd x\nf = lambda y: y\n(i, [j, *k]), l = m = 1\nn: int\no: int = 1\np.q = r[0] = 3",
        "if f:\n  s = 1\nelif g:\n  s = 2\ntry:\n  import t\nexcept E:\n  t = 1\nfor u in v:\n  pass\n",
        "with a as w:\n  async def f(): pass\nmatch a:\n  case 1:\n    z = 1",
        "def broken(:\n  pass\nclass Also: pass\n  def inner(): pass",
    )
    once = {"np": 1, "os": 1, "c": 1, "d": 1, "G": 1, **dict.fromkeys("ijklmo", 3), **dict.fromkeys("stu", 4)}
    once |= {"w": 5, "z": 5, "broken": 6, "Also": 6}
    assert definitions(notebook) == {name: (number,) for name, number in once.items()} | {"f": (1, 3, 5)}


def test_a_chain_of_branches_deeper_than_recursion_goes_is_no_matter():
    chain = "if a:\n  x = 1\n" + "elif a:\n  y = 1\n" * 1500
    assert definitions(notebook_of(chain)) == {"x": (1,), "y": (1,)}


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ("softmax_loss", "softmax_los"), ("softmax_loss", "SoftmaxLoss"), ("softmax_loss", "softmaxLoss"),
        ("softmax_loss", "sofmax_loss"), ("Linear", "linear"), ("relu", "ReLU"), ("conv2d", "Conv2D"),
        ("numerical_gradient", "numeric_gradient"), ("accuracy", "acuracy"),
    ],
)  # fmt: skip
def test_a_misspelt_name_is_found(wanted, near):
    assert nearest(wanted, ["x", "np", "softmax", near, "relu_grad"]) == near


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        ("softmax", "softmax_loss"), ("softmax_loss", "softmax"), ("encoder", "decoder"), ("encode", "decode"),
        ("conv1d", "conv2d"), ("fc1", "fc2"), ("forward", "backward"), ("relu", "gelu"), ("relu", "x"), ("x", "y"),
        ("softmax", "log_softmax"), ("max_pool", "avg_pool"), ("cross_entropy", "cross_entropy_grad"),
    ],
)  # fmt: skip
def test_another_name_is_not_taken_for_a_misspelt_one(wanted, other):
    assert nearest(wanted, [other]) is None


def test_the_nearest_of_several_is_taken_whatever_their_order():
    names = ["softmx_los", "softmax_los", "softmax_loss_"]
    assert nearest("softmax_loss", names) == nearest("softmax_loss", names[::-1]) == "softmax_loss_"
    assert nearest("softmax_loss", []) is None


def test_a_misspelt_name_is_looked_for_among_as_many_as_anybody_writes():
    others = ["".join(letters) for letters in itertools.islice(itertools.permutations("abcdefg"), MOST_NEAR)]
    assert nearest("softmax", [*others[1:], "softmaxx"]) == "softmaxx"
    assert nearest("softmax", [*others, "softmaxx"]) is None


def test_what_is_defined_is_found_once_for_a_notebook_and_not_for_every_name_that_is_missing():
    book = read(b"x = 1\n\n\ndef f(): pass", "a.py")
    assert definitions(book) is definitions(book)
