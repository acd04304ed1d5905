"""What a candidate's process can see and do.

`enter` is called by the keeper before it forks the candidate: new namespaces and a root file system of its own, made of
read-only binds of the system's folders and small tmpfs. `lock` is called by the candidate's process itself, before it
has read a byte of the submission: /proc of its own, no privilege, limits, the filter. Nothing of it can be undone.

Levels: `userns` needs no privilege (an unprivileged user namespace); `caps` needs CAP_SYS_ADMIN, SETUID, SETGID and
KILL and gives every job a user id of its own; `users` needs SETUID, SETGID and KILL alone and makes no root of its own:
its job is a user who may read what everybody may; `bare` is for a container that serves one job and is then removed:
limits and filter only, the container is the jail.
"""

from __future__ import annotations

import contextlib
import glob
import os
import resource
import signal
import sys
from dataclasses import dataclass

from grader.zygote import kernel, procfs, seccomp
from grader.zygote.kernel import MS_BIND, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT, MS_UNBINDABLE

LEVELS = ("userns", "caps", "users", "bare")
FIRST_TO_GO = 1000  # the largest oom_score_adj
JAILED = ("userns", "caps")  # in namespaces, under a root of their own
OWN_USER = ("caps", "users")
SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
OTHER_PACKAGES = ("/usr/lib/python3*/dist-packages", "/usr/local/lib/python3*/*-packages")
GPUS = tuple(sorted(glob.glob("/dev/nvidia*")))  # what a machine has when the zygote comes up
STAGES = ("/mnt", "/media", "/srv", "/tmp")  # folders that every system has
OWN_UIDS = 100_000 + 10_000 * int.from_bytes(os.urandom(2), "little")  # the kernel counts across containers
MIB = 1 << 20


def _stage() -> str:
    """Where the new root is put together: a folder with nothing below it that has to be shown."""
    needed = [os.path.realpath(folder) + "/" for folder in (sys.prefix, sys.base_prefix)]
    free = [folder for folder in STAGES if not any(path.startswith(folder + "/") for path in needed)]
    return next((folder for folder in free if os.path.isdir(folder)), "/tmp")


STAGE = _stage()


@dataclass(frozen=True)
class Order:
    """What one candidate may use; `number` counts the jobs of a zygote."""

    number: int
    memory_mib: int
    disk_mib: int
    processes: int  # 0: no limit but the container's
    hidden_modules: tuple[str, ...]
    level: str
    workdir: str = "/job"  # another one only where there is no root of its own

    @property
    def uid(self) -> int:
        """A user of its own where that can be had: nobody else's files, processes or place in the kernel's counts."""
        return OWN_UIDS + self.number if self.level in OWN_USER else os.getuid()

    @property
    def jailed(self) -> bool:
        return self.level in JAILED


def enter(order: Order) -> None:
    """Put this process into new namespaces (its children into a new pid namespace) and under a new root."""
    if not order.jailed:
        if order.level == "users":
            os.chown(order.workdir, order.uid, order.uid)
        return
    namespaces = kernel.CLONE_NEWPID | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
    namespaces |= kernel.CLONE_NEWNET | kernel.CLONE_NEWCGROUP
    if order.level == "userns":
        uid, gid = os.getuid(), os.getgid()
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else the files below belong to root
        kernel.unshare(namespaces | kernel.CLONE_NEWUSER)
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            _write(f"/proc/self/{name}", text)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    else:
        kernel.unshare(namespaces)
    kernel.sethostname("sandbox")
    _new_root(order)


def _new_root(order: Order) -> None:
    kernel.mount(None, "/", None, MS_REC | MS_PRIVATE)
    kernel.mount("tmpfs", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,nr_inodes=1024,mode=0755")
    owner = f",uid={order.uid},gid={order.uid}" if order.level == "caps" else ""
    for folder in ("/tmp", "/job", "/dev/shm"):
        os.makedirs(STAGE + folder)
        options = f"size={order.disk_mib}m,nr_inodes=4096,mode=0700{owner}"
        kernel.mount("tmpfs", STAGE + folder, "tmpfs", MS_NOSUID | MS_NODEV, options)
    installed = (sys.base_prefix, sys.prefix)
    for folder in dict.fromkeys((*SYSTEM_FOLDERS, *installed, *map(os.path.realpath, installed))):
        _show(folder)
    for file in (*SYSTEM_FILES, *DEVICES, *GPUS):
        _show(file)
    for module in order.hidden_modules:
        _hide(module)
    for folder in ("/proc", "/old"):
        os.mkdir(STAGE + folder)
    procfs.make_up(STAGE, order.memory_mib)
    _write(STAGE + "/etc/passwd", f"student:x:{order.uid}:{order.uid}::/job:/bin/sh\n")
    kernel.pivot_root(STAGE, STAGE + "/old")
    os.chdir("/")


def _show(path: str) -> None:
    """Bind `path` read-only into the new root; links are made anew, what does not exist is left out."""
    target = STAGE + path
    if os.path.islink(path):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isfile(path):  # /etc/localtime
            _bind(os.path.realpath(path), target)
        else:
            os.symlink(os.readlink(path), target)
    elif os.path.exists(path) and not os.path.exists(target):
        _bind(path, target)


def _bind(path: str, target: str) -> None:
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        _write(target, "")
    kernel.mount(path, target, None, MS_BIND | MS_REC)
    if not path.startswith("/dev/"):
        kernel.mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | _locked_flags(path))


