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


def imports_tests(node: ast.stmt) -> bool:
    """Whether a statement imports libraries of tests and nothing else."""
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in TEST_LIBRARIES
    return isinstance(node, ast.Import) and all(alias.name.split(".")[0] in TEST_LIBRARIES for alias in node.names)


def without_libraries(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements with the calls of test libraries other than NumPy's as plain Python; the sandbox may not have them."""
    made = [_Plain().visit(node) for node in body]
    return [ast.fix_missing_locations(node) for node in made if node is not None]


class _Plain(ast.NodeTransformer):
    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | None:
        return None if imports_tests(node) else node

    def visit_Import(self, node: ast.Import) -> ast.stmt | None:
        return None if imports_tests(node) else node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        raised = as_raising(node.value)
        if raised is not None:
            return _must_raise(raised[0], [ast.Expr(raised[1])])
        of_numpy = isinstance(node.value, ast.Call) and _called(node.value)[0] in _OF_NUMPY and _called(node.value)[1]
        condition = None if of_numpy else as_condition(node.value)
        return node if condition is None else ast.Assert(condition, None)

    def visit_With(self, node: ast.With) -> ast.stmt:
        raised = as_raising(node.items[0].context_expr) if len(node.items) == 1 else None
        if raised is None or node.items[0].optional_vars is not None:
            return self.generic_visit(node)  # type: ignore[return-value]
        return _must_raise(raised[0], node.body)


def _must_raise(kind: ast.expr, body: list[ast.stmt]) -> ast.stmt:
    made = ast.parse("try:\n    pass\nexcept Exception:\n    pass\nelse:\n    raise AssertionError").body[0]
    assert isinstance(made, ast.Try)
    made.body, made.handlers[0].type = body, kind
    return made


def gives_up(node: ast.stmt) -> bool:
    """`assert False`, `raise AssertionError`: what stands where nothing should arrive."""
    if isinstance(node, ast.Assert):
        return isinstance(node.test, ast.Constant) and not node.test.value
    return isinstance(node, ast.Raise) and "AssertionError" in ast.unparse(node)


def _called(node: ast.Call) -> tuple[str, str]:
    """The last name of what is called, and what stands before it."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr, ast.unparse(node.func.value)
    return (node.func.id, "") if isinstance(node.func, ast.Name) else ("", "")
