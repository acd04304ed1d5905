"""`new`, `build`, `audit`, `release`: from a master to what students get, and how good its hidden tests are."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grader.commands.writing import write
from grader.course.config import asked_question, assignment_ids, read_assignment
from grader.errors import UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.paths import Paths, find_root
from grader.terminal import screen

if TYPE_CHECKING:
    from grader.authoring.audit import Audit
    from grader.authoring.causes import Seen
    from grader.authoring.inputs import LeftOut
    from grader.authoring.plan import Scope
    from grader.schema import Assignment


def build(chosen: argparse.Namespace) -> int:
    """Build one assignment, or every one that has a master; nothing is written when one of them is refused."""
    from grader.authoring import build as building

    paths = Paths(find_root())
    ids = [read_assignment(paths, chosen.assignment).id] if chosen.assignment else assignment_ids(paths)
    with_master = [name for name in ids if chosen.assignment or (paths.solutions / name).is_dir()]
    made = {name: building.built(paths, name) for name in with_master}
    for name, built in made.items():
        building.write(paths, name, built)
        for note in built.notes:
            screen.say(f"note: {note}")
        print(paths.starter(name))
    return DONE


def audit(chosen: argparse.Namespace) -> int:
    """Grade submissions whose marks are known; 1 when something is not as it must be."""
    from grader.authoring import audit as auditing
    from grader.authoring import audit_words
    from grader.authoring.audit_page import audit_page
    from grader.authoring.causes import Finding
    from grader.authoring.claims import claims, marked
    from grader.authoring.leaks import leaks
    from grader.authoring.plan import plan
    from grader.commands.grading import examiners, shown, spec

    paths = Paths(find_root())
    assignment = _tested(paths, chosen.assignment)
    scope = _scope(chosen, assignment)
    if chosen.page and (chosen.page.is_dir() or not chosen.page.parent.is_dir()):  # not after an hour
        raise UsageError(f"--page {chosen.page}: write a file in a folder that there is")
    slots = spec(chosen)
    planned = list(plan(paths, assignment, scope))
    with (
        examiners(paths, assignment.id, chosen) as pool,
        shown(pool, f"audit {assignment.id}", len(planned), chosen) as progress,
    ):

        def tell(says: str) -> None:
            progress.done(says)
            if not chosen.quiet and not says.endswith(auditing.WELL):
                screen.say(says)

        for line in pool.ready.scaled:
            screen.say(line)
        beforehand = _beforehand(paths, assignment.id)
        result = auditing.run(pool, assignment, planned, tell, scope.every_known, beforehand, scope.odd_s)
    result.claims = claims(paths.hidden_tests(assignment.id), result.stability.passed)
    result.marked = marked(paths.hidden_tests(assignment.id))
    result.left_out = _left_out(paths, result)
    _judge_again(paths, result, len(slots.gpus), None if scope.every_known else 1, chosen.quiet)
    page = chosen.page
    if scope.whole:
        tag = chosen.image if chosen.sandbox == "docker" else ""
        result.findings += [Finding(*found) for found in leaks(paths, assignment, tag)]
        _keep_verdict(paths, result)
        page = page or paths.audit(assignment.id).with_suffix(".html")
    if page:
        write(page, audit_page(result))
        screen.say(f"page: {page}")
    if chosen.json:
        print(json.dumps(audit_words.document(result), indent=1, ensure_ascii=False))
    else:
        print(audit_words.table(result), end="")
    return DONE if result.green else NEEDS_A_PERSON


def _beforehand(paths: Paths, assignment_id: str) -> Iterator[Seen]:
    """What is seen of hidden tests without grading anything."""
    from grader.authoring.assertions import assertions
    from grader.authoring.forbidden import unprinted
    from grader.authoring.uncalled import uncalled

    yield from assertions(paths.hidden_tests(assignment_id))
    yield from uncalled(paths, assignment_id)
    yield from unprinted(paths, assignment_id)


def _left_out(paths: Paths, audit: Audit) -> list[LeftOut]:
    """The kinds of inputs that no hidden test asked the reference's functions with."""
    from grader.authoring.inputs import parameters
    from grader.authoring.mutants import definitions

    questions = {name: question.id for question in audit.assignment.questions for name in question.names}
    taken = {name: parameters(made) for name, made in definitions(paths, audit.assignment).items()}
    return audit.asked_with.left_out(questions, taken)


def _tested(paths: Paths, assignment_id: str) -> Assignment:
    """An assignment that has hidden tests; UsageError for one of essays alone."""
    assignment = read_assignment(paths, assignment_id)
    if assignment.by_hand_alone:
        raise UsageError(f"{assignment.id}: a person marks every question; there are no hidden tests to be tested")
    return assignment


def _scope(chosen: argparse.Namespace, assignment: Assignment) -> Scope:
    """What was asked for."""
    from grader.authoring.plan import Scope

    return Scope(
        seeds=chosen.seeds,
        sample=chosen.sample / 100,
        mutants=chosen.mutants / 100,
        of_alternatives=chosen.of_alternatives,
        only=tuple(asked_question(assignment, name).id for name in chosen.question),
        quick=chosen.quick,
        draw=chosen.draw,
        device="cuda" if chosen.gpus else "cpu",
    )


def _judge_again(paths: Paths, audit: Audit, workers: int, times: int | None, quiet: bool) -> None:
    """Add what judges the reference's answers otherwise in another process."""
    from grader.authoring.causes import Finding
    from grader.authoring.repeatability import unrepeatable

    if audit.first is not None:
        if not quiet:
            screen.say("judging the reference's answers again, in another process")
        audit.findings += [Finding(*found) for found in unrepeatable(paths, *audit.first, workers, times)]


def _keep_verdict(paths: Paths, audit: Audit) -> None:
    """Remember what was audited and how it ended: `grader release` asks for it."""
    from grader.authoring.release import audit_digest

    said = {
        "digest": audit_digest(paths, audit.assignment),
        "green": audit.green,
        "findings": len(audit.findings),
    }
    file = paths.audit(audit.assignment.id)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(said) + "\n", encoding="utf-8")


def release(chosen: argparse.Namespace) -> int:
    """Make the zip for students; refused while the audit is missing, stale or red."""
    from grader.authoring import release as releasing
    from grader.course import releases

    paths = Paths(find_root())
    target, number = releasing.release(paths, read_assignment(paths, chosen.assignment), chosen.out)
    releases.remember(paths, chosen.assignment, number)
    screen.tell(f"{target}  release {number}")
    return DONE


def new(chosen: argparse.Namespace) -> int:
    """Write a new assignment of one question, build it, and say what comes next."""
    from grader.authoring import skeleton

    paths = Paths(find_root())
    for file in skeleton.begin(paths, chosen.assignment):
        print(file.relative_to(paths.root))
    screen.tell(f"next: write it over, then grader build {chosen.assignment} and grader audit {chosen.assignment};")
    screen.tell(f"and name it in course.toml, where it is to count: assignments = [..., {chosen.assignment!r}]")
    return DONE
