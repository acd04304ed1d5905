"""Code written in another way that means the same: by honest people who think alike, and by those who hide a source.

A rewriting takes the source of one question and a generator to draw from; what comes back is Python again.
"""

from __future__ import annotations

import ast
import builtins
import random
from collections.abc import Iterator

WORDS = "value total out part row acc left right score item this res tmp arr data cur nxt base step size".split()
LIBRARIES = frozenset({"np", "numpy", "torch", "nn", "F", "math", "random", *dir(builtins)})


class Rewriter(ast.NodeTransformer):
    """Write code in another way that means the same: each chance is taken with the given probability."""

    def __init__(self, draw: random.Random, chance: float, names: bool) -> None:
        self.draw, self.chance, self.names = draw, chance, names
        self.renamed: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        own = {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)} - {"self"}
        stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        outer, self.renamed = self.renamed, dict(self.renamed)
        if self.names:
            for place, name in enumerate(sorted(stored - own)):
                self.renamed[name] = f"{self.draw.choice(WORDS)}{place}"
        self.generic_visit(node)
        node.body = list(self._lines(node.body))
        self.renamed = outer
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(self.renamed.get(node.id, node.id), node.ctx), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        plain = (ast.Name, ast.Constant, ast.Attribute, ast.Call)
        if isinstance(node.op, (ast.Add, ast.Mult)) and isinstance(node.left, plain) and self._taken():
            node.left, node.right = node.right, node.left
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name) and self._taken():
            return ast.Assign([node.target], ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value))
        return node

    def _taken(self) -> bool:
        return self.draw.random() < self.chance

    def _lines(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in body:
            if isinstance(node, ast.Return) and node.value is not None and self._taken():
                name = self.draw.choice(WORDS)
                yield ast.Assign([ast.Name(name, ast.Store())], node.value)
                yield ast.Return(ast.Name(name, ast.Load()))
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and self._taken():
                name = self.draw.choice(WORDS) + "_"
                yield ast.Assign([ast.Name(name, ast.Store())], node.value.left)
                node.value.left = ast.Name(name, ast.Load())
                yield node
            else:
                yield node


def rewritten(source: str, draw: random.Random, chance: float, names: bool, dead: bool = False) -> str:
    tree = Rewriter(draw, chance, names).visit(ast.parse(source))
    if dead:
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            at = draw.randrange(len(function.body) + 1)
            function.body.insert(at, ast.parse(f"unused = {draw.randrange(100)} + len({draw.choice(WORDS)!r})").body[0])
    return ast.unparse(ast.fix_missing_locations(tree))


def reordered(source: str, draw: random.Random) -> str:
    """Neighbouring lines in another order where neither needs the other, and names changed."""
    tree = ast.parse(source)
    for block in _blocks(tree):
        for at in range(len(block) - 1):
            if _independent(block[at], block[at + 1]) and draw.random() < 0.8:
                block[at], block[at + 1] = block[at + 1], block[at]
    return rewritten(ast.unparse(tree), draw, 0.0, names=True)


def with_other_loops(source: str, draw: random.Random) -> str:
    """Counted loops as `while`, comprehensions as loops that append, and names changed."""
    tree = ast.parse(source)
    for block in _blocks(tree):
        block[:] = [new for line in block for new in _other_loop(line, draw)]
    return rewritten(ast.unparse(ast.fix_missing_locations(tree)), draw, 0.0, names=True)


def with_helpers(source: str, draw: random.Random) -> str:
    """Half of the longer calculations as functions of their own above, and names changed."""
    tree = ast.parse(source)
    helpers: list[ast.stmt] = []
    for node in [each for each in ast.walk(tree) if isinstance(each, (ast.Assign, ast.Return)) and each.value]:
        names = sorted({n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)} - LIBRARIES)
        plain = not any(
            isinstance(n, (ast.Lambda, ast.comprehension, ast.Call)) and _is_super(n) for n in ast.walk(node.value)
        )
        if isinstance(node.value, (ast.BinOp, ast.Call)) and names and plain and draw.random() < 0.5:
            name = f"{draw.choice(WORDS)}_{len(helpers)}"
            arguments = ast.arguments([], [ast.arg(each) for each in names], None, [], [], None, [])
            helpers.append(ast.FunctionDef(name, arguments, [ast.Return(node.value)], [], None, None))
            node.value = ast.Call(ast.Name(name, ast.Load()), [ast.Name(each, ast.Load()) for each in names], [])
    tree.body = [*helpers, *tree.body]
    return rewritten(ast.unparse(ast.fix_missing_locations(tree)), draw, 0.0, names=True)


