"""`grade` and `regrade`: run a batch, tell how it goes, and end tidily whatever happens."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from grader.bookkeeping.marking import Marking
from grader.course.config import read_assignment, read_course
from grader.errors import MachineryError, NotWatched, UsageError
from grader.execution import batch
from grader.execution.no_checks import NoChecks
from grader.execution.pool import Pool
from grader.execution.spec import Examiners, PoolSpec
from grader.exit_codes import DONE, INTERRUPTED, NEEDS_A_PERSON
from grader.languages.formats import figure
from grader.languages.recorded import said
from grader.languages.translating import tr
from grader.marks.changes import ByHand
from grader.marks.marksheet import clean
from grader.paths import Paths, find_root
from grader.record.claims import claimed, lock_of
from grader.record.database import make_folder
from grader.record.rows import is_deferred
from grader.record.store import HandIn, Store
from grader.schema import NEAR_NAME, TAKEN_FOR, Assignment, Attempt, Outcome, Status, Submission
from grader.terminal import colour, screen
from grader.terminal.attempt_json import attempts_document

if TYPE_CHECKING:
    from grader.cluster.pool import ClusterPool

UNWATCHED = "VIDEO MEMORY IS NOT WATCHED, torch's own cap alone limits it"


def grade(chosen: argparse.Namespace) -> int:
    """Grade what is found at the given places, else what was collected; a row for every student, whatever happens."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    submissions, held = submissions_of(paths, assignment, chosen.places, chosen.policy)
    finished: list[batch.Graded] = []
    changed: dict[str, list[ByHand]] = {}
    faults: Counter[str] = Counter()
    interrupted = False
    with (
        _Session(paths, assignment, chosen, "grade") as session,
        shown(session.pool, assignment.id, len(submissions), chosen) as progress,
    ):
        try:
            for submission, hand_in in submissions if chosen.places else ():
                session.store.add_submission(submission, hand_in)
            marking = Marking.read(paths, session.store, assignment)
            for raw in session.batch.grade(session.pool, [submission for submission, _ in submissions]):
                graded = replace(raw, attempt=marking.completed(raw.attempt))
                finished.append(graded)
                changed[graded.attempt.student] = marking.changed(graded.attempt)
                _tell(progress, graded, faults, chosen.verbose)
        except KeyboardInterrupt:
            interrupted = True
            session.state = "interrupted"
    for fault, count in faults.items():
        if count > 1:
            screen.say(f"{count} deferred for the same reason: {fault}")
    finished.sort(key=lambda graded: graded.submission.student)
    if chosen.json:
        print(json.dumps(attempts_document(assignment, finished, changed), indent=1, ensure_ascii=False))
    else:
        colour.show(screen.attempts_table(assignment, finished, changed=changed))
    if interrupted:
        left = len(submissions) - len(finished)
        screen.say(f"interrupted: {len(finished)} graded, {left} left; the same command goes on from here")
        return INTERRUPTED
    grades = read_course(paths).close_names == "grade"
    others = [row for row in finished if judged_names_otherwise(row.attempt, grades)]
    if others:
        screen.say(
            f"{len(others)} were graded with another close_names in course.toml than now, and their marks stay so; "
            f"`grader regrade {assignment.id}` judges them again"
        )
    unsettled = held or any(row.attempt.status is not Status.GRADED for row in finished)
    return NEEDS_A_PERSON if unsettled else DONE


def judged_names_otherwise(attempt: Attempt, grades: bool) -> bool:
    """Whether an attempt shows that misspelt names were treated otherwise than now, when they are graded or not."""
    if grades:
        return any(row.outcome is Outcome.MISSING and NEAR_NAME in row.message for row in attempt.results)
    return any(f") {TAKEN_FOR} " in notice for notice in attempt.notices)


