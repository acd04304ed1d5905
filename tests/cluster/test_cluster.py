"""A batch on many machines, without any fault: what is carried, what is said, what is refused before anything runs."""

import dataclasses
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys

import httpx
import pytest
from tiny import RIGHT, attempts, ipynb, small_course, submission

from grader.cluster import greeting
from grader.cluster.board import Board
from grader.cluster.engines import connected
from grader.cluster.members import Member, State
from grader.cluster.packing import pack, unpack
from grader.cluster.tries import Try
from grader.course.config import read_course
from grader.errors import AuthoringError, MachineryError
from grader.examination.task import Examined, Task, deferred
from grader.execution.batch import again_is_pointless
from grader.record.store import Store
from grader.schema import BROKEN, Status

GOOD = Examined(Status.GRADED)


@pytest.fixture
def paths(tmp_path):
    return small_course(tmp_path)


def grader(paths, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "grader.cli", *arguments],
        cwd=paths.root,
        env=os.environ | {"GRADER_COURSE": str(paths.root), "TMPDIR": str(paths.root / "t")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


# ------------------------------------------------------------------------------------------------ whole


def test_two_nodes_of_this_machine_interrupted_and_begun_again(paths):
    (paths.root / "in").mkdir()
    (paths.root / "t").mkdir()
    students = [f"s{place}" for place in range(5)]
    for student in students:
        content = ipynb(*RIGHT, f"import time\ntime.sleep(3)\nname = {student!r}")
        (paths.root / "in" / f"{student}.ipynb").write_bytes(content)
    command = ("grade", "tiny", "in", "--sandbox", "process", "--cluster", "local")
    first = grader(paths, *command)
    said = ""
    for line in first.stderr:
        said += line
        if ", 1 of 5, " in line:
            break
    status = grader(paths, "status", "tiny")
    shown, _ = status.communicate(timeout=30)
    found = re.search(r"what the cluster does: (http://127.0.0.1:\d+/\S+)", said)
    assert found, said
    page = httpx.get(found[1])
    assert page.status_code == 200 and "tls://127.0.0.1:" in page.text, page.text
    os.killpg(first.pid, signal.SIGINT)  # what a terminal does
    _, rest = first.communicate(timeout=30)
    assert first.returncode == 130 and "the same command goes on from here" in rest
    assert "Traceback" not in rest, rest
    host = os.uname().nodename
    assert re.search(rf"grader: 2 nodes, \d+ slots: node {host} \d+ slots?, node {host} \(2\) .*; process-", said), said
    assert found[1] in shown
    assert f"  node {host}: s" in shown and f"  node {host} (2): s" in shown, shown
    second = grader(paths, *command)
    _, said = second.communicate(timeout=60)
    assert second.returncode == 0 and "graded before" in said, said
    assert attempts(paths) == dict.fromkeys(students, 1)
    with Store.open(paths.record, read_only=True) as store:
        marks = {who: float(stored.attempt.points) for who, stored in store.current_attempts("tiny").items()}
    assert marks == dict.fromkeys(students, 8.5)
    assert list((paths.root / "t").iterdir()) == [] and list(paths.clusters.iterdir()) == []


@pytest.mark.long
def test_who_has_no_certificate_does_not_get_in(paths):
    from distributed import Client

    machines = connected("local", {}, paths, 1)
    try:
        address = machines.client.scheduler.address
        assert address.startswith("tls://127.0.0.1:") and not machines.readable
        for scheme in ("tls", "tcp"):
            with pytest.raises((OSError, TypeError)):
                Client(address.replace("tls", scheme, 1), timeout=3)
    finally:
        machines.close()


def test_status_shows_nodes_that_get_ready_before_anything_is_recorded(paths):
    board = Board.put_up(paths, "tiny", "http://127.0.0.1:8787/status")
    here, there = Member("tcp://a", "node a", State.OPENING), Member("tcp://b", "node b", State.OPEN, slots=(0, 1))
    board.show([here, there], {0: "node b slot 1", 1: "node b slot 2"}, {1: "ada"})
    (paths.root / "t").mkdir()
    page, _ = grader(paths, "status", "tiny").communicate(timeout=30)
    assert page.splitlines() == [
        "tiny on a cluster; Dask's page of it: http://127.0.0.1:8787/status",
        "  node a: getting ready",
        "  node b slot 1: idle",
        "  node b slot 2: ada",
    ]
    document, _ = grader(paths, "status", "tiny", "--json").communicate(timeout=30)
    assert [node["state"] for node in json.loads(document)["clusters"][0]["nodes"]] == ["getting ready", "ready"]


# ------------------------------------------------------------------------------------------------ said before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--cluster", "lab"], "--cluster lab: there is local, slurm, or the address of a scheduler"),
        (["--cluster", "pbs"], '--cluster pbs: course.toml says which machines: a table [cluster] with kind = "pbs"'),
        (["--cluster", "head:8786"], "an address begins with tcp:// or tls://, as in tls://head:8786"),
        (["--cluster", "tls://127.0.0.1:9"], "--cluster tls://127.0.0.1:9: Dask's settings name no certificates"),
        (["--cluster", ""], "which cluster? the name is empty"),
        (["--cluster", "tcp://127.0.0.1:9"], "127.0.0.1:9: no scheduler answers there: [Errno 111] Connection refused"),
    ],
)
def test_a_cluster_that_there_is_not(paths, options, says):
    with paths.course_toml.open("a") as file:
        file.write('[cluster]\nkind = "slurm"\n')
    (paths.root / "t").mkdir()
    run = grader(paths, "grade", "tiny", str(paths.course_toml), *options)
    _, said = run.communicate(timeout=60)
    assert run.returncode in (2, 3, 4) and says in said, said
    assert "Traceback" not in said


