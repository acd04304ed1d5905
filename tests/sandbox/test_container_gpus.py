"""GPUs in containers: a real Docker engine that gives them, over a stand-in for NVIDIA's toolkit and driver's library.

The engine is one of the test's own, with a network, a store and a socket of its own, so the machine's is left alone.
Its GPUs are none: /dev/nvidia0 leads to /dev/null, and torch's device is tests/pretend_gpu.py. What is real is the way
there: the request, the engine's hook and its complaints, the jail around the nodes, slots, the record, the doctor.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tiny import RIGHT, ipynb, small_course

from grader.paths import PACKAGE
from grader.record.store import Store

pytestmark = [pytest.mark.long, pytest.mark.docker]
HERE = Path(__file__).parent
FIRST, SECOND = (f"GPU-5eed000{place}-0000-0000-0000-000000000000" for place in (0, 1))
INSTANCE = "MIG-5eed0000-0000-0000-0000-000000000001"
LIST = """\
GPU 0: NVIDIA Stub (UUID: GPU-5eed0000-0000-0000-0000-000000000000)
  MIG 3g.40gb     Device  0: (UUID: MIG-5eed0000-0000-0000-0000-000000000000)
GPU 1: NVIDIA Stub (UUID: GPU-5eed0001-0000-0000-0000-000000000000)
"""
SMI = f"""#!/bin/sh
case "$1" in
    --list-gpus) cat <<END
{LIST}END
    ;;
    *) echo '0, NVIDIA Stub, 16384 MiB' ; echo '1, NVIDIA Stub, 16384 MiB' ;;
esac
"""


@dataclass
class Engine:
    """The test's own engine and driver; `environment` is of whoever uses them."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def say(self, *lines: str) -> None:
        """Change what the driver answers, at once."""
        written = self.folder / "answers.new"
        written.write_text("".join(f"{line}\n" for line in lines))
        written.rename(self.folder / "answers")

    def run(self, *command: str, **options: object) -> subprocess.CompletedProcess[str]:
        given = {"env": self.environment, "capture_output": True, "text": True, "timeout": 300, **options}
        return subprocess.run([sys.executable, *command], check=False, **given)  # type: ignore[call-overload,no-any-return]

    def session(self, scenario: str) -> object:
        """What came of a scenario of container_session.py."""
        done = self.run(str(HERE / "container_session.py"), scenario)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def requests(self) -> list[str]:
        """What the hook was asked for so far: GPUs and capabilities of every container."""
        return (self.folder / "log").read_text().splitlines()


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Iterator[Engine]:
    """Copies the grading image, a gigabyte, which takes most of a minute."""
    pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
    if os.geteuid() or not all(map(shutil.which, ("dockerd", "unshare", "nsenter", "gcc"))):
        pytest.skip("needs root, dockerd on this machine, and gcc")
    folder = tmp_path_factory.mktemp("engine")
    made = Engine(folder)
    for name in ("bin", "driver", "library"):
        (folder / name).mkdir()
    library = folder / "library" / "libnvidia-ml.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-o", library, HERE / "nvml_stub.c"], check=True)
    hook = f'#!/bin/sh\nexec {sys.executable} {HERE / "nvidia_hook.py"} "$@"\n'
    for name, text in (("nvidia-container-runtime-hook", hook), ("nvidia-smi", SMI)):
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    shutil.copy(HERE.parent / "pretend_gpu.py", folder / "driver")
    (folder / "log").touch()
    (folder / "daemon.json").write_text("{}")
    made.say()
    made.environment = os.environ | {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), str(HERE.parent), os.environ.get("PYTHONPATH", "")]),
        "LD_LIBRARY_PATH": str(folder / "library"),
        "NVML_ANSWERS": str(folder / "answers"),
        "FAKE_DRIVER": str(folder / "driver"),
        "FAKE_DRIVER_LOG": str(folder / "log"),
        "DOCKER_HOST": f"unix://{folder / 'docker.sock'}",
    }
    places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid", "config-file": "daemon.json"}
    options = [f"--{option}={folder / name}" for option, name in places.items()]
    options += ["--iptables=false", "--ip6tables=false", "--bridge=none", f"--host={made.environment['DOCKER_HOST']}"]
    # in a network of its own, for an engine without a bridge takes the other's away
    with (
        (folder / "dockerd.log").open("w") as log,
        subprocess.Popen(
            ["unshare", "--net", "dockerd", *options], env=made.environment, stdout=log, stderr=log
        ) as daemon,
    ):
        try:
            deadline = time.monotonic() + 30
            docker = {"env": made.environment, "check": False, "capture_output": True}
            while subprocess.run(["docker", "version"], **docker).returncode:
                assert daemon.poll() is None and time.monotonic() < deadline, (folder / "dockerd.log").read_text()
                time.sleep(0.2)
            with subprocess.Popen(["docker", "save", "grader:latest"], stdout=subprocess.PIPE) as saving:
                loaded = subprocess.run(["docker", "load", "-q"], stdin=saving.stdout, **docker)
            assert loaded.returncode == 0, loaded.stderr
            yield made
        finally:
            daemon.terminate()
            daemon.wait(60)
    subprocess.run(["find", str(folder / "data"), "-delete"], check=False)


