"""What `show --transcript` prints of calls and answers: whole where it can be read, and never cut in silence."""

import numpy as np
import pytest

from grader import wire
from grader.commands import shell
from grader.commands.arguments import in_words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([np.zeros((2, 3)), 2], "probe both(float64 (2, 3) [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], 2)"),
        ([[np.zeros((9, 30)), np.ones(2)]], "probe both([float64 (9, 30), float64 (2,) [1.0, 1.0]])"),
        ([(np.zeros(1),) * 10], f"probe both(({', '.join(['float64 (1,) [0.0]'] * 8)}, and 2 more))"),
        (["one\ntwo"], "probe both('one\\ntwo')"),
    ],
)
def test_arrays_in_lists_are_told_like_arrays(given, words):
    assert in_words(wire.encode({"op": "run", "name": "both", "args": given}, 1 << 20)) == words


def test_an_answer_is_whole_up_to_a_bound_and_what_is_cut_is_said():
    whole = wire.encode({"value": "x" * 19_000}, 1 << 20)
    assert shell._said(whole, "", "") == repr("x" * 19_000)
    cut = shell._said(wire.encode({"value": "x" * 30_000}, 1 << 20), "", "")
    assert cut.endswith("\n... and 10002 more characters, which are on record and not shown")
