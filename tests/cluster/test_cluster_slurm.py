"""A real Slurm on this machine: its controller, two nodes of one processor each, and a class that they grade."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time

import pytest
from dask_machines import wait_until
from tiny import RIGHT, attempts, ipynb, small_course

from grader.record.store import Store

CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={controller}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={one} CPUs=1 RealMemory=2000
NodeName=two NodeHostname={host} NodeAddr=127.0.0.1 Port={two} CPUs=1 RealMemory=2000
PartitionName=main Nodes=one,two Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


@pytest.fixture
def slurm(tmp_path):
    """The environment in which Slurm's commands talk to a Slurm of the test's own."""
    if os.geteuid() or not all(map(shutil.which, ("slurmctld", "slurmd", "munged"))):
        pytest.skip("needs root and Slurm: apt-get install slurm-wlm")
    folder = tmp_path / "slurm"
    for name in ("state", "spool.one", "spool.two"):
        (folder / name).mkdir(parents=True)
    ports = {name: free_port() for name in ("controller", "one", "two")}
    user, host = getpass.getuser(), socket.gethostname()
    (folder / "slurm.conf").write_text(CONFIGURATION.format(folder=folder, user=user, host=host, **ports))
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
    files = {name: folder / f"munge.{name}" for name in ("socket", "pid", "log", "seed")}
    munged = ["munged", "--foreground", "--force", f"--socket={files['socket']}", f"--key-file={folder / 'munge.key'}"]
    munged += [f"--pid-file={files['pid']}", f"--log-file={files['log']}", f"--seed-file={files['seed']}"]
    commands = [munged, ["slurmctld", "-D"], ["slurmd", "-D", "-N", "one"], ["slurmd", "-D", "-N", "two"]]
    began = []
    for command in commands:
        began.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_until(files["socket"].exists)
    idle = ["sinfo", "--noheader", "--format=%T"]
    try:
        asked = lambda: subprocess.run(idle, env=environment, capture_output=True, text=True, check=False)  # noqa: E731
        assert wait_until(lambda: asked().stdout.split() == ["idle"], 60), (asked(), logs(folder))
        yield environment
    finally:
        for process in reversed(began):
            process.terminate()
        for process in began:
            process.wait(20)


def logs(folder):
    return "\n".join(file.read_text()[-2000:] for file in folder.glob("*.log"))


@pytest.mark.long
def test_jobs_of_slurm_grade_a_class(slurm, tmp_path):
    paths = small_course(tmp_path / "course")
    (paths.root / "in").mkdir()
    (tmp_path / "t").mkdir()
    students = [f"s{place}" for place in range(6)]
    for student in students:
        content = ipynb(*RIGHT, f"import time\ntime.sleep(1)\nname = {student!r}")
        (paths.root / "in" / f"{student}.ipynb").write_bytes(content)
    with paths.course_toml.open("a") as file:
        file.write('[cluster]\nkind = "slurm"\nnodes = 2\ncores = 1\nmemory = "1GB"\nwalltime = "00:10:00"\n')
        file.write(f'interface = "lo"\nlog_directory = "{tmp_path / "jobs"}"\n')
    run = subprocess.run(
        [sys.executable, "-m", "grader.cli", "grade", "tiny", "in", "--sandbox", "process", "--cluster", "slurm"],
        cwd=paths.root,
        env=slurm | {"GRADER_COURSE": str(paths.root), "TMPDIR": str(tmp_path / "t")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert attempts(paths) == dict.fromkeys(students, 1)
    with Store.open(paths.record, read_only=True) as store:
        marks = {who: float(stored.attempt.points) for who, stored in store.current_attempts("tiny").items()}
    assert marks == dict.fromkeys(students, 8.5)
    queue = ["squeue", "--noheader"]
    none = lambda: not subprocess.run(queue, env=slurm, capture_output=True, text=True, check=True).stdout  # noqa: E731
    assert wait_until(none, 30)
    assert list(paths.clusters.iterdir()) == []
    time.sleep(1)
    assert [entry.name for entry in (tmp_path / "t").rglob("grader-*")] == []
