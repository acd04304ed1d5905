"""System calls that Python does not have."""

from __future__ import annotations

import ctypes
import os
import struct

LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
ANY_NAMESPACE = 0x7E020080  # every CLONE_NEW* bit, NEWTIME too

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME, MS_UNBINDABLE = 4096, 16384, 1 << 18, 1 << 21, 1 << 17
MNT_DETACH = 2

_BIND = ctypes.c_ulong(MS_BIND)

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
LAST_CAPABILITY = 40


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    _checked(LIBC.unshare(ctypes.c_int(flags)), f"unshare({flags:#x})")


def mount(source: str | None, target: str, kind: str | None, flags: int = 0, options: str | None = None) -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind, options)]
    result = LIBC.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    _checked(result, f"mount {kind or 'bind'} on {target}")


def cover(target: bytes, shown: bytes) -> None:
    """Bind a file or folder over another; for what is done very often."""
    _checked(LIBC.mount(shown, target, None, _BIND, None), "mount")


def unmount(target: str) -> None:
    _checked(LIBC.umount2(target.encode(), MNT_DETACH), f"unmount {target}")


def pivot_root(new: str, old: str) -> None:
    _checked(LIBC.syscall(ctypes.c_long(155), new.encode(), old.encode()), "pivot_root")


def copy_of_tree(path: str) -> int:
    """A copy of what is mounted at and below `path`, which belongs to no namespace, as a file descriptor."""
    call, here, flags = ctypes.c_long(428), -100, 0x8001 | os.O_CLOEXEC  # open_tree, OPEN_TREE_CLONE | AT_RECURSIVE
    return _checked(LIBC.syscall(call, here, path.encode(), flags), f"open_tree {path}")


def sethostname(name: str) -> None:
    _checked(LIBC.sethostname(name.encode(), len(name)), "sethostname")


def prctl(option: int, value: int = 0) -> None:
    _checked(LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl({option})")


def bound_capabilities() -> None:
    """Give up what a set-user-id program could bring back; refused, and not needed, where there is nothing to give."""
    for capability in range(LAST_CAPABILITY + 1):
        LIBC.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0)


def drop_capabilities() -> None:
    """Give up every capability."""
    header, nothing = struct.pack("II", 0x20080522, 0), bytes(24)
    _checked(LIBC.capset(header, nothing), "capset")


def set_seccomp(program: int) -> None:
    """Install the filter whose `struct sock_fprog` lies at this address."""
    _checked(LIBC.prctl(PR_SET_SECCOMP, ctypes.c_ulong(2), ctypes.c_void_p(program), 0, 0), "seccomp")