def command(folder, name, text):
    """A command of a batch system that is not there; what it does."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("table", "sbatch", "says"),
    [
        ("cores = 1", "", "cluster slurm: You must specify how much cores and memory per job you want to use\n"),
        ('cores = 1\nmemory = "1GB"\nqueu = "a"', "", "cluster slurm: queu is no option of this engine\n"),
        ('cores = 1\nmemory = "1GB"', "", "cluster slurm: there is no sbatch on this machine; begin where jobs"),
        (
            'cores = 1\nmemory = "1GB"',
            "echo 'sbatch: error: invalid partition specified: a' >&2\nexit 1",
            "cluster slurm: the job was refused: sbatch: error: invalid partition specified: a\n",
        ),
    ],
    ids=["no memory", "an unknown option", "no batch system", "no such partition"],
)
def test_what_a_batch_system_refuses_is_said_at_once(paths, monkeypatch, table, sbatch, says):
    """It was waited for without end, behind tracebacks."""
    with paths.course_toml.open("a") as file:
        file.write(f'[cluster]\nkind = "slurm"\ninterface = "lo"\n{table}\n')
    (paths.root / "t").mkdir()
    (paths.root / "in").mkdir()
    (paths.root / "in" / "ada.ipynb").write_bytes(ipynb(*RIGHT))
    (paths.root / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{paths.root / 'bin'}:/bin:/usr/bin" if sbatch else str(paths.root / "bin"))
    if sbatch or "queu" in table or "memory" not in table:
        command(paths.root / "bin", "sbatch", sbatch)
    run = grader(paths, "grade", "tiny", "in", "--cluster", "slurm", "--sandbox", "process")
    _, said = run.communicate(timeout=60)
    assert run.returncode in (3, 4) and says in said, said
    assert "Traceback" not in said
    assert list((paths.root / "t").iterdir()) == [] and list(paths.clusters.iterdir()) == []


def test_of_machines_reached_by_ssh_one_alone_is_no_node(paths):
    with paths.course_toml.open("a") as file:
        file.write('[cluster]\nkind = "ssh"\nhosts = ["lab1"]\n')
    (paths.root / "t").mkdir()
    run = grader(paths, "doctor", "--cluster", "ssh")
    _, said = run.communicate(timeout=60)
    assert run.returncode == 3 and "cluster ssh: hosts is a list of two at least" in said, said


def test_an_option_that_a_node_of_this_machine_does_not_know(paths):
    with paths.course_toml.open("a") as file:
        file.write('[cluster]\nkind = "local"\nthreads = 3\n')
    (paths.root / "t").mkdir()
    _, said = grader(paths, "doctor", "--cluster", "local").communicate(timeout=60)
    assert "course.toml: cluster local: threads is no option of this engine" in said, said


def test_without_dask_it_says_what_to_install(paths):
    without = "import sys; sys.modules['dask'] = None; from grader.cli import main; sys.exit(main(sys.argv[1:]))"
    (paths.root / "in").mkdir()
    (paths.root / "in" / "ada.ipynb").write_bytes(ipynb(*RIGHT))
    command = [sys.executable, "-c", without, "grade", "tiny", "in", "--sandbox", "process"]
    environment = os.environ | {"GRADER_COURSE": str(paths.root)}
    run = subprocess.run([*command, "--cluster", "local"], env=environment, cwd=paths.root, capture_output=True)
    assert run.returncode == 2
    says = "grader: --cluster needs Dask (dask is missing): pip install 'coursegrader[cluster]'\n"
    assert run.stderr.decode().endswith(says)
    run = subprocess.run([*command, "--workers", "1"], env=environment, cwd=paths.root, capture_output=True)
    assert run.returncode == 0, run.stderr


def test_nothing_of_dask_is_imported_where_no_cluster_is_asked_for():
    program = "import sys, grader.cli, grader.commands.grading, grader.commands.correcting, grader.commands.machine\n"
    program += "print([name for name in sys.modules if name.partition('.')[0] in ('dask', 'distributed', 'tornado')])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


# ------------------------------------------------------------------------------------------------ course.toml


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ('[cluster]\nkind = "local"\n', {"local": ("local", 2, {})}),
        (
            '[cluster]\nkind = "slurm"\nnodes = 8\ncores = 4\nmemory = "8GB"\njob_extra_directives = ["--qos=low"]\n',
            {"slurm": ("slurm", 8, {"cores": 4, "memory": "8GB", "job_extra_directives": ["--qos=low"]})},
        ),
        (
            '[cluster.lab]\nkind = "ssh"\nhosts = ["lab1", "lab2"]\n[cluster.gpus]\nkind = "slurm"\n',
            {"lab": ("ssh", 2, {"hosts": ["lab1", "lab2"]}), "gpus": ("slurm", 2, {})},
        ),
        ('[cluster]\nkind = "lsf"\nshare = 0.5\n', {"lsf": ("lsf", 2, {"share": 0.5})}),
    ],
    ids=["one", "the engine's own options as they are", "several by name", "numbers"],
)  # fmt: skip
def test_clusters_of_a_course(paths, text, clusters):
    with paths.course_toml.open("a") as file:
        file.write(text)
    read = read_course(paths).clusters
    assert {name: (each.kind, each.nodes, each.options) for name, each in read.items()} == clusters
    plain = {str, int, float, list, dict}  # and no Decimal, which an engine may not take
    assert all(type(value) in plain for each in read.values() for value in each.options.values())


def test_a_cluster_without_a_kind_or_of_another_one_is_refused(paths):
    before = paths.course_toml.read_text()
    for text, says in (
        ("[cluster]\nnodes = 2\n", "course.toml: cluster: kind is missing"),
        ('[cluster.lab]\nkind = "slrm"\n', "course.toml: cluster.lab: kind must be one of local, ssh, slurm"),
        (
            '[cluster]\nkind = "slurm"\n[cluster.lab]\nkind = "ssh"\n',
            "course.toml: cluster: beside [cluster.lab] every cluster needs a name of its own, as in [cluster.big]",
        ),
        ('[cluster]\nkind = "local"\nnodes = 0\n', "course.toml: cluster: nodes must be 1 at least, got 0"),
    ):
        paths.course_toml.write_text(before + text)
        with pytest.raises(AuthoringError, match=re.escape(says)):
            read_course(paths)


# ------------------------------------------------------------------------------------------------ the archive


def test_the_archive_holds_what_a_node_needs_and_nothing_of_students(paths, monkeypatch, tmp_path):
    paths.state.mkdir()
    paths.secret.write_text("secret")
    shutil.copytree(paths.assignment("tiny"), paths.assignment("other"))  # course.toml may name it
    (paths.root / "roster.csv").write_text("student,name,email\nada,,\n")
    first = pack(paths, "tiny")
    assert pack(paths, "tiny") == first
    (tmp_path / "node").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "node"))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = unpack(first)
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    tests = {f"assignments/tiny/hidden/test_q{number}.py" for number in (1, 2, 3)}
    described = {f"assignments/{name}/assignment.toml" for name in ("tiny", "other")}
    assert found == {"course.toml", "solutions/tiny/tiny.py"} | described | tests
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.name.startswith(f"grader-{os.getpid()}-") and folder.name.endswith(first.digest[:16])
    (paths.hidden_tests("tiny") / "test_q1.py").write_text("# other\n")
    assert pack(paths, "tiny").digest != first.digest


def test_a_damaged_archive_is_not_unpacked(paths):
    archive = pack(paths, "tiny")
    damaged = dataclasses.replace(archive, content=archive.content[:-1] + b"x")
    with pytest.raises(MachineryError, match="damaged on its way"):
        unpack(damaged)


# ------------------------------------------------------------------------------------------------ tried again


def a_try():
    return Try(Task(submission("ada"), "5eed", ("q1",)))


def test_a_task_whose_node_ends_is_tried_once_more_alone_and_then_named():
    tried = a_try()
    assert not tried.alone
    assert tried.node_ended("node a") is None and tried.alone
    examined = tried.node_ended("node b")
    assert examined is not None and examined.status is Status.DEFERRED
    assert "node a and node b ended while examining it" in examined.fault
    assert again_is_pointless(examined.fault)


def test_what_a_machine_failed_at_is_tried_on_one_other_machine():
    tried = a_try()
    assert tried.answered("node a", deferred("no space left on device"), others=True) is None
    assert tried.answered("node b", GOOD, others=True) is GOOD
    tried = a_try()
    assert tried.answered("node a", deferred("no space"), others=False) == deferred("no space")
    tried = a_try()
    assert tried.answered("node a", deferred("no space"), others=True) is None
    assert tried.answered("node b", deferred("no room"), others=True) == deferred("no room")


def test_a_hidden_test_that_fails_by_itself_is_tried_on_no_other_machine():
    broken = deferred(f"{BROKEN}: NameError")
    assert a_try().answered("node a", broken, others=True) is broken


# ------------------------------------------------------------------------------------------------ who it is


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, ""),
        ({"version": "", "source": ""}, "has no grader; install version"),
        ({"version": "0.0.9"}, "has grader 0.0.9, and here it is"),
        ({"source": "0" * 64}, "of another source; install the same files there"),
    ],
)
def test_whose_program_is_another_cannot_be_a_node(change, says):
    assert says in greeting.why_not(greeting.program() | change)
    assert bool(greeting.why_not(greeting.program() | change)) == bool(says)


def test_a_clock_is_wrong_by_what_cannot_be_the_way_there_and_back(monkeypatch):
    monkeypatch.setattr(greeting.time, "time", lambda: 1003.0)
    assert greeting.clock_off_s(1001.0, asked=1000.0) == 0
    assert greeting.clock_off_s(1103.0, asked=1000.0) == 100
    assert greeting.clock_off_s(900.0, asked=1000.0) == -100
    assert greeting.clock_in_words(-100) == "its clock is 100 s behind; no mark depends on that"
