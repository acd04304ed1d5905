"""Arrays in every kind, for hidden tests."""

from __future__ import annotations

import numpy as np
import pytest

from grader.errors import AuthoringError
from grader.testing import inputs


def test_kinds_sizes_and_rows():
    made = dict(inputs(np.random.default_rng(3), "N T D", "D H", "H"))
    assert list(made) == ["of float64", "of float32", "of one row"]
    for says, (x, W, b) in made.items():
        dtype = np.float32 if says == "of float32" else np.float64
        assert {part.dtype for part in (x, W, b)} == {np.dtype(dtype)}
        assert x.shape[2:] == W.shape[:1] and W.shape[1:] == b.shape
        sizes = (*x.shape, W.shape[1])
        assert len(set(sizes)) == 4 and (sizes[0] == 1) == (says == "of one row")
    shapes = {x.shape for x, _, _ in made.values()}
    assert len(shapes) == 3  # drawn anew for each kind


@pytest.mark.parametrize("shapes", [(), ("",), ("A B C D E F G H I",)])
def test_shapes_that_there_are_not(shapes):
    with pytest.raises(AuthoringError, match="letters"):
        list(inputs(np.random.default_rng(0), *shapes))
