"""What students who cheat may try, run through the real line: pool, batch, record, document.

For every attack of the corpus (`tests/attacks`): it gains nothing, it learns nothing, it harms nobody, and what came of
it is put down to the student and not to the machine. Between the attacks an honest submission is graded on the same
pool, again and again; it must not notice.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attacks.corpus import LEVELS, PAGE, Attack, attacks, honest, page_with_tables
from attacks.grading import (
    BUSY,
    CANARY,
    SECRET,
    NotIsolated,
    Run,
    attacked_course,
    check_gain,
    check_leak,
    container_is_killed,
    grade_all,
    spec_for,
    worker_is_killed,
    zygote_is_killed,
)

from grader.course.config import read_assignment
from grader.errors import GraderError
from grader.examination.task import Task
from grader.execution.batch import Batch, Graded, course_secret, question_digests
from grader.execution.pool import Pool
from grader.paths import Paths
from grader.record.store import Store
from grader.sandbox.engine import connect
from grader.schema import Attempt, Outcome, Status, Submission

CORPUS = tuple(attacks())
MARKS = {
    "process": [],
    "zygote": [pytest.mark.docker],
    "strict": [pytest.mark.docker, pytest.mark.long],
    "zygote-caps": [pytest.mark.docker, pytest.mark.long],
}
EVERYWHERE = bool(os.environ.get("GRADER_ALL_ATTACKS"))  # every attack in `strict` too; minutes


def runs_in(attack: Attack, level: str) -> bool:
    """A gpu attack needs scripts/gpu-checks; `strict` differs from the others only where a jail is missed."""
    if attack.gpu:
        return False
    return attack.runs_in(level) or (EVERYWHERE and level == "strict" and attack.assignment == "probe")


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Paths:
    return attacked_course(tmp_path_factory.mktemp("attacked"))


@pytest.fixture(scope="module")
def runs(course):
    """Runs by (assignment, level), each made when the first test asks for it."""
    made: dict[tuple[str, str], Run | BaseException] = {}
    os.environ[SECRET] = f"canary{CANARY}"

    def run(assignment: str, level: str) -> Run:
        if (assignment, level) not in made:
            chosen = [attack for attack in CORPUS if attack.assignment == assignment and runs_in(attack, level)]
            try:
                made[assignment, level] = grade_all(course, assignment, level, chosen)
            except (GraderError, NotIsolated) as error:  # the same for all that ask for it
                made[assignment, level] = error
        found = made[assignment, level]
        if isinstance(found, NotIsolated):
            pytest.skip(str(found))
        if isinstance(found, BaseException):
            raise found
        return found

    yield run
    del os.environ[SECRET]


# ------------------------------------------------------------------------------------------------ every attack


def cases():
    for level in LEVELS:
        for attack in CORPUS:
            if runs_in(attack, level):
                yield pytest.param(level, attack, id=f"{level}-{attack.name}", marks=MARKS[level])


@pytest.mark.parametrize(("level", "attack"), list(cases()))
def test_an_attack_gains_learns_and_harms_nothing_and_is_called_by_its_name(runs, level, attack):
    rows = runs(attack.assignment, level).rows[attack.student]
    assert len(rows) == attack.runs
    for row in rows:
        assert row.attempt.status is Status(attack.status), (row.graded.fault, row.attempt.notices)
        check_gain(attack, row)
        check_leak(attack, row)
        assert row.attempt.usage.wall_s <= BUSY * attack.max_seconds


@pytest.mark.parametrize("level", [pytest.param(level, marks=MARKS[level]) for level in LEVELS])
@pytest.mark.parametrize("assignment", ["probe", "probe_torch"])
def test_an_honest_submission_among_attacks_does_not_notice_them(runs, assignment, level):
    if not any(attack.assignment == assignment and runs_in(attack, level) for attack in CORPUS):
        pytest.skip(f"no attack of {assignment} runs in {level}")
    run = runs(assignment, level)
    assert len(run.sentinels) == sum(map(len, run.rows.values()))
    first = run.sentinels[0].judgement()
    for row in run.sentinels:
        assert row.judgement() == first
        assert all(outcome is Outcome.PASSED for _, outcome, _, _ in row.judgement())
    assert run.left == []


@pytest.mark.gpu
@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.name) for attack in CORPUS if attack.gpu])
def test_an_attack_on_a_gpu_harms_nobody_either(course, attack):
    run = grade_all(course, attack.assignment, "process", [attack], device="cuda")
    for row in run.rows[attack.student]:
        assert row.attempt.status is Status.GRADED, row.graded.fault
        check_gain(attack, row)
        check_leak(attack, row)
    assert {outcome for row in run.sentinels for _, outcome, _, _ in row.judgement()} == {Outcome.PASSED}


def test_the_page_on_security_shows_every_attack_as_it_is():
    """`python tests/attacks/corpus.py` writes it anew."""
    assert page_with_tables(PAGE.read_text(encoding="utf-8")) == PAGE.read_text(encoding="utf-8")


def test_every_row_of_the_list_has_an_attack():
    rows = {attack.row for attack in CORPUS}
    asked = [f"A{n}" for n in range(1, 15)] + [f"B{n}" for n in range(1, 23)] + [f"C{n}" for n in range(1, 18)]
    assert set(asked + [f"D{n}" for n in range(1, 9)]) == rows


# ------------------------------------------------------------------------------------------------ faults of ours


SLOW = b"""
# %%
import time

