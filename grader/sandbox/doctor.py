"""`grader doctor`: probe this machine, say what it can give, and what to do about the rest."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

from grader.errors import GraderError, MachineryError, NotShared
from grader.sandbox import gpu_doctor
from grader.sandbox.finding import Finding
from grader.schema import Assignment, Limits

SHIMS = frozenset({"io.containerd.runc.v2", "io.containerd.runtime.v1.linux"})  # runc by other names
PROBED = Assignment("doctor", "A trial submission", (), Limits(memory_mib=512), preload=("numpy",))


def examine(image: str, runtime: str = "") -> list[Finding]:
    """Probe everything; takes some seconds, because it starts a container for each isolation level.

    runtime: of the engine, that containers are run with; "" for its default
    """
    findings = [_machine(), _docker()]
    contained = False
    if findings[-1].ok:
        findings.append(_image(image))
        contained = findings[-1].ok
        if contained:
            findings += [_container_level(image, level, runtime) for level in ("userns", "caps", "strict")]
    return [*findings, _process(), *gpu_doctor.findings(image, runtime, contained)]


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
    except NotShared as error:
        return Finding(about, False, *str(error).split("; ", 1))
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
