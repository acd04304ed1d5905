"""A candidate's /proc: its own processes, and of the machine what programs fall over without, made up.

Everything else at its top is covered, also what a later kernel puts there. What the processor says to anybody (its
model and flags) is left, for libraries choose their code by it.
"""

from __future__ import annotations

import functools
import os

from grader.zygote import kernel
from grader.zygote.kernel import MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REMOUNT

FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC
MADE_UP = "/run/made-up"
OF_THE_MACHINE = ("cpu MHz", "microcode", "bogomips", "bugs")  # lines of cpuinfo that are left out
BINDABLE = ("cpuinfo", "meminfo", "stat", "loadavg", "uptime")  # of /proc, over which an engine lets files be bound
OF_GPUS = ("driver", "devices", "modules")  # what a driver's library reads, where there is one


def make_up(root: str, memory_mib: int) -> None:
    """Write what is to be shown for a few files of /proc, while the real one can still be read."""
    os.makedirs(root + MADE_UP)
    os.mkdir(f"{root}{MADE_UP}/empty")
    write_texts(root + MADE_UP, memory_mib)


def write_texts(folder: str, memory_mib: int) -> dict[str, str]:
    """Write the texts into a folder; return name -> path."""
    files = {}
    for name, text in _texts(memory_mib).items():
        files[name] = os.path.join(folder, name)
        with open(files[name], "w", encoding="utf-8") as file:
            file.write(text)
    return files


def covered(gpu: bool) -> list[str]:
    """What the engine is to cover in the /proc of a container that has no jail."""
    with os.scandir("/proc") as entries:
        names = [entry.name for entry in entries if _is_of_the_machine(entry, gpu) and entry.name not in BINDABLE]
    return [f"/proc/{name}" for name in names]


def _is_of_the_machine(entry: os.DirEntry[str], gpu: bool) -> bool:
    return not (entry.name.isdigit() or entry.is_symlink() or (gpu and entry.name in OF_GPUS))


def _texts(memory_mib: int) -> dict[str, str]:
    kib = memory_mib << 10
    nothing = ("SwapTotal", "SwapFree", "Buffers", "Cached", "SwapCached", "Active", "Inactive", "Shmem", "Slab")
    memory = {"MemTotal": kib, "MemFree": kib, "MemAvailable": kib, **dict.fromkeys(nothing, 0)}
    processors = range(os.cpu_count() or 1)
    times = " 0" * 10
    return {
        "cpuinfo": cpuinfo(),
        "meminfo": "".join(f"{name}: {size:12} kB\n" for name, size in memory.items()),
        "stat": f"cpu {times}\n{''.join(f'cpu{number}{times}' + chr(10) for number in processors)}btime 0\n",
        "loadavg": "0.00 0.00 0.00 1/1 1\n",
        "uptime": "0.00 0.00\n",
    }


@functools.cache
def cpuinfo() -> str:
    """What the processors' own instruction says; "" where /proc is masked. The kernel takes long to say it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return "".join(line for line in file if not line.startswith(OF_THE_MACHINE))
    except OSError:
        return ""


def mount(gpu: bool) -> None:
    """Mount a /proc of this pid namespace and cover all that is not of its processes."""
    try:
        kernel.mount("proc", "/proc", "proc", FLAGS)
    except PermissionError:  # a container whose own /proc is masked refuses a fresh one
        kernel.mount("tmpfs", "/proc", "tmpfs", FLAGS | MS_RDONLY, "size=4k,mode=0555")
        return
    shown = {name: f"{MADE_UP}/{name}".encode() for name in os.listdir(MADE_UP)}
    with os.scandir("/proc") as entries:
        for entry in entries:
            if _is_of_the_machine(entry, gpu):
                by = shown.get("empty" if entry.is_dir() else entry.name, b"/dev/null")
                kernel.cover(entry.path.encode(), by)
    kernel.mount(None, "/proc", None, MS_REMOUNT | MS_RDONLY | FLAGS)  # oom_score_adj stays as it is