def submissions_of(
    paths: Paths, assignment: Assignment, places: Sequence[Path], policy: str
) -> tuple[list[tuple[Submission, HandIn | None]], int]:
    """What is to be graded, and how many hand-ins are held because nobody knows whose they are. Raises UsageError."""
    if places:
        from grader.commands.collecting import read_now

        return read_now(paths, assignment, places, policy)
    submissions: Sequence[Submission] = ()
    if paths.record.exists():
        with Store.open(paths.record, read_only=True) as store:
            submissions = store.current_submissions(assignment.id)
    if not submissions:
        raise UsageError(
            f"nothing is collected for {assignment.id}; run `grader collect {assignment.id} DOWNLOAD...`, or name the "
            "files or folders to grade"
        )
    return [(submission, None) for submission in submissions], 0


@dataclass
class _Regraded:
    """What came of judging attempts again. moves: by student, of those with a mark before and after.

    asked: student -> the questions that are judged again; none where the attempt stands as it is
    """

    asked: dict[str, Sequence[str]] = field(default_factory=dict)
    finished: list[batch.Graded] = field(default_factory=list)
    moves: list[screen.Change] = field(default_factory=list)
    by_hand: dict[str, list[ByHand]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, marking: Marking, before: Attempt, graded: batch.Graded) -> None:
        after = graded.attempt
        self.finished.append(graded)
        self.by_hand[after.student] = marking.changed(after)
        if is_deferred(after):
            self.faults[_cause(graded)] += 1
            return
        kept = tuple(marking.kept(before, after))
        self.moves.append(screen.Change(after.student, marking.total(before), marking.total(after), kept))

    @property
    def changed(self) -> list[screen.Change]:
        return [move for move in screen.by_student(self.moves) if move.is_one]

    @property
    def kept(self) -> list[screen.Change]:
        """Whose points were changed by hand in a question that has another result now."""
        return [move for move in screen.by_student(self.moves) if move.kept]

    @property
    def questions(self) -> dict[str, int]:
        """Question -> how many attempts are judged again in it, in the order of questions."""
        counted = Counter(question for questions in self.asked.values() for question in questions)
        return dict(sorted(counted.items(), key=lambda each: (len(each[0]), each[0])))

    def document(self, assignment: Assignment) -> dict[str, Any]:
        return {
            **attempts_document(assignment, self.finished, self.by_hand),
            "questions": self.questions,
            "changed": [move.entry for move in self.changed],
            "kept_by_hand": [entry for move in self.kept for entry in move.kept_entries],
            "deferred": dict(self.faults),
        }

    def text(self) -> str:
        live = sum(graded.asked_live for graded in self.finished)
        calls = tr("no student code was run")
        if live:
            calls = tr("{n} calls ran student code: no transcript held them", n=live)
        counted = {"n": len(self.finished), "changed": len(self.changed)}
        done = tr("{n} attempts judged again, {changed} marks changed", **counted) + f"; {calls}\n"
        faults = "".join(
            tr("{n} deferred: {cause}", n=count, cause=clean(said(cause))) + "\n"
            for cause, count in self.faults.most_common()
        )
        return screen.changes_table(self.changed) + screen.kept_lines(self.kept) + self._asked_words + done + faults

    @property
    def _asked_words(self) -> str:
        """Which questions were judged again, and how many attempts stand as they are."""
        stand = sum(not questions for questions in self.asked.values())
        where = [tr("{question} of {n}", question=name, n=count) for name, count in self.questions.items()]
        told = tr("judged again: {questions}", questions=", ".join(where)) + "\n" if where else ""
        left = tr("{n} attempts were judged by the tests as they are now; --all judges them again, too", n=stand)
        return told + (f"{left}\n" if stand else "")


