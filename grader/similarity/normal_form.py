"""A statement in its plainest form, so that a detour does not hide what is done.

`x += y` is `x = x + y`; a value that is named and read once, in the next line, stands where it is read; what is
calculated and never read is left out, and so is what nothing reaches; a `while` that counts is a `for` over a range; a
list that a loop fills is a comprehension; operands of + and * stand in one order; a helper that is one expression
stands where it is called. The form is compared and never run: in which order things are evaluated is not kept.
"""

from __future__ import annotations

import ast
import builtins
import copy
import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from grader.similarity.tokens import walk

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
LEADING = 12  # tokens of an operand that decide on its place
LARGEST = 100  # parts of an argument that a helper is put in place with
MOST_PASSES = 12  # over the lines of a function; no solution of ours needs more than 4
MOST_ABOVE = 100  # lines above a loop among which the one is looked for that begins what it fills
PURE = frozenset(dir(builtins)) - {"print", "input", "next", "setattr", "delattr", "exec", "open"}


def helpers_in(statements: Sequence[ast.stmt], asked: Collection[str]) -> dict[str, ast.FunctionDef]:
    """Functions of one expression that are not asked for, by name; those that call each other are not among them."""
    found = {
        node.name: node
        for node in statements
        if isinstance(node, ast.FunctionDef) and node.name not in asked and _expression(node) is not None
    }
    calling = {name for name, node in found.items() if _names(node) & found.keys()}
    return {name: node for name, node in found.items() if name not in calling}


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _expression(function: ast.FunctionDef) -> ast.expr | None:
    """What a function returns that does nothing else and has plain arguments."""
    args = function.args
    plain = not (args.vararg or args.kwarg or args.defaults or args.kwonlyargs or function.decorator_list)
    lines = [
        line for line in function.body if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
    ]
    only = lines[0] if plain and len(lines) == 1 else None
    return only.value if isinstance(only, ast.Return) else None


def with_helpers_in_place(statement: ast.stmt, helpers: Mapping[str, ast.FunctionDef]) -> bool:
    """Put what its helpers return where a statement calls them; whether it calls any, so that it is to be settled."""
    if not _names(statement) & helpers.keys():
        return False
    try:
        _Called(helpers).visit(statement)
    except RecursionError:
        return False
    return True


class _Called(ast.NodeTransformer):
    """Puts the expression of a helper in the place of a call."""

    def __init__(self, helpers: Mapping[str, ast.FunctionDef]) -> None:
        self.helpers = helpers

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        helper = self.helpers.get(_name(node.func) or "")
        value = _expression(helper) if helper else None
        if helper is None or value is None or node.keywords or len(node.args) != len(helper.args.args):
            return node
        if any(next(itertools.islice(ast.walk(argument), LARGEST, None), None) for argument in node.args):
            return node  # what is put in place twice, and that again, would have no end
        values = {argument.arg: value for argument, value in zip(helper.args.args, node.args, strict=True)}
        made: ast.AST = copy.deepcopy(value)
        for inner in ast.walk(made):
            ast.copy_location(inner, node)  # where it is looked at is where it is called
        return _Values(values).visit(made)  # type: ignore[no-any-return]


