"""What a look into a notebook says before it is graded."""

from __future__ import annotations

import json

import tiny

from grader.collect.checking import look_into
from grader.collect.remarks import Weight
from grader.schema import Submission


def remarks(**metadata):
    page = json.loads(tiny.ipynb("def double(x):\n    return 2 * x\n\ndef shift(x):\n    return x"))
    page["metadata"] |= metadata
    return look_into(Submission("ada", "tiny", "tiny.ipynb", json.dumps(page).encode()), tiny.assignment())


def test_a_notebook_made_from_the_release_is_not_mended():
    [remark] = remarks(grader={"release": "0123456789abcdef"})
    assert remark.text == "made from release 0123456789abcdef of the assignment" and remark.weight is Weight.NOTE


def test_a_plain_notebook_has_no_remark():
    assert remarks() == []