def regrade(chosen: argparse.Namespace) -> int:
    """Judge current attempts again from their evidence where tests or points are others now; print whose marks changed.

    1 where the machine failed, or where points were changed by hand in a question that has another result now.
    """
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    found = _Regraded()
    faults: Counter[str] = Counter()
    with _Session(paths, assignment, chosen, "regrade", from_evidence=True) as session:
        current = session.batch.to_regrade()
        marking = Marking.read(paths, session.store, assignment)
        grades = read_course(paths).close_names == "grade"
        for who, stored in current.items():
            whole = chosen.all or judged_names_otherwise(stored.attempt, grades)
            found.asked[who] = tuple(session.batch.tests) if whole else session.batch.changed(stored.attempt)
        with shown(session.pool, assignment.id, sum(map(bool, found.asked.values())), chosen) as progress:
            for before, after in marking.pairs(session.batch.regrade(session.pool, current, found.asked)):
                found.add(marking, before, after)
                _tell(progress, after, faults, chosen.verbose)
    if chosen.json:
        found.finished.sort(key=lambda graded: graded.submission.student)
        print(json.dumps(found.document(assignment), indent=1, ensure_ascii=False))
    else:
        colour.show(found.text())
    return NEEDS_A_PERSON if found.faults or found.kept else DONE


def _cause(graded: batch.Graded) -> str:
    """Why an attempt was deferred, in one line."""
    spoilt = [check for check in graded.attempt.results if check.outcome is Outcome.DEFERRED]
    said = [graded.fault, *(f"{check.question}: {check.message}" for check in spoilt), *graded.attempt.notices[-1:]]
    return next(filter(None, said), "the machine failed")


@contextmanager
def shown(pool: Examiners, title: str, total: int, chosen: argparse.Namespace) -> Iterator[screen.Progress]:
    """Show how far a pool is and what its workers are busy with, unless nobody asked."""
    with screen.progress(total, title, pool.slots, chosen.quiet) as progress:
        pool.watch = lambda slot, task: progress.busy(slot, task.submission.student if task else "")
        yield progress


def _tell(progress: screen.Progress, graded: batch.Graded, faults: Counter[str], verbose: bool) -> None:
    """Count a row; what the machine failed at is said at once, and once, however many it happens to.

    verbose: say of every row how it ended and what it took
    """
    attempt = graded.attempt
    total = screen.total_of(attempt)
    counts = attempt.status is Status.GRADED and not attempt.waiting
    points = tr("{points} points", points=total) if counts else total
    progress.done(f"{attempt.student} {points}", graded.again)
    if verbose:
        took = f"{figure(f'{attempt.usage.cpu_s:.1f}')} CPU s, {figure(f'{attempt.usage.wall_s:.1f}')} s"
        took = tr("graded before") if graded.again else took
        screen.say(f"{attempt.student}: {points}, {took}")
    if attempt.status is Status.DEFERRED:
        faults[graded.fault] += 1
        if faults[graded.fault] == 1:
            screen.say(f"{attempt.student}: deferred: {graded.fault}")


def batch_claimed(paths: Paths, assignment_id: str, command: str) -> AbstractContextManager[None]:
    """Keep a second batch of an assignment out; everything else may go on beside it."""
    make_folder(paths.state)
    return claimed(lock_of(paths.record, assignment_id), f"{command} {assignment_id}")


class _Session:
    """Everything a batch needs, opened in the right order and closed whatever happens."""

    def __init__(
        self,
        paths: Paths,
        assignment: Assignment,
        chosen: argparse.Namespace,
        command: str,
        from_evidence: bool = False,
    ) -> None:
        self.paths, self.assignment, self.command = paths, assignment, command
        self.chosen, self.from_evidence = chosen, from_evidence
        self.device = "cuda" if chosen.gpus else "cpu"
        self.force = bool(getattr(chosen, "force", False))
        self.state = "done"

    def __enter__(self) -> _Session:
        with ExitStack() as opening:
            opening.enter_context(batch_claimed(self.paths, self.assignment.id, self.command))
            self._open()
            self._claim = opening.pop_all()
        return self

    def _open(self) -> None:
        tests = batch.question_digests(self.paths, self.assignment)
        secret = batch.course_secret(self.paths)
        by_hand = self.assignment.by_hand_alone
        pool = NoChecks() if by_hand else examiners(self.paths, self.assignment.id, self.chosen, self.from_evidence)
        self.pool: Examiners = pool  # has forked: before the record is open
        if self.pool.ready.isolation == "process-bare":
            screen.say("NOT ISOLATED: this machine gives no namespaces; student code can read and change your files")
        try:
            self.store = Store.open(self.paths.record)
        except BaseException:
            self.pool.close()
            raise
        run = self.store.begin_run(self.assignment.id, f"{self.command} {self.assignment.id}")
        old = batch.OldDigests(self.paths, self.assignment)
        self.batch = batch.Batch(self.store, self.assignment, tests, secret, run, self.device, self.force, old)
        self._terminate = signal.signal(signal.SIGTERM, _interrupt)

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        with _undisturbed():
            self.pool.close()
            state = "interrupted" if kind is KeyboardInterrupt else "failed" if kind else self.state
            self.store.end_run(self.batch.run, state)
            self.store.close()
            self._claim.close()
        signal.signal(signal.SIGTERM, self._terminate)


