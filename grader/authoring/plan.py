"""What an audit grades: every variant of an assignment with the task that examines it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from grader.authoring import variants
from grader.authoring.mutants import mutants
from grader.authoring.paraphrases import paraphrases
from grader.authoring.variants import Variant
from grader.examination.task import Task
from grader.paths import Paths
from grader.schema import Assignment

NOTED = 2  # seeds: with one, a number that is drawn looks like one that never changes


@dataclass(frozen=True)
class Scope:
    """How much an audit looks at."""

    seeds: int = 5  # times that the reference is graded
    sample: float = 1.0  # share of wrong solutions and alternatives; below 1, a question meets nonsense of one kind
    mutants: float = 0.0  # share of the mutants that the machine can make
    of_alternatives: bool = False  # make them of the right alternatives, too
    only: tuple[str, ...] = ()  # questions; none: all of them
    quick: bool = False  # look at each wrong solution's own question and no other
    draw: int = 0  # of the inputs: the same number draws the same ones
    device: str = "cpu"

    @property
    def whole(self) -> bool:
        """Whether a release may rest on it."""
        return self.every_known and not (self.quick or self.only)

    @property
    def odd_s(self) -> float:
        """Seconds for each check in which it meets odd answers; in the shortest, two of them."""
        return 0.001 if self.quick else 0.25 * self.seeds

    @property
    def every_known(self) -> bool:
        return self.sample >= 1

    def questions(self, assignment: Assignment) -> tuple[str, ...]:
        return tuple(question.id for question in assignment.questions if not self.only or question.id in self.only)

    def seed(self, text: str) -> str:
        """Inputs differ from variant to variant, and from draw to draw."""
        return _digest(f"{self.draw}/{text}" if self.draw else text)


def plan(paths: Paths, assignment: Assignment, scope: Scope) -> Iterator[tuple[Variant, Task]]:
    """Every variant with its task; the reference once for each seed, and on the CPU besides a GPU.

    A wrong solution is examined for its own question: the others cannot hear of it (see `course.isolation`). That this
    is so is seen from the first one of every question, which is examined for everything, unless it is to be `quick`.
    """
    everything = scope.questions(assignment)
    made = variants.reference(paths, assignment)
    for number in range(scope.seeds):
        seed = scope.seed(f"reference {number}")
        noted = number < NOTED  # what it is asked, to see what no test asks with
        yield made, Task(made.submission, seed, everything, scope.device, note_margins=True, note_asked=noted)
    if scope.device != "cpu":
        yield made, Task(made.submission, scope.seed("reference on the CPU"), everything, "cpu")
    otherwise = paraphrases(paths, assignment) if scope.every_known else ()
    for variant in [variants.starter(paths, assignment), *otherwise]:
        yield variant, Task(variant.submission, scope.seed(variant.id), everything, scope.device, explain=False)
    for number, variant in enumerate(variants.nonsense(assignment)):
        asked = everything if scope.every_known else everything[number :: len(variants.NONSENSE)]
        if asked:
            yield variant, Task(variant.submission, scope.seed(variant.id), asked, scope.device, explain=False)
    for variant in variants.whole(paths, assignment) if scope.every_known else ():
        yield variant, Task(variant.submission, scope.seed(variant.id), everything, scope.device)
    looked_at_whole: set[str] = set()
    for variant in [*variants.right(paths, assignment), *variants.wrong(paths, assignment)]:
        if variant.question not in everything or not _in_share(variant, scope.sample):
            continue
        whole = not scope.quick and variant.kind == "wrong" and variant.question not in looked_at_whole
        looked_at_whole |= {variant.question} if whole else set()
        asked = everything if whole else (variant.question,)
        seed = scope.seed(variant.id)
        yield variant, Task(variant.submission, seed, asked, scope.device, explain=scope.every_known)
    if scope.mutants:
        yield from _mutants(paths, assignment, scope)


def _mutants(paths: Paths, assignment: Assignment, scope: Scope) -> Iterator[tuple[Variant, Task]]:
    """Each is examined until it is noticed."""
    asked = scope.questions(assignment)
    for variant in mutants(paths, assignment, scope.of_alternatives):
        if variant.question in asked and _in_share(variant, scope.mutants):
            seed = scope.seed(variant.id)
            yield variant, Task(variant.submission, seed, (variant.question,), scope.device, first_failure=True)


def _in_share(variant: Variant, share: float) -> bool:
    """Whether a variant is among a share of all; always the same ones."""
    return int(_digest(variant.id)[:8], 16) < share * 2**32


def _digest(text: str) -> str:
    return hashlib.sha256(f"audit/{text}".encode()).hexdigest()[:32]
