"""A test as calls that are judged outside: what is the student's is asked for, all else is calculated on our side.

`assert f(2) == 4` becomes `holds(lambda: student.f(2) == 4, ...)`: the call runs in the sandbox, what comes back is
plain, and the comparison is the source's own, made here. So a test means what it meant, to the letter; only that no
student's code can take part in the judgement.
"""

from __future__ import annotations

import ast
import copy
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grader.importing.assertions import TEST_LIBRARIES, as_condition, as_raising, gives_up, raising
from grader.importing.crossing import Crossing
from grader.importing.literals import kinds_in, literal_of, literal_value, verdict_of
from grader.importing.namespace import (
    SCOPES,
    UNTRUSTED_BUILTINS,
    Namespace,
    bound_anywhere,
    bound_inside,
    imported,
    is_builtin,
    read_names,
)
from grader.importing.sending import NotOutside, given_to, lambdas, sending
from grader.importing.states import answers_of, one_name, parts_of, root_name, states
from grader.importing.unwrapping import unwrapped
from grader.submission.magics import parse

_TELLS = re.compile(r"\d\.\d{4}")  # so long a number may be a hidden one
OF_STUDENT = frozenset("has put fetch rng generator run pure forbids raises limit".split())  # methods of `student`


class Outside(Crossing):
    """Rewrites the statements of one test. imports: what the file of hidden tests must import for it."""

    def __init__(self, namespace: Namespace, own: set[str], wanted: Wanted) -> None:
        super().__init__()
        self.namespace = namespace
        self.own = own
        self.wanted = wanted
        self.given: set[str] = set()
        self.functions: dict[str, ast.Lambda | ast.FunctionDef] = {}  # that the test defines, by name
        self.brought: set[str] = set()  # that the test imports
        self.probes: list[str] = []
        self.judging = False  # a condition with something of the student's in it: what it is compared with is ours

    def visit(self, node: ast.AST) -> Any:
        """Names that are local to a function or comprehension of the test are its own while it is rewritten."""
        if not isinstance(node, SCOPES):
            return super().visit(node)
        before, self.own = self.own, self.own | bound_inside(node)
        try:
            return super().visit(node)
        finally:
            self.own = before

    # -------------------------------------------------------------------------------- names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.states.put and isinstance(node.ctx, ast.Load) and not self.judging:
            return _expr(f"student.fetch({node.id}_there)")
        if node.id in self.own or not isinstance(node.ctx, ast.Load):
            return node
        if node.id in self.namespace.given:
            self.given.add(node.id)
            return node
        if node.id in self.namespace.names:
            return _expr(f"student.fetch({node.id!r})")
        if node.id in self.namespace.modules:
            if not self.namespace.importable(node.id):
                raise NotOutside(f"{node.id} is of a module that our side does not import")
            self.imports.add(self.namespace.modules[node.id])
            return node
        if not is_builtin(node.id):
            raise NotOutside(f"nobody defines {node.id}")
        if node.id in UNTRUSTED_BUILTINS:
            raise NotOutside(f"{node.id} asks for the notebook's own process")
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if self.of_notebook(node.func):
            if any(self._stays(given) for given in given_to(node)):
                return ast.copy_location(self._called_there(node), node)
            arguments = [self._sent(arg) for arg in node.args]
            return ast.copy_location(ast.Call(self._name(node.func), arguments, self._keywords(node)), node)
        if any(self.is_students(name) for name in root_name(node.func)):
            if any(self._stays(given) for given in given_to(node)):
                raise NotOutside("it hands over a part of what it looks at afterwards")
            node.args = [self._there(arg) for arg in node.args]
            node.keywords = [ast.keyword(each.arg, self._there(each.value)) for each in node.keywords]
        self.refuse_change(node)
        return self.iterated(node)

    def _stays(self, node: ast.expr) -> bool:
        """Whether an argument is a part of what is looked at afterwards, or a variable of the notebook that is."""
        whole = isinstance(node, ast.Name) and node.id in self.states.put
        return not whole and bool(parts_of(node) & (self.states.put | self.states.kept))

    def _there(self, node: ast.expr) -> ast.expr:
        """An argument: what was put into the sandbox is handed over as what it is there."""
        put = isinstance(node, ast.Name) and node.id in self.states.put
        return _expr(f"{ast.unparse(node)}_there") if put else node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """`'f' in vars()` asks whether the notebook has this name."""
        named = node.left.value if isinstance(node.left, ast.Constant) else None
        asked = node.comparators[0]
        everything = isinstance(asked, ast.Call) and ast.unparse(asked) in ("vars()", "globals()", "locals()", "dir()")
        if not (isinstance(named, str) and everything and isinstance(node.ops[0], (ast.In, ast.NotIn))):
            return self.generic_visit(node)  # type: ignore[return-value]
        has = _expr(f"student.has({named!r})")
        return has if isinstance(node.ops[0], ast.In) else ast.UnaryOp(ast.Not(), has)

    def _called_there(self, node: ast.Call) -> ast.expr:
        """A call that hands over a variable of the notebook, or a part of what is there, by a probe: no copy of it."""
        name = f"call_{self.wanted.name}_{len(self.probes) + 1}"
        sent: dict[str, str] = {}
        given = []
        for word, value in [*(("", arg) for arg in node.args), *((each.arg, each.value) for each in node.keywords)]:
            if word is None or isinstance(value, ast.Starred):
                raise NotOutside("it hands over what it looks at afterwards")
            if self._stays(value):
                text = ast.unparse(self._looked_up(value, sent))
            else:
                text = f"given_{len(sent) + 1}"
                sent[text] = ast.unparse(self._sent(value))
            given.append(f"{word}={text}" if word else text)
        head = ", ".join(["nb", *sent])
        self.probes.append(f"def {name}({head}):\n    return nb.{ast.unparse(node.func)}({', '.join(given)})")
        return _expr(f"student.run({', '.join([name, *sent.values()])})")

    def _looked_up(self, part: ast.expr, sent: dict[str, str]) -> ast.expr:
        """A part of what stays there, as the probe has it. sent: what the probe is given, by argument."""
        part = copy.deepcopy(part)
        for node in ast.walk(part):
            if not isinstance(node, ast.Name):
                continue
            if node.id in self.states.put:
                sent[node.id] = f"{node.id}_there"
            elif node.id in self.states.kept:
                node.id = f"nb.{node.id}"
            elif node.id not in ("np", "torch") and not is_builtin(node.id):
                raise NotOutside("it hands over a part of what it looks at afterwards")
        return part

    def _keywords(self, node: ast.Call) -> list[ast.keyword]:
        return [ast.keyword(keyword.arg, self._sent(keyword.value)) for keyword in node.keywords]

    def _sent(self, node: ast.expr) -> ast.expr:
        """An argument for the student's function. A function is made, or found, there, by a probe."""
        if isinstance(node, ast.Name) and node.id in self.states.put:
            return self._there(node)
        made = self.functions.get(node.id) if isinstance(node, ast.Name) else node
        if isinstance(made, (ast.Lambda, ast.FunctionDef)) and self.states.noted & set(read_names(made)):
            return node  # called here, from there: what it notes is ours
        if isinstance(made, (ast.Lambda, ast.FunctionDef)):
            return self._made_there(made)
        free = not (isinstance(node, ast.Name) and node.id in self.own | self.namespace.names)
        if free and isinstance(node, (ast.Name, ast.Attribute)) and self.namespace.of_library(node):
            return self._made_there(node)
        return self.visit(node)  # type: ignore[no-any-return]

    def _made_there(self, made: ast.Lambda | ast.FunctionDef | ast.expr) -> ast.expr:
        """A probe that gives this function; what it needs of the test's own values is sent along."""
        name = f"function_{self.wanted.name}_{len(self.probes) + 1}"
        needed = sending(made, self.namespace, self.own - self.brought, self.functions)
        arguments = "".join(f", {value}" for value in needed.values)
        self.probes.append(f"def {name}(nb{arguments}):\n" + textwrap.indent("\n".join(needed.lines), "    "))
        return _expr(f"student.run({name}{arguments})")

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        root = _root(node)
        if not isinstance(node.ctx, ast.Load) and isinstance(root, ast.Name) and root.id in self.namespace.modules:
            raise NotOutside(f"it changes the module {root.id}")
        self.refuse_lost(node)
        if self.of_notebook(node.value):
            if not isinstance(node.ctx, ast.Load):
                raise NotOutside("it changes an object of the notebook's")
            return ast.Attribute(self._name(node.value), node.attr, node.ctx)
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        root = _root(node)
        part = isinstance(node.value, ast.Attribute) and isinstance(root, ast.Name) and self.is_students(root.id)
        if not isinstance(node.ctx, ast.Load) and (part or self.of_notebook(root)):
            raise NotOutside("it changes an object of the notebook's")
        return self.generic_visit(node)  # type: ignore[return-value]

    def _name(self, node: ast.expr) -> ast.expr:
        name = node.id if isinstance(node, ast.Name) else ""
        hidden = name in OF_STUDENT or name.startswith("_")
        return _expr(f"student[{name!r}]" if hidden else f"student.{name}")

    # -------------------------------------------------------------------------------- statements

    def visited(self, lines: Sequence[ast.stmt]) -> list[ast.stmt]:
        """Statements rewritten; of one there may be two."""
        made = [self.visit(line) for line in lines]
        return [line for each in made for line in (each if isinstance(each, list) else [each])]

    def visit_Assign(self, node: ast.Assign) -> Any:
        made = self.generic_visit(node)
        name = node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
        return [made, _stmt(f"{name}_there = student.put({name})")] if name in self.states.put else made

    def visit_Import(self, node: ast.Import) -> ast.stmt:
        return self._import(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        return self._import(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> ast.stmt:
        inner = Namespace(modules=imported(node))
        names = list(inner.modules)
        if raising(names) or (names and TEST_LIBRARIES.issuperset(names)):
            return ast.Pass()
        for name in names or ["*"]:
            if not inner.importable(name):
                raise NotOutside(f"`{ast.unparse(node)}` is of a module that our side does not import")
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        told = node.msg.value if isinstance(node.msg, ast.Constant) and not self.wanted.hidden else None
        return self._holds(node.test, told if isinstance(told, str) and len(told) < 200 else "")

    def _holds(self, condition: ast.expr, told: str = "") -> ast.stmt:
        equal = self._equal(condition)
        if equal is not None:
            return equal
        self.judging = any(self.is_students(name) for name in read_names(condition))
        asked = self.visit(condition)
        self.judging = False
        says = told if told and not _TELLS.search(told) else self.wanted.says
        return self._judge("holds", f"lambda: {ast.unparse(asked)}, {says!r}")

    def _judge(self, name: str, arguments: str) -> ast.stmt:
        self.imports.add(f"from grader.testing import {name}")
        return _stmt(f"{name}({arguments})")

    def _equal(self, condition: ast.expr) -> ast.stmt | None:
        """`f(2) == 4` as the comparison that says of a wrong answer how it is wrong; None for anything else."""
        if (
            not isinstance(condition, ast.Compare)
            or len(condition.ops) != 1
            or not isinstance(condition.ops[0], ast.Eq)
        ):
            return None
        for asked, literal in ((condition.left, condition.comparators[0]), (condition.comparators[0], condition.left)):
            expected = literal_value(literal)
            if expected is not None and self._is_answer(asked):
                return self._compared(asked, expected, ast.unparse(literal))
        return None

    def _is_answer(self, node: ast.expr) -> bool:
        return self.of_notebook(node) or (isinstance(node, ast.Call) and self.of_notebook(node.func))

    def _compared(self, asked: ast.expr, expected: object, literal: str) -> ast.stmt:
        what = ast.unparse(asked)
        if self.wanted.hidden or len(what) > 60 or _TELLS.search(what):
            what = ast.unparse(asked.func if isinstance(asked, ast.Call) else asked)
        answer = ast.unparse(self.visit(asked))
        kinds = set(kinds_in(expected))
        if kinds <= {str}:
            return self._judge("same", f"{answer}, {literal}, what={what!r}")
        exact = "" if float in kinds or complex in kinds else ", rtol=0, atol=0"
        return self._judge("close", f"{answer}, {literal}{exact}, what={what!r}")

    def shown(self, value: ast.expr) -> ast.stmt:
        """The last statement of a doctest: true and false are conditions, all else is compared as it is printed."""
        expects = self.wanted.expects or ""
        verdict = verdict_of(expects)
        if verdict and isinstance(value, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
            return self._holds(value if verdict == "True" else ast.UnaryOp(ast.Not(), value))
        if verdict == "True" and isinstance(value, ast.Call) and not self.of_notebook(value.func):
            return self._holds(value)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "print":
            if len(value.args) != 1 or value.keywords:
                raise NotOutside("it compares what is printed")
            value = ast.Call(ast.Name("str", ast.Load()), value.args, [])
        literal = literal_of(expects)
        if literal is not None and self._is_answer(value):
            return self._compared(value, literal_value(literal), ast.unparse(literal))
        return self._judge("shows", f"lambda: {ast.unparse(self.visit(value))}, {expects!r}, {self.wanted.says!r}")

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        return self._judge("require", f"False, {self.wanted.says!r}")

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        if isinstance(node.value, ast.Constant):
            return ast.Pass()
        condition = as_condition(node.value)
        if condition is not None:
            return self._holds(condition)
        raised = as_raising(node.value)
        if raised is not None:
            return self._raises(raised[0], [ast.Expr(raised[1])])
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name) and node.value.func.id == "print":
            return ast.Pass()
        return ast.Expr(self.visit(node.value))

    def visit_Try(self, node: ast.Try) -> ast.stmt:
        """try: f(0) / except ValueError: pass / else: raise: the call must raise."""
        body = [line for line in node.body if not gives_up(line)]
        ends = len(body) < len(node.body) or (node.orelse and all(gives_up(line) for line in node.orelse))
        handler = node.handlers[0] if len(node.handlers) == 1 else None
        quiet = handler and handler.type and all(isinstance(line, (ast.Pass, ast.Expr)) for line in handler.body)
        if not (ends and quiet) or node.finalbody or handler is None or handler.type is None:
            raise NotOutside("it catches what the notebook's code raises")
        return self._raises(handler.type, body)

    def visit_With(self, node: ast.With) -> ast.stmt:
        raised = as_raising(node.items[0].context_expr) if len(node.items) == 1 else None
        if raised is not None and node.items[0].optional_vars is None:
            return self._raises(raised[0], node.body)
        return self.generic_visit(node)  # type: ignore[return-value]

    def _raises(self, kind: ast.expr, body: list[ast.stmt]) -> ast.stmt:
        if not (isinstance(kind, ast.Name) and is_builtin(kind.id)):
            raise NotOutside(f"it expects {ast.unparse(kind)} to be raised")
        asked = self.visited(body)
        made = _stmt(f"with student.raises({kind.id}):\n    pass")
        made.body = asked  # type: ignore[attr-defined]
        return made

    def visit_Delete(self, node: ast.Delete) -> ast.stmt:
        raise NotOutside("it deletes names")

    def visit_Global(self, node: ast.Global) -> ast.stmt:
        raise NotOutside("it changes names of the notebook")

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        raise NotOutside("it is asynchronous")


@dataclass(frozen=True)
class Wanted:
    """How a test judges. says: what a student reads who fails; expects: what its last statement prints."""

    says: str
    expects: str | None
    hidden: bool
    name: str = ""  # of the test, for what has to have one


@dataclass(frozen=True)
class Judged:
    """A test for our side: its statements, what they need imported, and which given functions they call."""

    lines: list[str]
    imports: set[str]
    given: set[str]
    probes: list[str]


def outside(source: str, namespace: Namespace, wanted: Wanted) -> Judged:
    """A test as statements for our side. Raises NotOutside with the reason where it cannot be judged here."""
    tree = parse(source)
    if tree is None:
        raise NotOutside("it is no plain Python")
    body, arguments = unwrapped(tree, wanted.expects)
    own = bound_anywhere(ast.Module(body, [])) - {""} - set(arguments)
    body = one_name(body, answers_of(body, own, namespace) | (namespace.names - own))
    asking = Outside(namespace, own, wanted)
    asking.functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    asking.functions |= {name: node for line in body for name, node in lambdas(line)}
    asking.brought = {name for line in body for node in ast.walk(line) for name in imported(node)}
    asking.states = states(body, own, namespace, asking.functions, wanted.expects is not None)
    asking.own |= {f"{name}_there" for name in asking.states.put}
    last = body[-1] if wanted.expects is not None and body else None
    shown = last.value if isinstance(last, ast.Expr) else None
    lines = asking.visited(body[:-1] if shown else body)
    if shown:
        lines.append(asking.shown(shown))
    module = ast.fix_missing_locations(ast.Module([line for line in lines if not isinstance(line, ast.Pass)], []))
    if "student" not in {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}:
        raise NotOutside("it asks for nothing of the notebook")
    return Judged([ast.unparse(line) for line in module.body], asking.imports, asking.given, asking.probes)


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node


def _expr(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _stmt(text: str) -> ast.stmt:
    return ast.parse(text).body[0]
