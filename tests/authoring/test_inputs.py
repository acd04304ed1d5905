"""What an audit says of inputs that no hidden test asks with."""

from __future__ import annotations

import ast

import numpy as np
import torch

from grader import wire
from grader.authoring.audit_words import left_out
from grader.authoring.inputs import Asked, LeftOut, parameters


def request(target: object, *args: object, **kwargs: object) -> bytes:
    return wire.encode({"op": "call", "target": target, "args": list(args), "kwargs": kwargs})


def lacks(*requests: bytes, takes: tuple[str, ...] = ("x", "pad")) -> list[str]:
    asked = Asked()
    asked.add(requests)
    return [f"{row.parameter} {row.says}" for row in asked.left_out({"f": "q1"}, {"f": takes})]


def test_a_number_that_never_changes_is_named_and_one_that_does_is_not():
    x, row = np.ones((2, 3)), np.ones((1, 4), np.float32)
    always = [request("f", x, 0), request("f", row, 0), request("f", x, pad=0), request("f", x, 0)]
    assert lacks(*always) == ["pad always 0"]
    assert lacks(*always[:3]) == []  # of three calls nothing is said
    assert lacks(*always, request("f", x, pad=2)) == []


def test_kinds_of_arrays_and_tensors():
    assert lacks(request("f", np.ones((3, 3))), takes=("x",)) == [
        "x never float32",
        "x never of one row",
        "x always with two axes of one size",
    ]
    assert lacks(request("f", torch.ones(2, 3)), request("f", torch.ones(1, 3).double()), takes=("x",)) == []
    assert lacks(request("f", np.arange(3)), takes=("x",)) == []  # integers, and one axis
    one = request("f", np.ones((1, 2)), np.ones((2, 3)))
    assert lacks(one, takes=("x", "W")) == ["x never float32", "W never float32"]  # the rows of W are no samples


def test_what_is_never_given_and_who_is_not_asked():
    assert lacks(request("f", np.arange(3))) == ["pad never given"]
    assert lacks(request("g", np.arange(3)), request(wire.Ref(1, "function", "function"), 2)) == []


def test_names_are_those_of_functions_and_constructors():
    tree = ast.parse("def f(a, /, b, *, c): ...\nclass A:\n    def __init__(self, d, e=1): ...\nclass B: ...")
    assert [parameters(node) for node in tree.body] == [("a", "b", "c"), ("d", "e"), ()]


def test_one_line_a_function():
    rows = [LeftOut("q1", "f", "x", "never float32"), LeftOut("q1", "f", "pad", "always 0")]
    assert left_out(rows) == ["q1, f: x never float32; pad always 0"]
