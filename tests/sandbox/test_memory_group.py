"""A candidate's memory group: what its processes use together is bounded, and who goes is one of them."""

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sandboxes import LIMITS, PROBE, Submission, kinds, made
from tiny import RIGHT, ipynb, small_course

from grader.cli import main
from grader.record.store import Store
from grader.sandbox import CandidateGone, DeadlinePassed, leftovers, memory_group
from grader.schema import Status
from grader.zygote import oom

STUDENTS = ("ann", "bob", "cy")
TESTS = Path(__file__).parents[1]
CHILDREN = """
import os, time

def hoard(count, mib):
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            os.close(3)
            kept = bytearray(mib << 20)
            for place in range(0, len(kept), 4096):
                kept[place] = 1
            time.sleep(100)
        children.append(child)
    ended = set()
    while len(ended) < count // 2:
        child, _ = os.waitpid(-1, 0)
        ended.add(child)
    return len(ended)

def fine():
    return 7
"""


def grouped(kind: str):
    """A sandbox whose candidates have a memory group; skips with the reason where they have none."""
    sandbox = made(kind)
    submission = Submission(sandbox.open())
    if "group of its own (cgroup" not in sandbox.memory:
        submission.candidate.close()
        sandbox.close()
        pytest.skip(sandbox.memory)
    return sandbox, submission


@kinds("process", "docker-userns", "docker-caps", "docker-strict")
def test_processes_that_are_too_large_together_are_ended_and_their_zygote_is_not(kind):
    sandbox, submission = grouped(kind)
    try:
        zygote = sandbox.child.pid if kind == "process" else sandbox.current.id
        assert submission.load(CHILDREN) == []
        try:  # each is within its own limit; a few of them are left, or all of them and the candidate are gone
            assert submission.call("hoard", 6, 200, deadline_s=5) == 3
        except CandidateGone as gone:
            assert gone.ending.how == "memory"
        except DeadlinePassed:
            pytest.fail("nobody was ended")
        submission.candidate.close()
        if kind == "process":
            following = Submission(sandbox.open())
            assert sandbox.child.pid == zygote
            assert following.load(CHILDREN) == []
            assert following.call("fine") == 7
            following.candidate.close()
    finally:
        sandbox.close()


def test_a_group_goes_with_its_sandbox():
    sandbox, submission = grouped("process")
    folder = sandbox.link.group.folder
    assert folder.is_dir()
    submission.candidate.close()
    sandbox.close()
    assert not folder.exists()


