"""Hidden tests in pytest: the fixtures they use, the marks they carry, and what their outcomes mean.

By hand: `pytest assignments/a1_mlp/hidden --submission notebook.ipynb` examines one notebook in the process sandbox.
When a class is graded, the examiner drives the same session once for every submission.
"""

from __future__ import annotations

import contextlib
import hashlib
import types
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.random  # noqa: F401 - NumPy loads it when it is first used, which would be in every fork
import pytest

from grader.course.config import read_assignment, read_course
from grader.course.scheme import plain
from grader.errors import AuthoringError, GraderError, MachineryError, SubmissionError, UsageError
from grader.examination import collecting, own_limits
from grader.examination.channel import Channel
from grader.examination.hosted import HOSTED
from grader.examination.order import cheap_first
from grader.examination.outcomes import result_of
from grader.examination.reference import classes_and_methods, load_reference
from grader.examination.student import Student
from grader.paths import Paths, find_root
from grader.schema import BROKEN, Assignment, Check, CheckResult, Outcome, as_points
from grader.submission import notebook


@dataclass
class Examination:
    """What a pytest session is examining now, and what came of it."""

    channel: Channel
    seed: str
    close_names: bool = False
    results: dict[str, CheckResult] = field(default_factory=dict)
    crashes: dict[str, BaseException] = field(default_factory=dict)  # by check: a hidden test failed by itself
    own_cpu_s: float = field(default_factory=lambda: own_limits.WHOLE_CPU_S)  # left for what hidden tests calculate
    deadly: frozenset[str] = frozenset()  # checks that ended this process before; they are not run
    broken: bool = False  # the machine failed, as opposed to one test


@dataclass
class Hidden:
    """An assignment's hidden tests in this session."""

    paths: Paths
    assignment: Assignment
    close_names: bool
    classes: frozenset[str] = frozenset()  # names that are classes in the reference solution
    methods: frozenset[str] = frozenset()  # names that are methods in them, and nothing else
    checks: dict[str, Check] = field(default_factory=dict)  # by node id
    shares: dict[str, Fraction] = field(default_factory=dict)  # by question: what its tests' shares add up to
    broken: set[str] = field(default_factory=set)  # checks whose tests fail by themselves, with the reference too
    examination: Examination | None = None


HIDDEN = pytest.StashKey[Hidden]()
PROBLEMS = pytest.StashKey[list[GraderError]]()  # why files of hidden tests cannot be collected


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("grader")
    group.addoption("--submission", metavar="FILE", help="notebook (.ipynb) or .py to examine with the hidden tests")
    group.addoption("--seed", default="0", help="seed of the hidden inputs when run by hand")
    group.addoption("--device", default="cpu", choices=["cpu", "cuda"], help="where tensors live when run by hand")


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "question(id): the question a hidden test belongs to",
        "points(n, hint=...): a hidden test's share of its question's points, and what a student reads when it fails",
        "needs(what): what a hidden test needs besides a processor (cuda)",
        "claim(why): the verdict is made in the sandbox, and the audit lists it",
    ):
        config.addinivalue_line("markers", line)


