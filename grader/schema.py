"""The nouns: frozen values that check themselves when they are made. Units stand at the end of a name."""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from grader.errors import AuthoringError, SubmissionError

ASSIGNMENT_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
QUESTION_ID = re.compile(r"q[0-9]{1,3}")
NO_POINTS = Fraction(0)
UNWRITTEN = "not written yet"  # what is said of a stub that was called begins with it
TAKEN_FOR = "was taken for"  # what is said of a misspelt name that was graded
NEAR_NAME = "; your notebook defines "  # what is said of a name that is missing and has a likely one
NOT_REACHED = ", which is to define it, did not get that far: "  # and of one whose cell raised
UNJUDGED = "the answer cannot be judged"  # what is said of an answer that a hidden test fails at begins with it
FLAWED = "to be mended by the author of the hidden tests"  # what staff is told of such a test begins with it
BROKEN = "the hidden test itself failed"  # what is said of a test that is at fault begins with it
PASSES_WITH = "passes with the reference's "  # begins what is said of a check that fails over an earlier question alone
BY_ITSELF = "; by itself: "  # what such a check says without the reference
NAMED, FORGIVEN, OFF = "named", "forgiven", "off"
FOLLOW_UP_ERRORS = (NAMED, FORGIVEN, OFF)  # what follows from an earlier question: is told, costs nothing, is not tried


def as_points(value: object, where: str) -> Fraction:
    """Turn a number as an author writes it (2, 1.75, "1.75") into exact points; raise AuthoringError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise AuthoringError(f"{where}: points must be a number, got {value!r}")
    try:
        points = Decimal(str(value))
    except ArithmeticError:
        raise AuthoringError(f"{where}: points must be a number, got {value!r}") from None
    if not points.is_finite() or points < 0:
        raise AuthoringError(f"{where}: points must be finite and not negative, got {value}")
    return Fraction(points)


def add_up(points: Iterable[Fraction]) -> Fraction:
    """The exact sum; several times faster than `sum` where most have a denominator in common, as points do."""
    by_denominator: dict[int, int] = {}
    for each in points:
        by_denominator[each.denominator] = by_denominator.get(each.denominator, 0) + each.numerator
    return sum((Fraction(numerator, of) for of, numerator in by_denominator.items()), NO_POINTS)


def exact_text(number: Fraction) -> str:
    """A number without loss: as a decimal where it has an end (1.75), else as a fraction (10/3). `Fraction` reads both.

    Decimals have neither an exponent nor zeros at the end.
    """
    digits = number.denominator.bit_length()  # enough for every denominator of twos and fives
    scaled, rest = divmod(abs(number.numerator) * 10**digits, number.denominator)
    if rest:
        return f"{number.numerator}/{number.denominator}"
    text = str(scaled).zfill(digits + 1)
    sign = "-" if number < 0 else ""
    return f"{sign}{text[:-digits]}.{text[-digits:]}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Limits:
    """What one submission may cost. Reaching a limit is the student's outcome, never ours."""

    load_s: float = 60.0  # running the notebook's cells; seconds as grader.candidate.charge counts them
    call_s: float = 10.0  # one call of a hidden test, unless the test asks for another
    total_s: float = 600.0  # the whole attempt; its questions share it
    memory_mib: int = 2048  # address space for data, and the container's memory
    video_memory_mib: int = 4096
    answer_mib: int = 64  # one returned value, encoded
    output_kib: int = 64  # stdout and stderr kept per call
    disk_mib: int = 64  # each of /tmp, /dev/shm and the working folder
    processes: int = 64

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise AuthoringError(f"limits: {item.name} must be a positive number, got {value!r}")


@dataclass(frozen=True)
class Question:
    """One question: its id ("q3"), its worth, and the names a notebook must define for it.

    manual: a person reads the answer and gives the points; it has no hidden tests
    """

    id: str
    title: str
    points: Fraction
    names: tuple[str, ...] = ()
    manual: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", Fraction(self.points))
        if not QUESTION_ID.fullmatch(self.id):
            raise AuthoringError(f"question id must look like q3, got {self.id!r}")
        if self.manual and self.names:
            raise AuthoringError("names are for hidden tests; a question that a person marks (manual = true) has none")


