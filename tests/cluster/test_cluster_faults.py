"""What goes wrong with machines: always the same gradebook, nothing graded twice, nothing left, the right blame."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from dask_machines import keepers, left_in, machines, wait_until
from tiny import IN_PROCESSES, RIGHT, ipynb, small_course, submission

from grader.cluster.engines import connected
from grader.cluster.pool import ClusterPool
from grader.course.config import read_assignment
from grader.errors import MachineryError
from grader.execution import batch
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import PACKAGE
from grader.record.store import Store
from grader.sandbox import leftovers
from grader.schema import Status

WRONG = "def running_sum(x):\n    return 1.01 * np.cumsum(x)"
DEADLY = "def running_sum(x):\n    return np.full(len(x), 7.0)"
SLEEPY = "import time\ntime.sleep(1.5)"
CLASS = {
    "ada": (*RIGHT, SLEEPY),
    "bob": (*RIGHT, WRONG),
    "cy": (*RIGHT, "x = 1", SLEEPY),
    "dee": ("x = 2",),
    "eve": (*RIGHT, "x = 3", SLEEPY),
    "fay": (*RIGHT, "import os\ndef running_sum(x):\n    os._exit(3)"),
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The gradebook as this machine alone makes it."""
    paths = course(tmp_path_factory.mktemp("alone"))
    with Pool(paths, "tiny", PoolSpec("process", gpus=(None, None))) as pool:
        grade(paths, pool, CLASS)
    return gradebook(paths)


@pytest.fixture
def paths(tmp_path):
    return course(tmp_path / "course")


def course(folder):
    """The small course, with the same secret wherever it is."""
    paths = small_course(folder)
    paths.state.mkdir(mode=0o700)
    paths.secret.write_text("the same for all of them\n")
    return paths


def class_of(students):
    return [submission(student, *sources) for student, sources in students.items()]


def grade(paths, pool, students):
    """Grade in this pool, and record; rows by student."""
    assignment = read_assignment(paths, "tiny")
    with Store.open(paths.record) as store:
        run = store.begin_run("tiny", "test")
        tests, secret = batch.question_digests(paths, assignment), batch.course_secret(paths)
        rows = batch.Batch(store, assignment, tests, secret, run).grade(pool, class_of(students))
        return {row.submission.student: row for row in rows}


def gradebook(paths):
    """Every attempt on record, with all that decides a mark."""
    with Store.open(paths.record, read_only=True) as store:
        students = store.current_digests("tiny")
        histories = {who: [stored.attempt for stored in store.history(who, "tiny")] for who in students}
    return {who: list(map(judgement, history)) for who, history in histories.items()}


def judgement(attempt):
    results = [(row.name, row.outcome, row.message, row.hint, row.points) for row in attempt.results]
    return attempt.status, attempt.evidence, attempt.notices, results


class Nodes:
    """A cluster pool on machines of the test; what it said, and who is asked when a task is given out."""

    def __init__(self, there, paths, spec=IN_PROCESSES, count=1, each=None):
        self.said = []
        reached = connected(there.address, {}, paths, None)
        reached.client.wait_for_workers(count, timeout=60)
        self.pool = ClusterPool(reached, paths, "tiny", spec, each, self.said.append)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.pool.close()


def when_given(pool, student, do):
    """Do something a moment after a student's task was given to a node; with the number of the slot."""
    todo = [do]

    def watch(slot, task):
        if task is not None and task.submission.student == student and todo:
            threading.Timer(0.7, todo.pop(), [slot]).start()

    pool.watch = watch


def none_left(there):
    return wait_until(lambda: not [pid for pid, folder in keepers().items() if folder == str(there.temporary)]) and (
        wait_until(lambda: left_in(there.temporary) == [])
    )


def node_of(nodes, slot, workers):
    """The process of the worker that has this slot."""
    [member] = [member for member in nodes.pool.members.all.values() if slot in member.slots]
    [name] = [name for name in workers if member.address == address_of(nodes, name)]
    return workers[name]


def address_of(nodes, name):
    client = nodes.pool.machines.client
    there = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
    return next((address for address, worker in there.items() if worker["name"] == name), None)


def other_program(folder, change):
    """A copy of the program in which one file is changed; returns what PYTHONPATH must be."""
    shutil.copytree(PACKAGE, folder / "grader", ignore=shutil.ignore_patterns("__pycache__", "shipped"))
    file = folder / "grader" / "__init__.py"
    file.write_text(change(file.read_text()))
    return str(folder)


