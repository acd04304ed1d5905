"""Calls of test libraries as what they mean: a condition that must hold, or a call that must raise."""

from __future__ import annotations

import ast
from collections.abc import Iterable

_OF_NUMPY = frozenset(
    "assert_allclose assert_almost_equal assert_array_equal assert_array_almost_equal assert_equal "
    "assert_approx_equal assert_array_less assert_array_almost_equal_nulp assert_string_equal assert_close".split()
)
_PLAIN = {  # of nose and unittest: name in lower case without _ -> the condition
    "assertequal": "{0} == {1}",
    "eq": "{0} == {1}",
    "assertequals": "{0} == {1}",
    "assertlistequal": "{0} == {1}",
    "assertdictequal": "{0} == {1}",
    "asserttupleequal": "{0} == {1}",
    "assertsetequal": "{0} == {1}",
    "assertnotequal": "{0} != {1}",
    "asserttrue": "{0}",
    "ok": "{0}",
    "assertfalse": "not {0}",
    "assertis": "{0} is {1}",
    "assertisnot": "{0} is not {1}",
    "assertisnone": "{0} is None",
    "assertisnotnone": "{0} is not None",
    "assertin": "{0} in {1}",
    "assertnotin": "{0} not in {1}",
    "assertisinstance": "isinstance({0}, {1})",
    "assertgreater": "{0} > {1}",
    "assertgreaterequal": "{0} >= {1}",
    "assertless": "{0} < {1}",
    "assertlessequal": "{0} <= {1}",
    "assertalmostequal": "{0} == {1} or round(abs({0} - {1}), {places}) == 0",
}
TEST_LIBRARIES = frozenset({"pytest", "nose", "unittest"})  # of which nothing is needed once this is done
_RAISES = ("assert_raises", "assertRaises", "raises")


def as_condition(node: ast.expr) -> ast.expr | None:
    """The condition that a call of a test library asserts; None for any other expression."""
    if not isinstance(node, ast.Call):
        return None
    name, base = _called(node)
    if name in _OF_NUMPY and base in ("np.testing", "numpy.testing", "npt", "testing", "torch.testing", "nt"):
        return ast.Compare(node, [ast.Is()], [ast.Constant(None)])
    form = _PLAIN.get(name.replace("_", "").lower())
    if form is None or len(node.args) < form.count("{") - form.count("{places}") - (form.count("{0}") - 1):
        return None
    parts = [f"({ast.unparse(arg)})" for arg in node.args]
    named = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords if keyword.arg}
    places = named.get("places") or (parts[2] if len(parts) > 2 else "7")
    try:
        return ast.parse(form.format(*parts, places=places), mode="eval").body
    except (SyntaxError, IndexError):
        return None


def as_raising(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """(exception, call) of assert_raises(E, f, 0); the call is None's constant where a block follows."""
    if not isinstance(node, ast.Call) or _called(node)[0] not in _RAISES or not node.args:
        return None
    kind, *called = node.args
    if not called:
        return kind, ast.Constant(None)
    return kind, ast.Call(called[0], called[1:], node.keywords)


def raising(names: Iterable[str]) -> bool:
    """Whether all of these are names of test libraries, which are not needed once their calls are conditions."""
    found = list(names)
    known = (name in _RAISES or name.replace("_", "").lower() in _PLAIN for name in found)
    return bool(found) and all(known)


def _called(node: ast.Call) -> tuple[str, str]:
    """The last name of what is called, and what stands before it."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr, ast.unparse(node.func.value)
    return (node.func.id, "") if isinstance(node.func, ast.Name) else ("", "")