def _locked_flags(path: str) -> int:
    """Mount flags that an unprivileged remount has to keep."""
    found = os.statvfs(path).f_flag
    kept = found & (os.ST_NODEV | os.ST_NOEXEC | os.ST_NOSUID | os.ST_NOATIME | os.ST_NODIRATIME)
    return kept | (kernel.MS_RELATIME if found & os.ST_RELATIME else 0)


def _hide(module: str) -> None:
    """Cover a module in every place a Python would look, so that it is not there for any kind of import."""
    others = [folder for pattern in OTHER_PACKAGES for folder in glob.glob(pattern)]
    for folder in dict.fromkeys(os.path.realpath(folder) for folder in (*sys.path, *others) if folder):
        place = STAGE + os.path.join(folder, module)
        if os.path.isdir(place):
            kernel.mount("tmpfs", place, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "size=4k,mode=0555")
        for file in (f"{place}.py", *glob.glob(f"{glob.escape(place)}.*.so")):
            if os.path.isfile(file):
                kernel.mount("/dev/null", file, None, MS_BIND)


def lock(order: Order) -> None:
    """Give everything up, for good. Runs in the candidate's process, which is the first of its pid namespace."""
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else its own /proc entries belong to root; inherited from the zygote
    _set_oom_first("/old/proc" if order.jailed else "/proc")
    if order.jailed:
        procfs.mount(gpu=bool(GPUS))
        kernel.mount(None, "/", None, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)
        _leave_the_machines_root()
    os.setsid()
    kernel.bound_capabilities()  # while this is still allowed
    if order.level in OWN_USER:
        os.setgroups([])
        os.setresgid(order.uid, order.uid, order.uid)
        os.setresuid(order.uid, order.uid, order.uid)
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.umask(0o077)
    os.chdir(order.workdir)
    _set_limits(order)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # a change of user took it away
    if seccomp.SUPPORTED:
        seccomp.install_seccomp(gpu=bool(GPUS))


def _leave_the_machines_root() -> None:
    """Go on in a copy of the new root, without /old, that is in no namespace: so the table of mounts is empty too.

    Where there is no such copy, or no right to enter it, the old root is taken away, and the table shows the new one.
    """
    kernel.mount(None, "/old", None, MS_UNBINDABLE)  # which a copy leaves out
    if not _entered_copy():
        kernel.unmount("/old")
    if os.listdir("/old") or not os.listdir("/proc"):
        raise OSError("the new root is not what it should be")


def _entered_copy() -> bool:
    """Whether this process goes on in a copy; not with a kernel before 5.2, or without CAP_SYS_CHROOT."""
    try:
        copy = kernel.copy_of_tree("/")
    except OSError:
        return False
    try:
        os.fchdir(copy)
        os.chroot(".")
        return True
    except OSError:
        os.chdir("/")
        return False
    finally:
        os.close(copy)


def _set_oom_first(proc: str) -> None:
    """When memory runs out, the candidate goes, not its zygote. A `strict` container is the first as a whole."""
    with contextlib.suppress(FileNotFoundError):
        if int(_read(f"{proc}/self/oom_score_adj")) < FIRST_TO_GO:
            _write(f"{proc}/self/oom_score_adj", str(FIRST_TO_GO))


def _set_limits(order: Order) -> None:
    # no limit on the address space: torch and CUDA reserve far more than they use
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_DATA: order.memory_mib * MIB,
        resource.RLIMIT_FSIZE: order.disk_mib * MIB,
        resource.RLIMIT_NOFILE: 256,
    }
    if order.processes:
        limits[resource.RLIMIT_NPROC] = order.processes
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))
    with contextlib.suppress(ValueError, OSError):  # gVisor's kernel has none; the filter refuses queues anyway
        resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, 0))


def _read(path: str) -> str:
    with open(path) as file:
        return file.read().strip()


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
