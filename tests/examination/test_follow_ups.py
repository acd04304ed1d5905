"""A question that fails because an earlier function of the student's is wrong: it is judged beside the reference's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chained import BASE, STEP, WALK, WALKER, WAY, WRONG_FIRST, chained_course
from tiny import IN_PROCESSES, ipynb

from grader.course.config import read_assignment
from grader.course.master import read_master
from grader.errors import AuthoringError
from grader.examination import follow_ups
from grader.examination.follow_ups import BESIDE
from grader.examination.task import Task
from grader.examination.transcript import Transcript
from grader.execution.batch import question_digests
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import PACKAGE, Paths
from grader.schema import FORGIVEN, NAMED, CheckResult, Outcome, Submission

COUNTED = (Outcome.PASSED, "q1")
LOST = (Outcome.FAILED, "")


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> Paths:
    return chained_course(tmp_path_factory.mktemp("chained"))


@pytest.fixture(scope="module")
def pool(paths):
    with Pool(paths, "tiny", IN_PROCESSES) as made:
        yield made


def task(*cells, questions=("q1", "q2", "q3"), **changed):
    return Task(Submission("ada", "tiny", "tiny.ipynb", ipynb(*cells)), "5eed", questions, **changed)


def examined(pool, *cells, **changed):
    [(_, done)] = pool.run(iter([task(*cells, **changed)]))
    return done


def results(examined):
    return {result.name: result for result in examined.results}


def outcome(examined, check):
    result = results(examined)[check]
    return result.outcome, result.passes_with


def heard(examined):
    """What was said in each check, by its name."""
    transcript = Transcript()
    for part in examined.transcripts.values():
        transcript.read(part)
    return transcript.checks


@pytest.fixture(scope="module")
def wrong_first(pool):
    return examined(pool, *WRONG_FIRST)


@pytest.mark.parametrize("check", ["test_walk", "test_walker", "test_way"])
def test_what_passes_with_the_references_functions_counts_where_the_course_forgives(wrong_first, check):
    assert outcome(wrong_first, check) == COUNTED
    assert results(wrong_first)[check].points == results(wrong_first)[check].max_points
    assert results(wrong_first)[check].message == "passes with the reference's q1"


def test_the_question_where_it_begins_keeps_its_loss(wrong_first):
    assert outcome(wrong_first, "test_step") == outcome(wrong_first, "test_base") == LOST
    assert results(wrong_first)["test_step"].hint


def test_a_check_that_asks_for_no_name_of_its_own_question_earns_nothing_from_the_reference(wrong_first):
    assert outcome(wrong_first, "test_the_step_alone") == (Outcome.FAILED, "q1")
    assert results(wrong_first)["test_the_step_alone"].points == 0


def test_a_question_that_is_right_by_itself_is_no_origin(wrong_first):
    assert results(wrong_first)["test_way"].passes_with == "q1"  # and not q2, whose own code is right


@pytest.mark.parametrize(
    "walk",
    [
        f"steps = {{1: (step, 2), 2: [step]}}\n{WALK.replace('step(', 'steps[1][0](')}",
        WALK.replace("times)", "times, step=step)", 1),
        f"table = {{}}\ntable[1] = step\n{WALK.replace('step(', 'table[1](')}",
        "def again(x, n): return x if n < 1 else again(step(x), n - 1)\ndef walk(x, times): return again(x, times)",
    ],
    ids=["table", "default", "filled later", "own function"],
)
def test_functions_are_found_wherever_the_notebook_keeps_them(pool, walk):
    assert outcome(examined(pool, STEP, BASE, walk, WALKER, WAY), "test_walk") == COUNTED


@pytest.mark.parametrize(
    ("cells", "check"),
    [
        ((STEP, BASE, WALK.replace("step(x)", "step(x) + 1"), WALKER, WAY), "test_walk"),
        ((STEP, BASE, WALK.replace("step(x)", "x / 2 + 2"), WALKER, WAY), "test_walk"),
        ((STEP, BASE, WALK, WALKER.replace("2 *", "3 *"), WAY), "test_walker"),
        ((STEP, BASE, WALK, WALKER, WAY.replace("4.5", "1")), "test_way"),
    ],
    ids=["wrong by itself, too", "does not use it", "wrong class", "the last one"],
)
def test_a_question_with_a_mistake_of_its_own_loses_its_points(pool, cells, check):
    assert outcome(examined(pool, *cells), check) == LOST


def test_what_a_question_does_to_itself_stays_its_own_doing(pool):
    walker = WALKER.replace("2 *", "(walks.append(0), 2)[1] *")
    walk = f"walks = []\n{WALK.replace('return x', 'return x + len(walks)')}"  # wrong once a Walker went two
    done = examined(pool, STEP, BASE.replace("3.0", "1.0"), walk, walker, WAY)
    assert [outcome(done, check) for check in ("test_walk", "test_walker", "test_stays")] == [
        COUNTED,
        (Outcome.PASSED, ""),
        LOST,
    ]


@pytest.mark.parametrize(
    ("ended", "message", "follows"),
    [
        (Outcome.FAILED, "too large by the factor 2", True),
        (Outcome.TIMEOUT, "no answer within 5 s", True),
        (Outcome.PROTOCOL, "running the notebook's cells: all answers together are too large", False),
        (Outcome.TIMEOUT, "the 60 s for the whole submission are used up, the most by q1", False),
        (Outcome.TIMEOUT, "the share of q2 in the 60 s for the whole submission is used up", False),
        (Outcome.DEFERRED, "docker is not running", False),
        (Outcome.PASSED, "", False),
    ],
)
def test_what_ended_because_nothing_was_left_follows_from_no_function(ended, message, follows):
    assert follow_ups.is_failure(CheckResult("test_walk", "q2", ended, 1, message)) is follows


THIEF = """
def way(x):
    import gc
    step(x)
    for space in (vars(step).get('__globals__', {}), step.__globals__, *gc.get_objects()):
        if type(space) is dict and ('SECRET' in space or space.get('way', way) is not way):
            return 7.0
    return 0.0
