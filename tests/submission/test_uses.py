"""Which functions of a notebook call which others of it."""

import pytest
from tiny import book

from grader.submission.uses import used

ASKED = ("relu", "softmax", "loss", "Net")
RELU = "def relu(z):\n    return abs(z)"


@pytest.mark.parametrize(
    ("cells", "calls"),
    [
        ([RELU, "def softmax(z):\n    return relu(z)"], {"relu"}),
        ([RELU, "def row(z):\n    return relu(z)", "def softmax(z):\n    return row(z)"], {"relu"}),
        (["def loss(z):\n    return relu(z)", RELU, "def softmax(z):\n    return loss(z)"], {"loss"}),
        ([RELU, "def softmax(relu):\n    return relu"], set()),
        ([RELU, "def softmax(z):\n    relu = abs\n    return relu(z)"], set()),
        ([RELU, "def softmax(z):\n    return relu(z)", "def softmax(z):\n    return z"], set()),
        ([RELU, "# experiment\ndef softmax(z):\n    return relu(z)", "def softmax(z):\n    return z"], set()),
        ([RELU, "def softmax(z):\n    return softmax(z) if z else relu(z)"], {"relu"}),
        ([RELU, "class softmax:\n    def forward(self, z):\n        return relu(z)"], {"relu"}),
        ([RELU, "def softmax(z):\n    return (relu"], None),
    ],
)
def test_calls_are_found_also_by_way_of_other_functions(cells, calls):
    found = used(book(*cells), ASKED)
    assert found.get("softmax") == (None if calls is None else frozenset(calls))
