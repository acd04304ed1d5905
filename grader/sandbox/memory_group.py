"""A memory group (cgroup) for the candidates of one zygote, made from outside where that is allowed.

What all processes of a candidate use together is bounded by it, files in memory and tables of pages too, and when that
is used up the kernel ends one of them: never the zygote, its keeper, or anybody else. One group serves one candidate
after the other. It lies below the group that the zygote is in: its container's, or this process's own.

Not covered: who may not write into the tree of groups (no root, nothing delegated) gets none; then the candidate is
still the first to go (`oom_score_adj`), and a container's limit is the only one for everything together.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.zygote import oom

EXTRA_MIB = 192  # beside a submission's memory: what its fork copies of the zygote's, its files, the kernel's tables
OTHERS = "others"  # where the processes of a divided group go: version 2 wants them in groups without groups below
LIMITS = {1: "memory.limit_in_bytes", 2: "memory.max"}
NO_LIMIT_BYTES = 1 << 62  # more than any machine has: what version 1 says where there is none
DELEGATED = ("user.delegate", "trusted.delegate")  # what systemd writes on a group that is somebody's own
RUN_SO = "systemd-run --scope -p Delegate=yes (with --user where you are not root)"


@dataclass(frozen=True)
class MemoryGroup:
    """A folder in the tree of control groups, of its version 1 or 2."""

    folder: Path
    version: int

    def admit(self, process: int) -> None:
        """Take a process in, and what it will start. Raises OSError."""
        _write(self.folder / "cgroup.procs", process)

    def counters(self) -> tuple[int, ...]:
        """Descriptors of the files that count who is ended in it from now on, and why. Raises OSError."""
        if self.version == 1:
            oom.forget_most(self.folder)
        return oom.counters(self.folder, self.version)

    def remove(self) -> None:
        """Remove it; where somebody is in it still, or it went with its container, nothing happens."""
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def below(process: int, limit_mib: int) -> MemoryGroup:
    """Make a group below the one that `process` is in. Raises OSError, whose text says why there is none.

    limit_mib: for all processes in it together
    """
    around, version = _around(process)
    if version == 2:
        _divide(around, may_move=process != os.getpid() or _is_ours(around))
    # who is in a container may see the name: it says nothing of us
    name = f"grader-{os.getpid()}-{secrets.token_hex(4)}" if process == os.getpid() else "candidate"
    group = MemoryGroup(around / name, version)
    group.folder.mkdir()
    try:
        _limit(group, limit_mib << 20)
    except OSError:
        group.remove()
        raise
    return group


def limit_around(process: int) -> int | None:
    """How many bytes all that is in the group of a process may have, or in a group around it; None: without bound.

    An engine may take a container's limit and not set it: one that is not root with version 1. Raises OSError.
    """
    around, version = _around(process)
    files = [folder / LIMITS[version] for folder in (around, *around.parents)]
    said = [file.read_text().strip() for file in files if file.exists()]
    least = min((int(limit) for limit in said if limit != "max"), default=NO_LIMIT_BYTES)
    return least if least < NO_LIMIT_BYTES else None


def left_behind() -> Iterator[Path]:
    """Groups below the one that this process is in, of whoever made them."""
    with contextlib.suppress(OSError):
        yield from _around(os.getpid())[0].glob("grader-[0-9]*-*")


def _limit(group: MemoryGroup, limit_bytes: int) -> None:
    if group.version == 1:
        _write(group.folder / LIMITS[1], limit_bytes)
        optional = {"memory.memsw.limit_in_bytes": limit_bytes}
    else:
        _write(group.folder / LIMITS[2], limit_bytes)
        optional = {"memory.swap.max": 0, "memory.oom.group": 1}  # all of it goes at once
    for name, value in optional.items():
        if (group.folder / name).exists():  # not where swap is not counted, or the kernel is older
            _write(group.folder / name, value)


def _around(process: int) -> tuple[Path, int]:
    """The folder of the memory group that a process is in, and the tree's version. Raises OSError."""
    places = dict[int, str]()
    for line in Path(f"/proc/{process}/cgroup").read_text().splitlines():
        _, controllers, place = line.split(":", 2)
        if "memory" in controllers.split(","):
            places[1] = place
        elif not controllers:
            places[2] = place
    for version, (mounted, root) in _mounted().items():
        inside = os.path.relpath(places[version], root) if version in places else ".."
        if not inside.startswith(".."):
            folder = Path(mounted, inside)
            return (folder.parent if folder.name == OTHERS else folder), version
    raise OSError(errno.ENOENT, "no tree of memory groups is mounted here, or the group lies outside of it")


def _mounted() -> dict[int, tuple[str, str]]:
    """Version -> (where it is mounted, which group that shows), of the trees that may hold memory; 1 goes first."""
    found = dict[int, tuple[str, str]]()
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        _, _, _, root, mounted, *_ = before.split()
        if kind == "cgroup" and "memory" in options.split(","):
            found.setdefault(1, (mounted, root))
        elif kind == "cgroup2":
            found.setdefault(2, (mounted, root))
    return dict(sorted(found.items()))


def _divide(folder: Path, may_move: bool, controller: str = "memory") -> None:
    """Let groups below a group of version 2 have limits. Raises OSError.

    may_move: whether its processes may be put into a group of their own below it, which that may take
    """
    if controller in (folder / "cgroup.subtree_control").read_text().split():
        return
    if controller not in (folder / "cgroup.controllers").read_text().split():
        raise OSError(errno.ENODEV, f"its group has no control over {controller}")
    control = folder / "cgroup.subtree_control"
    with contextlib.suppress(OSError):  # the top of the tree may have processes and groups
        _write(control, f"+{controller}")
        return
    if not may_move:
        raise OSError(errno.EBUSY, f"its group is not delegated to it; start it with: {RUN_SO}")
    (folder / OTHERS).mkdir(exist_ok=True)
    for process in (folder / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            _write(folder / OTHERS / "cgroup.procs", process)
    _write(control, f"+{controller}")


def _is_ours(folder: Path) -> bool:
    """Whether whoever manages this machine's groups leaves this one to us."""
    for name in DELEGATED:
        with contextlib.suppress(OSError):
            if os.getxattr(folder, name) == b"1":
                return True
    return False


def _write(file: Path, value: object) -> None:
    """Write in one call, which these files want."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)
