"""What an audit grades: all of it, a sample of it."""

from collections import Counter

from grader.authoring.plan import Scope, plan
from grader.authoring.variants import NONSENSE
from grader.course.config import read_assignment
from grader.paths import PACKAGE, Paths

PATHS = Paths(PACKAGE.parent)


def asked_of_nonsense(assignment, **scope):
    """The questions that each kind of nonsense is examined for."""
    planned = plan(PATHS, assignment, Scope(seeds=1, quick=True, **scope))
    return {variant.id: task.questions for variant, task in planned if variant.kind == "nonsense"}


def test_a_whole_audit_asks_every_question_with_all_nonsense_and_a_sample_with_one_kind_each():
    assignment = read_assignment(PATHS, "a3_sequences")
    everything = tuple(question.id for question in assignment.questions)
    assert asked_of_nonsense(assignment) == dict.fromkeys(NONSENSE, everything)
    sampled = asked_of_nonsense(assignment, sample=0.02)
    assert Counter(name for names in sampled.values() for name in names) == Counter(everything)
    assert len(sampled) == min(len(NONSENSE), len(everything))
    assert asked_of_nonsense(assignment, sample=0.02, only=("q5",)) == {next(iter(NONSENSE)): ("q5",)}


def test_a_sample_holds_the_same_known_solutions_every_time_and_a_larger_one_all_of_a_smaller():
    assignment = read_assignment(PATHS, "a3_sequences")

    def known(share):
        planned = plan(PATHS, assignment, Scope(seeds=1, quick=True, sample=share))
        return {variant.id for variant, _ in planned if variant.kind in ("right", "wrong")}

    assert known(0.02) == known(0.02) < known(0.1) < known(1.0)
    assert 0.05 < len(known(0.1)) / len(known(1.0)) < 0.15