def everything(source: str, draw: random.Random) -> str:
    """All of these, one statement in three rewritten, dead code between."""
    for way in (with_other_loops, with_helpers, reordered):
        source = way(source, draw)
    return rewritten(source, draw, 0.3, names=True, dead=True)


def _is_super(node: ast.AST) -> bool:
    return not isinstance(node, ast.Call) or (isinstance(node.func, ast.Name) and node.func.id == "super")


def _blocks(tree: ast.AST) -> list[list[ast.stmt]]:
    found = [getattr(node, name, None) for node in ast.walk(tree) for name in ("body", "orelse")]
    return [block for block in found if isinstance(block, list) and block and isinstance(block[0], ast.stmt)]


def _independent(first: ast.stmt, second: ast.stmt) -> bool:
    """Whether two plain assignments may change places: neither binds what the other has."""
    if not all(
        isinstance(line, ast.Assign) and isinstance(line.targets[0], (ast.Name, ast.Attribute))
        for line in (first, second)
    ):
        return False
    has = [
        {ast.unparse(n) for n in ast.walk(line) if isinstance(n, (ast.Name, ast.Attribute))} for line in (first, second)
    ]
    binds = [ast.unparse(line.targets[0]) for line in (first, second)]  # type: ignore[attr-defined]
    draws = [any("rng" in name or "random" in name or "next" in name for name in each) for each in has]
    return binds[0] not in has[1] and binds[1] not in has[0] and not all(draws)


def _other_loop(line: ast.stmt, draw: random.Random) -> Iterator[ast.stmt]:
    if isinstance(line, ast.For) and _counts(line) and not any(isinstance(n, ast.Continue) for n in ast.walk(line)):
        name, arguments = line.target.id, line.iter.args  # type: ignore[attr-defined]
        start, limit = arguments if len(arguments) == 2 else (ast.Constant(0), arguments[0])
        yield ast.Assign([ast.Name(name, ast.Store())], start)
        test = ast.Compare(ast.Name(name, ast.Load()), [ast.Lt()], [limit])
        yield ast.While(test, [*line.body, ast.AugAssign(ast.Name(name, ast.Store()), ast.Add(), ast.Constant(1))], [])
    elif isinstance(line, ast.Assign) and isinstance(line.value, ast.ListComp) and _is_simple(line.value):
        clause, name = line.value.generators[0], f"{draw.choice(WORDS)}_list"
        yield ast.Assign([ast.Name(name, ast.Store())], ast.List([], ast.Load()))
        grown = ast.Call(ast.Attribute(ast.Name(name, ast.Load()), "append", ast.Load()), [line.value.elt], [])
        yield ast.For(clause.target, clause.iter, [ast.Expr(grown)], [])
        yield ast.Assign(line.targets, ast.Name(name, ast.Load()))
    else:
        yield line


def _counts(line: ast.For) -> bool:
    called = line.iter.func if isinstance(line.iter, ast.Call) else None
    over = isinstance(called, ast.Name) and called.id == "range" and len(line.iter.args) < 3  # type: ignore[attr-defined]
    return over and isinstance(line.target, ast.Name) and not line.orelse


def _is_simple(made: ast.ListComp) -> bool:
    return len(made.generators) == 1 and not made.generators[0].ifs
