"""Time is judged fairly: by the processor, each question from its share, each function for itself. And all ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from tiny import IN_PROCESSES, ended, hidden, opened, small_course, submission

from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.paths import Paths
from grader.sandbox.process import ProcessSandbox
from grader.schema import Assignment, Limits, Outcome, Question, Status

BUSY = "while True: pass"
COMPUTES = """import time
def f():
    then = time.process_time()
    while time.process_time() - then < {}: pass
    return 7"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    made = ProcessSandbox(Assignment("tiny", "Tiny", (Question("q1", "One", 1),), Limits()))
    yield made
    made.close()


@pytest.fixture
def shared_processor() -> Iterator[None]:
    """What is started now has a quarter of one processor: three others never leave it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    command = [sys.executable, "-c", BUSY]
    others = [subprocess.Popen(command, start_new_session=True) for _ in range(3)]  # Linux may share by session
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()
        os.sched_setaffinity(0, before)


def test_on_a_busy_machine_cells_and_calls_have_the_processor_time_they_were_promised(shared_processor):
    alone = ProcessSandbox(Assignment("tiny", "Tiny", (Question("q1", "One", 1),), Limits()))
    try:
        computes = COMPUTES.format(0.4)
        with opened(alone, computes, "x = f()", load_s=1.4, call_s=0.6) as one:
            assert one.raised == []  # a cell has half of 0.9 of load_s
            assert one.check().f() == 7
            assert one.channel.opened == 1
            assert one.channel.wall_s > 1.4 + 0.6  # by the clock on the wall either would have been too long
    finally:
        alone.close()


HANGS = {
    "computes": (BUSY, ""),
    "sleeps": ("import time; time.sleep(99)", "waiting most of the time"),
    "lets children compute": ("import os\n    if os.fork() == 0:\n        while True: pass\n    os.wait()", ""),
    "lets hidden children compute": (
        "import os, signal, time\n    signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n    while True:\n"
        "        if os.fork() == 0:\n            then = time.process_time()\n"
        "            while time.process_time() - then < 0.02: pass\n            os._exit(0)\n        time.sleep(0.03)",
        "",
    ),
    "stops itself": ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)\n    while True: pass", ""),
}


@pytest.mark.parametrize(("body", "says"), HANGS.values(), ids=HANGS)
def test_whatever_hangs_ends_and_its_neighbours_keep_their_patience(sandbox, body, says):
    slow = COMPUTES.format(0.12)
    with opened(sandbox, f"def hang():\n    {body}", slow, call_s=0.3) as one:
        for name in ("test_one", "test_two", "test_three"):
            outcome, message = ended(one.check(name, question="q1").hang)
            assert outcome is Outcome.TIMEOUT
            assert says in message or name == "test_three"
        assert message.startswith("no answer within 0.06 s")  # the third time
        assert one.check("test_four", question="q1").f() == 7


def test_what_only_waited_is_asked_once_more_and_then_no_more(sandbox):
    later = time.time() + 0.8
    soon = f"import time\ndef f():\n    time.sleep(99 if time.time() < {later} else 0)\n    return 7"
    with opened(sandbox, soon, call_s=0.3) as one:
        assert one.check().f() == 7
        assert one.channel.opened == 2
    with opened(sandbox, "import time\ndef f():\n    time.sleep(99)", call_s=0.1) as one:
        for name in ("test_one", "test_two"):
            assert ended(one.check(name).f)[0] is Outcome.TIMEOUT
        assert one.channel.opened == 3  # twice for the first check


# ------------------------------------------------------------------------------------------------ a whole submission

CHEAP = """
import pytest
from grader.testing import same
pytestmark = [pytest.mark.question("q1"), pytest.mark.points(1)]

def test_a(student): same(student.cheap(), 7)
def test_b(student): same(student.cheap(), 7)
def test_c(student): same(student.cheap(), 7)
"""
SHORT = """
import pytest
from grader.testing import same
pytestmark = [pytest.mark.question("q2"), pytest.mark.points(1)]

def test_short(student):
    with student.limit(0.2):
        same(student.short(), 7)
"""
TRAINS = """
import pytest
from grader.testing import same
pytestmark = [pytest.mark.question("q10"), pytest.mark.points(1)]
TRAINING_S = 0.6

@pytest.fixture(scope="module")
def runs(): return {}

def once(runs, train):
    try:
        runs[""] = runs[""] if "" in runs else train()
    except Exception as fault:
        runs[""] = fault
    if isinstance(runs[""], Exception):
        raise runs[""]
    return runs[""]

def trained(student, name):
    with student.limit(call_s=TRAINING_S):
        return getattr(student, name)()