def test_a_group_of_the_dead_is_swept_away():
    try:
        group = memory_group.below(os.getpid(), 64)
    except OSError as error:
        pytest.skip(f"no memory group here: {error}")
    dead = subprocess.run([sys.executable, "-S", "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    left = group.folder.with_name(f"grader-{int(dead.stdout)}-{secrets.token_hex(4)}")
    group.remove()
    left.mkdir()
    mine = memory_group.below(os.getpid(), 64)
    leftovers.sweep()
    assert not left.exists() and mine.folder.exists()
    mine.remove()


def test_a_limit_further_out_is_found():
    try:
        group = memory_group.below(os.getpid(), 64)
    except OSError as error:
        pytest.skip(f"no memory group here: {error}")
    waiting = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    try:
        outside = memory_group.limit_around(waiting.pid)
        group.admit(waiting.pid)
        assert memory_group.limit_around(waiting.pid) == 64 << 20
        assert outside is None or outside > 64 << 20
    finally:
        waiting.communicate(b"\n")
        group.remove()


def test_who_may_make_none_is_graded_and_told_why(monkeypatch):
    monkeypatch.setattr(memory_group, "below", lambda process, limit_mib: os.mkdir("/proc/none"))
    sandbox = made("process", PROBE)
    submission = Submission(sandbox.open())
    assert submission.load("def fine(): return 7") == []
    assert submission.call("fine") == 7
    assert "no memory group of its own (" in sandbox.memory and "first to go" in sandbox.memory
    limit = memory_group.limit_around(os.getpid())
    bound = "nothing bounds all" if limit is None else f"together may have {limit >> 20} MiB"
    assert bound in sandbox.memory
    submission.candidate.close()
    sandbox.close()


STARVED = """
import os
import sys
import time

from sandboxes import Submission, made

from grader.errors import SandboxLost

MIB = 1 << 20
input()  # until this process is in the small group
sandbox = made("process")
for number in range(2):
    submission = Submission(sandbox.open())
    submission.load("import time\\ndef waits(): time.sleep(60)")
    hog = os.fork()
    if hog == 0:
        kept = []
        while True:
            kept.append(os.urandom(MIB) * 8)
    try:
        submission.call("waits", deadline_s=30)
    except SandboxLost as loss:
        print(f"{loss.had_mib:.0f} MiB", flush=True)
    os.waitpid(hog, 0)
sandbox.close()
"""


def small_machine(mib: int) -> memory_group.MemoryGroup:
    """A group that stands for a machine with so much memory; skips with the reason where there can be none."""
    try:
        machine = memory_group.below(os.getpid(), mib)
    except OSError as error:
        pytest.skip(f"no memory group here: {error}")
    if machine.version == 2:
        machine.remove()
        pytest.skip("a process and groups below it cannot be in one group of version 2")
    return machine


def run_in(machine: memory_group.MemoryGroup, script: str, cwd: Path = TESTS) -> str:
    """What a script prints that is run in a small machine, of which nothing is left."""
    places = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = {**os.environ, "PYTHONPATH": places, "GRADER_COURSE": str(cwd)}
    command = [sys.executable, "-c", script]
    try:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd, env=environment
        ) as started:
            machine.admit(started.pid)
            return started.communicate("\n", timeout=200)[0]
    finally:
        for place in [*machine.folder.glob("*/cgroup.procs"), machine.folder / "cgroup.procs"]:
            for process in place.read_text().split():
                os.kill(int(process), signal.SIGKILL)
        time.sleep(0.2)
        for below in [each for each in machine.folder.iterdir() if each.is_dir()]:
            below.rmdir()
        machine.remove()


def test_when_the_machine_has_no_memory_left_the_first_to_go_has_done_nothing():
    """Its kernel ends the candidate, who is far from its own limit, and the hog only after it."""
    had = [int(line.split()[0]) for line in run_in(small_machine(500), STARVED).splitlines()]
    assert len(had) == 2 and all(0 < mib < LIMITS.memory_mib / 2 for mib in had)


STORM = """
import os
import signal
import sys

from grader.cli import main

input()
storm = os.fork()
while storm == 0:  # hogs, one after the other: each takes what there is until the kernel ends it
    if os.fork() == 0:
        kept = []
        while True:
            kept.append(bytearray(os.urandom(1 << 20)) * 8)
    os.wait()
print(main(["grade", "tiny", "in", "--sandbox", "process", "--workers", "1", "-q"]), flush=True)
os.kill(storm, signal.SIGKILL)
"""


def test_a_right_notebook_loses_nothing_while_the_machine_has_no_memory_left(tmp_path, monkeypatch):
    machine = small_machine(700)
    paths = small_course(tmp_path / "course")
    (paths.root / "in").mkdir()
    for student in STUDENTS:
        waits = f"import time; time.sleep(0.5)  # {student}"
        (paths.root / "in" / f"{student}.ipynb").write_bytes(ipynb(*RIGHT, waits))
    run_in(machine, STORM, cwd=paths.root)
    with Store.open(paths.record, read_only=True) as store:
        made = [each.attempt for student in STUDENTS for each in store.history(student, "tiny")]
    assert made and all(attempt.points == 8.5 or attempt.status is Status.DEFERRED for attempt in made)
    monkeypatch.setenv("GRADER_COURSE", str(paths.root))
    monkeypatch.chdir(paths.root)
    assert main(["grade", "tiny", "in", "--sandbox", "process", "--workers", "1", "-q"]) == 0
    with Store.open(paths.record, read_only=True) as store:
        assert [store.current_attempt(who, "tiny").attempt.points for who in STUDENTS] == [8.5] * 3


# ------------------------------------------------------------------------------------------------ version 2


@pytest.fixture
def second_version() -> tuple[Path, str]:
    """A group of version 2 with a process in it, and something that this machine lets it control."""
    mounted = memory_group._mounted().get(2)
    top = Path(mounted[0]) if mounted else None
    controllers = (top / "cgroup.controllers").read_text().split() if top else []
    if not controllers or not os.access(top, os.W_OK):
        pytest.skip("no tree of version 2 that this user may write into")
    controller = controllers[0]
    was_there = controller in (top / "cgroup.subtree_control").read_text().split()
    if not was_there:
        (top / "cgroup.subtree_control").write_text(f"+{controller}")
    folder = top / f"grader-test-{secrets.token_hex(4)}"
    folder.mkdir()
    sleeping = subprocess.Popen(["sleep", "100"])
    (folder / "cgroup.procs").write_text(str(sleeping.pid))
    yield folder, controller
    sleeping.kill()
    sleeping.wait()
    for each in (*folder.glob("*/"), folder):
        each.rmdir()
    if not was_there:
        (top / "cgroup.subtree_control").write_text(f"-{controller}")


def test_a_group_of_the_second_version_is_divided_and_its_processes_move(second_version):
    folder, controller = second_version
    with pytest.raises(OSError, match="its group is not delegated to it; start it with: systemd-run"):
        memory_group._divide(folder, may_move=False, controller=controller)
    for _ in range(2):  # the second time it is divided already
        memory_group._divide(folder, may_move=True, controller=controller)
    assert (folder / "cgroup.subtree_control").read_text().split() == [controller]
    assert (folder / "cgroup.procs").read_text() == ""
    assert len((folder / memory_group.OTHERS / "cgroup.procs").read_text().split()) == 1


def test_a_group_without_control_over_memory_says_so(second_version):
    with pytest.raises(OSError, match="no control over numbers"):
        memory_group._divide(second_version[0], may_move=True, controller="numbers")


# ------------------------------------------------------------------------------------------------ counting


def test_what_cannot_be_read_any_more_counts_nothing(tmp_path):
    """A group that went with its container: nobody was ended in it, and no limit was reached, since it was read."""
    (tmp_path / "memory.events").write_text("low 0\nmax 2\noom 1\noom_kill 3\n")
    counters = oom.counters(tmp_path, 2)
    before = oom.counts(counters)
    assert before == oom.Counts(kills=3, limits=1)
    oom.close(counters)
    assert oom.counts(counters).since(before) == oom.Counts()