@pytest.fixture(autouse=True)
def well(engine):
    """Every test begins with a driver that is well."""
    engine.say()


# ------------------------------------------------------------------------------------------------ what is given


@pytest.mark.parametrize("gpu", ["0", "1", SECOND, INSTANCE])
def test_a_candidate_of_every_level_has_the_gpu_that_was_asked_for_and_no_other(engine, gpu):
    if gpu == INSTANCE:
        engine.say("divided 2")
    before = len(engine.requests)
    seen = engine.session(f"nodes {gpu}")
    number = "1" if gpu in ("1", SECOND) else "0"
    assert {"strict", "zygote-caps"} <= set(seen)
    assert seen == dict.fromkeys(seen, [["nvidia-uvm", f"nvidia{number}", "nvidiactl"], True])
    assert {request.split()[0] for request in engine.requests[before:]} == {gpu}
    assert {frozenset(request.split()[1].split(",")) for request in engine.requests[before:]} == {
        frozenset({"compute", "utility"})
    }


def test_a_candidate_without_a_gpu_has_none(engine):
    seen = engine.session("nodes -")
    assert seen == dict.fromkeys({"strict", "zygote-caps"} | set(seen), [[], False])


def test_tensors_of_a_container_lie_on_the_device_that_its_gpu_brings(engine):
    assert engine.session("tensors 0") == ["pretend:0", [2.0, 4.0], "error"]


def test_two_slots_on_one_gpu_grade_side_by_side_and_one_that_takes_too_much_is_ended(engine):
    assert engine.session("two_slots 0") == [["ada", "graded", ["passed"]], ["bob", "graded", ["memory"]]]


# ------------------------------------------------------------------------------------------------ grade


def course(folder: Path, students: int, seconds: float) -> list[str]:
    """A course whose class hands in right notebooks, each of which takes so many seconds."""
    paths = small_course(folder)
    (paths.root / "in").mkdir()
    names = [f"s{place}" for place in range(students)]
    for name in names:
        content = ipynb(*RIGHT, f"import time\ntime.sleep({seconds})\nname = {name!r}")
        (paths.root / "in" / f"{name}.ipynb").write_bytes(content)
    return names


def graded(engine: Engine, folder: Path, *options: str, setup: str = "") -> subprocess.CompletedProcess[str]:
    command = f"{setup}\nimport sys\nfrom grader.cli import main\nsys.exit(main(sys.argv[1:]))"
    return engine.run("-c", command, "grade", "tiny", "in", *options, cwd=folder)


def points(folder: Path) -> dict[str, str]:
    from grader.paths import Paths

    with Store.open(Paths(folder).record, read_only=True) as store:
        return {who: str(stored.attempt.points) for who, stored in store.current_attempts("tiny").items()}


WITHOUT_NVML = "import sys\nsys.modules['pynvml'] = None"


def with_a_driver(folder: Path) -> str:
    """Code that has this process believe that the kernel has a driver."""
    (folder / "version").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module\n")
    there = f"container_gpu.DRIVER = Path({str(folder / 'version')!r})"
    return f"from pathlib import Path\nfrom grader.sandbox import container_gpu\n{there}"


@pytest.mark.parametrize("isolation", ["zygote", "strict"])
@pytest.mark.parametrize(
    ("answers", "gpu", "says"),
    [
        ("init 18", "0", "of different versions, as after an update: restart the machine"),
        ("init 9", "0", "the NVIDIA driver is not loaded: modprobe nvidia"),
        ("", "7", "there is no GPU 7 on this machine"),
        ("gpu1 15", "1", "GPU 1 is lost"),
    ],
)
def test_grade_says_what_is_wrong_with_a_gpu_also_where_docker_alone_can_tell(
    engine, tmp_path, answers, gpu, says, isolation
):
    course(tmp_path, 1, 0)
    engine.say(answers)
    for setup in ("", WITHOUT_NVML):
        done = graded(engine, tmp_path, "--gpus", gpu, "--isolation", isolation, setup=setup)
        assert done.returncode == 4, done.stderr
        assert says in done.stderr and "Auto-detected" not in done.stderr, done.stderr