@dataclass(frozen=True)
class Assignment:
    """One assignment as `assignment.toml` describes it."""

    id: str
    title: str
    questions: tuple[Question, ...]
    limits: Limits = field(default_factory=Limits)
    preload: tuple[str, ...] = ("numpy",)  # modules the zygote imports before any submission
    hidden_modules: tuple[str, ...] = ()  # modules that do not exist for the student's code
    files: tuple[str, ...] = ()  # released beside the notebook, read-only in the sandbox
    follow_up_errors: str = NAMED  # one of FOLLOW_UP_ERRORS

    def __post_init__(self) -> None:
        if not ASSIGNMENT_ID.fullmatch(self.id):
            raise AuthoringError(f"assignment id must look like a1_mlp, got {self.id!r}")
        if self.follow_up_errors not in FOLLOW_UP_ERRORS:
            known = ", ".join(FOLLOW_UP_ERRORS)
            raise AuthoringError(f"follow_up_errors must be one of {known}, got {self.follow_up_errors!r}")
        ids = [question.id for question in self.questions]
        if len(set(ids)) != len(ids):
            raise AuthoringError(f"{self.id}: a question id appears twice: {', '.join(ids)}")

    @property
    def max_points(self) -> Fraction:
        return add_up(question.points for question in self.questions)

    @property
    def tested(self) -> tuple[Question, ...]:
        """The questions that hidden tests judge."""
        return tuple(question for question in self.questions if not question.manual)

    @property
    def manual(self) -> tuple[Question, ...]:
        """The questions that a person marks."""
        return tuple(question for question in self.questions if question.manual)

    @property
    def by_hand_alone(self) -> bool:
        """Whether a person marks every question: then there is nothing to run."""
        return bool(self.manual) and not self.tested

    def question(self, question_id: str) -> Question:
        for question in self.questions:
            if question.id == question_id:
                return question
        there_is = ", ".join(question.id for question in self.questions)
        raise AuthoringError(f"{self.id} has no question {question_id!r}; there is: {there_is}")

    def before(self, question_id: str) -> tuple[Question, ...]:
        """The questions that come before one."""
        place = self.questions.index(self.question(question_id))
        return self.questions[:place]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that all questions ask for."""
        return tuple(name for question in self.questions for name in question.names)

    def names_beside(self, question_id: str) -> list[str]:
        """The names that the other questions ask for."""
        return [name for question in self.questions if question.id != question_id for name in question.names]


@dataclass(frozen=True)
class Submission:
    """One file as one student handed it in. `content` is the file's bytes, unread."""

    student: str
    assignment: str
    filename: str
    content: bytes = field(repr=False)
    extras: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)  # (name, bytes) of files handed in with it

    def __post_init__(self) -> None:
        if not self.student.strip():
            raise SubmissionError(f"{self.filename}: no student is named")

    @property
    def digest(self) -> str:
        """SHA-256 over the kind of file, its bytes and the extra files; the student's name is not part of it."""
        suffix = self.filename.rpartition(".")[2].lower()
        parts = [suffix.encode("utf-8", "surrogateescape"), self.content]
        for name, content in sorted(self.extras):
            parts += [name.encode("utf-8", "surrogateescape"), content]
        return digest_of(parts)


def digest_of(parts: Iterable[bytes]) -> str:
    """SHA-256 in hex of a sequence of byte strings; where one part ends matters."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


class Outcome(enum.Enum):
    """How a check ended. Only PASSED earns points."""

    PASSED = "passed"
    FAILED = "failed"  # answered, and the answer is wrong
    ERROR = "error"  # the student's code raised
    MISSING = "missing"  # the name is not defined
    TIMEOUT = "timeout"  # a deadline passed
    MEMORY = "memory"  # out of memory
    CRASHED = "crashed"  # the process ended during the call
    FORBIDDEN = "forbidden"  # an operator or module that the question rules out
    PROTOCOL = "protocol"  # the process answered with something that is no answer
    DEFERRED = "deferred"  # the machine failed; to be run again, worth nothing yet

    @property
    def earns(self) -> bool:
        return self is Outcome.PASSED


@dataclass(frozen=True)
class Check:
    """One hidden test function: its name, its question, its worth."""

    name: str
    question: str
    max_points: Fraction
    hint: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_points", Fraction(self.max_points))


@dataclass(frozen=True)
class CheckResult:
    """What one check said about one submission. `message` may be shown to the student."""

    name: str
    question: str
    outcome: Outcome
    max_points: Fraction
    message: str = ""
    hint: str = ""
    wall_s: float = 0.0

    def __post_init__(self) -> None:
        if type(self.max_points) is not Fraction:  # made by the hundred thousand
            object.__setattr__(self, "max_points", Fraction(self.max_points))

    @property
    def points(self) -> Fraction:
        return self.max_points if self.outcome.earns else NO_POINTS

    @property
    def unwritten(self) -> bool:
        return self.message.startswith(UNWRITTEN)

    @property
    def not_there(self) -> bool:
        """Whether there was nothing to judge: the stub as it was handed out, or no such name in the notebook."""
        return self.unwritten or self.outcome is Outcome.MISSING

    @property
    def wrong(self) -> bool:
        """Whether what the student wrote earned nothing, and that by itself: it is there, it does not pass with the
        reference's answers to earlier questions either, and no machine failed.
        """
        spared = self.outcome.earns or self.outcome is Outcome.DEFERRED or self.not_there or self.passes_with
        return not spared

    @property
    def passes_with(self) -> str:
        """The earlier questions ("q1, q3") with whose reference solution in place of the student's it passes, or ""."""
        if not self.message.startswith(PASSES_WITH):
            return ""
        return self.message.removeprefix(PASSES_WITH).partition(BY_ITSELF)[0]

    @property
    def by_itself(self) -> str:
        """What it says of the student's code alone."""
        return self.message.partition(BY_ITSELF)[2] if self.passes_with else self.message


