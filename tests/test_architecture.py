"""The map of the rooms and the limits on their size, held against the source itself."""

import ast
import graphlib
import re
import sys
from pathlib import Path

import pytest

from grader.errors import GraderError
from grader.exit_codes import EXIT_CODES
from grader.paths import PACKAGE
from grader.schema import Outcome

ALLOWED = {  # room -> the rooms that it imports; a file at the root is a room of its own
    "errors": "",
    "languages": "",
    "wire": "",
    "exit_codes": "errors languages",
    "paths": "errors",
    "schema": "errors",
    "submission": "errors exit_codes languages",
    "checking": "errors",
    "testing": "checking",
    "candidate": "wire",
    "zygote": "candidate wire",
    "course": "errors languages paths schema submission",
    "record": "errors schema",
    "sandbox": "candidate errors paths schema wire zygote",
    "examination": "candidate checking course errors paths sandbox schema submission wire",
    "execution": "candidate course errors examination paths record sandbox schema",
    "cluster": "course errors examination execution paths sandbox",
    "marks": "course errors languages paths schema submission",
    "collect": "course errors schema submission",
    "pages": "languages marks schema",
    "terminal": "course languages marks schema submission",
    "dashboard": "course errors feedback languages marks pages schema submission terminal",
    "feedback": "collect course languages marks pages schema submission terminal",
    "similarity": "errors pages schema submission",
    "bookkeeping": "collect course dashboard errors examination feedback languages marks paths record sandbox schema "
    "submission wire",
    "competition": "course errors paths",
    "portal": "bookkeeping collect competition course dashboard errors examination execution feedback languages "
    "marks pages paths record sandbox schema submission terminal",
    "authoring": "checking course errors examination execution languages pages paths sandbox schema submission "
    "terminal wire",
    "importing": "authoring course errors examination execution pages paths schema submission",
    "commands": "authoring bookkeeping cluster collect competition course dashboard errors examination execution "
    "exit_codes feedback importing languages marks paths portal record sandbox schema similarity submission terminal "
    "wire",
    "cli": "commands exit_codes languages submission terminal",
}
FOR_TYPES_ONLY = {"bookkeeping": "execution", "terminal": "execution sandbox"}
AT_THE_TOP = {  # what is not of the standard library and is imported as soon as the file is; all else waits for its use
    "numpy": "candidate checking wire examination/matching examination/odd_answers examination/pytest_plugin",
    "anyio": "portal",
    "starlette": "portal",
    "pytest": "examination/collecting examination/examiner examination/hosted examination/outcomes "
    "examination/pytest_plugin",
}
CATCH_ALL = (  # where foreign code runs, which may raise anything
    "authoring/printed candidate execution/host execution/worker examination/at_fault "
    "examination/public_checks "
    "examination/misconceptions examination/reference"
)
ENDS_IN = {  # exceptions that are no GraderError, and where an outcome or a message is made of them
    "WireError": "examination/student",
    "Mismatch": "examination/outcomes",
    "NothingLeft": "examination/iterating",
    "NoAnswer": "checking/judging",
    "StudentFault": "examination/outcomes",
    "NoAttribute": "examination/student",
    "CandidateFailure": "examination/channel",
    "CandidateGone": "examination/channel",
    "DeadlinePassed": "examination/channel",
    "KeptWaiting": "examination/channel",
    "ProtocolViolation": "examination/channel",
    "MissingName": "examination/student",
    "TooMuchVideoMemory": "sandbox/link",
    "NotPrepared": "candidate",
    "OtherwiseAsked": "examination/misconceptions",
    "TakesTooLong": "examination/at_fault",
    "ForbiddenOperator": "candidate",
    "TimeLimit": "candidate",
    "StoppedCommand": "candidate",
    "NotOutside": "importing/hidden_text",
    "_IsMissing": "submission/arguments",
    "NotThere": "portal",
    "Enough": "checking/beginning",
}
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION = 400, 50

FILES = sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")
SOURCES = {file.relative_to(PACKAGE).as_posix(): file.read_text() for file in FILES}
TREES = {name: ast.parse(text) for name, text in SOURCES.items()}


def room_of(name):
    return Path(name).parts[0].removesuffix(".py")


def lies_in(name, places):
    """Whether a file is one of these places: rooms, or single files as room/file."""
    return not {room_of(name), name.removesuffix(".py")}.isdisjoint(places.split())


ROOMS = {room_of(name) for name in TREES}


def imported_modules(node, name):
    """Full names of what an import statement of file `name` imports; a package's member counts as a module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{name}, line {node.lineno}: siblings are imported by their full name"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def only_for_types(tree):
    """The nodes below `if TYPE_CHECKING:`."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    return {inner for block in blocks for inner in ast.walk(block)}


def siblings_imported_by(room, for_types):
    found = set()
    for name, tree in TREES.items():
        if room_of(name) == room:
            typed = only_for_types(tree)
            nodes = [node for node in ast.walk(tree) if (node in typed) == for_types]
            modules = [module for node in nodes for module in imported_modules(node, name)]
            found |= {module.split(".")[1] for module in modules if module.startswith("grader.")}
    return (found & ROOMS) - {room}


# ------------------------------------------------------------------------------------------------ imports


def test_the_map_knows_every_room():
    assert set(ALLOWED) == ROOMS


