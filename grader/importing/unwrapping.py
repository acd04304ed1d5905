"""A test that is one function of names of the notebook, as the statements in it."""

from __future__ import annotations

import ast


def unwrapped(tree: ast.Module, expects: str | None) -> tuple[list[ast.stmt], list[str]]:
    """The body of a test that is one function of names of the notebook, and its arguments; else all statements."""
    first = tree.body[0] if tree.body else None
    if (
        expects is None
        and isinstance(first, ast.FunctionDef)
        and all(_calls(node, first.name) for node in tree.body[1:])
    ):
        arguments = [argument.arg for argument in (*first.args.posonlyargs, *first.args.args, *first.args.kwonlyargs)]
        body = [_WithoutEnv().visit(node) for node in first.body] if "env" in arguments else list(first.body)
        return body, arguments
    return list(tree.body), []


class _WithoutEnv(ast.NodeTransformer):
    """`env["f"]`, where a test asks for all names as one argument, becomes `f`."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        asked = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if isinstance(node.value, ast.Name) and node.value.id == "env" and isinstance(asked, str):
            return ast.Name(asked, node.ctx)
        return self.generic_visit(node)  # type: ignore[return-value]


def _calls(node: ast.stmt, name: str) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name