class _Values(ast.NodeTransformer):
    """Puts values in the place of arguments."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node) if isinstance(node.ctx, ast.Load) else node


def plainest(statement: ast.stmt) -> ast.stmt:
    """The statement, changed in place to its plainest form; as far as it comes, where it is thousands deep."""
    try:
        return _Plain().visit(statement)  # type: ignore[no-any-return]
    except RecursionError:
        return statement


class _Plain(ast.NodeTransformer):
    """Writes expressions in one way, then the lines of every function."""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        self.generic_visit(node)
        name = _name(node.target)
        read = ast.copy_location(ast.Name(name, ast.Load()), node) if name else node.target
        value = self.visit_BinOp(ast.copy_location(ast.BinOp(read, node.op, node.value), node))
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr)):
            node.left, node.right = sorted((node.left, node.right), key=_leading)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        node.values.sort(key=_leading)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            node.left, node.comparators[0] = sorted((node.left, node.comparators[0]), key=_leading)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        node.keywords.sort(key=lambda keyword: keyword.arg or "")
        return node

    def visit_If(self, node: ast.If) -> ast.stmt:
        """`if not a: x / else: y` is `if a: y / else: x`."""
        self.generic_visit(node)
        if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not) and node.orelse:
            node.test, node.body, node.orelse = node.test.operand, node.orelse, node.body
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        self.generic_visit(node)
        _settle(node)
        return node


def _settle(function: ast.FunctionDef) -> None:
    """The lines of a function, until nothing of it becomes plainer, or MOST_PASSES were made.

    Whatever becomes plainer leaves fewer lines. Who writes a line that is dead as soon as the one below it is gone, and
    thousands of them, would have as many passes.
    """
    for _ in range(MOST_PASSES):
        fewer = False
        uses = _Uses(function)
        for block in _blocks(function):
            before = len(block)
            living = [line for line in _reached(block) if not uses.dead(line)]
            block[:] = _in_place(_comprehended(_counted(living)), uses)
            fewer = fewer or len(block) < before
        if not fewer:
            return


class _Uses:
    """How often the names of a function are read and bound in it."""

    def __init__(self, function: ast.FunctionDef) -> None:
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        self.read = Counter(node.id for node in names if isinstance(node.ctx, ast.Load))
        self.bound = Counter(node.id for node in names if not isinstance(node.ctx, ast.Load))
        outer = [node for node in ast.walk(function) if isinstance(node, (ast.Global, ast.Nonlocal))]
        self.outer = {name for node in outer for name in node.names}

    def dead(self, line: ast.stmt) -> bool:
        """Whether a line calculates only what nobody reads."""
        if isinstance(line, ast.Expr):
            called = line.value.func if isinstance(line.value, ast.Call) else None
            return _is_pure(line.value) or (isinstance(called, ast.Name) and called.id == "print")
        name = _assigned(line)
        return name is not None and not self.read[name] and name not in self.outer and _is_pure(line.value)  # type: ignore[attr-defined]

    def once(self, name: str) -> bool:
        return self.bound[name] == self.read[name] == 1 and name not in self.outer


def _blocks(function: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of lines in a function, those of its inner functions too; each may be changed when it comes."""
    todo = [function]
    while todo:
        node = todo.pop()
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                if block and isinstance(block[0], ast.stmt):
                    yield block
                todo += block


