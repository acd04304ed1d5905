"""Killed at any instant, the same command goes on: same gradebook, nothing graded twice, nothing left behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny import RIGHT, ipynb, small_course

from grader.errors import UsageError
from grader.record.store import Store

KILLS = 6
SEED = 5
BREAK = "import os\ndef running_sum(x):\n    os._exit(3)"
CLASS = {
    "ada": ipynb(*RIGHT),
    "bob": ipynb(*RIGHT, "def running_sum(x):\n    return x"),
    "cy": ipynb("x = 1"),
    "dee": b"%PDF-1.7 printed",
    "eve": ipynb(*RIGHT),  # ada's, letter for letter
    "fay": ipynb(*RIGHT, BREAK),
    "gus": ipynb(*RIGHT, "Counter.step = lambda self: [None for _ in iter(int, 1)]"),  # never ends
    "hal": ipynb("1 / 0", *RIGHT),
    "ivy": ipynb(*RIGHT, "import numpy as np\ndef softmax(z):\n    return np.exp(z)"),
    "jo": ipynb(*RIGHT, "print('x' * 100_000)"),
    "kim": ipynb(*RIGHT, "def softmax(z):\n    raise ValueError(z)"),
    "lee": ipynb(*RIGHT, "import os, time\nif os.fork() == 0:\n    time.sleep(99)"),
}


@pytest.fixture
def course(tmp_path):
    """Make courses with the same secret and the same work handed in."""

    def make(name):
        paths = small_course(tmp_path / name)
        (paths.root / "roster.csv").write_text("student,name,email\n" + "".join(f"{who},,\n" for who in CLASS))
        (paths.root / "in").mkdir()
        for student, content in CLASS.items():
            (paths.root / "in" / f"{student}.ipynb").write_bytes(content)
        paths.state.mkdir(mode=0o700)
        paths.secret.write_text("the same for all of them\n")
        return paths

    return make


@pytest.fixture
def environment(tmp_path):
    """A folder of its own for what is temporary, so that it can be seen whether something is left."""
    (tmp_path / "t").mkdir()
    return os.environ | {"TMPDIR": str(tmp_path / "t"), "OMP_NUM_THREADS": "1"}


def grader(paths, environment, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "grader.cli", *arguments],
        cwd=paths.root,
        env=environment | {"GRADER_COURSE": str(paths.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def grade(paths, environment):
    return grader(paths, environment, "grade", "tiny", "in", "--workers", "2")


def gradebook(paths, environment):
    """What the course is to be judged by: the marks, and of every attempt all but what it cost."""
    process = grader(paths, environment, "marks", "--json")
    marks, _ = process.communicate(timeout=30)
    with Store.open(paths.record, read_only=True) as store:
        attempts = {student: [stored.attempt for stored in store.history(student, "tiny")] for student in CLASS}
    return json.loads(marks)["students"], {
        student: list(map(judgement, history)) for student, history in attempts.items()
    }


def judgement(attempt):
    results = [(row.name, row.question, row.outcome, row.message, row.hint, row.points) for row in attempt.results]
    return attempt.status, attempt.evidence, attempt.notices, results


def recorded(paths):
    """How many students have an attempt on record."""
    try:
        with Store.open(paths.record, read_only=True) as store:
            return len(store.current_attempts("tiny"))
    except UsageError:
        return 0


def below(pid):
    """The process ids of everything that a process started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def containers_of(processes):
    """Names of the containers that these processes made."""
    form = '{{.Names}} {{.Label "grader.owner"}}'
    shown = subprocess.run(
        ["docker", "ps", "-a", "--filter", "label=grader.owner", "--format", form],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split() for line in shown.stdout.splitlines()]
    return [name for name, owner in rows if int(owner.partition(":")[0]) in processes]


def wait_until(holds, seconds=15):
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds()


@pytest.mark.docker
@pytest.mark.slow
def test_killed_at_random_instants_the_same_command_comes_to_the_same_gradebook(course, environment):
    undisturbed = course("undisturbed")
    started = time.monotonic()
    first = grade(undisturbed, environment)
    first.communicate(timeout=60)
    assert first.returncode == 1  # one file is no notebook
    whole_s = time.monotonic() - started
    expected = gradebook(undisturbed, environment)
    assert all(len(history) == 1 for history in expected[1].values())

    chance, ours, kills, at_work, rounds = random.Random(SEED), set(), 0, 0, 0
    while kills < KILLS:
        rounds += 1
        paths = course(f"round{rounds}")
        code = None
        while code is None:
            process = grade(paths, environment)
            try:
                code = process.wait(timeout=chance.uniform(0.1, whole_s) if kills < KILLS else 60)
            except subprocess.TimeoutExpired:
                kills += 1
                ours |= below(process.pid)
                target = os.killpg if chance.random() < 0.4 else os.kill
                target(process.pid, signal.SIGKILL)
                process.wait()
                at_work += 0 < recorded(paths) < len(CLASS)
            process.communicate()
        marks, attempts = gradebook(paths, environment)
        assert attempts == expected[1]
        assert marks == expected[0]
    assert at_work >= KILLS // 4, "hardly a run was killed while it had something to lose"
    assert wait_until(lambda: not any(map(alive, ours))), [pid for pid in ours if alive(pid)]
    assert wait_until(lambda: not containers_of(ours)), containers_of(ours)
    last = grade(paths, environment)  # has nothing to do but to take away what the killed ones left
    last.communicate(timeout=60)
    assert gradebook(paths, environment) == expected
    assert list(Path(environment["TMPDIR"]).iterdir()) == []
