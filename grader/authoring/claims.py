"""Which hidden tests rest on what is said inside the sandbox, where student code can say anything.

Some do so by what they ask (`claims`); of others the whole verdict is made beside the student's code, and they carry
`@pytest.mark.claim("why")` (`marked`). An audit lists both, green or not: whoever defends a mark must know.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

WORDS = {
    "pure": "student.pure(), whether arguments and random states were left alone",
    "forbids": "student.forbids(...), what was called",
    "raises": "student.raises(...), what was raised",
    "run": "student.run(...), what a probe counts or says",
}


def claims(folder: Path, checks: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By kind of claim, of `WORDS`: the checks of a folder that rest on one, themselves or by a function they use."""
    from grader.examination.collecting import functions

    found: dict[str, set[str]] = {}
    for file in sorted(folder.glob("*.py")):
        own = {function.name: function for _, function in functions(ast.parse(file.read_bytes()))}
        for name in own:
            found[name] = {node.attr for used in _reached(name, own) for node in _asked(own[used])}
    wanted = set(checks)
    names = {name: kinds for name, kinds in found.items() if name in wanted}
    return {
        kind: tuple(sorted(name for name, kinds in names.items() if kind in kinds))
        for kind in WORDS
        if any(kind in kinds for kinds in names.values())
    }


def marked(folder: Path) -> dict[str, str]:
    """Check -> why it cannot be judged outside, for every test of a folder that is marked so."""
    from grader.examination.collecting import functions

    found = {}
    for file in sorted(folder.rglob("*.py")):
        for _, function in functions(ast.parse(file.read_bytes())):
            for mark in function.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("mark.claim"):
                    why = mark.args[0] if mark.args else None
                    found[function.name] = str(why.value) if isinstance(why, ast.Constant) else ""
    return found


def _asked(function: ast.AST) -> Iterator[ast.Attribute]:
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and node.attr in WORDS and ast.unparse(node.value) == "student":
            yield node


def _reached(name: str, own: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> set[str]:
    """A function of a file and those of the same file that it uses, by any way."""
    reached, todo = {name}, [name]
    while todo:
        used = {node.id for node in ast.walk(own[todo.pop()]) if isinstance(node, ast.Name)}
        todo += (used & own.keys()) - reached
        reached |= used & own.keys()
    return reached
