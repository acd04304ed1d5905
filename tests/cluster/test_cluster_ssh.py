"""Nodes that are reached by ssh: a real sshd on this machine, with keys of its own."""

import os
import shutil
import socket
import subprocess
import sys

import pytest
from dask_machines import keepers, wait_until
from tiny import RIGHT, attempts, ipynb, small_course

from grader.paths import PACKAGE

CONFIGURATION = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PidFile none
SetEnv PYTHONPATH={program} TMPDIR={temporary} OMP_NUM_THREADS=1
"""
CLUSTER = """\
[cluster.lab]
kind = "ssh"
hosts = ["127.0.0.1", "127.0.0.1", "127.0.0.1"]
remote_python = "{python}"
connect_options = {{ port = {port}, client_keys = ["{folder}/user"], known_hosts = "{folder}/known" }}
"""


@pytest.fixture
def lab(tmp_path):
    """A table for course.toml; behind it are a scheduler's host and two nodes, all of them this machine."""
    pytest.importorskip("asyncssh", reason="pip install asyncssh")
    sshd = shutil.which("sshd")
    if sshd is None or os.geteuid():
        pytest.skip("needs root and sshd: apt-get install openssh-server")
    folder, temporary = tmp_path / "ssh", tmp_path / "t"
    folder.mkdir()
    temporary.mkdir()
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    settings = {"port": port, "folder": folder, "program": PACKAGE.parent, "temporary": temporary}
    (folder / "sshd_config").write_text(CONFIGURATION.format(**settings))
    os.makedirs("/run/sshd", exist_ok=True)
    served = subprocess.Popen([sshd, "-D", "-f", folder / "sshd_config"], stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: answers(port))
        yield CLUSTER.format(python=sys.executable, port=port, folder=folder)
    finally:
        served.terminate()
        served.wait(10)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.mark.long
def test_machines_that_are_reached_by_ssh_grade_a_class(lab, tmp_path):
    paths = small_course(tmp_path / "course")
    (paths.root / "in").mkdir()
    students = [f"s{place}" for place in range(6)]
    for student in students:
        content = ipynb(*RIGHT, f"import time\ntime.sleep(0.5)\nname = {student!r}")
        (paths.root / "in" / f"{student}.ipynb").write_bytes(content)
    with paths.course_toml.open("a") as file:
        file.write(lab)
    run = subprocess.run(
        [sys.executable, "-m", "grader.cli", "grade", "tiny", "in", "--sandbox", "process", "--cluster", "lab"],
        cwd=paths.root,
        env=os.environ | {"GRADER_COURSE": str(paths.root)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert run.returncode == 0, run.stderr
    assert attempts(paths) == dict.fromkeys(students, 1)
    assert wait_until(lambda: str(tmp_path / "t") not in keepers().values())
    assert [entry.name for entry in (tmp_path / "t").rglob("grader-*")] == []
