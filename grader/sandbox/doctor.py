"""`grader doctor`: probe this machine, say what it can give, and what to do about the rest."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass
from typing import Any

from grader.errors import GraderError, MachineryError, NotWatched
from grader.schema import Assignment, Limits


@dataclass(frozen=True)
class Finding:
    """One thing that was probed."""

    about: str
    ok: bool
    says: str
    advice: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


SHIMS = frozenset({"io.containerd.runc.v2", "io.containerd.runtime.v1.linux"})  # runc by other names
PROBED = Assignment("doctor", "A trial submission", (), Limits(memory_mib=512), preload=("numpy",))


def examine(image: str, runtime: str = "") -> list[Finding]:
    """Probe everything; takes some seconds, because it starts a container for each isolation level.

    runtime: of the engine, that containers are run with; "" for its default
    """
    findings = [_machine(), _docker()]
    if findings[-1].ok:
        findings.append(_image(image))
        if findings[-1].ok:
            findings += [_container_level(image, level, runtime) for level in ("userns", "caps", "strict")]
    return [*findings, _process(), _gpus(), *_video_memory()]


def _machine() -> Finding:
    processors = len(os.sched_getaffinity(0))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    says = (
        f"{platform.system()} {platform.release()} {platform.machine()}, {processors} processors, {memory_gib:.0f} GiB"
    )
    supported = platform.system() == "Linux" and platform.machine() == "x86_64"
    advice = "" if supported else "only Linux on x86-64 gives full isolation; grade on such a machine"
    return Finding("machine", supported, says, advice)


def _docker() -> Finding:
    from grader.sandbox.engine import connect

    try:
        with connect() as client:
            return Finding("docker", True, _engine(client.info()))
    except MachineryError as error:
        return Finding("docker", False, "not reachable", str(error))


def _engine(about: dict[str, Any]) -> str:
    """What an engine says of itself, as far as isolation rests on it."""
    words = [f"engine {about.get('ServerVersion', '?')}", f"cgroup {about.get('CgroupVersion', '1')}"]
    options = [part.removeprefix("name=").partition(",")[0] for part in about.get("SecurityOptions") or ()]
    words += [option for option in ("rootless", "apparmor", "selinux") if option in options]
    others = sorted(set(about.get("Runtimes") or ()) - {"runc", about.get("DefaultRuntime")} - SHIMS)
    also = f"; --runtime may be {', '.join(others)}" if others else ""
    return f"{', '.join(words)}, runtime {about.get('DefaultRuntime', '?')}{also}"


def _image(image: str) -> Finding:
    from grader.sandbox.image import digest

    try:
        return Finding("image", True, f"{image} is {digest(image)[:19]}")
    except MachineryError as error:
        return Finding("image", False, f"there is no {image}", str(error))


def _container_level(image: str, level: str, runtime: str) -> Finding:
    from grader.sandbox.docker import DockerSandbox, Grant

    about = f"isolation {level if level == 'strict' else f'zygote-{level}'}"
    advice = {
        "userns": "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, or "
        "kernel.apparmor_restrict_unprivileged_userns=0); until then zygote-caps is used",
        "caps": "not needed where zygote-userns works",
        "strict": "see the message; the plain container itself does not start",
    }
    try:
        sandbox = DockerSandbox(PROBED, Grant(image, runtime=runtime), level)
    except GraderError as error:
        return Finding(about, False, str(error), advice[level])
    try:
        sandbox.open().close()
        started = time.perf_counter()
        sandbox.open().close()
        took = (time.perf_counter() - started) * 1e3
        return Finding(
            about, True, f"works; a second candidate was opened and ended in {took:.0f} ms; {sandbox.memory}"
        )
    except GraderError as error:
        return Finding(about, False, str(error), advice[level])
    finally:
        sandbox.close()


def _process() -> Finding:
    from grader.sandbox.process import ProcessSandbox

    try:
        sandbox = ProcessSandbox(PROBED)
    except GraderError as error:
        return Finding("isolation process", False, str(error), "see the message; the zygote itself does not start")
    try:
        sandbox.open().close()
        bare = sandbox.level == "bare"
        says = {
            "bare": "no namespaces here: student code can read your files",
            "users": "a user for each candidate and no network; it can read what everybody may read",
        }.get(sandbox.level, "files, processes, network isolated")
        says = f"{sandbox.isolation}: {says}; {sandbox.memory}"
        return Finding("isolation process", not bare, says, "use docker" if bare else "")
    except GraderError as error:
        return Finding("isolation process", False, str(error), "see the message")
    finally:
        sandbox.close()


def _gpus() -> Finding:
    if shutil.which("nvidia-smi") is None:
        return Finding("gpu", True, "no NVIDIA driver on this machine; everything is graded on the processor")
    asked = subprocess.run(
        ["nvidia-smi", "--query-gpu=index,name,memory.total", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if asked.returncode:
        says = asked.stderr.strip() or asked.stdout.strip() or "nvidia-smi fails"
        return Finding("gpu", False, says.splitlines()[0], "repair the NVIDIA driver, or grade without --gpus")
    return Finding("gpu", True, "; ".join(line.strip() for line in asked.stdout.splitlines()))


def _video_memory() -> list[Finding]:
    """Whether what submissions hold of a GPU can be watched; nothing where there is none."""
    from grader.sandbox import video_memory

    if shutil.which("nvidia-smi") is None:
        return []
    about = "video memory"
    try:
        video_memory.require()
    except NotWatched as error:
        return [Finding(about, False, "not watched: torch's own cap alone limits a submission", str(error))]
    except MachineryError as error:
        return [Finding(about, False, "cannot be read", str(error))]
    return [Finding(about, True, "watched: a submission that holds more than its limit is ended")]
