"""What is wrong with hidden tests as they are collected: one line for the first fault, with its place and the remedy.

Everything here is the author's, so all of it is AuthoringError. What a test does when it runs is the audit's to find.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import re
import traceback
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.errors import AuthoringError, GraderError, MachineryError
from grader.examination.probes import source_of

FIXTURES = ("student", "rng", "reference", "datasets", "device")
OWN_MARKS = ("question", "points", "needs", "claim")
INSTALLED_BY = dict.fromkeys(("torch", "sklearn", "scipy"), "pip install 'coursegrader[torch]'")
POINTLESS = ("skip", "skipif", "xfail")
DEVICES = ("cuda",)
_BLOCK = re.compile(r"student\.(pure|forbids|limit|raises)\(")
_RAISES = re.compile(r"^with pytest\.raises\((?!Mismatch|StudentFault)[^\n]*\n.*\bstudent[.[]", re.DOTALL)
HIDDEN_TESTS_ARE = (
    "hidden tests are functions test_... of files test_*.py, on their own or in a class Test... without __init__"
)
SCOPES = ("function", "class", "module", "package", "session")  # of fixtures, from the shortest


def import_fault(error: BaseException, file: Path, root: Path) -> GraderError:
    """A file that cannot be imported: where and why, as Python says it. `error` may be pytest's wrapping of it.

    A package that the program can be installed with, and was not, is the machine's fault; all else is the author's.
    """
    origin = error.__cause__ if isinstance(error, pytest.Collector.CollectError) and error.__cause__ else error
    if isinstance(origin, AuthoringError):
        return origin
    missing = (origin.name or "").partition(".")[0] if isinstance(origin, ModuleNotFoundError) else ""
    if missing in INSTALLED_BY:
        how = f"which is not installed here: {INSTALLED_BY[missing]}"
        return MachineryError(f"{_place(file, 0, root)} imports {missing}, {how}")
    if missing == "grader":
        return AuthoringError(f"{_place(file, 0, root)}: {words(origin)}; hidden tests import from grader.testing")
    if isinstance(origin, pytest.skip.Exception):
        return AuthoringError(f"{_place(file, 0, root)} skips itself ({origin.msg}); its points would be nobody's")
    if isinstance(origin, SyntaxError):
        where = _place(Path(origin.filename or file), origin.lineno or 0, root)
        return AuthoringError(f"{where}: {type(origin).__name__}: {origin.msg}")
    frame = _innermost(origin)
    mark = (
        re.search(r"pytest\.mark\.(\w+)", str(origin)) if isinstance(origin, pytest.PytestUnknownMarkWarning) else None
    )
    says = _unknown_mark(mark[1]) if mark else words(origin)
    if frame is None or Path(frame.filename) == file:
        return AuthoringError(f"{_place(file, frame.lineno or 0 if frame else 0, root)}: {says}")
    return AuthoringError(f"{_place(file, 0, root)}: {says} ({Path(frame.filename).name}, line {frame.lineno})")


def words(error: BaseException) -> str:
    """An exception as Python names it, on one line."""
    text = " ".join(str(error).split())
    if isinstance(error, (pytest.fail.Exception, pytest.Collector.CollectError)):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _innermost(error: BaseException) -> traceback.FrameSummary | None:
    """The innermost line in a file of hidden tests that an exception came through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "hidden" in Path(frame.filename).parts]
    return frames[-1] if frames else None


def one_line(error: BaseException) -> str:
    """A hidden test that fails by itself: the fault, and the line of the test."""
    frame = _innermost(error)
    says = str(error) if isinstance(error, GraderError) else words(error)
    return f"{says} ({Path(frame.filename).name}, line {frame.lineno})" if frame else says


def refuse_faults(items: list[pytest.Item], root: Path, whole: bool) -> None:
    """Raise AuthoringError for the first fault of the collected tests.

    whole: all hidden tests were to be collected, so that one which was not is a fault
    """
    folder = _hidden_folder(items[0].path)
    files = sorted({item.path for item in items} | (set(folder.rglob("*.py")) if whole else set()))
    trees = {file: ast.parse(file.read_bytes()) for file in files}
    for file, tree in trees.items():
        _refuse_replaced(tree, file, root)
        if whole:
            _refuse_other_format(tree, file, root)
            _refuse_uncollected(tree, file, root, {_line(item) for item in items if item.path == file})
        _refuse_mute(tree, file, root)
    if whole:
        _refuse_unused(trees, {item.path for item in items}, root)
    for item in items:
        _refuse_marks(item, root)
        _refuse_fixtures(item, root, folder)
    _refuse_same_names(items, folder, root)