def test_a_node_killed_in_mid_task_beside_one_of_another_version_and_one_whose_clock_is_wrong(
    tmp_path, paths, expected
):
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "sitecustomize.py").write_text(
        "import time\nnow = time.time\ntime.time = lambda: now() - 3600\n"
    )
    old = other_program(tmp_path / "old", lambda text: re.sub('__version__ = ".*"', '__version__ = "0.0.9"', text))
    with machines(tmp_path) as there:
        workers = {
            "good": there.worker("good"),
            "late": there.worker("late", PYTHONPATH=f"{tmp_path / 'late'}:{PACKAGE.parent}"),
            "old": there.worker("old", PYTHONPATH=old),
        }
        with Nodes(there, paths, count=3) as nodes:
            when_given(nodes.pool, "eve", lambda slot: there.kill(node_of(nodes, slot, workers)))
            rows = grade(paths, nodes.pool, CLASS)
        assert gradebook(paths) == expected
        assert all(row.attempt.status is Status.GRADED for row in rows.values())
        assert any("has grader 0.0.9, and here it is" in said for said in nodes.said), nodes.said
        assert any(re.search(r"its clock is 3[56]\d\d s behind", said) for said in nodes.said), nodes.said
        assert [said for said in nodes.said if said.endswith(" is gone")], nodes.said
        assert none_left(there), (keepers(), left_in(there.temporary))


@pytest.mark.long
def test_a_task_that_ends_its_node_twice_is_named_and_takes_no_third_one(tmp_path, paths):
    file = paths.hidden_tests("tiny") / "test_q3.py"
    file.write_text(file.read_text() + KILLING)
    students = {"ada": RIGHT, "kim": (*RIGHT, DEADLY), "bob": (*RIGHT, SLEEPY), "cy": (*RIGHT, "x = 1", SLEEPY)}
    with machines(tmp_path) as there:
        workers = [there.worker(name, slots=2) for name in "abc"]
        with Nodes(there, paths, count=3) as nodes:
            assert len(nodes.pool.members.open) == 3
            rows = grade(paths, nodes.pool, students)
        assert sorted(worker.poll() is None for worker in workers) == [False, False, True]
        assert rows["kim"].attempt.status is Status.DEFERRED
        assert re.fullmatch(
            r"took its node down twice: node \S+( \(\d\))? and node \S+( \(\d\))? ended while examining it; "
            "it is given to no other",
            rows["kim"].fault,
        )
        for student in ("ada", "bob", "cy"):
            assert rows[student].attempt.status is Status.GRADED and rows[student].attempt.points > 8
        assert none_left(there)


KILLING = """

@pytest.mark.question("q3")
@pytest.mark.points(1)
def test_deadly(student):
    import os
    from pathlib import Path

    if abs(float(student.running_sum(np.ones(3))[0]) - 7.0) > 1e-9:
        return
    pid = os.getpid()
    while pid > 1 and b"dask_worker" not in Path(f"/proc/{pid}/cmdline").read_bytes():
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    if pid > 1:
        os.kill(pid, 9)
"""


@pytest.mark.long
def test_a_result_that_comes_twice_is_recorded_once(tmp_path, paths, expected):
    with machines(tmp_path, DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL="4s") as there:
        workers = {name: there.worker(name) for name in "ab"}
        with Nodes(there, paths, count=2) as nodes:
            frozen = []

            def freeze(slot):
                frozen.append(node_of(nodes, slot, workers))
                frozen[0].send_signal(signal.SIGSTOP)
                threading.Timer(12, frozen[0].send_signal, [signal.SIGCONT]).start()

            when_given(nodes.pool, "ada", freeze)
            grade(paths, nodes.pool, CLASS)
            assert frozen and any(said.endswith("is gone") for said in nodes.said), nodes.said
            time.sleep(14)  # the frozen one says what it has to say
        assert gradebook(paths) == expected
        assert none_left(there)


@pytest.mark.long
def test_a_node_whose_disk_is_full_gets_nothing_and_is_named(tmp_path, paths, expected):
    small = tmp_path / "small"
    small.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", small], check=False).returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        with machines(tmp_path) as there:
            there.worker("good")
            there.worker("full", "--local-directory", str(there.temporary), TMPDIR=str(small))
            with Nodes(there, paths, count=2) as nodes:
                grade(paths, nodes.pool, CLASS)
            assert gradebook(paths) == expected
            assert any("No space left on device" in said for said in nodes.said), nodes.said
            assert none_left(there) and list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", "-l", small], check=True)


class Proxy:
    """Carries bytes between a port and another one, until it is told to wait."""

    def __init__(self, port):
        self.flows = threading.Event()
        self.flows.set()
        self.to = port
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self._open, daemon=True).start()

    def _open(self):
        while True:
            try:
                here, _ = self.door.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self.to))
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one, other):
        with one, other:
            try:
                while some := one.recv(65536):
                    self.flows.wait()
                    other.sendall(some)
            except OSError:
                return

    def close(self):
        self.flows.set()
        self.door.close()


@pytest.mark.long
def test_a_network_that_stalls_for_a_minute_loses_nothing(tmp_path, paths, expected):
    with machines(tmp_path) as there:
        proxy = Proxy(int(there.address.rpartition(":")[2]))
        there.worker("far", at=f"tcp://127.0.0.1:{proxy.port}")
        with Nodes(there, paths) as nodes:
            when_given(nodes.pool, "ada", lambda slot: proxy.flows.clear())
            threading.Timer(75, proxy.flows.set).start()
            began = time.monotonic()
            grade(paths, nodes.pool, CLASS)
            assert time.monotonic() - began > 60 and nodes.said == []
        assert gradebook(paths) == expected
        assert none_left(there)
        proxy.close()