"""


def test_nothing_of_the_question_itself_or_of_a_later_one_is_there_to_be_stolen(pool):
    assert outcome(examined(pool, STEP, BASE, WALK, WALKER, THIEF), "test_way") == LOST


@pytest.mark.parametrize(
    "cells",
    [
        (),
        ("def step(x): raise NotImplementedError", "def walk(x, times): raise NotImplementedError"),
        tuple(f"def {name}(*args): return None" for name in ("step", "Base", "walk", "Walker", "way")),
    ],
    ids=["empty", "unwritten", "nonsense"],
)
def test_who_wrote_nothing_gets_nothing(pool, cells):
    assert not any(result.outcome.earns for result in examined(pool, *cells).results)


@pytest.mark.parametrize(
    "last",
    [
        "import os\ndef walk(x, times):\n    os._exit(0) if step(2.0) == 2.0 else step(x)",
        "import types\nclass Shut(types.ModuleType):\n    __dict__ = property(lambda self: 1 / 0)\n"
        "import sys\nsys.modules['__main__'].__class__ = Shut\n" + WALK,
        "globals()[1] = 2\n" + WALK,
    ],
    ids=["ends there", "module that resists", "odd names"],
)
def test_whoever_resists_stays_with_what_there_was(pool, last):
    done = examined(pool, STEP, BASE, last, WALKER, WAY)
    assert not done.fault
    assert not results(done)["test_walk"].outcome.earns


# ------------------------------------------------------------------------------------------------ evidence


def test_it_is_evidence_and_is_judged_again_without_running_anything(paths, wrong_first):
    assert {f"test_walk{BESIDE}", f"test_way{BESIDE}"} <= heard(wrong_first).keys()
    again = task(*WRONG_FIRST, evidence=tuple(wrong_first.transcripts.values()))
    with Pool(paths, "tiny", PoolSpec("none")) as nobody:
        [(_, judged)] = nobody.run(iter([again]))
    assert (judged.asked_live, judged.fault) == (0, "")
    assert [replace(row, wall_s=0.0) for row in judged.results] == [
        replace(row, wall_s=0.0) for row in wrong_first.results
    ]


def test_a_question_that_is_examined_alone_knows_which_others_fail(pool):
    assert outcome(examined(pool, *WRONG_FIRST, questions=("q2",), failing=("q1",)), "test_walk") == COUNTED
    assert outcome(examined(pool, *WRONG_FIRST, questions=("q2",)), "test_walk") == LOST


def test_a_machine_that_fails_beside_the_reference_defers_what_would_be_forgiven(paths, wrong_first):
    alone = {name: Transcript() for name in wrong_first.transcripts}
    for name, part in wrong_first.transcripts.items():
        alone[name].read(part)
        alone[name].checks = {check: said for check, said in alone[name].checks.items() if not check.endswith(BESIDE)}
    parts = tuple(each.part(list(each.checks)) for each in alone.values())
    with Pool(paths, "tiny", PoolSpec("none")) as nobody:
        [(_, judged)] = nobody.run(iter([task(*WRONG_FIRST, evidence=parts)]))
    assert results(judged)["test_walk"].outcome is Outcome.DEFERRED and judged.fault


# ------------------------------------------------------------------------------------------------ the course's choice


def test_by_default_it_is_said_and_earns_nothing(tmp_path):
    course = chained_course(tmp_path, "named")
    text = course.assignment_toml("tiny").read_text()
    course.assignment_toml("tiny").write_text(text.replace('follow_up_errors = "named"\n', ""))
    with Pool(course, "tiny", IN_PROCESSES) as named:
        done = examined(named, *WRONG_FIRST)
    assert outcome(done, "test_walk") == (Outcome.FAILED, "q1")
    assert results(done)["test_walk"].points == 0
    assert outcome(done, "test_step") == LOST


def test_where_it_is_off_the_reference_stays_out_of_the_sandbox(tmp_path):
    course = chained_course(tmp_path, "off")
    with Pool(course, "tiny", IN_PROCESSES) as pool:
        done = examined(pool, *WRONG_FIRST)
    assert outcome(done, "test_walk") == (Outcome.FAILED, "")
    assert "test_walk" in heard(done)
    assert not any(check.endswith(BESIDE) for check in heard(done))


def test_a_change_of_the_choice_or_of_another_questions_test_is_a_change_of_the_question(paths, tmp_path):
    assignment = read_assignment(paths, "tiny")
    forgiving, naming = (
        question_digests(paths, replace(assignment, follow_up_errors=how)) for how in (FORGIVEN, NAMED)
    )
    assert all(forgiving[question] != naming[question] for question in forgiving)
    file = paths.hidden_tests("tiny") / "test_q1.py"
    text = file.read_text()
    file.write_text(f"{text}\n# another version\n")
    try:
        assert question_digests(paths, assignment)["q3"] != forgiving["q3"]
        assert question_digests(paths, replace(assignment, follow_up_errors=NAMED))["q3"] == naming["q3"]
    finally:
        file.write_text(text)


def test_another_word_is_refused(paths):
    with pytest.raises(AuthoringError, match="must be one of named, forgiven, off, got 'none'"):
        replace(read_assignment(paths, "tiny"), follow_up_errors="none")


# ------------------------------------------------------------------------------------------------ what is put in place


def test_where_the_earlier_reference_needs_a_later_question_it_is_not_tried(paths):
    assignment = read_assignment(paths, "tiny")
    q1, q2, _ = assignment.questions
    assert "def half" in follow_ups.source_for(paths, assignment, "q2", (q1,))
    assert "SECRET" not in follow_ups.source_for(paths, assignment, "q3", (q1, q2))
    assert not follow_ups.source_for(paths, assignment, "q1", (q2,))  # q2 needs q1


def test_without_a_reference_it_is_not_tried(paths, tmp_path):
    assignment = read_assignment(paths, "tiny")
    assert not follow_ups.source_for(Paths(tmp_path), assignment, "q2", assignment.questions[:1])


# ------------------------------------------------------------------------------------------------ a real assignment


def test_a_real_notebook_with_one_wrong_slope_reads_that_its_network_is_right():
    paths = Paths(PACKAGE.parent)
    wrong = "# %%\n# q4, once more\ndef d_tanh(z):\n    return 1 - as_float(z) ** 2\n"
    text = read_master(paths, "a1_mlp").replace(
        "# %% [raw]\n# # BEGIN QUESTION\n# name: q5\n", f"{wrong}\n# %% [raw]\n", 1
    )
    assert wrong in text
    book = Submission("ada", "a1_mlp", "a1.py", text.encode())
    with Pool(paths, "a1_mlp", IN_PROCESSES) as pool:
        [(_, done)] = pool.run(iter([Task(book, "5eed", ("q4", "q5", "q8"))]))
    lost = [row for row in done.results if not row.outcome.earns]
    assert {row.question for row in lost} == {"q4", "q8"}
    assert {row.passes_with for row in lost if row.question == "q8"} == {"q4"}
    assert all(row.by_itself and not row.hint for row in lost if row.question == "q8")
    assert {row.passes_with for row in lost if row.question == "q4"} == {""}
