"""What is left to grade, in which order, and what becomes of it.

Every result follows from a submission's bytes, the digest of a question's tests, the image and the device; what is in
the record for these is not examined again. Each attempt is recorded in one transaction as soon as it is there, so a run
that is killed goes on where it stopped. What the machine failed at is tried once more at the end, then left as
deferred.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path

from grader.course.master import master_parts
from grader.errors import AuthoringError, UsageError
from grader.examination.task import Examined, Task, failing_alone
from grader.execution.spec import DEADLY, Examiners, Ready
from grader.paths import Paths
from grader.record.store import KnownQuestion, Store, StoredAttempt
from grader.schema import (
    BROKEN,
    FLAWED,
    FORGIVEN,
    NAMED,
    Assignment,
    Attempt,
    CheckResult,
    Evidence,
    Status,
    Submission,
    add_up,
    digest_of,
    exact_text,
)

QUESTION_MARK = re.compile(r"""mark\.question\(\s*["'](q[0-9]+)["']""")


@dataclass(frozen=True)
class Graded:
    """One finished row of a batch. `again` is True where nothing had to be run."""

    submission: Submission
    attempt: Attempt
    again: bool = False
    fault: str = ""
    asked_live: int = 0


# ---------------------------------------------------------------------------------------------------- digests


def question_digests(paths: Paths, assignment: Assignment) -> dict[str, str]:
    """The digest of everything that decides a question's results on our side, by question that has hidden tests.

    None where a person marks every question.
    """
    folder = paths.hidden_tests(assignment.id)
    texts = {file: file.read_bytes() for file in sorted(folder.rglob("*.py"))}
    tests = {file: QUESTION_MARK.findall(text.decode("utf-8", "replace")) for file, text in texts.items()}
    forgiving = assignment.follow_up_errors == FORGIVEN  # then it counts how other questions end
    shared = [text for file, text in texts.items() if forgiving or not tests[file]]
    released = [(paths.assignment(assignment.id) / name).read_bytes() for name in assignment.files]
    reference = [part.read_bytes() for part in master_parts(paths, assignment.id)]
    ground = [*shared, *_data_beside(folder), *released, b"\n".join(reference), _rules(assignment)]
    questions = sorted({question for found in tests.values() for question in found})
    if not questions and not assignment.by_hand_alone:
        raise AuthoringError(f"assignments/{assignment.id}/hidden holds no test with a question mark")
    both = sorted({question.id for question in assignment.manual} & set(questions))
    if both:
        raise AuthoringError(f"assignments/{assignment.id}/hidden has tests of {both[0]}, which a person marks")
    return {
        question: digest_of(
            [
                *(texts[file] for file in texts if question in tests[file]),
                *(file.read_bytes() for file in paths.wrong(assignment.id).glob(f"{question}.py")),  # what is hinted at
                *ground,
                question.encode(),
            ]
        )
        for question in questions
    }


def _data_beside(folder: Path) -> list[bytes]:
    """What hidden tests may read: every file that is no Python, but for what editors and systems leave."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix not in (".py", ".pyc"))
    names = [(file.relative_to(folder), file) for file in files if not file.name.endswith("~")]
    data = [(name, file) for name, file in names if not any(part.startswith(".") for part in name.parts)]
    return [part for name, file in data for part in (name.as_posix().encode(), file.read_bytes())]


def _rules(assignment: Assignment) -> bytes:
    """What assignment.toml says, but for words."""
    worth = [(question.id, exact_text(question.points)) for question in assignment.tested]
    rules = (assignment.limits, assignment.preload, assignment.hidden_modules, worth)
    follow_ups = () if assignment.follow_up_errors == NAMED else (assignment.follow_up_errors,)
    return repr((*rules, *follow_ups)).encode()


@dataclass
class OldDigests:
    """What `question_digests` would have been, had the questions been worth what they were in an earlier attempt."""

    paths: Paths
    assignment: Assignment
    known: dict[tuple[Fraction, ...], dict[str, str]] = field(default_factory=dict)

    def with_points_of(self, attempt: Attempt) -> dict[str, str]:
        """The checks of a question add up to its points, so an attempt tells what these were."""
        worth = {
            question.id: add_up(check.max_points for check in attempt.of_question(question.id))
            for question in self.assignment.tested
        }
        key = tuple(worth.values())
        if key not in self.known:
            then = (replace(each, points=worth.get(each.id, each.points)) for each in self.assignment.questions)
            self.known[key] = question_digests(self.paths, replace(self.assignment, questions=tuple(then)))
        return self.known[key]


def course_secret(paths: Paths) -> bytes:
    """The secret that hidden inputs are drawn from; made when it is first needed, readable by its owner only."""
    paths.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(paths.secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        text = paths.secret.read_text().strip()
        if not text:
            raise UsageError(f"{paths.secret} is empty; delete it to have a new one made") from None
        return text.encode()
    text = secrets.token_hex(32)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return text.encode()


def seed_for(secret: bytes, submission: Submission) -> str:
    """Equal work gets equal inputs, new work gets new ones, and nobody without the secret can tell them."""
    text = f"{submission.assignment}/{submission.digest}".encode()
    return hmac.new(secret, text, hashlib.sha256).hexdigest()[:32]


# ---------------------------------------------------------------------------------------------------- grading


@dataclass
class Batch:
    """One run of `grade` or `regrade` on one assignment."""

    store: Store
    assignment: Assignment
    tests: dict[str, str]
    secret: bytes
    run: int
    device: str = "cpu"
    force: bool = False
    old: OldDigests | None = None  # to tell what was graded for other points and is the same otherwise

    def grade(self, pool: Examiners, submissions: list[Submission]) -> Iterator[Graded]:
        """Grade submissions; yield a row for each, in the order they are finished. Equal work is examined once.

        What is on record stays as it is there: it may have been replaced or taken back since it was read.
        """
        for submission in submissions:
            if not self.store.has(submission):
                self.store.add_submission(submission)
        left = yield from self._not_done(pool, submissions)
        first: dict[str, Submission] = {}
        for submission in left:
            first.setdefault(submission.digest, submission)
        yield from self._examine_patiently(pool, list(first.values()))
        twins = [submission for submission in left if first[submission.digest] is not submission]
        yield from self._examine_patiently(pool, (yield from self._not_done(pool, twins)))

    def _not_done(self, pool: Examiners, submissions: list[Submission]) -> Generator[Graded, None, list[Submission]]:
        """Yield the rows for which nothing need be run; return the other submissions."""
        left = []
        for submission in submissions:
            done = None if self.force else self._done_before(pool.ready, submission)
            if done is None:
                left.append(submission)
            else:
                yield done
        return left

    def _examine_patiently(self, pool: Examiners, submissions: list[Submission]) -> Iterator[Graded]:
        """Examine submissions, once more at the end where the machine failed."""
        again: list[Submission] = []
        for graded in self._examine(pool, submissions):
            if graded.attempt.status is Status.DEFERRED and not again_is_pointless(graded.fault):
                again.append(graded.submission)
            else:
                yield graded
        yield from self._examine(pool, again)

    def _examine(self, pool: Examiners, submissions: list[Submission]) -> Iterator[Graded]:
        waiting = {submission.student: submission for submission in submissions}
        known = {submission.student: self._known(pool.ready, submission) for submission in submissions}
        tasks = (self._task(pool.ready, submission, known[submission.student]) for submission in submissions)
        for task, examined in pool.run(tasks):
            submission = waiting[task.submission.student]
            yield self._record(pool.ready, submission, task.seed, known[submission.student], examined)

    def _known(self, ready: Ready, submission: Submission) -> dict[str, KnownQuestion]:
        """Results from before that fit: same bytes, tests, image, device, and inputs from the same secret."""
        if self.force:
            return {}
        known = self.store.known(submission.digest, self.tests, ready.environment, self.device)
        seed = seed_for(self.secret, submission)
        return {question: before for question, before in known.items() if before.seed == seed}

    def _task(self, ready: Ready, submission: Submission, known: dict[str, KnownQuestion]) -> Task:
        questions = tuple(question for question in self.tests if question not in known)
        evidence = () if self.force else self._evidence_for_other_points(ready, submission)
        failing = failing_alone(row for before in known.values() for row in before.results)
        seed = seed_for(self.secret, submission)
        return Task(submission, seed, questions, self.device, evidence, failing=failing)

    def _evidence_for_other_points(self, ready: Ready, submission: Submission) -> tuple[bytes, ...]:
        """What was said in an attempt that differs in nothing but what the questions are worth."""
        current = self.store.current_attempt(submission.student, submission.assignment)
        if self.old is None or current is None or current.attempt.status is not Status.GRADED:
            return ()
        evidence = current.attempt.evidence
        then = tuple(sorted(self.old.with_points_of(current.attempt).items()))
        same = replace(self._evidence(ready, submission, evidence.seed, evidence.isolation), tests=then)
        if evidence != same or evidence.seed != seed_for(self.secret, submission):
            return ()
        return tuple(self.store.transcripts(current.id).values())

    def _done_before(self, ready: Ready, submission: Submission) -> Graded | None:
        """The row of a submission for which nothing is left to examine."""
        current = self.store.current_attempt(submission.student, submission.assignment)
        if current is not None and self._still_holds(current, ready, submission):
            return Graded(submission, current.attempt, again=True)
        known = self._known(ready, submission)
        if not known or set(known) != set(self.tests):
            return None
        notices = self.store.attempt(next(iter(known.values())).attempt).attempt.notices
        nothing_new = Examined(Status.GRADED, notices=notices)
        return self._record(ready, submission, seed_for(self.secret, submission), known, nothing_new, again=True)

    def _still_holds(self, current: StoredAttempt, ready: Ready, submission: Submission) -> bool:
        evidence = current.attempt.evidence
        if current.deferred or evidence.submission != submission.digest:
            return False
        if current.attempt.status is Status.UNREADABLE:
            return True
        return evidence == self._evidence(ready, submission, evidence.seed, evidence.isolation) and (
            evidence.seed == seed_for(self.secret, submission)
        )

    def _evidence(self, ready: Ready, submission: Submission, seed: str, isolation: str) -> Evidence:
        tests = tuple(sorted(self.tests.items()))
        return Evidence(submission.digest, tests, ready.environment, self.device, seed, isolation)

    def _record(
        self,
        ready: Ready,
        submission: Submission,
        seed: str,
        known: dict[str, KnownQuestion],
        examined: Examined,
        again: bool = False,
    ) -> Graded:
        """Join what was known and what was found into one attempt, and put it on record."""
        before = [result for question in known.values() for result in question.results]
        results = () if examined.status is Status.UNREADABLE else self._in_order([*before, *examined.results])
        attempt = Attempt(
            student=submission.student,
            assignment=submission.assignment,
            status=examined.status,
            evidence=self._evidence(ready, submission, seed, ready.isolation),
            results=results,
            notices=examined.notices + ((f"deferred: {examined.fault}",) if examined.fault else ()),
            usage=examined.usage,
        )
        earlier = {question: part.attempt for question, part in known.items()}
        self._add(attempt, examined, earlier)
        return Graded(submission, attempt, again, examined.fault, examined.asked_live)

    def _add(self, attempt: Attempt, examined: Examined, earlier: Mapping[str, int]) -> None:
        cut = {name: _pieces(part, examined.large.get(name, ())) for name, part in examined.transcripts.items()}
        self.store.add_attempt(self.run, attempt, cut, earlier)

    def _in_order(self, results: list[CheckResult]) -> tuple[CheckResult, ...]:
        place = {question.id: number for number, question in enumerate(self.assignment.questions)}
        return tuple(sorted(results, key=lambda result: place[result.question]))

    # ------------------------------------------------------------------------------------------ regrading

    def to_regrade(self) -> dict[str, StoredAttempt]:
        """Student -> the current attempt, where it has a mark."""
        current = self.store.current_attempts(self.assignment.id)
        return {who: stored for who, stored in current.items() if stored.attempt.status is Status.GRADED}

    def changed(self, attempt: Attempt) -> tuple[str, ...]:
        """The questions of which an attempt was judged by other hidden tests, or for other points, than there are now.

        All of them where it was judged in a question that has no hidden tests any more.
        """
        then = dict(attempt.evidence.tests)
        if not then.keys() <= self.tests.keys():
            return tuple(self.tests)
        worth = {question.id: question.points for question in self.assignment.questions}
        same = {
            question
            for question in self.tests
            if (results := attempt.of_question(question))
            and add_up(row.max_points for row in results) == worth[question]
        }
        as_then = self.old.with_points_of(attempt) if self.old is not None and then != self.tests else self.tests
        return tuple(
            question for question in self.tests if then.get(question) != as_then[question] or question not in same
        )

    def regrade(
        self,
        pool: Examiners,
        current: dict[str, StoredAttempt] | None = None,
        questions: Mapping[str, Collection[str]] | None = None,
    ) -> Iterator[tuple[Attempt, Graded]]:
        """Judge current attempts (all of `to_regrade`) again from their transcripts; yield (before, after) pairs.

        questions: student -> what is judged again; the rest stays as it is. Without it: everything of everybody.
        Student code runs only for calls that no transcript holds. Nothing is recorded where nothing changed.
        """
        current = self.to_regrade() if current is None else current
        asked = {who: tuple(self.tests) if questions is None else tuple(questions[who]) for who in current}
        tasks = (self._task_from_evidence(stored, asked[who]) for who, stored in current.items() if asked[who])
        for task, examined in pool.run(tasks):
            stored = current[task.submission.student]
            yield stored.attempt, self._record_regraded(pool.ready, stored, task, examined)

    def _task_from_evidence(self, stored: StoredAttempt, questions: tuple[str, ...]) -> Task:
        evidence = stored.attempt.evidence
        submission = self.store.submission(evidence.submission, stored.attempt.student, self.assignment.id)
        parts = self.store.transcripts(stored.id, questions) or self.store.transcripts(stored.id)
        failing = failing_alone(row for row in stored.attempt.results if row.question not in questions)
        return Task(submission, evidence.seed, questions, evidence.device, tuple(parts.values()), failing=failing)

    def _record_regraded(self, ready: Ready, stored: StoredAttempt, task: Task, examined: Examined) -> Graded:
        before = stored.attempt
        kept = [row for row in before.results if row.question in self.tests and row.question not in task.questions]
        tests = tuple(sorted(self.tests.items()))
        live = examined.asked_live > 0
        evidence = Evidence(
            submission=before.evidence.submission,
            tests=tests,
            image=ready.environment if live else before.evidence.image,
            device=before.evidence.device,
            seed=before.evidence.seed,
            isolation=ready.isolation if live else before.evidence.isolation,
        )
        flaws = tuple(f"{FLAWED}: {row.name}:" for row in kept)
        notices = examined.notices + tuple(notice for notice in before.notices if notice.startswith(flaws))
        notices += (f"deferred: {examined.fault}",) if examined.fault else ()
        results = self._in_order([*kept, *examined.results])
        usage = examined.usage if live else before.usage
        after = Attempt(before.student, before.assignment, examined.status, evidence, results, notices, usage)
        if (_judgement(after), after.evidence) != (_judgement(before), before.evidence):
            earlier = {row.question: stored.id for row in kept}
            self._add(after, examined, earlier)
        return Graded(task.submission, after, not live, examined.fault, examined.asked_live)


def _pieces(part: bytes, large: tuple[tuple[int, int], ...]) -> list[bytes]:
    """A transcript cut where its large answers begin and end: every second piece is one."""
    ends = [0, *chain.from_iterable(large), len(part)]
    return [part[begin:end] for begin, end in pairwise(ends)]


def _judgement(attempt: Attempt) -> list[tuple[object, ...]]:
    """What an attempt says, without how long it took to say it."""
    return [(row.name, row.question, row.outcome, row.max_points, row.message, row.hint) for row in attempt.results]


def again_is_pointless(fault: str) -> bool:
    """Whether trying once more must end the same way, as with a hidden test that fails by itself, or cost too much."""
    return BROKEN in fault or DEADLY in fault