def test_train_one(student, runs): same(once(runs, lambda: trained(student, "one")), 7)
def test_train_one_again(student, runs): same(once(runs, lambda: trained(student, "one")), 7)
def test_train_two(student): same(trained(student, "two"), 7)
def test_train_three(student): same(trained(student, "three"), 7)
"""
NAMES = ("cheap", "short", "one", "two", "three")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """q10 trains; by name its tests come first."""
    paths = small_course(tmp_path_factory.mktemp("time"))
    for file in paths.hidden_tests("tiny").glob("*.py"):
        file.unlink()
    for name, text in {"test_q1.py": CHEAP, "test_q10.py": TRAINS, "test_q2.py": SHORT}.items():
        hidden(paths, name, text)
    description = paths.assignment_toml("tiny")
    text = description.read_text().partition("[[question]]")[0]
    text = text.replace("call_s = 10", "call_s = 0.5").replace("total_s = 60", "total_s = 1.6")
    for question in ("q10", "q1", "q2"):
        text += f'[[question]]\nid = "{question}"\ntitle = "One"\npoints = 1\nnames = []\n'
    description.write_text(text)
    return paths


@pytest.fixture(scope="module")
def pool(course: Paths) -> Iterator[Pool]:
    with Pool(course, "tiny", IN_PROCESSES) as made:
        yield made


def notebook(**bodies: str) -> list[str]:
    """Every name answers 7 at once, but for these."""
    computes = {seconds: COMPUTES.format(seconds).replace("\n", "\n    ") for seconds in bodies.values()}
    cells = [f"def {name}(): return 7" for name in NAMES]
    for name, body in bodies.items():
        text = computes[body] + "\n    return f()" if body[0].isdigit() else body
        cells.append(f"def {name}():\n    {text}")
    return cells


HANG, SLEEP = BUSY, "import time; time.sleep(99)"
SUBMISSIONS = {
    "trainings that never end cost nothing but themselves": (
        {"one": HANG, "two": HANG, "three": HANG},
        {"test_train_one": "no answer", "test_train_one_again": "no answer", "test_train_two": "no answer",
         "test_train_three": "the 1.6 s for the whole submission are used up, the most by q10"},
    ),
    "a slow right answer goes on with what others leave": ({"cheap": "0.25"}, {}),
    "a deadline that is told twice was one": (
        {"one": HANG, "two": "0.25", "three": "0.25"},
        {"test_train_one": "no answer within 0.6 s", "test_train_one_again": "no answer within 0.6 s"},
    ),
    "who sleeps costs the others nothing": (  # nor what they need of the time that it would take
        {"cheap": SLEEP, "one": "0.4", "two": "0.3"},
        {"test_a": "no answer within 0.5 s; it was waiting", "test_b": "", "test_c": ""},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("bodies", "lost"), SUBMISSIONS.values(), ids=SUBMISSIONS)
def test_time_that_one_question_takes_is_not_taken_from_another(pool, bodies, lost):
    task = Task(submission("ada", *notebook(**bodies)), "5eed", ("q1", "q2", "q10"))
    [(_, examined)] = pool.run(iter([task]))
    assert (examined.status, examined.fault) == (Status.GRADED, "")
    said = {result.name: result.message for result in examined.results if result.outcome is Outcome.TIMEOUT}
    assert said.keys() == lost.keys()
    assert all(said[name].startswith(lost[name]) for name in lost), said
    assert all(result.outcome.earns for result in examined.results if result.name not in lost)


def test_the_same_evidence_is_judged_the_same_and_nothing_is_asked_again(pool):
    bodies, lost = SUBMISSIONS["trainings that never end cost nothing but themselves"]
    task = Task(submission("ada", *notebook(**bodies)), "5eed", ("q1", "q2", "q10"))
    [(_, first)] = pool.run(iter([task]))
    again = Task(task.submission, task.seed, task.questions, evidence=tuple(first.transcripts.values()))
    [(_, second)] = pool.run(iter([again]))
    assert second.asked_live == 0
    assert [(row.outcome, row.message) for row in second.results] == [
        (row.outcome, row.message) for row in first.results
    ]


def test_the_cheap_come_first_and_then_the_order_of_the_assignment(course):
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    folder = course.hidden_tests("tiny")
    asked = [*command, f"--rootdir={course.root}", str(folder)]
    done = subprocess.run(asked, cwd=course.root, capture_output=True, text=True, check=False)
    names = [line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line]
    assert names[:4] == ["test_a", "test_b", "test_c", "test_short"] and len(names) == 8, done.stdout + done.stderr
