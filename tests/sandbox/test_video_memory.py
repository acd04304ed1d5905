"""Watching what submissions hold of a GPU: the real pynvml and real sandboxes, over a stub of the driver's library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.paths import PACKAGE
from grader.sandbox import container_gpu

HERE = Path(__file__).parent
LOST = "GPU 0 is lost"


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """The folder of a stub libnvidia-ml.so.1. Skips where there is nothing to build it with, or to use it."""
    pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed: the stub of the driver's library cannot be built")
    folder = tmp_path_factory.mktemp("driver")
    target = folder / "libnvidia-ml.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-o", target, HERE / "nvml_stub.c"], check=True)
    smi = folder / "nvidia-smi"  # doctor asks it first
    smi.write_text("#!/bin/sh\necho '0, NVIDIA Stub, 1024 MiB'\n")
    smi.chmod(0o755)
    return folder


def run(tmp_path: Path, library: Path | None, *command: str, answers: str = "") -> str:
    """What a Python process with this driver's library (None: without one) says."""
    (tmp_path / "answers").write_text(answers)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), str(HERE.parent), os.environ.get("PYTHONPATH", "")]),
        "NVML_ANSWERS": str(tmp_path / "answers"),
        **({"LD_LIBRARY_PATH": str(library)} if library else {}),
    }
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def seen(library, tmp_path_factory):
    """What came of the candidates of gpu_session, by scenario."""
    folder = tmp_path_factory.mktemp("candidates")
    return json.loads(run(folder, library, str(HERE / "gpu_session.py"), "candidates", str(folder)))


def test_a_candidate_above_its_video_memory_is_ended_and_the_next_one_works(seen):
    message = "the process held more video memory than its 100 MiB and was ended"
    outcome, said, early, next_answer = seen["above_the_limit"]
    assert (outcome, early, next_answer) == ("memory", True, 7) and message in said


def test_what_a_child_takes_counts_and_is_found_at_the_next_call(seen):
    assert seen["between_two_calls"] == ["memory"]


def test_at_the_limit_nothing_happens_and_cuda_is_shown_the_slots_gpu_alone(seen):
    assert seen["at_the_limit"] == [7, "GPU-5eed0000-0000-0000-0000-000000000000"]


def test_what_others_hold_of_the_same_gpu_is_not_counted(seen):
    assert seen["two_slots"] == [7, 7]


def test_a_gpu_that_is_lost_in_a_call_ends_it_and_is_the_machines_fault(seen):
    fault, early = seen["lost_in_a_call"]
    assert early and fault.startswith(LOST), fault


def test_what_a_submission_raises_when_its_gpu_is_lost_is_not_held_against_it(seen):
    [fault] = seen["lost_before_it_failed"]
    assert fault.startswith(LOST), fault


@pytest.mark.docker
def test_a_candidate_in_a_container_is_watched_too(library, tmp_path):
    levels = json.loads(run(tmp_path, library, str(HERE / "gpu_session.py"), "contained", str(tmp_path)))
    assert "strict" in levels and len(levels) > 1
    for outcome, said, early, next_answer in levels.values():
        assert (outcome, early, next_answer) == ("memory", True, 7) and "video memory" in said


def test_a_batch_on_one_gpu_gives_memory_to_the_greedy_and_defers_when_it_is_lost(library, tmp_path):
    found = json.loads(run(tmp_path, library, str(HERE / "gpu_session.py"), "graded", str(tmp_path / "course")))
    ada, bob, lost = found
    assert ada == ["ada", "graded", ["passed"]]
    assert bob == ["bob", "graded", ["memory"]]
    assert lost[0] == "deferred" and LOST in lost[1]


def test_a_gpu_that_is_lost_when_nobody_looks_is_noticed_at_the_end(library, tmp_path):
    status, fault = json.loads(
        run(tmp_path, library, str(HERE / "gpu_session.py"), "lost_at_the_end", str(tmp_path / "c"))
    )
    assert status == "deferred" and fault.startswith(LOST), fault