def test_without_the_container_toolkit_grade_says_what_to_install(engine, tmp_path, monkeypatch):
    course(tmp_path, 1, 0)
    monkeypatch.delitem(engine.environment, "DOCKER_HOST")  # this machine's engine has no hook
    done = graded(engine, tmp_path, "--gpus", "0", setup=with_a_driver(tmp_path))
    assert done.returncode == 4 and "install nvidia-container-toolkit" in done.stderr, done.stderr


def test_a_divided_gpu_is_refused_and_its_instances_are_taken(engine, tmp_path):
    course(tmp_path, 2, 0)
    engine.say("divided 2")
    done = graded(engine, tmp_path, "--gpus", "0")
    assert done.returncode == 4 and f"--gpus {INSTANCE[:-1]}0,{INSTANCE}" in done.stderr, done.stderr
    done = graded(engine, tmp_path, "--gpus", f"{INSTANCE[:-1]}0,{INSTANCE}")
    assert done.returncode == 0 and points(tmp_path) == {"s0": "17/2", "s1": "17/2"}, done.stderr


def test_two_slots_that_do_not_fit_a_gpu_are_refused(engine, tmp_path):
    course(tmp_path, 1, 0)
    engine.say("total 8192")
    done = graded(engine, tmp_path, "--gpus", "0,0")
    assert done.returncode == 4 and "name it in --gpus once" in done.stderr, done.stderr


def test_a_gpu_that_is_lost_in_mid_run_costs_nobody_a_mark_while_there_is_another(engine, tmp_path):
    names = course(tmp_path, 8, 1)
    done = _lost_in_mid_run(engine, tmp_path, "gpu1 15", "0,1")
    assert done.returncode == 0, done.stderr
    assert points(tmp_path) == dict.fromkeys(names, "17/2")


def test_a_class_whose_only_gpu_is_lost_is_deferred_and_the_same_command_goes_on(engine, tmp_path):
    names = course(tmp_path, 6, 1)
    done = _lost_in_mid_run(engine, tmp_path, "gpu0 15", "0")
    assert done.returncode == 1, done.stderr
    assert "GPU 0 is lost: the driver cannot reach it any more" in done.stderr
    engine.say()
    assert graded(engine, tmp_path, "--gpus", "0").returncode == 0
    assert points(tmp_path) == dict.fromkeys(names, "17/2")


def _lost_in_mid_run(engine, folder, answer, gpus):
    """Grade a class, and have a GPU lost when the second result is there."""
    command = [sys.executable, "-m", "grader.cli", "grade", "tiny", "in", "--gpus", gpus]
    with subprocess.Popen(
        command, cwd=folder, env=engine.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        deadline = time.monotonic() + 60
        while running.poll() is None and _on_record(folder) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        engine.say(answer)
        out, err = running.communicate(timeout=200)
    return subprocess.CompletedProcess(command, running.returncode, out, err)


def _on_record(folder):
    from grader.paths import Paths

    record = Paths(folder).record
    return len(points(folder)) if record.exists() else 0


# ------------------------------------------------------------------------------------------------ doctor


def doctor(engine: Engine, setup: str = "") -> dict[str, dict[str, object]]:
    command = f"{setup}\nimport sys\nfrom grader.cli import main\nsys.exit(main(['doctor', '--json']))"
    done = engine.run("-c", command)
    assert done.returncode == 0, done.stderr
    return {finding["about"]: finding for finding in json.loads(done.stdout)}


def test_doctor_lists_gpus_and_says_that_the_images_torch_reaches_none(engine):
    found = doctor(engine)
    assert found["gpu"]["ok"] and "1, NVIDIA Stub, 16384 MiB; MIG 3g.40gb Device 0: (UUID: MIG-" in found["gpu"]["says"]
    assert found["video memory"]["ok"]
    assert not found["gpu (docker)"]["ok"] and "not compiled with CUDA" in found["gpu (docker)"]["says"]
    assert "grader image build --force" in found["gpu (docker)"]["advice"]


def test_doctor_names_a_driver_mismatch(engine):
    engine.say("init 18")
    for setup in ("", WITHOUT_NVML):
        found = doctor(engine, setup)
        assert not found["gpu (docker)"]["ok"] and "restart the machine" in found["gpu (docker)"]["advice"]


def test_doctor_names_the_toolkit_that_is_missing(engine, tmp_path, monkeypatch):
    monkeypatch.delitem(engine.environment, "DOCKER_HOST")
    found = doctor(engine, with_a_driver(tmp_path))
    assert not found["gpu (docker)"]["ok"] and "install nvidia-container-toolkit" in found["gpu (docker)"]["advice"]