# ------------------------------------------------------------------------------------------------ collecting


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    from _pytest.config import ConftestImportFailure

    try:
        return (yield)
    except ConftestImportFailure as error:
        if HOSTED not in early_config.stash:
            raise  # pytest says it
        raise collecting.import_fault(error.cause, error.path, find_root(error.path)) from None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Remember why a file of hidden tests cannot be collected."""
    report = yield
    call = vars(report).get("call")
    if not report.passed and "hidden" in collector.path.parts and call is not None and call.excinfo is not None:
        with contextlib.suppress(UsageError):  # a folder called hidden of somebody else's
            fault = collecting.import_fault(call.excinfo.value, collector.path, find_root(collector.path))
            collector.config.stash.setdefault(PROBLEMS, []).append(fault)
            report.longrepr = str(fault)  # by hand pytest shows it
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    hidden = next((item for item in items if "hidden" in item.path.parts), None)
    problems = config.stash.get(PROBLEMS, [])
    if problems and HOSTED in config.stash:
        raise problems[0]
    if hidden is None or problems:
        return
    try:
        whole = HOSTED in config.stash or collecting.asks_for_all(config, hidden.path)
        config.stash[HIDDEN] = describe(hidden.path, items, whole)
        items[:] = cheap_first(items, config.stash[HIDDEN].checks, config.stash[HIDDEN].assignment)
        if HOSTED not in config.stash and not config.option.collectonly:
            read_by_hand(config.getoption("--submission"))
    except GraderError as error:
        if HOSTED in config.stash:  # whoever drives this session hears it as it is
            raise
        raise pytest.UsageError(str(error)) from None


def describe(path: Path, items: list[pytest.Item], whole: bool = False) -> Hidden:
    """Read the assignment that `path` belongs to, and what each test is worth in it. Raises AuthoringError.

    whole: all of its hidden tests were to be collected
    """
    paths = Paths(find_root(path))
    collecting.refuse_faults(items, paths.root, whole)
    assignment_id = path.relative_to(paths.assignments).parts[0]
    hidden = Hidden(paths, read_assignment(paths, assignment_id), read_course(paths).close_names == "grade")
    hidden.classes, hidden.methods = classes_and_methods(paths, assignment_id)
    for item in items:
        hidden.checks[item.nodeid] = _check(item, hidden.assignment)
    collecting.remember_probes(items)
    hidden.shares = shares_of(hidden.checks.values())
    hidden.checks = {item: _worth(check, hidden) for item, check in hidden.checks.items()}
    return hidden


def _check(item: pytest.Item, assignment: Assignment) -> Check:
    question, points = item.get_closest_marker("question"), item.get_closest_marker("points")
    where = f"assignments/{assignment.id}/hidden/{item.path.name}: {item.name}"
    if question is None or len(question.args) != 1:
        raise AuthoringError(f'{where} belongs to no question; write pytestmark = pytest.mark.question("q1")')
    if points is None or len(points.args) != 1:
        raise AuthoringError(f"{where} is worth nothing; write @pytest.mark.points(2, hint=...)")
    if question.args[0] not in [each.id for each in assignment.questions]:
        there_is = ", ".join(each.id for each in assignment.questions)
        raise AuthoringError(f"{where}: there is no question {question.args[0]!r}; there is: {there_is}")
    if assignment.question(question.args[0]).manual:
        raise AuthoringError(f"{where}: {question.args[0]} is marked by a person (manual = true); take one of them out")
    worth = as_points(points.args[0], where)
    if not worth:
        raise AuthoringError(f"{where} is worth 0 points; every hidden test counts, public checks are worth nothing")
    return Check(item.name, question.args[0], worth, str(points.kwargs.get("hint", "")))


def require_complete(hidden: Hidden) -> None:
    """Raise AuthoringError if a question has no hidden tests: a mark without them would be a lie."""
    tested = {check.question for check in hidden.checks.values()}
    for question in hidden.assignment.tested:
        if question.id not in tested and question.points:
            where = f"assignments/{hidden.assignment.id}/hidden"
            worth = f"question {question.id} is worth {plain(question.points)} points and has no tests"
            raise AuthoringError(f"{where}: {worth}; where a person gives the points, write manual = true")


def shares_of(checks: Iterable[Check]) -> dict[str, Fraction]:
    """What the shares of each question's checks add up to."""
    shares: dict[str, Fraction] = {}
    for check in checks:
        shares[check.question] = shares.get(check.question, Fraction(0)) + check.max_points
    return shares


def _worth(check: Check, hidden: Hidden) -> Check:
    """A check with its points in place of its share: together the checks of a question are worth its points."""
    points, shares = hidden.assignment.question(check.question).points, hidden.shares[check.question]
    if points and not shares:
        where = f"assignments/{hidden.assignment.id}/hidden: question {check.question}"
        raise AuthoringError(f"{where} is worth {plain(points)} points, and every share of them is 0")
    return replace(check, max_points=points * check.max_points / shares if shares else Fraction(0))


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """By hand: what a share is worth, where that is not one point."""
    hidden = config.stash.get(HIDDEN, None)
    return list(scaled(hidden)) if hidden is not None else []


def scaled(hidden: Hidden) -> Iterator[str]:
    """A line for each question whose shares do not add up to its points."""
    for question in hidden.assignment.tested:
        shares = hidden.shares.get(question.id, question.points)
        if shares != question.points:
            each = f"a share of 1 is worth {plain(question.points / shares)} points" if shares else "all are 0"
            yield f"{question.id}: {plain(question.points)} points over shares of {plain(shares)}: {each}"


# ------------------------------------------------------------------------------------------------ fixtures


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Student:
    """The submission, as this check sees it."""
    now = _examination(request.config)
    hidden = request.config.stash[HIDDEN]
    question = hidden.checks[request.node.nodeid].question
    kinds = {"classes": hidden.classes, "methods": hidden.methods}
    return Student(now.channel, request.node.name, now.seed, now.close_names, question, **kinds)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Draws this check's inputs: from the attempt's seed and the check's name, so that order does not matter."""
    text = f"{_examination(request.config).seed}/{request.node.name}/inputs"
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little"))


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """Where the student's tensors live: "cpu" or "cuda"."""
    return _examination(request.config).channel.device


