"""Podman behind its Docker-compatible socket: what it is told otherwise, and that a notebook is graded in it."""

import os
import shutil
import subprocess
import time

import pytest
from sandboxes import IMAGE, PROBE, Submission

from grader.sandbox import podman
from grader.sandbox.docker import DockerSandbox, Grant

CONFIG = {
    "SecurityOpt": ["no-new-privileges", 'seccomp={"defaultAction": "SCMP_ACT_ERRNO"}'],
    "Tmpfs": {"/tmp": "size=8m,nr_inodes=4096,uid=1000,gid=1000,mode=0700", "/shm": "size=8m,nr_inodes=4096,mode=0755"},
    "MaskedPaths": ["/proc/keys", "/sys/block"],
    "Memory": 1,
}


def test_podman_is_told_in_its_own_words(tmp_path):
    told = podman.as_it_takes_it(CONFIG, tmp_path)
    profile = tmp_path / "seccomp.json"
    assert told["SecurityOpt"] == ["no-new-privileges", f"seccomp={profile}", "mask=/proc/keys:/sys/block"]
    assert profile.read_text() == '{"defaultAction": "SCMP_ACT_ERRNO"}'
    assert told["Tmpfs"] == {"/tmp": "size=8m,mode=1777,notmpcopyup", "/shm": "size=8m,mode=0755,notmpcopyup"}
    assert {each["Name"] for each in told["Ulimits"]} == {"nofile", "nproc"}
    assert told["Memory"] == 1
    assert podman.as_it_takes_it({**CONFIG, "MaskedPaths": []}, tmp_path)["SecurityOpt"][-1] == "unmask=ALL"


@pytest.fixture(scope="module")
def podman_socket(tmp_path_factory):
    """The socket of a Podman of our own that holds the grading image; copies a gigabyte."""
    if shutil.which("podman") is None or os.geteuid() != 0:
        pytest.skip("Podman is not installed here, or this is not root: apt-get install podman runc")
    folder = tmp_path_factory.mktemp("podman")
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/root"\nrunroot = "{folder}/run"\n'
    )
    (folder / "containers.conf").write_text('[engine]\nruntime = "runc"\n')
    environment = {
        **os.environ,
        "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf",
        "CONTAINERS_CONF": f"{folder}/containers.conf",
    }
    with subprocess.Popen(["docker", "save", IMAGE], stdout=subprocess.PIPE) as saving:
        subprocess.run(["podman", "load", "-q"], stdin=saving.stdout, env=environment, check=True, capture_output=True)
    address = f"unix://{folder}/podman.sock"
    with subprocess.Popen(["podman", "system", "service", "--time=0", address], env=environment) as service:
        while not (folder / "podman.sock").exists():
            assert service.poll() is None
            time.sleep(0.1)
        yield address
        service.terminate()
    subprocess.run(["podman", "system", "reset", "--force"], env=environment, capture_output=True, check=False)


@pytest.mark.docker
@pytest.mark.long
@pytest.mark.parametrize("level", ["userns", "caps", "strict"])
def test_a_notebook_runs_in_podman(podman_socket, monkeypatch, level):
    monkeypatch.setenv("DOCKER_HOST", podman_socket)
    sandbox = DockerSandbox(PROBE, Grant(IMAGE), level)
    try:
        for _ in range(2):
            submission = Submission(sandbox.open())
            assert submission.load("def fine(): return 7") == []
            assert submission.call("fine") == 7
            submission.candidate.close()
    finally:
        sandbox.close()
