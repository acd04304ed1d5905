"""System calls that Python does not have, and the seccomp filter of a candidate (x86-64)."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
ANY_NAMESPACE = 0x7E020080  # every CLONE_NEW* bit, NEWTIME too

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 4096, 16384, 1 << 18, 1 << 21
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
LAST_CAPABILITY = 40

SUPPORTED = platform.machine() == "x86_64"


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


def unmount(target: str) -> None:
    _checked(LIBC.umount2(target.encode(), MNT_DETACH), f"unmount {target}")


def pivot_root(new: str, old: str) -> None:
    _checked(LIBC.syscall(ctypes.c_long(155), new.encode(), old.encode()), "pivot_root")


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


# ------------------------------------------------------------------------------------------------ seccomp

DENIED = {  # what no notebook needs and what has been a way out of a sandbox, a channel to a neighbour, or both
    "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "process_madvise": 440,
    "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "setns": 308, "unshare": 272,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "mount_setattr": 442, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "memfd_secret": 447,
    "add_key": 248, "request_key": 249, "keyctl": 250, "pidfd_getfd": 438,
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "open_by_handle_at": 304, "name_to_handle_at": 303, "fanotify_init": 300,
    "init_module": 175, "finit_module": 313, "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320,
    "reboot": 169, "swapon": 167, "swapoff": 168, "acct": 163, "quotactl": 179, "quotactl_fd": 443,
    "syslog": 103, "personality": 135, "setdomainname": 171, "sethostname": 170, "iopl": 172, "ioperm": 173,
    "vhangup": 153, "settimeofday": 164, "clock_settime": 227, "clock_adjtime": 305, "adjtimex": 159,
    "lookup_dcookie": 212, "nfsservctl": 180, "shmget": 29, "msgget": 68, "semget": 64, "mq_open": 240,
}  # fmt: skip
CLONE, CLONE3, FLOCK, FCNTL, SOCKET, IOCTL = 56, 435, 73, 72, 41, 16
LOCKING = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
LEASING = (1024, 1026)  # F_SETLEASE, F_NOTIFY
TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
AF_UNIX = 1
NOTHING_DONE = 0  # an "error" of 0: the call answers success

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24  # offsets in struct seccomp_data
_KILL, _ALLOW, _X86_64, _X32 = 0x80000000, 0x7FFF0000, 0xC000003E, 0x40000000

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def _refuse(number: int) -> Instruction:
    return (_RETURN, 0, 0, 0x00050000 | number)


def _call_with_argument(call: int, offset: int, tests: list[Instruction], number: int) -> list[Instruction]:
    """Refuse system call `call` when one of `tests` holds for the argument at `offset`.

    Each test must jump to its successor when it fails; the last one skips the refusal.
    """
    body: list[Instruction] = [(_LOAD, 0, 0, offset)]
    for place, (code, _, _, operand) in enumerate(tests):
        last = place == len(tests) - 1
        body.append((code, len(tests) - 1 - place, 1 if last else 0, operand))
    body += [_refuse(number), (_LOAD, 0, 0, _NUMBER)]
    return [(_EQUAL, 0, len(body), call), *body]


def seccomp_program() -> list[Instruction]:
    """The filter: refuse DENIED, new namespaces, sockets but AF_UNIX.

    A file lock is answered with success and not made: on a shared file it would be a channel to a neighbour, and
    libraries that lock a file of their own (sqlite3, HDF5) fail or wait without end where it is refused.
    """
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _X86_64),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    for number in sorted(DENIED.values()):
        program += [(_EQUAL, 0, 1, number), _refuse(errno.EPERM)]
    program += [(_EQUAL, 0, 1, CLONE3), _refuse(errno.ENOSYS)]  # its flags cannot be seen; libc falls back to clone
    program += [(_EQUAL, 0, 1, FLOCK), _refuse(NOTHING_DONE)]
    program += _call_with_argument(CLONE, _FIRST, [(_ANY_BIT, 0, 0, ANY_NAMESPACE)], errno.EPERM)
    program += _call_with_argument(FCNTL, _SECOND, [(_EQUAL, 0, 0, command) for command in LOCKING], NOTHING_DONE)
    program += _call_with_argument(FCNTL, _SECOND, [(_EQUAL, 0, 0, command) for command in LEASING], errno.ENOLCK)
    program += _call_with_argument(IOCTL, _SECOND, [(_EQUAL, 0, 0, what) for what in TERMINAL_INPUT], errno.EPERM)
    program += [
        (_EQUAL, 0, 4, SOCKET),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 1, 0, AF_UNIX),
        _refuse(errno.EAFNOSUPPORT),
        (_LOAD, 0, 0, _NUMBER),
    ]
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def install_seccomp() -> None:
    """Put the filter on this process and all it will start; it cannot be taken off."""
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in seccomp_program())
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    pointer = ctypes.create_string_buffer(header, len(header))
    _checked(LIBC.prctl(PR_SET_SECCOMP, ctypes.c_ulong(2), ctypes.c_void_p(ctypes.addressof(pointer)), 0, 0), "seccomp")