def examiners(
    paths: Paths, assignment_id: str, chosen: argparse.Namespace, from_evidence: bool = False
) -> Pool | ClusterPool:
    """Who examines what the command line asks for: workers of this machine, or the nodes of a cluster."""
    asked = spec(chosen, from_evidence)
    if not chosen.cluster:
        unwatched = why_unwatched(asked)
        pool = Pool(paths, assignment_id, asked)
        if unwatched:
            screen.say(f"VIDEO MEMORY IS NOT WATCHED, torch's own cap alone limits it: {unwatched}")
        return pool
    from grader.cluster.engines import connected, environment_of
    from grader.cluster.pool import ClusterPool

    each = len(asked.gpus) if chosen.gpus or chosen.workers is not None else None
    machines = connected(chosen.cluster, read_course(paths).clusters, paths, each)
    if machines.readable:
        screen.say("NOT ENCRYPTED: hidden tests and submissions can be read on their way; use a tls:// address")
    if machines.dashboard:
        screen.say(f"what the cluster does: {machines.dashboard}")
    environment = environment_of(asked.image) if asked.kind == "docker" else ""
    nodes = ClusterPool(machines, paths, assignment_id, asked, each, screen.say, environment)
    screen.say(f"{nodes.members.in_words()}; {nodes.ready.isolation}")
    return nodes


def why_unwatched(asked: PoolSpec) -> str:
    """Why nobody watches how much a submission takes of a GPU; "" where somebody does, or none is asked for.

    Raises MachineryError where a GPU is of no use.
    """
    from grader.sandbox.nvml import require

    gpus = {gpu for gpu in asked.gpus if gpu is not None}
    if not gpus or asked.kind == "none":
        return ""
    try:
        require(*sorted(gpus))
    except NotWatched as error:
        return str(error)
    except MachineryError:
        if not asked.from_evidence:
            raise
    return ""


def spec(chosen: argparse.Namespace, from_evidence: bool = False) -> PoolSpec:
    """What the pool is to run in, from the command line. Raises UsageError."""
    processors = len(os.sched_getaffinity(0))
    gpus: tuple[str | None, ...]
    if chosen.gpus:
        gpus = tuple(chosen.gpus.split(","))
        if not all(gpu and gpu.strip() == gpu for gpu in gpus if gpu is not None):
            raise UsageError(f"--gpus {chosen.gpus}: expected ids with commas between them, like 0,1")
    else:
        workers = processors if chosen.workers is None else chosen.workers
        if not 1 <= workers <= 256:
            raise UsageError(f"--workers {workers}: expected 1 to 256; this machine has {processors} processors")
        gpus = (None,) * workers
    if chosen.runtime and chosen.sandbox == "process":
        raise UsageError("--runtime is one of Docker's; --sandbox process has none")
    return PoolSpec(
        chosen.sandbox, chosen.isolation, chosen.image, gpus, from_evidence=from_evidence, runtime=chosen.runtime
    )


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not tear the tidying up."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        sys.stderr.flush()