# ------------------------------------------------------------------------------------------------ killed from outside


def command(paths, there):
    """`grader grade` on these machines, as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "grader.cli", "grade", "tiny", "in", "--sandbox", "process", "--cluster", there.address],
        cwd=paths.root,
        env=there.environment | {"GRADER_COURSE": str(paths.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def hand_in(paths):
    (paths.root / "in").mkdir()
    for student, sources in CLASS.items():
        (paths.root / "in" / f"{student}.ipynb").write_bytes(ipynb(*sources))


def graded_some(process):
    """Wait until two rows are there and not all of them."""
    return next(line for line in process.stderr if re.search(r", [23] of 6, ", line))


@pytest.mark.long
@pytest.mark.parametrize("whom", ["coordinator", "scheduler"])
def test_the_same_command_goes_on_after_a_kill(tmp_path, paths, expected, whom):
    hand_in(paths)
    with machines(tmp_path) as there:
        for name in "ab":
            there.worker(name)
        first = command(paths, there)
        assert graded_some(first)
        there.kill(first if whom == "coordinator" else there.scheduler)
        _, said = first.communicate(timeout=60)
        if whom == "scheduler":
            assert first.returncode == 4 and "the cluster's scheduler is gone; the same command goes on from" in said
            assert "Traceback" not in said
        assert none_left(there), (keepers(), left_in(there.temporary))
        if whom == "coordinator":
            _, said = command(paths, there).communicate(timeout=60)
            assert "graded before" in said
    if whom == "scheduler":
        (tmp_path / "again").mkdir()
        with machines(tmp_path / "again") as there:
            there.worker("c")
            _, said = command(paths, there).communicate(timeout=60)
            assert "graded before" in said
            assert none_left(there)
    assert gradebook(paths) == expected
    assert list(paths.clusters.iterdir()) == []


def test_no_node_is_an_error_that_names_who_was_refused(tmp_path, paths, monkeypatch):
    monkeypatch.setattr("grader.cluster.engines.SOON_S", 3.0)
    other = other_program(tmp_path / "other", lambda text: text + "# another source\n")
    with machines(tmp_path) as there:
        there.worker("other", PYTHONPATH=other)
        with pytest.raises(MachineryError, match="no node is ready: node .* of another source; install the same files"):
            Nodes(there, paths)


def test_a_node_without_a_gpu_is_refused_where_gpus_are_asked_for(tmp_path, paths, monkeypatch):
    """It graded on its processor, and the record said cuda."""
    monkeypatch.setattr("grader.cluster.engines.SOON_S", 3.0)
    with machines(tmp_path) as there:
        there.worker("plain", PATH=str(tmp_path))
        with pytest.raises(MachineryError, match="no node is ready: node .* has no NVIDIA driver, and --gpus asks"):
            Nodes(there, paths, PoolSpec("process", gpus=("0",)), each=1)


# ------------------------------------------------------------------------------------------------ with containers


@pytest.mark.docker
@pytest.mark.long
def test_a_node_that_loses_docker_is_set_aside_and_the_others_grade(tmp_path, paths, monkeypatch):
    engine = tmp_path / "docker.sock"
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(engine))
    door.listen()
    threading.Thread(target=carry_to_docker, args=(door,), daemon=True).start()
    spec = PoolSpec("docker", level="strict")  # a container for every submission
    students = {f"s{place}": (*RIGHT, f"n = {place}") for place in range(8)}
    with machines(tmp_path) as there:
        there.worker("good")
        there.worker("losing", DOCKER_HOST=f"unix://{engine}")
        with Nodes(there, paths, spec, count=2) as nodes:
            assert len(nodes.pool.members.open) == 2
            when_given(nodes.pool, "s0", lambda slot: lose(door, engine))
            rows = grade(paths, nodes.pool, students)
        assert any(" was set aside: " in said for said in nodes.said), nodes.said
        assert {float(row.attempt.points) for row in rows.values()} == {8.5}
        assert wait_until(lambda: str(there.temporary) not in keepers().values())
        monkeypatch.setattr("tempfile.tempdir", str(there.temporary))
        leftovers.reap()  # what could not be taken away without an engine goes with the next start
        assert left_in(there.temporary) == []


def carry_to_docker(door):
    """Carry what comes through this door to the engine."""
    while True:
        try:
            here, _ = door.accept()
        except OSError:
            return
        there = socket.socket(socket.AF_UNIX)
        there.connect("/var/run/docker.sock")
        for one, other in ((here, there), (there, here)):
            threading.Thread(target=copy, args=(one, other), daemon=True).start()


def copy(one: socket.socket, other: socket.socket) -> None:
    try:
        while some := one.recv(65536):
            other.sendall(some)
    except OSError:
        return


def lose(door: socket.socket, engine: Path) -> None:
    door.close()
    engine.unlink()