def slowly(function):
    def run(*args):
        time.sleep(0.3)
        return function(*args)
    return run

shares, half_life, centred = map(slowly, (shares, half_life, centred))
"""


def grade_while(
    course: Paths, level: str, slots: int, fault: Callable[[Pool], None]
) -> tuple[list[Graded], list[Attempt]]:
    """Grade one slow, honest submission; let `fault` happen when it is half done. Returns rows and all its attempts."""
    assignment = read_assignment(course, "probe")
    submission = Submission("slow", "probe", "slow.py", honest("probe") + SLOW)
    with (
        Pool(course, "probe", spec_for(level, slots)) as pool,
        Store.open(course.root / f"{fault.__name__}-{level}.sqlite") as store,
    ):
        run = store.begin_run("probe", "grade")
        batch = Batch(store, assignment, question_digests(course, assignment), course_secret(course), run)
        happening = threading.Timer(1.0, fault, [pool])
        happening.start()
        rows = list(batch.grade(pool, [submission]))
        happening.join()
        return rows, [stored.attempt for stored in store.history("slow", "probe")]


@pytest.mark.parametrize(
    ("level", "slots", "fault", "deferred"),
    [
        pytest.param("zygote", 1, container_is_killed, 0, marks=pytest.mark.docker, id="docker kill in zygote"),
        pytest.param("strict", 1, container_is_killed, 0, marks=pytest.mark.docker, id="docker kill in strict"),
        pytest.param("process", 1, zygote_is_killed, 0, id="the zygote is killed"),
        pytest.param("process", 2, worker_is_killed, 1, id="a worker is killed"),
    ],
)
def test_what_the_machine_breaks_is_tried_again_and_never_a_zero(course, level, slots, fault, deferred):
    """A sandbox is replaced at once; all else defers the attempt, which is made again."""
    rows, attempts = grade_while(course, level, slots, fault)
    assert [attempt.status for attempt in attempts] == [Status.DEFERRED] * deferred + [Status.GRADED]
    assert [row.attempt.points for row in rows] == [10]


def descendants(of: int) -> set[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listed.splitlines())}
    found = {of}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {of}


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("level", ["process", pytest.param("zygote", marks=pytest.mark.docker)])
def test_a_run_that_is_killed_leaves_no_process_and_no_container(course, level):
    tests = tuple(question_digests(course, read_assignment(course, "probe")))
    slow = Submission("slow", "probe", "slow.py", honest("probe") + SLOW)
    said, saying = os.pipe()
    running = os.fork()
    if running == 0:
        try:
            pool = Pool(course, "probe", spec_for(level, 2))
            os.write(saying, b"up")
            list(pool.run(iter([Task(slow, "00", tests)] * 2)))
        finally:
            os._exit(0)  # never back into the tests, which a process above is at
    os.close(saying)
    assert os.read(said, 2) == b"up"
    os.close(said)
    time.sleep(1)
    below = descendants(running)
    owners = {str(pid) for pid in below}
    assert len(below) >= 5  # host, two workers, two forks
    os.kill(running, signal.SIGKILL)
    os.waitpid(running, 0)
    deadline = time.monotonic() + 15
    while not all(map(gone, below)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [pid for pid in below if not gone(pid)] == []
    if level != "process":
        with connect() as client:
            listed = client.api.containers(filters={"label": "grader.owner"})
            assert not owners & {entry["Labels"]["grader.owner"].split(":")[0] for entry in listed}
