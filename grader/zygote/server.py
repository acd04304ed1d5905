"""The zygote: imports once, then forks a keeper for every order that comes over its control stream.

It never reads a submission: the candidate does that, after it is locked in. So its memory, which all candidates
share, holds nothing of anybody.
"""

from __future__ import annotations

import contextlib
import gc
import glob
import hashlib
import importlib
import os
import resource
import signal
import socket
import sys
import tempfile
import time
from typing import Any

from grader import wire
from grader.zygote import jail, keeper, kernel, procfs, seccomp

ENVIRONMENT = {  # all that a candidate sees of an environment
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/job",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    "USER": "student",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "HDF5_USE_FILE_LOCKING": "FALSE",  # nobody else opens a notebook's files
    "TORCH_COMPILE_DISABLE": "1",  # there is no C++ compiler: what torch.compile is given runs as it is
}
KEPT = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "CUDA_VISIBLE_DEVICES")


def run(control: socket.socket, level: str, preload: list[str], door: str = "") -> None:
    """Import `preload`, announce what this zygote can do, then serve orders until the control stream ends.

    door: the path to connect a candidate's streams to, where they cannot be handed over: under a kernel of its own
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # without a jail a submission can send it
    os.environ.update(ENVIRONMENT)
    for name in set(os.environ) - set(ENVIRONMENT) - set(KEPT):
        del os.environ[name]
    started = time.process_time()
    _preload(preload)
    note = _why_not(level)
    _announce(control, level, note, time.process_time() - started)
    if note:
        return
    number = 0
    while True:
        try:
            request = wire.decode(wire.receive_frame(control, 1 << 20))
        except EOFError:
            return
        _reap()
        number += 1
        _open(control, request, number, level, door)


def _preload(modules: list[str]) -> None:
    """Do once what every candidate would do: import, and make what its jail is made with."""
    seccomp.prepared(bool(jail.GPUS))
    procfs.cpuinfo()
    os.makedirs(ENVIRONMENT["MPLCONFIGDIR"], exist_ok=True)
    for name in modules:
        importlib.import_module(name)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)  # a parallel region before a fork would hang every child
        torch.use_deterministic_algorithms(True, warn_only=True)
    gc.collect()
    gc.freeze()
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _announce(control: socket.socket, level: str, note: str, cpu_s: float) -> None:
    versions = {name: getattr(sys.modules.get(name), "__version__", "") for name in ("numpy", "torch")}
    message = {
        "level": level,
        "fault": note,
        "import_cpu_s": cpu_s,
        "threads": len(os.listdir("/proc/self/task")),
        "runtime": runtime_digest(),
        "versions": {"python": sys.version.split()[0], **versions},
    }
    wire.send_frame(control, wire.encode(message))


def runtime_digest() -> str:
    """SHA-256 of the code that is in the sandbox, so that both ends can tell whether they are of one version."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    rooms = ("wire", "candidate", "zygote")
    files = [path for room in rooms for path in glob.glob(os.path.join(package, room, "*.py"))]
    digest = hashlib.sha256()
    for file in sorted(files):
        with open(file, "rb") as source:
            digest.update(hashlib.sha256(source.read()).digest())
    return digest.hexdigest()


def _why_not(level: str) -> str:
    """Try the level once, in a child; return why it cannot be had here, or nothing."""
    if level not in jail.LEVELS:
        return f"no isolation level {level!r}; there is: {', '.join(jail.LEVELS)}"
    if level != "bare" and not seccomp.SUPPORTED:
        return "the seccomp filter is written for x86-64 only"
    reading, writing = os.pipe()
    scratch = tempfile.mkdtemp(prefix="grader-trial-")
    child = os.fork()
    if child == 0:
        try:
            jail.enter(jail.Order(0, 256, 1, 16, (), level, workdir=scratch))
            inner = os.fork()
            if inner == 0:
                jail.lock(jail.Order(0, 256, 1, 16, (), level, workdir="/"))
                os._exit(0)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]) & 255)
        except OSError as error:
            os.write(writing, str(error).encode()[:500])
        os._exit(1)
    os.close(writing)
    said = os.read(reading, 1000).decode("utf-8", "replace")
    os.close(reading)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.rmdir(scratch)
    return said or (f"a trial candidate ended with code {code}" if code else "")


def _open(control: socket.socket, request: dict[str, Any], number: int, level: str, door: str) -> None:
    """Fork one keeper, its two streams connected to `door`, or their other ends handed over the control stream."""
    order = jail.Order(
        number=number,
        memory_mib=request["memory_mib"],
        disk_mib=request["disk_mib"],
        processes=request["processes"],
        hidden_modules=tuple(request["hidden_modules"]),
        level=level,
        workdir=request["workdir"],
    )
    if door:
        data_here, talk_here, there = _connected(door), _connected(door), []
    else:
        data_here, data_there = socket.socketpair()
        talk_here, talk_there = socket.socketpair()
        data_there.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)  # its number, as it is called there
        there = [data_there, talk_there]
    if os.fork() == 0:
        for stream in (control, *there):
            stream.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        keeper.keep(order, request["answer_bytes"], request["output_chars"], data_here, talk_here)
    data_here.close()
    talk_here.close()
    if there:
        socket.send_fds(control, [b"+"], [stream.fileno() for stream in there])
    else:
        control.sendall(b"+")
    for stream in there:
        stream.close()


def _connected(door: str) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(door)
    return stream


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