def _reached(block: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The lines that can be reached: none below a return, no `if False`."""
    for line in block:
        if isinstance(line, (ast.If, ast.While)) and isinstance(line.test, ast.Constant) and not line.test.value:
            yield from line.orelse
            continue
        yield line
        if isinstance(line, ENDS):
            return


def _in_place(block: list[ast.stmt], uses: _Uses) -> list[ast.stmt]:
    """Values that are named and read once, in the next line, where they are read."""
    found: list[ast.stmt] = []
    for line in block:
        while found:
            name = _assigned(found[-1])
            if name is None or not (uses.once(name) or _returns(line, name)):
                break
            heads = [part for part in _heads(line) if _reads(part, name)]
            if len(heads) != 1 or _reads(heads[0], name) != 1:
                break
            _Put(name, found.pop().value).put(line)  # type: ignore[attr-defined]
        found.append(line)
    return found


def _returns(line: ast.stmt, name: str) -> bool:
    """`return name`, below which nothing reads it."""
    return isinstance(line, ast.Return) and isinstance(line.value, ast.Name) and line.value.id == name


def _heads(line: ast.stmt) -> list[ast.expr]:
    """The expressions of a line that are evaluated once, before the lines inside it."""
    if isinstance(line, (ast.While, *FUNCTIONS, ast.ClassDef)):
        return []
    return [node for node in ast.iter_child_nodes(line) if isinstance(node, ast.expr)]


def _reads(node: ast.AST, name: str) -> int:
    return sum(
        isinstance(inner, ast.Name) and inner.id == name and isinstance(inner.ctx, ast.Load) for inner in ast.walk(node)
    )


class _Put(ast.NodeTransformer):
    """Puts a value in the place of a name."""

    def __init__(self, name: str, value: ast.expr) -> None:
        self.name, self.value = name, value

    def put(self, line: ast.stmt) -> None:
        for field, inner in ast.iter_fields(line):
            if isinstance(inner, ast.expr):
                setattr(line, field, self.visit(inner))
            elif isinstance(inner, list) and inner and isinstance(inner[0], ast.expr):
                setattr(line, field, [self.visit(each) for each in inner])

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.value if node.id == self.name and isinstance(node.ctx, ast.Load) else node


def _counted(block: list[ast.stmt]) -> list[ast.stmt]:
    """`i = 0 / while i < n: ...; i += 1` as `for i in range(n): ...`."""
    found: list[ast.stmt] = []
    for line in block:
        name = _counter(line)
        begins = _begins(found, name) if name else None
        if name is None or begins is None or any(_reads(each, name) for each in found[begins + 1 :]):
            found.append(line)
            continue
        start = found.pop(begins).value  # type: ignore[attr-defined]
        found.append(_as_for(line, name, start))  # type: ignore[arg-type]
    return found


def _begins(above: Sequence[ast.stmt], name: str) -> int | None:
    """Where the nearest of the last MOST_ABOVE lines stands that binds a name."""
    nearest = reversed(range(max(len(above) - MOST_ABOVE, 0), len(above)))
    return next((at for at in nearest if _assigned(above[at]) == name), None)


def _counter(line: ast.stmt) -> str | None:
    """The name that a while counts up to a limit, in its last line."""
    if not isinstance(line, ast.While) or line.orelse or not isinstance(line.test, ast.Compare) or len(line.body) < 2:
        return None
    test, last = line.test, line.body[-1]
    name = _assigned(last)
    if name is None or len(test.ops) != 1 or not isinstance(test.ops[0], (ast.Lt, ast.LtE, ast.NotEq, ast.Gt)):
        return None
    step = last.value  # type: ignore[attr-defined]
    counts = isinstance(step, ast.BinOp) and isinstance(step.op, ast.Add) and _reads(step, name) == 1
    goes_on = any(isinstance(node, ast.Continue) for inner in line.body for node in ast.walk(inner))
    return name if counts and not goes_on and name in (_name(test.left), _name(test.comparators[0])) else None


def _as_for(loop: ast.While, name: str, start: ast.expr) -> ast.stmt:
    test, step = loop.test, loop.body[-1].value  # type: ignore[attr-defined]
    limit = test.comparators[0] if _name(test.left) == name else test.left  # type: ignore[attr-defined]
    by = step.right if _name(step.left) == name else step.left
    arguments = [limit] if isinstance(start, ast.Constant) and start.value == 0 else [start, limit]
    if not (isinstance(by, ast.Constant) and by.value == 1):
        arguments = [start, limit, by]
    over = ast.Call(ast.Name("range", ast.Load()), arguments, [])
    made = ast.For(ast.Name(name, ast.Store()), ast.copy_location(over, loop), loop.body[:-1], [])
    return ast.copy_location(made, loop)


def _comprehended(block: list[ast.stmt]) -> list[ast.stmt]:
    """`out = [] / for x in xs: out.append(e)` as `out = [e for x in xs]`."""
    found: list[ast.stmt] = []
    for line in block:
        name, element = _appended(line)
        begins = _begins(found, name) if name else None
        empty = found[begins].value if begins is not None else None  # type: ignore[attr-defined]
        if element is None or not (isinstance(empty, ast.List) and not empty.elts):
            found.append(line)
            continue
        assert isinstance(line, ast.For) and begins is not None
        clause = ast.comprehension(line.target, line.iter, [], 0)
        made = ast.Assign([ast.Name(name, ast.Store())], ast.copy_location(ast.ListComp(element, [clause]), line))
        del found[begins]
        found.append(ast.copy_location(made, line))
    return found


def _appended(line: ast.stmt) -> tuple[str, ast.expr | None]:
    """(list, element) of a loop that does nothing but append; ("", None) of any other line."""
    only = line.body[0] if isinstance(line, ast.For) and len(line.body) == 1 and not line.orelse else None
    call = only.value if isinstance(only, ast.Expr) else None
    if not isinstance(call, ast.Call) or len(call.args) != 1:
        return "", None
    grows = isinstance(call.func, ast.Attribute) and call.func.attr == "append"
    name = _name(call.func.value) if grows else None  # type: ignore[attr-defined]
    return (name, call.args[0]) if name else ("", None)


def _assigned(line: ast.stmt) -> str | None:
    """The one name that a line binds to a value."""
    if isinstance(line, ast.Assign) and len(line.targets) == 1:
        return _name(line.targets[0])
    return _name(line.target) if isinstance(line, ast.AnnAssign) and line.value else None


def _name(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _is_pure(value: ast.expr | None) -> bool:
    """Whether nothing happens but a value: no call of what may change something."""
    return (
        value is not None
        and all(
            isinstance(node.func, ast.Name) and node.func.id in PURE
            for node in ast.walk(value)
            if isinstance(node, ast.Call)
        )
        and not any(isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)) for node in ast.walk(value))
    )


def _leading(node: ast.expr) -> tuple[str, ...]:
    return tuple(token.text for token in itertools.islice(walk(node, frozenset()), LEADING))