def asks_for_all(config: pytest.Config, file: Path) -> bool:
    """Whether pytest was called by hand with the folder of hidden tests, and with nothing that chooses among them."""
    chosen = (config.getoption(name, None) for name in ("keyword", "markexpr", "deselect", "ignore", "ignore_glob"))
    places = [(config.invocation_params.dir / place).resolve() for place in config.args]
    return not any(chosen) and _hidden_folder(file).resolve() in places


def _hidden_folder(file: Path) -> Path:
    return next(parent for parent in file.parents if parent.name == "hidden")


def _place(file: Path, line: int, root: Path) -> str:
    shown = file.relative_to(root) if file.is_relative_to(root) else Path(file.name)
    return f"{shown}, line {line}" if line else str(shown)


def _line(item: pytest.Item) -> int:
    return (item.location[1] or 0) + 1


def _where(item: pytest.Item, root: Path) -> str:
    return f"{_place(item.path, _line(item), root)}: {item.name}"


# ------------------------------------------------------------------------------------------------ what the file says


def functions(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """(scope, function) of the functions of a file and of its classes."""
    for scope in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
        for node in scope.body:  # type: ignore[attr-defined]
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield scope, node


def _is_fixture(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("fixture" in ast.unparse(decorator) for decorator in function.decorator_list)


def _begins(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its first line, as pytest counts: that of its first decorator."""
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


def _refuse_replaced(tree: ast.Module, file: Path, root: Path) -> None:
    seen: dict[tuple[int, str], int] = {}
    for scope, function in functions(tree):
        first = seen.setdefault((id(scope), function.name), function.lineno)
        if first != function.lineno and function.name.startswith("test"):
            where = _place(file, function.lineno, root)
            raise AuthoringError(f"{where}: {function.name} is defined again; it replaces the test of line {first}")


def _refuse_uncollected(tree: ast.Module, file: Path, root: Path, collected: set[int]) -> None:
    for _, function in functions(tree):
        marked = any("mark.points" in ast.unparse(decorator) for decorator in function.decorator_list)
        is_test = marked or (function.name.startswith("test_") and not _is_fixture(function))
        if is_test and not collected & {_begins(function), function.lineno}:
            where = _place(file, function.lineno, root)
            raise AuthoringError(f"{where}: {function.name} is not collected; {HIDDEN_TESTS_ARE}")


def _refuse_other_format(tree: ast.Module, file: Path, root: Path) -> None:
    """Otter's OK format holds its tests in a dict, where nothing collects them."""
    for node in tree.body:
        names = [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []
        if "OK_FORMAT" in names or ("test" in names and isinstance(getattr(node, "value", None), ast.Dict)):
            where = _place(file, node.lineno, root)
            raise AuthoringError(f"{where}: tests in OK format are not run here; {HIDDEN_TESTS_ARE}")


def _refuse_unused(trees: dict[Path, ast.Module], with_tests: set[Path], root: Path) -> None:
    """A file that is no test and that no other file asks for: its author thinks that it is run."""
    for file in sorted(trees.keys() - with_tests):
        asked = {word for other, tree in trees.items() if other != file for word in _words_of_imports(tree)}
        if file.name not in ("conftest.py", "__init__.py") and file.stem not in asked:
            where = _place(file, 0, root)
            raise AuthoringError(f"{where} has no test, and no test imports it; {HIDDEN_TESTS_ARE}")


def _words_of_imports(tree: ast.Module) -> Iterator[str]:
    """Every part of every name that a file imports, and its texts, which may name a module for importlib."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            named = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            yield from (part for name in named for part in name.split("."))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from node.value.split(".")


def _refuse_mute(tree: ast.Module, file: Path, root: Path) -> None:
    """A test that judges nothing by its form: a coroutine, a verdict that is returned, a comparison that is dropped."""
    for _, function in functions(tree):
        if not function.name.startswith("test"):
            continue
        says = "a hidden test is an ordinary function" if isinstance(function, ast.AsyncFunctionDef) else ""
        for node in own_nodes(function):
            if isinstance(node, ast.Return) and node.value is not None:
                says = "what a test returns is for nobody; judge with close, same or require"
            elif isinstance(node, (ast.Yield, ast.YieldFrom)):
                says = "a test that yields is not run"
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Compare):
                says = "the comparison has no effect; judge with close, same or require"
            elif isinstance(node, ast.Expr) and (block := _BLOCK.match(ast.unparse(node))):
                says = f"student.{block[1]}(...) has no effect by itself; write with student.{block[1]}(...):"
            elif isinstance(node, ast.With) and _RAISES.search(ast.unparse(node)):
                says = "an error of the student's code is not raised here; write with student.raises(...):"
            if says:
                raise AuthoringError(f"{_place(file, node.lineno, root)}: {function.name}: {says}")


def own_nodes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.stmt | ast.expr]:
    """The nodes of a function without those of functions, classes and lambdas inside it."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop(0)
        if isinstance(node, (ast.stmt, ast.expr)):
            yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            todo[:0] = ast.iter_child_nodes(node)


# ------------------------------------------------------------------------------------------------ what pytest collected


def _refuse_marks(item: pytest.Item, root: Path) -> None:
    known = {line.partition(":")[0].partition("(")[0].strip() for line in item.config.getini("markers")}
    for mark in item.iter_markers():
        where = f"{_where(item, root)}: mark {mark.name}"
        if mark.name in POINTLESS:
            raise AuthoringError(f"{where}: a hidden test always counts; pytest.mark.needs('cuda') says what it needs")
        if mark.name not in known:
            raise AuthoringError(f"{_where(item, root)}: {_unknown_mark(mark.name)}")
        if mark.name in OWN_MARKS:
            _refuse_arguments(mark, where)


def _unknown_mark(name: str) -> str:
    return f"mark {name} is unknown; {_there_is(name, OWN_MARKS)}"


def _refuse_arguments(mark: pytest.Mark, where: str) -> None:
    allowed = {"hint"} if mark.name == "points" else set()
    for name, value in mark.kwargs.items():
        if name not in allowed:
            says = _there_is(name, sorted(allowed)) if allowed else "it takes none by name"
            raise AuthoringError(f"{where}: unknown argument {name}; {says}")
        if not isinstance(value, str):
            raise AuthoringError(f"{where}: hint must be a text, got {value!r}")
    if mark.name != "needs" and len(mark.args) != 1:
        form = {"question": '("q1")', "claim": '("why")'}.get(mark.name, '(2, hint="...")')
        raise AuthoringError(f"{where} has {len(mark.args)} values for one; write pytest.mark.{mark.name}{form}")
    for value in mark.args if mark.name == "needs" else ():
        if value not in DEVICES:
            raise AuthoringError(f"{where}: nothing is called {value!r}; {_there_is(str(value), DEVICES)}")


def _refuse_fixtures(item: pytest.Item, root: Path, folder: Path) -> None:
    if not isinstance(item, pytest.Function):
        raise AuthoringError(f"{_where(item, root)} is no plain function; unittest's classes get no fixtures")
    defined = item._fixtureinfo.name2fixturedefs
    values = set(item.callspec.params) if hasattr(item, "callspec") else set()
    for name in item.fixturenames:
        if name not in defined and name not in values and name != "request":
            raise AuthoringError(
                f"{_where(item, root)}: no fixture {name!r}; {_there_is(name, _fixtures(item, folder))}"
            )
    for name, definitions in defined.items():
        for wanted in definitions[-1].argnames if definitions else ():
            below = defined.get(wanted)
            if below and SCOPES.index(below[-1].scope) < SCOPES.index(definitions[-1].scope):
                raise AuthoringError(
                    f"{_where(item, root)}: fixture {name} lasts for a {definitions[-1].scope} and asks for {wanted}, "
                    "which is another one for every test; give it no scope"
                )
    if "student" not in item.fixturenames:
        raise AuthoringError(f"{_where(item, root)} does not ask for student, so that everybody passes or nobody")


def shares_state(item: pytest.Item) -> bool:
    """Whether a fixture of the hidden tests serves several of them, as one training may: their order matters."""
    assert isinstance(item, pytest.Function)
    definitions = [found[-1] for found in item._fixtureinfo.name2fixturedefs.values() if found]
    return any(
        each.scope != "function" and "hidden" in Path(each.func.__code__.co_filename).parts for each in definitions
    )


def _fixtures(item: pytest.Item, folder: Path) -> list[str]:
    """Ours, and those that the hidden tests define."""
    own = [
        function.name
        for file in sorted({folder / "conftest.py", item.path})
        if file.is_file()
        for _, function in functions(ast.parse(file.read_bytes()))
        if _is_fixture(function)
    ]
    return [*FIXTURES, *own]


def _refuse_same_names(items: list[pytest.Item], folder: Path, root: Path) -> None:
    seen: dict[str, pytest.Item] = {}
    for item in items:
        first = seen.setdefault(item.name, item)
        if first is not item:
            places = " and ".join(_place(each.path, _line(each), folder) for each in (first, item))
            raise AuthoringError(f"{folder.relative_to(root)}: two tests are called {item.name}: {places}")


def _there_is(word: str, known: list[str] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"{f'do you mean {near[0]}? ' if near else ''}there is: {', '.join(known)}"


def remember_probes(items: list[pytest.Item]) -> None:
    """Read the tests' functions now, so that a file that is edited while a class is graded changes nothing."""
    for module in {id(item.module): item.module for item in items if isinstance(item, pytest.Function)}.values():
        for function in vars(module).values():
            if isinstance(function, types.FunctionType) and function.__module__ == module.__name__:
                with contextlib.suppress(OSError):  # made by a decorator, say; then it is no probe
                    source_of(function)
