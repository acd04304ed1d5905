"""What a look into a notebook says before it is graded."""

from __future__ import annotations

import json

import pytest
import tiny

from grader.collect.checking import look_into
from grader.schema import Submission


def remarks(release="", **metadata):
    page = json.loads(tiny.ipynb("def double(x):\n    return 2 * x\n\ndef shift(x):\n    return x"))
    page["metadata"] |= metadata
    return look_into(Submission("ada", "tiny", "tiny.ipynb", json.dumps(page).encode()), tiny.assignment(), release)


@pytest.mark.parametrize(
    ("current", "says"),
    [
        ("", []),
        ("0123456789abcdef", []),
        (
            "fedcba9876543210",
            ["made from another release of the assignment (0123456789abcdef) than the current one (fedcba9876543210)"],
        ),
    ],
)
def test_only_a_notebook_made_from_another_release_than_the_current_one_is_told(current, says):
    assert [remark.text for remark in remarks(current, grader={"release": "0123456789abcdef"})] == says


def test_names_that_two_cells_define_are_one_remark():
    page = tiny.ipynb("def double(x):\n    return x\n\ndef shift(x):\n    return x")
    cells = json.loads(page)
    cells["cells"] *= 2
    [remark] = look_into(Submission("ada", "tiny", "tiny.ipynb", json.dumps(cells).encode()), tiny.assignment())
    assert remark.text == "q1: double, shift are defined in cells 1 and 2; the last one counts"


def test_a_plain_notebook_has_no_remark():
    assert remarks() == []