def test_a_slot_whose_gpu_is_lost_does_not_fail_at_the_class_while_another_works(library, tmp_path):
    found = json.loads(run(tmp_path, library, str(HERE / "gpu_session.py"), "one_of_two_lost", str(tmp_path / "c")))
    assert found == ["deferred", "graded", "graded", "graded", "graded"]


# ------------------------------------------------------------------------------------------------ doctor and start


DOCTOR = """
import json
from grader.sandbox.gpu_doctor import _watched
print(json.dumps([_watched().as_dict()]))
"""


def doctor(tmp_path, monkeypatch, library, nvml=True, answers="", setup=""):
    monkeypatch.setenv("PATH", f"{library}{os.pathsep}{os.environ['PATH']}")
    return json.loads(run(tmp_path, library if nvml else None, "-c", setup + DOCTOR, answers=answers))


def test_doctor_says_that_it_is_watched(library, tmp_path, monkeypatch):
    [finding] = doctor(tmp_path, monkeypatch, library)
    assert finding["ok"] and "watched" in finding["says"]


@pytest.mark.parametrize(
    ("answers", "advice"),
    [
        ("init 18\n", "of different versions, as after an update: restart the machine"),
        ("init 9\n", "the NVIDIA driver is not loaded"),
        ("gpu 15\n", LOST),
        ("gpu 4\n", "the NVIDIA driver does not say what processes hold: Insufficient Permissions"),
    ],
)
def test_doctor_names_what_is_wrong_with_the_driver(library, tmp_path, monkeypatch, answers, advice):
    [finding] = doctor(tmp_path, monkeypatch, library, answers=answers)
    assert not finding["ok"] and advice in finding["advice"]


@pytest.mark.skipif(os.path.exists("/proc/driver/nvidia/version"), reason="there is an NVIDIA driver")
def test_doctor_says_what_to_install(library, tmp_path, monkeypatch):
    [finding] = doctor(tmp_path, monkeypatch, library, nvml=False)
    assert not finding["ok"] and "not watched" in finding["says"] and "libnvidia-ml.so.1" in finding["advice"]
    without = "import sys\nsys.modules['pynvml'] = None\n"
    [finding] = doctor(tmp_path, monkeypatch, library, setup=without)
    assert not finding["ok"] and "pip install 'coursegrader[gpu]'" in finding["advice"]


START = """
import sys
from grader.commands.grading import why_unwatched
from grader.errors import MachineryError
from grader.execution.spec import PoolSpec
try:
    print(why_unwatched(PoolSpec("process", gpus=tuple(sys.argv[1:]))))
except MachineryError as error:
    print("stops:", error)
"""


def test_the_start_says_what_cannot_be_watched_and_stops_where_a_gpu_is_of_no_use(library, tmp_path):
    assert run(tmp_path, library, "-c", START, "0").strip() == ""
    assert run(tmp_path, library, "-c", START, "GPU-5eed0000-0000-0000-0000-000000000000").strip() == ""
    assert "there is no GPU 7 on this machine" in run(tmp_path, library, "-c", START, "0", "7")
    assert "stops: the NVIDIA driver in the kernel" in run(tmp_path, library, "-c", START, "0", answers="init 18\n")
    said = run(tmp_path, library, "-c", START, "0", answers="init 999\n")
    assert said.startswith("the NVIDIA driver does not say what processes hold")


@pytest.mark.docker
@pytest.mark.skipif(os.path.exists("/proc/driver/nvidia/version"), reason="there is an NVIDIA driver")
def test_with_a_driver_and_without_the_container_toolkit_docker_is_named(monkeypatch, tmp_path):
    from grader.errors import MachineryError
    from grader.sandbox.choose import opener
    from grader.sandbox.doctor import PROBED

    (tmp_path / "version").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module\n")
    monkeypatch.setattr(container_gpu, "DRIVER", tmp_path / "version")
    with pytest.raises(MachineryError, match="install nvidia-container-toolkit"):
        opener(PROBED, "docker", "strict", "grader:latest", gpu="0")
