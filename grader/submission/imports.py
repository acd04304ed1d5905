"""Which modules a notebook imports, where what they bind is used, and what of them grading has. Nothing is run."""

from __future__ import annotations

import ast
import sys
import sysconfig
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.submission.magics import parse
from grader.submission.notebook import Notebook

MOST_CELLS = 10  # that are named in one sentence
_CATCHES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


@dataclass(frozen=True)
class Missing:
    """A module that a notebook imports and that it will not have.

    cells: that import it;  uses: cells that use what the import binds;  hidden: the assignment is to be solved without
    """

    module: str
    cells: tuple[int, ...]
    uses: tuple[int, ...]
    hidden: bool

    @property
    def text(self) -> str:
        """What is not there, and what follows."""
        why = "this assignment is to be solved without it" if self.hidden else "it is not there when graded"
        if not self.uses:
            return f"cell {self.cells[0]} imports {self.module}: {why}; nothing needs it, so that costs nothing"
        return f"cell {self.cells[0]} imports {self.module}: {why}; what uses it fails ({_listed(self.uses)})"


@dataclass(frozen=True)
class _Import:
    """One import: the module with its dots, the cell, and what fails without it.

    needs_it: what it binds ("*" where that is not known), or the function or class of the top level that it stands in
    """

    module: str
    cell: int
    needs_it: str


def missing(
    notebook: Notebook, asked: Collection[str], modules: Collection[str], hidden: Collection[str], beside: Path
) -> list[Missing]:
    """What the notebook imports outside of `try: ... except ImportError`, and will not have.

    asked: names that are called when graded
    modules: what grading has besides the standard library, as `numpy` and `google.colab`
    beside: a folder whose modules may be handed in with the notebook
    """
    known = [*modules, *_standard_library(), *_own(notebook, beside)]
    imports: dict[str, list[_Import]] = {}
    for number, tree in _trees(notebook):
        for found in _imports(tree, number):
            name = _nearest_parent(found.module, hidden) or found.module.partition(".")[0]
            if _is_within(found.module, hidden) or not _is_known(found.module, known):
                imports.setdefault(name, []).append(found)
    used = _cells_that_read(notebook) if imports else {}
    return [_missing(name, found, asked, used, hidden) for name, found in imports.items()]


def to_be_installed(notebook: Notebook, beside: Path) -> list[str]:
    """Modules that the notebook imports, in experiments too, and neither Python nor its own folder has; sorted."""
    known = {*_standard_library(), *_own(notebook, beside)}
    imported = {each.module for number, tree in _trees(notebook, experiments=True) for each in _imports(tree, number)}
    return sorted({module.partition(".")[0] for module in imported} - known)


def _trees(notebook: Notebook, experiments: bool = False) -> Iterator[tuple[int, ast.Module]]:
    """(number, tree) of each cell that is run and is Python, one after the other: a tree takes much memory."""
    for cell in notebook.cells:
        tree = None if cell.experiment and not experiments else parse(cell.code)
        if tree is not None:
            yield cell.number, tree


def _cells_that_read(notebook: Notebook) -> dict[str, list[int]]:
    """Name -> the numbers of the cells that read it."""
    used: dict[str, list[int]] = {}
    for number, tree in _trees(notebook):
        for name in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and _is_read(node)}:
            used.setdefault(name, []).append(number)
    return used


def not_handed_in(notebook: Notebook, beside: Path, released: Collection[str]) -> list[str]:
    """Files beside the notebook that it imports and that do not come with the assignment."""
    there = {file.name for file in beside.glob("*.py") if file.is_file()}
    there -= {*released, *(name for name, _ in notebook.files)}
    if not there:
        return []
    tops = {each.module.partition(".")[0] for number, tree in _trees(notebook) for each in _imports(tree, number)}
    return sorted(there & {f"{top}.py" for top in tops})


def _missing(
    name: str, found: list[_Import], asked: Collection[str], used: dict[str, list[int]], hidden: Collection[str]
) -> Missing:
    uses: set[int] = set()
    for each in found:
        uses.update([each.cell] if each.needs_it == "*" or each.needs_it in asked else [])
        uses.update(used.get(each.needs_it, ()))
    cells = dict.fromkeys(each.cell for each in found)
    return Missing(name, tuple(cells), tuple(sorted(uses)), _is_within(found[0].module, hidden))


def _imports(tree: ast.Module, cell: int) -> Iterator[_Import]:
    """The imports of a cell, also in its functions; not those whose failure is caught."""
    todo: list[tuple[ast.AST, str]] = [(node, "") for node in reversed(tree.body)]
    while todo:  # no recursion: a chain of a thousand `elif` is a thousand levels deep
        node, inside = todo.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _Import(alias.name, cell, inside or alias.asname or alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield _Import(node.module, cell, inside or alias.asname or alias.name)
        elif not isinstance(node, ast.expr):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                inside = inside or node.name
            inner = list(ast.iter_child_nodes(node))
            if isinstance(node, ast.Try) and any(map(_catches_import_errors, node.handlers)):
                inner = [part for part in inner if part not in node.body]
            todo += [(part, inside) for part in reversed(inner)]


def _is_read(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Load)


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else _CATCHES
    return bool(names & _CATCHES)


def _own(notebook: Notebook, beside: Path) -> Iterator[str]:
    """Modules that the notebook writes, and those that lie beside it."""
    yield from (name[:-3] for name, _ in notebook.files if name.endswith(".py"))
    try:
        yield from (file.stem for file in beside.glob("*.py"))
        yield from (folder.name for folder in beside.iterdir() if folder.is_dir() and any(folder.glob("*.py")))
    except OSError:  # a folder that may not be looked into
        return


def _standard_library() -> Iterator[str]:
    """The names of the standard library's modules, as this Python has them."""
    yield from sys.builtin_module_names
    names = getattr(sys, "stdlib_module_names", None)  # since 3.10
    if names is None:
        folder = Path(sysconfig.get_paths()["stdlib"])
        names = [file.name.partition(".")[0] for part in (folder, folder / "lib-dynload") for file in part.glob("*")]
    yield from names


def _is_known(module: str, known: Collection[str]) -> bool:
    return _is_within(module, known) or any(name.startswith(module + ".") for name in known)


def _is_within(module: str, names: Collection[str]) -> bool:
    return _nearest_parent(module, names) is not None


def _nearest_parent(module: str, names: Collection[str]) -> str | None:
    return next((name for name in names if module == name or module.startswith(name + ".")), None)


def _listed(cells: tuple[int, ...]) -> str:
    more = f" and {len(cells) - MOST_CELLS} more" if len(cells) > MOST_CELLS else ""
    return f"cell{'s' * (len(cells) > 1)} {', '.join(map(str, cells[:MOST_CELLS]))}{more}"
