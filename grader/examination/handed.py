"""Functions that a test hands to the student's code and keeps: a call of one comes out of the sandbox to be answered.

What such a function counts and notes is the test's own, out of reach of whoever calls it. Each call is an exchange like
any other, with its deadline, and is written down; so it can be judged again without running anything.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from grader import wire

MOST_CALLS = 10_000  # of such functions, in one call of the student's
UNFIT = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)  # by unfit arguments

KINDS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType)


class Handed:
    """The functions that one check has handed over. `None` stands for what no honest sandbox says."""

    def __init__(self) -> None:
        self.functions: list[Callable[..., Any]] = []

    def refer(self, function: Callable[..., Any]) -> wire.Ref:
        """What a function is known as in the sandbox: a number below zero, which no object there has."""
        self.functions.append(function)
        return wire.Ref(-len(self.functions), "function", "function")

    def called(self, asked: object) -> tuple[Callable[..., Any], list[Any], dict[str, Any]] | None:
        """Which function is called with what, by a reply that asks; None if it is of another form than ours."""
        if type(asked) is not list or len(asked) != 3:
            return None
        number, args, kwargs = asked
        if type(number) is not int or type(args) is not list or type(kwargs) is not dict:
            return None
        if not 0 < -number <= len(self.functions) or not all(type(name) is str for name in kwargs):
            return None
        return self.functions[-number - 1], args, kwargs
