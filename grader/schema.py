"""The nouns: frozen values that check themselves when they are made. Units stand at the end of a name."""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from decimal import Decimal

from grader.errors import AuthoringError, SubmissionError

ASSIGNMENT_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
QUESTION_ID = re.compile(r"q[0-9]{1,3}")
UNWRITTEN = "not written yet"  # what is said of a stub that was called begins with it


def as_points(value: object, where: str) -> Decimal:
    """Turn a number as an author writes it (2, 1.75, "1.75") into exact points; raise AuthoringError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise AuthoringError(f"{where}: points must be a number, got {value!r}")
    try:
        points = Decimal(str(value))
    except ArithmeticError:
        raise AuthoringError(f"{where}: points must be a number, got {value!r}") from None
    if not points.is_finite() or points < 0:
        raise AuthoringError(f"{where}: points must be finite and not negative, got {value!r}")
    return points


@dataclass(frozen=True)
class Limits:
    """What one submission may cost. Reaching a limit is the student's outcome, never ours."""

    load_s: float = 60.0  # running the notebook's cells, wall
    call_s: float = 10.0  # one call of a hidden test, wall, unless the test asks for another
    total_s: float = 600.0  # the whole attempt, wall
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
    """One question: its id ("q3"), its worth, and the names a notebook must define for it."""

    id: str
    title: str
    points: Decimal
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not QUESTION_ID.fullmatch(self.id):
            raise AuthoringError(f"question id must look like q3, got {self.id!r}")


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

    def __post_init__(self) -> None:
        if not ASSIGNMENT_ID.fullmatch(self.id):
            raise AuthoringError(f"assignment id must look like a1_mlp, got {self.id!r}")
        ids = [question.id for question in self.questions]
        if len(set(ids)) != len(ids):
            raise AuthoringError(f"{self.id}: a question id appears twice: {', '.join(ids)}")

    @property
    def max_points(self) -> Decimal:
        return sum((question.points for question in self.questions), Decimal(0))

    def question(self, question_id: str) -> Question:
        for question in self.questions:
            if question.id == question_id:
                return question
        there_is = ", ".join(question.id for question in self.questions)
        raise AuthoringError(f"{self.id} has no question {question_id!r}; there is: {there_is}")

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
    max_points: Decimal
    hint: str = ""


@dataclass(frozen=True)
class CheckResult:
    """What one check said about one submission. `message` may be shown to the student."""

    name: str
    question: str
    outcome: Outcome
    max_points: Decimal
    message: str = ""
    hint: str = ""
    wall_s: float = 0.0

    @property
    def points(self) -> Decimal:
        return self.max_points if self.outcome.earns else Decimal(0)

    @property
    def unwritten(self) -> bool:
        return self.message.startswith(UNWRITTEN)


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


@dataclass(frozen=True)
class Evidence:
    """Where an attempt comes from: everything that decides its results."""

    submission: str  # digest
    tests: tuple[tuple[str, str], ...]  # (question id, digest of its hidden tests)
    image: str  # digest of the grading environment
    device: str  # "cpu" or "cuda"
    seed: str  # hex; hidden inputs are drawn from it
    isolation: str  # "zygote-userns", "zygote-caps", "strict", "process", ...


@dataclass(frozen=True)
class Attempt:
    """One grading of one submission. Never edited: a new grading is a new attempt."""

    student: str
    assignment: str
    status: Status
    evidence: Evidence
    results: tuple[CheckResult, ...] = ()
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)

    @property
    def points(self) -> Decimal:
        return sum((result.points for result in self.results), Decimal(0))

    def of_question(self, question_id: str) -> tuple[CheckResult, ...]:
        return tuple(result for result in self.results if result.question == question_id)
