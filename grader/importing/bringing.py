"""The whole way of an import: read, write into a course of its own, try on the source's solution, then move over.

Tests that the source's own solution does not pass in one form are written in their next; those that it passes in none
are left, and the page says so. Nothing of the course is touched before all of it builds.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from grader.authoring import build, skeleton, variants
from grader.course.config import read_assignment
from grader.errors import AuthoringError, UsageError
from grader.examination.budget import RUNNING
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.importing import expected
from grader.importing.carried import carry
from grader.importing.given_by_tests import keep
from grader.importing.hidden_text import Test, hidden_text, tests_of
from grader.importing.master_text import MasterPart, assignment_toml, master_parts, master_text
from grader.importing.material import Asked, Material
from grader.importing.namespace import Namespace, bound_anywhere, cases, namespace
from grader.importing.page import import_page
from grader.importing.preparing import prepare
from grader.importing.repairing import repaired, settle_leaks
from grader.paths import Paths
from grader.schema import CheckResult, Outcome
from grader.submission.magics import parse

PAGE = "imported.html"
ROUNDS = 6  # as many forms as a test may have, one round to see, and one where the machine was too slow


@dataclass
class Brought:
    """What came of an import."""

    material: Material
    namespace: Namespace
    tests: dict[str, list[Test]]
    dropped: set[str] = field(default_factory=set)  # labels of public tests that cannot be shown
    free: set[str] = field(default_factory=set)  # names of tests that the untouched stub passes
    built: tuple[str, str] = ("", "")  # the master and assignment.toml that the starter was built from
    settled: bool = False  # every test that is left has been passed by the source's own solution

    @property
    def left(self) -> int:
        """How many things are left for a person: tests that could not be moved, and what a note says so of."""
        return sum(test.left for test in self.every_test()) + sum(note.kind == "left" for note in self.material.notes)

    def summary(self) -> str:
        """One line: questions, tests moved, claims, left."""
        tests = [test for test in self.every_test() if not test.left]
        claims = sum(test.claim for test in tests)
        by_hand = sum(asked.manual for asked in self.material.questions)
        marked = f" ({by_hand} marked by a person)" if by_hand else ""
        return (
            f"{len(self.material.questions)} questions{marked}, {len(tests)} tests moved, {claims} of them as "
            f"claims of the sandbox; left for you: {self.left}"
        )

    def groups(self, asked: Asked) -> list[list[Test]]:
        """The tests of a question that are kept, those together that count together."""
        kept = [test for test in self.tests.get(asked.id, []) if not test.left]
        if not self.settled:  # each is tried by itself
            return [[test] for test in kept]
        if asked.all_or_nothing:
            return [kept] if kept else []
        free = [test for test in kept if test.name in self.free]
        earned = [[test] for test in kept if test.name not in self.free]
        if not earned:
            return [[test] for test in kept]
        return [[*earned[0], *free], *earned[1:]]

    def every_test(self) -> list[Test]:
        return [test for own in self.tests.values() for test in own]


def bring(paths: Paths, material: Material, assignment_id: str, source: str, tell: Callable[[str], None]) -> Brought:
    """Write an assignment of what was read. Raises UsageError, AuthoringError or MachineryError, and writes nothing."""
    build.require_tools()
    begun = skeleton.untouched(paths, assignment_id)  # by `init --with` or `new`: the import takes its place
    if not begun:
        skeleton.refuse_taken(paths, assignment_id)
    keep(material)
    prepare(material)
    settle_leaks(material)
    names = namespace(material)
    carry(material, names)
    brought = Brought(material, names, _tests(material, names))
    _hide_what_changes(brought)
    with tempfile.TemporaryDirectory(prefix="grader-import-") as scratch:
        trial = Paths(Path(scratch))
        _put(trial.course_toml, _course(paths, assignment_id))
        if expected.is_open(material):
            _lay(trial, brought, assignment_id)
            if expected.fill(trial, assignment_id, material):
                brought.tests = _tests(material, names)
        for _ in range(ROUNDS):
            _write(trial, brought, assignment_id)
            tell(f"grading the source's own solution: {len(brought.every_test())} tests")
            if _tried(trial, brought, assignment_id):
                break
        brought.settled = True
        _write(trial, brought, assignment_id)
        page = import_page(material, assignment_id, brought.tests, brought.free, source)
        (trial.solutions / assignment_id / PAGE).write_text(page, encoding="utf-8")
        if begun:
            for folder in (paths.assignment(assignment_id), paths.solutions / assignment_id):
                shutil.rmtree(folder)
        _move(trial, paths, assignment_id)
    return brought


def _tests(material: Material, names: Namespace) -> dict[str, list[Test]]:
    return {asked.id: tests_of(asked, names) for asked in material.questions if not asked.manual}


def _hide_what_changes(brought: Brought) -> None:
    """Public tests run in the student's namespace, and in the master's: one that binds a name of it is not shown."""
    for case in cases(brought.material):
        tree = parse(case.source)
        changed = sorted(bound_anywhere(tree) & brought.namespace.names) if tree and not case.hidden else []
        if changed:
            brought.dropped.add(case.label)
            says = f"students do not see this test before they hand in: it changes their {', '.join(changed)}"
            brought.material.note(case.label, "changed", says)


def _course(paths: Paths, assignment_id: str) -> str:
    """A course of this one assignment, with the address from which its notebook fetches what lies beside it."""
    try:  # not by read_course: the course may name this assignment already, which is not there yet
        address = tomllib.loads(paths.course_toml.read_text(encoding="utf-8")).get("release_address", "")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise AuthoringError(f"course.toml: {problem}") from None
    component = 'id = "import"\ntitle = "Import"\nweight = 100\nassignments = ["' + assignment_id + '"]\n'
    return f'name = "Import"\nrelease_address = {json.dumps(address)}\n\n[[component]]\n{component}'


def _write(trial: Paths, brought: Brought, assignment_id: str) -> None:
    """Write and build it, with what the build refuses mended as far as that can be done."""
    for asked in brought.material.questions:
        own = brought.tests.get(asked.id, [])
        if not asked.manual and all(test.left for test in own):  # or it has none
            asked.manual = True
            if own:
                brought.material.note(asked.name, "left", "no test of it can be moved: a person marks it")
    _lay(trial, brought, assignment_id)
    hidden = trial.hidden_tests(assignment_id)
    shutil.rmtree(hidden, ignore_errors=True)
    for asked in brought.material.questions:
        groups = brought.groups(asked)
        if groups and not asked.manual:
            text = hidden_text(asked, groups, brought.material.system, brought.namespace)
            _put(hidden / f"test_{asked.id}.py", text)


def _lay(trial: Paths, brought: Brought, assignment_id: str) -> None:
    """The files that are released, and the master, built."""
    folder = trial.assignment(assignment_id)
    for name, content in brought.material.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    _build(trial, brought, assignment_id)


def _build(trial: Paths, brought: Brought, assignment_id: str) -> None:
    """Write the master and build it, until the build refuses nothing that can be mended."""
    for _ in range(200):
        parts = master_parts(brought.material, assignment_id, brought.namespace, brought.dropped)
        text, toml = master_text(parts), assignment_toml(brought.material, brought.namespace)
        if (text, toml) == brought.built:
            return
        _put(trial.reference(assignment_id), text)
        _put(trial.assignment_toml(assignment_id), toml)
        try:
            build.build(trial, assignment_id)
            brought.built = text, toml
        except AuthoringError as problem:
            part = _part_at(text, parts, str(problem))
            if not repaired(brought.material, brought.dropped, part, str(problem)):
                raise AuthoringError(_in_the_source(problem, part)) from None


def _in_the_source(problem: AuthoringError, part: MasterPart | None) -> str:
    """A refusal in the words of who has the source before them."""
    if part is None:
        return f"{problem}; nothing was written"
    lines = [line for line in part.source.split("\n") if line.strip()]
    first = next((line for line in lines if "SOLUTION" not in line), lines[0] if lines else "")
    says = str(problem).partition(": ")[2]
    return f"the cell with {first.strip()!r}: {says}; mend it in the source and import again (nothing was written)"


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _part_at(text: str, parts: list[MasterPart], problem: str) -> MasterPart | None:
    """The cell of the master that a refusal names by its line."""
    found = re.search(r"\.py, line (\d+): ", problem)
    if not found:
        return None
    heads = [number for number, line in enumerate(text.split("\n"), 1) if re.match(r"# %%( |$)", line)]
    at = sum(head <= int(found[1]) for head in heads) - 1
    return parts[at] if 0 <= at < len(parts) else None


def _tried(trial: Paths, brought: Brought, assignment_id: str) -> bool:
    """Grade the solution and the stub; True where the solution passes all that is left."""
    assignment = read_assignment(trial, assignment_id)
    if assignment.by_hand_alone:
        return True
    graded = [question.id for question in assignment.questions if not question.manual]
    submissions = [variants.reference(trial, assignment), variants.starter(trial, assignment)]
    results: dict[str, dict[str, CheckResult]] = {}
    with Pool(trial, assignment_id, PoolSpec(kind="process")) as pool:
        tasks = [Task(each.submission, "0", tuple(graded), explain=False) for each in submissions]
        for task, examined in pool.run(iter(tasks)):
            results[task.submission.student] = {result.name: result for result in examined.results}
    own, untouched = results.get("reference", {}), results.get("starter", {})
    passed = {name for name, result in own.items() if result.outcome is Outcome.PASSED}
    failing = [test for test in brought.every_test() if not test.left and test.name not in passed]
    _next_forms(failing, own)
    brought.free = {name for name, result in untouched.items() if result.outcome is Outcome.PASSED}
    return not failing


def _next_forms(failing: list[Test], own: dict[str, CheckResult]) -> None:
    """Try the next form of each test, or this one again where time ran out, which says nothing of the form.

    own: what the source's own solution was told. Raises AuthoringError where its cells do not end in time.
    """
    for test in failing:
        told = own[test.name].message if test.name in own else ""
        if test.name in own and own[test.name].outcome is Outcome.TIMEOUT:
            if not test.again:
                test.again = True
                continue
            if told.startswith(RUNNING):
                raise AuthoringError(
                    f"the source's own solution does not end here: {told}; where the machine is busy, import again "
                    "later (nothing was written)"
                )
        test.told.append(told)
        test.at += 1


def _move(trial: Paths, paths: Paths, assignment_id: str) -> None:
    """Into the course, both folders or none."""
    moved: list[Path] = []
    try:
        for folder, target in (
            (trial.assignment(assignment_id), paths.assignment(assignment_id)),
            (trial.solutions / assignment_id, paths.solutions / assignment_id),
        ):
            target.parent.mkdir(parents=True, exist_ok=True)
            moved.append(target)
            shutil.copytree(folder, target)
    except OSError as problem:
        for target in moved:
            shutil.rmtree(target, ignore_errors=True)
        raise UsageError(f"{problem.filename} cannot be written: {problem.strerror}; nothing was changed") from None
