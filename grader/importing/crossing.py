"""What a student's values lose on their way out of the sandbox; a test that rests on it is not judged outside."""

from __future__ import annotations

import ast

from grader.importing.namespace import Namespace, read_names
from grader.importing.sending import NotOutside
from grader.importing.states import States, root_name

ITERATING = frozenset(  # what iterates over the first thing that it is given
    "list tuple set frozenset sorted sum max min any all zip enumerate next iter islice".split()
)
# what a tensor loses on its way out of the sandbox
LOST = frozenset("requires_grad grad grad_fn is_leaf backward retain_grad retains_grad register_hook".split())
KEPT = frozenset(
    "int float complex bool str bytes list tuple set dict np.ndarray torch.Tensor".split()
)  # kinds that cross


class Crossing(ast.NodeTransformer):
    """Asks objects of the student's for what they yield, and refuses what their values lose.

    namespace: what the notebook binds;  own: names of the test's;  states: what it looks at after it was handed over;
    imports: what the file of hidden tests must import
    """

    namespace: Namespace
    own: set[str]

    def __init__(self) -> None:
        self.states = States()
        self.imports: set[str] = set()

    def is_students(self, name: str) -> bool:
        return name in self.states.answers or self.of_notebook(ast.Name(name, ast.Load()))

    def holds_students(self, node: ast.expr) -> bool:
        return any(self.is_students(name) or name in self.states.put for name in read_names(node))

    def _iterates(self, called: str, arg: ast.expr) -> bool:
        """Whether an argument of what is called so is iterated over and may be an object of the student's."""
        made = (ast.Constant, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.List, ast.Tuple, ast.Dict)
        return called in ITERATING and not isinstance(arg, (*made, ast.Starred)) and self._may_be_students(arg)

    def _may_be_students(self, node: ast.expr) -> bool:
        return any(self.is_students(name) for name in root_name(node))

    def _each(self, asked: ast.expr) -> ast.expr:
        self.imports.add("from grader.testing import each")
        return ast.Call(ast.Name("each", ast.Load()), [asked], [])

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        return self._over(node)

    def visit_For(self, node: ast.For) -> ast.AST:
        return self._over(node)

    def _over(self, node: ast.comprehension | ast.For) -> ast.AST:
        students = self._may_be_students(node.iter)
        made = self.generic_visit(node)
        if students:
            made.iter = self._each(made.iter)  # type: ignore[attr-defined]
        return made

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """That an answer is not of a kind says nothing where the kind is lost on the way."""
        asked = node.operand
        if isinstance(node.op, ast.Not) and isinstance(asked, ast.Call) and ast.unparse(asked.func) == "isinstance":
            kinds = asked.args[1].elts if isinstance(asked.args[1], ast.Tuple) else [asked.args[1]]
            if self.holds_students(asked.args[0]) and not {ast.unparse(kind) for kind in kinds} <= KEPT:
                raise NotOutside("it says of what kind an answer is not, and kinds may be lost on the way")
        return self.generic_visit(node)

    def of_notebook(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Name) or node.id in self.own or node.id in self.namespace.given:
            return False
        return node.id in self.namespace.names

    def iterated(self, node: ast.Call) -> ast.expr:
        """A call of ours, rewritten; what it iterates over is asked for one by one where that is the student's."""
        called = ast.unparse(node.func).rpartition(".")[2]
        asked = [self._iterates(called, arg) for arg in node.args[: None if called == "zip" else 1]]
        made = self.generic_visit(node)
        args = made.args  # type: ignore[attr-defined]
        args[: len(asked)] = [self._each(arg) if own else arg for own, arg in zip(asked, args, strict=False)]
        return made  # type: ignore[return-value]

    def refuse_change(self, node: ast.Call) -> None:
        """`nn.init.ones_(net.weight)` changes a copy."""
        called = ast.unparse(node.func).rpartition(".")[2]
        touched = any(map(self.holds_students, [node.func, *node.args]))
        if called.endswith("_") and not called.startswith("_") and touched:
            raise NotOutside("it changes an object of the notebook's")

    def refuse_lost(self, node: ast.Attribute) -> None:
        if node.attr in LOST and self.holds_students(node.value):
            raise NotOutside(f"it asks for {node.attr}, which a tensor loses on its way out of the sandbox")