@dataclass(frozen=True)
class Usage:
    """What an attempt cost the machine, the candidate's part."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_mib: float = 0.0


class Status(enum.Enum):
    """How an attempt ended as a whole."""

    GRADED = "graded"
    UNREADABLE = "unreadable"  # no notebook in it; 0 points, and the student is told what it is instead
    DEFERRED = "deferred"  # the machine failed; no mark yet
    OUTDATED = "outdated"  # graded for other points than the assignment has now; said when it is read, never recorded


@dataclass(frozen=True)
class Evidence:
    """Where an attempt comes from: everything that decides its results."""

    submission: str  # digest
    tests: tuple[tuple[str, str], ...]  # (question id, digest of its hidden tests)
    image: str  # digest of the grading environment
    device: str  # "cpu" or "cuda"
    seed: str  # hex; hidden inputs are drawn from it
    isolation: str  # "zygote-userns", "zygote-caps", "strict", "process", ...


class Kind(enum.Enum):
    """What a change of points made by hand does to those it finds. Its value is what the record writes."""

    ADD = ""
    SET = "="  # whatever was graded, and is graded later
    UNDO = "undo"  # takes back the last change of the same question that is in force
    COMMENT = "comment"  # changes nothing
    NOTE = "note"  # changes nothing, and no student reads it


WHOLE = "all"  # in place of a question, of a change by hand: the assignment as a whole


@dataclass(frozen=True)
class ManualMark:
    """What a person gave for one question of one submission; `points` is None while the question waits for that.

    why: it waits, in words;  comment: for the student;  source: where the mark stands;  by: who gave it, for the staff
    """

    question: str
    points: Fraction | None
    why: str = ""
    comment: str = ""
    source: str = ""
    by: str = ""

    @property
    def stands(self) -> str:
        """Where the mark stands and who gave it, for the staff alone."""
        return f"{self.source}, {self.by}" if self.by else self.source


@dataclass(frozen=True)
class Attempt:
    """One grading of one submission. Never edited: a new grading is a new attempt.

    manual: the questions that a person marks, as far as they are known; from a table, or from the portal
    """

    student: str
    assignment: str
    status: Status
    evidence: Evidence
    results: tuple[CheckResult, ...] = ()
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    manual: tuple[ManualMark, ...] = ()

    @cached_property
    def points(self) -> Fraction:
        """Everything that is there so far; no total while something is `waiting`."""
        given = (mark.points for mark in self.manual if mark.points is not None)
        return add_up((*(result.points for result in self.results), *given))

    @property
    def waiting(self) -> tuple[str, ...]:
        """The questions that wait for a person's mark."""
        return tuple(mark.question for mark in self.manual if mark.points is None)

    def points_of(self, question_id: str) -> Fraction | None:
        """The points of one question; None where it was not examined, or waits for a mark."""
        mark = self.mark_of(question_id)
        return mark.points if mark is not None else self._earned.get(question_id)

    @cached_property
    def _earned(self) -> dict[str, Fraction]:
        """What the checks of each question earned."""
        earned: dict[str, list[Fraction]] = {}
        for result in self.results:
            earned.setdefault(result.question, []).append(result.points)
        return {question: add_up(points) for question, points in earned.items()}

    def mark_of(self, question_id: str) -> ManualMark | None:
        return next((mark for mark in self.manual if mark.question == question_id), None)

    def of_question(self, question_id: str) -> tuple[CheckResult, ...]:
        return tuple(result for result in self.results if result.question == question_id)