@pytest.fixture(scope="session")
def datasets(request: pytest.FixtureRequest) -> types.ModuleType:
    """The assignment's datasets.py, which is released beside the notebook, as a module of this process."""
    hidden = request.config.stash[HIDDEN]
    content = dict(released_files(hidden.paths, hidden.assignment)).get("datasets.py")
    if content is None:
        raise AuthoringError(f"assignments/{hidden.assignment.id}/assignment.toml: files does not name datasets.py")
    module = types.ModuleType(f"datasets_of_{hidden.assignment.id}")
    exec(compile(content, "datasets.py", "exec", dont_inherit=True), module.__dict__)
    return module


@pytest.fixture(scope="session")
def reference(request: pytest.FixtureRequest) -> types.ModuleType:
    """The reference solution as a module of this process; its experiment cells are not run."""
    hidden = request.config.stash[HIDDEN]
    return load_reference(hidden.paths, hidden.assignment.id)


def _examination(config: pytest.Config) -> Examination:
    examination = config.stash[HIDDEN].examination
    assert examination is not None
    return examination


# ------------------------------------------------------------------------------------------------ outcomes


def pytest_runtest_setup(item: pytest.Item) -> None:
    needs = item.get_closest_marker("needs")
    hidden = item.config.stash.get(HIDDEN, None)
    if hidden is not None and hidden.examination is not None and item.name in hidden.examination.deadly:
        raise RuntimeError("the examining process ended in it, more than once")
    if needs is not None and hidden is not None and hidden.examination is not None:
        device = hidden.examination.channel.device
        if "cuda" in needs.args and device != "cuda":
            raise MachineryError(f"{item.name} needs a GPU: grade with --gpus 0")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """A hidden test has its share of what the calculations of this side may take."""
    hidden = pyfuncitem.config.stash.get(HIDDEN, None)
    examination = hidden.examination if hidden is not None else None
    if examination is None:
        return (yield)
    with own_limits.share_of(examination.own_cpu_s) as share:
        try:
            return (yield)
        finally:
            examination.own_cpu_s -= share.used()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None]:  # the wrapper's protocol: it yields once and returns the report
    report = yield
    hidden = item.config.stash.get(HIDDEN, None)
    examination = hidden.examination if hidden is not None else None
    if hidden is None or examination is None or call.when == "teardown":
        return report
    error = call.excinfo.value if call.excinfo is not None else None
    if error is not None or call.when == "call":
        result = result_of(hidden.checks[item.nodeid], error, call.duration)
        examination.results[result.name] = result
        if result.outcome is Outcome.DEFERRED:
            examination.broken = isinstance(error, MachineryError)
        if error is not None and result.message.startswith(BROKEN):
            examination.crashes[result.name] = error
    return report


# ------------------------------------------------------------------------------------------------ by hand


@pytest.fixture(scope="session", autouse=True)
def _examined_by_hand(request: pytest.FixtureRequest) -> Iterator[None]:
    """With --submission: examine one file in the process sandbox."""
    hidden = request.config.stash.get(HIDDEN, None)
    file = request.config.getoption("--submission")
    if hidden is None or hidden.examination is not None or file is None:
        yield
        return
    with by_hand(hidden, file, request.config.getoption("--device")) as channel:
        hidden.examination = Examination(channel, request.config.getoption("--seed"), hidden.close_names)
        yield
        hidden.examination = None


def read_by_hand(file: str | None) -> notebook.Notebook:
    """The file that --submission names. Raises UsageError."""
    if file is None:
        raise UsageError("no submission to examine; add --submission notebook.ipynb")
    try:
        return notebook.read(Path(file).read_bytes(), Path(file).name)
    except (OSError, SubmissionError) as error:
        raise UsageError(f"--submission {file}: {getattr(error, 'strerror', error)}") from None


class by_hand:  # noqa: N801 - a context manager read as a verb
    """One file's channel in a process sandbox of its own."""

    def __init__(self, hidden: Hidden, file: str, device: str) -> None:
        from grader.examination.transcript import Transcript
        from grader.sandbox.process import ProcessSandbox

        book = read_by_hand(file)
        self.sandbox = ProcessSandbox(hidden.assignment)
        released = released_files(hidden.paths, hidden.assignment)
        open_sandbox: Callable[[], ProcessSandbox] = lambda: self.sandbox  # noqa: E731
        self.channel = Channel(hidden.assignment, book, released, open_sandbox, Transcript(), device)

    def __enter__(self) -> Channel:
        return self.channel

    def __exit__(self, *error: object) -> None:
        self.channel.close()
        self.sandbox.close()


def released_files(paths: Paths, assignment: Assignment) -> tuple[tuple[str, bytes], ...]:
    """The files released beside the notebook. Raises AuthoringError when one is missing."""
    found = []
    for name in assignment.files:
        file = paths.assignment(assignment.id) / name
        if not file.is_file():
            raise AuthoringError(f"assignments/{assignment.id}/assignment.toml: files: there is no {name}")
        found.append((name, file.read_bytes()))
    return tuple(found)