def test_the_map_goes_one_way():
    graphlib.TopologicalSorter({room: set(others.split()) for room, others in ALLOWED.items()}).prepare()


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_what_the_map_allows_and_the_map_no_more_than_that(room):
    assert siblings_imported_by(room, for_types=False) == set(ALLOWED[room].split())


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_type_may_come_from_elsewhere(room):
    elsewhere = siblings_imported_by(room, for_types=True) - set(ALLOWED[room].split())
    assert elsewhere == set(FOR_TYPES_ONLY.get(room, "").split())


def test_the_files_of_a_package_import_each_other_one_way_too():
    module_of = {
        name: "grader." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in TREES
    }
    known = set(module_of.values())
    graph = {}
    for name, tree in TREES.items():
        typed = only_for_types(tree)
        modules = {module for node in ast.walk(tree) if node not in typed for module in imported_modules(node, name)}
        parents = {module.rpartition(".")[0] for module in modules}
        graph[module_of[name]] = ((modules | parents) & known) - {module_of[name]}
    graphlib.TopologicalSorter(graph).prepare()


def test_nothing_heavy_is_imported_before_it_is_needed():
    found = []
    for name, tree in TREES.items():
        modules = {module.split(".")[0] for node in tree.body for module in imported_modules(node, name)}
        foreign = modules - set(sys.stdlib_module_names) - {"grader"}
        found += [(name, module) for module in foreign if not lies_in(name, AT_THE_TOP.get(module, ""))]
    assert found == []


# ------------------------------------------------------------------------------------------------ size and form


def nodes(*kinds):
    """(file, node) of every node of these kinds in the package."""
    return [(name, node) for name, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, kinds)]


def test_files_are_short():
    assert {name: text.count("\n") for name, text in SOURCES.items() if text.count("\n") > MOST_LINES_OF_A_FILE} == {}


def test_functions_are_short():
    lengths = {
        (name, node.name): node.end_lineno - node.lineno + 1
        for name, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef)
    }
    assert {where: lines for where, lines in lengths.items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


def test_every_file_says_what_it_is_for():
    assert [name for name, tree in TREES.items() if not ast.get_docstring(tree)] == []


def test_whoever_catches_everything_raises_it_again_or_has_a_reason():
    found = []
    for name, handler in nodes(ast.ExceptHandler):
        caught = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else {""}
        last = handler.body[-1]
        if caught & {"", "Exception", "BaseException"} and not (isinstance(last, ast.Raise) and last.exc is None):
            line = SOURCES[name].splitlines()[handler.lineno - 1]
            if not lies_in(name, CATCH_ALL) or not re.search(r"# noqa: BLE001 - \w+", line):
                found.append((name, line.strip()))
    assert found == []


def test_nothing_is_called_by_a_word_that_says_nothing():
    empty = {"utils", "util", "helper", "helpers", "manager", "common", "misc"}
    assert [name for name in TREES if empty & set(re.split(r"[/_.]", name))] == []


# ------------------------------------------------------------------------------------------------ completeness


def subclasses(kind):
    return {kind} | {below for each in kind.__subclasses__() for below in subclasses(each)}


def exceptions_of_the_package():
    """Names of the exception classes that are defined anywhere in the package, and the room of each."""
    classes = {
        node.name: ({ast.unparse(base).split(".")[-1] for base in node.bases}, room_of(name))
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"Exception", "BaseException", "AssertionError", "ValueError", "RuntimeError", "OSError"}
    while more := {name for name, (bases, _) in classes.items() if bases & found} - found:
        found |= more
    return {name: classes[name][1] for name in found & classes.keys()}


def test_every_error_for_a_person_has_an_exit_code():
    ours = {name for name, room in exceptions_of_the_package().items() if room == "errors"}
    assert ours == {kind.__name__ for kind in subclasses(GraderError)}
    for kind in subclasses(GraderError) - {GraderError}:
        assert any(issubclass(kind, mapped) for mapped in EXIT_CODES)
    assert len(set(EXIT_CODES.values())) == 3 and 0 not in EXIT_CODES.values()


def test_every_other_exception_ends_somewhere():
    others = {name for name, room in exceptions_of_the_package().items() if room != "errors"}
    assert others == set(ENDS_IN)
    for exception, place in ENDS_IN.items():
        text = "".join(source for name, source in SOURCES.items() if lies_in(name, place))
        assert re.search(rf"\b{exception}\b", text.replace(f"class {exception}", "")), f"{place} knows no {exception}"


@pytest.mark.parametrize("outcome", Outcome, ids=lambda outcome: outcome.value)
def test_every_outcome_is_given_by_somebody_and_only_one_earns(outcome):
    users = [name for name, text in SOURCES.items() if re.search(rf"\bOutcome\.{outcome.name}\b", text)]
    assert set(users) - {"schema.py"}
    assert outcome.earns == (outcome is Outcome.PASSED)


def test_a_table_of_outcomes_leaves_none_out():
    found = []
    for name, table in nodes(ast.Dict):
        keys = [ast.unparse(key) for key in table.keys if key is not None]
        named = {key.removeprefix("Outcome.") for key in keys if key.startswith("Outcome.")}
        missing = {outcome.name for outcome in Outcome} - named
        if len(named) > 4 and not missing <= {"PASSED"}:
            found.append((name, table.lineno, missing))
    assert found == []
