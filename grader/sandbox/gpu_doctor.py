"""`grader doctor` about GPUs: which there are, whether they are watched, and whether torch reaches one in a sandbox."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing

from grader import wire
from grader.errors import GraderError, MachineryError, NotWatched
from grader.sandbox import CandidateFailure, Sandbox, nvml
from grader.sandbox.finding import Finding
from grader.schema import Assignment, Limits

SMI = "nvidia-smi"
SMI_S = 30.0
PREPARE_S = 120.0  # importing CUDA's libraries on a cold machine
TRIED = Assignment("doctor", "A trial on a GPU", (), Limits(memory_mib=8192, video_memory_mib=1024), preload=("torch",))
REPAIR = "repair the NVIDIA driver, or grade without --gpus"
NO_CUDA = "torch there is built without CUDA: take one that is (docs/setup.md), then grader image build --force"


def findings(image: str, runtime: str, contained: bool) -> list[Finding]:
    """What there is to say of GPUs; takes some seconds where there is one.

    contained: whether containers of the image can be started
    """
    if shutil.which(SMI) is None:
        return [Finding("gpu", True, "no NVIDIA driver on this machine; everything is graded on the processor")]
    found = _listed()
    if not found.ok:
        return [found]
    all_found = [found, _watched()]
    gpu = _first()
    if contained:
        all_found.append(_reached("docker", image, runtime, gpu))
    return [*all_found, _reached("process", image, "", gpu)]


def _listed() -> Finding:
    """The GPUs with their memory, and what divided ones consist of, by the names that `--gpus` takes."""
    try:
        asked = _smi("--query-gpu=index,name,memory.total", "--format=csv,noheader")
        if asked.returncode:
            says = asked.stderr.strip() or asked.stdout.strip() or f"{SMI} fails"
            return Finding("gpu", False, says.splitlines()[0], REPAIR)
        listed = _smi("--list-gpus").stdout.splitlines()
    except subprocess.TimeoutExpired:
        return Finding("gpu", False, f"{SMI} does not answer within {SMI_S:.0f} s", REPAIR)
    instances = [" ".join(line.split()) for line in listed if line.strip().startswith("MIG ")]
    return Finding("gpu", True, "; ".join([*(line.strip() for line in asked.stdout.splitlines()), *instances]))


def _smi(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SMI, *options], capture_output=True, text=True, timeout=SMI_S, check=False)


def _watched() -> Finding:
    """Whether what submissions hold of a GPU can be watched."""
    about = "video memory"
    try:
        nvml.require(*nvml.all_gpus())
    except NotWatched as error:
        return Finding(about, False, "not watched: torch's own cap alone limits a submission", str(error))
    except MachineryError as error:
        return Finding(about, False, "cannot be read", str(error))
    return Finding(about, True, "watched: a submission that holds more than its limit is ended")


def _first() -> str:
    """A GPU to try; the first one where the driver does not say which there are."""
    try:
        return next(iter(nvml.all_gpus()), "0")
    except MachineryError:
        return "0"


def _reached(kind: str, image: str, runtime: str, gpu: str) -> Finding:
    """Whether torch reaches the GPU in a sandbox of this kind."""
    from grader.sandbox.choose import opener

    about = f"gpu ({kind})"
    try:
        fault = _fault_of(opener(TRIED, kind, "zygote", image, gpu=gpu, runtime=runtime))
    except (GraderError, CandidateFailure) as error:
        return Finding(about, False, f"GPU {gpu} cannot be given to a submission", str(error))
    if fault:
        advice = NO_CUDA if "not compiled with CUDA" in fault else "see the message; it is torch's or the driver's"
        return Finding(about, False, f"torch does not reach GPU {gpu}: {fault}", advice)
    return Finding(about, True, f"torch reaches GPU {gpu} in a sandbox")


def _fault_of(make: Callable[[], Sandbox]) -> str:
    """What torch says when a candidate opens a GPU; "" where all is well. Raises GraderError, CandidateFailure."""
    asked = {"op": "prepare", "hidden_modules": [], "device": "cuda", "video_memory_mib": TRIED.limits.video_memory_mib}
    with closing(make()) as sandbox:
        candidate = sandbox.open()
        try:
            said = wire.decode(candidate.exchange(wire.encode({"id": 0, "scope": "", **asked}), PREPARE_S, 1 << 20))
        finally:
            candidate.close()
    return str(said["fault"]["message"]) if said.get("fault") else ""
