"""Which system calls a candidate may make, and the seccomp filter that refuses all others (x86-64).

The list is what honest notebooks call: measured over the reference solutions and over programs that use torch and its
loaders, scikit-learn, joblib, matplotlib, pandas, sqlite3, multiprocessing, threads and a shell; and what belongs to
the same purposes. A call that is not on it answers ENOSYS, as on a kernel that does not have it; so a call that is
invented tomorrow is refused today. Nobody is killed. The same list is the profile of every container.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import platform
import struct
from collections.abc import Sequence

from grader.zygote import kernel

SUPPORTED = platform.machine() == "x86_64"

_TABLE = """
    # files
    read:0 write:1 open:2 close:3 stat:4 fstat:5 lstat:6 lseek:8 pread64:17 pwrite64:18 readv:19 writev:20 access:21
    dup:32 dup2:33 sendfile:40 fsync:74 fdatasync:75 truncate:76 ftruncate:77 getdents:78 getcwd:79 chdir:80
    fchdir:81 rename:82 mkdir:83 rmdir:84 creat:85 link:86 unlink:87 symlink:88 readlink:89 chmod:90 fchmod:91
    chown:92 fchown:93 lchown:94 umask:95 utime:132 mknod:133 statfs:137 fstatfs:138 readahead:187 setxattr:188
    lsetxattr:189 fsetxattr:190 getxattr:191 lgetxattr:192 fgetxattr:193 listxattr:194 llistxattr:195 flistxattr:196
    removexattr:197 lremovexattr:198 fremovexattr:199 getdents64:217 utimes:235 openat:257 mkdirat:258
    mknodat:259 fchownat:260 futimesat:261 newfstatat:262 unlinkat:263 renameat:264 linkat:265 symlinkat:266
    readlinkat:267 fchmodat:268 faccessat:269 utimensat:280 fallocate:285 dup3:292 preadv:295 pwritev:296
    renameat2:316 copy_file_range:326 statx:332 close_range:436 openat2:437 faccessat2:439
    fchmodat2:452
    # memory
    mmap:9 mprotect:10 munmap:11 brk:12 mremap:25 msync:26 madvise:28 mlock:149 munlock:150 mlockall:151
    munlockall:152 membarrier:324 mlock2:325
    # processes
    sched_yield:24 getpid:39 fork:57 vfork:58 execve:59 exit:60 wait4:61 kill:62 uname:63 getrlimit:97 getrusage:98
    sysinfo:99 times:100 setpgid:109 getppid:110 getpgrp:111 setsid:112 getpgid:121 getsid:124 getpriority:140
    setpriority:141 sched_setparam:142 sched_getparam:143 sched_setscheduler:144 sched_getscheduler:145
    sched_get_priority_max:146 sched_get_priority_min:147 sched_rr_get_interval:148 arch_prctl:158 setrlimit:160
    gettid:186 tkill:200 futex:202 sched_setaffinity:203 sched_getaffinity:204 set_tid_address:218 exit_group:231
    tgkill:234 waitid:247 ioprio_set:251 ioprio_get:252 set_robust_list:273 get_robust_list:274 prlimit64:302
    getcpu:309 sched_setattr:314 sched_getattr:315 getrandom:318 execveat:322 rseq:334 pidfd_send_signal:424
    pidfd_open:434
    # users
    getuid:102 getgid:104 setuid:105 setgid:106 geteuid:107 getegid:108 setreuid:113 setregid:114 getgroups:115
    setgroups:116 setresuid:117 getresuid:118 setresgid:119 getresgid:120 setfsuid:122 setfsgid:123 capget:125
    capset:126
    # signals
    rt_sigaction:13 rt_sigprocmask:14 rt_sigreturn:15 pause:34 getitimer:36 alarm:37 setitimer:38 rt_sigpending:127
    rt_sigtimedwait:128 rt_sigqueueinfo:129 rt_sigsuspend:130 sigaltstack:131 signalfd:282 signalfd4:289
    rt_tgsigqueueinfo:297
    # time
    nanosleep:35 gettimeofday:96 time:201 restart_syscall:219 timer_create:222 timer_settime:223 timer_gettime:224
    timer_getoverrun:225 timer_delete:226 clock_gettime:228 clock_getres:229 clock_nanosleep:230 timerfd_create:283
    timerfd_settime:286 timerfd_gettime:287
    # waiting
    poll:7 pipe:22 select:23 epoll_create:213 epoll_wait:232 epoll_ctl:233 pselect6:270 ppoll:271 epoll_pwait:281
    eventfd:284 eventfd2:290 epoll_create1:291 pipe2:293 epoll_pwait2:441
    # sockets
    connect:42 accept:43 recvfrom:45 recvmsg:47 shutdown:48 bind:49 listen:50 getsockname:51 getpeername:52
    setsockopt:54 getsockopt:55 accept4:288 recvmmsg:299
"""
ALLOWED = {name: int(number) for name, _, number in (entry.partition(":") for entry in _TABLE.split() if ":" in entry)}
CLONE, FCNTL, IOCTL, PRCTL, FLOCK, SYNC, SYNCFS, FADVISE64 = 56, 72, 16, 157, 73, 162, 306, 221
MBIND, SET_MEMPOLICY = 237, 238
SOCKET, SOCKETPAIR, SENDTO, SENDMSG, SENDMMSG = 41, 53, 44, 46, 307
LOOKED_INTO = {  # allowed as far as their arguments go
    "clone": CLONE, "fcntl": FCNTL, "ioctl": IOCTL, "prctl": PRCTL, "flock": FLOCK, "sync": SYNC, "syncfs": SYNCFS,
    "fadvise64": FADVISE64, "mbind": MBIND, "set_mempolicy": SET_MEMPOLICY,
    "socket": SOCKET, "socketpair": SOCKETPAIR, "sendto": SENDTO, "sendmsg": SENDMSG, "sendmmsg": SENDMMSG,
}  # fmt: skip
OF_GPUS = {  # what the driver's library calls besides; only where there is one
    "mbind": MBIND, "set_mempolicy": SET_MEMPOLICY, "get_mempolicy": 239, "move_pages": 279, "memfd_create": 319,
}  # fmt: skip

LOCKING = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
LEASING = (1024, 1026)  # F_SETLEASE, F_NOTIFY
TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
IOCTLS = (  # of files, pipes, sockets and terminals; no driver's
    0x5401, 0x802C542A, 0x5413, 0x540F,  # TCGETS, TCGETS2, TIOCGWINSZ, TIOCGPGRP
    0x541B, 0x5421, 0x5450, 0x5451,  # FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
)  # fmt: skip
PRCTLS = (  # of a process about itself
    1, 2, 3, 4,  # PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE
    15, 16,  # PR_SET_NAME, PR_GET_NAME
    21, 23, 29, 30,  # PR_GET_SECCOMP, PR_CAPBSET_READ, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK
    36, 37, 38, 39,  # PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS
    41, 42, 0x53564D41,  # PR_SET_THP_DISABLE, PR_GET_THP_DISABLE, PR_SET_VMA
)  # fmt: skip
AF_UNIX, MSG_OOB, DONT_NEED = 1, 1, 4  # the last: POSIX_FADV_DONTNEED
NOTHING_DONE = 0  # an "error" of 0: the call answers success

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD, _FOURTH = 0, 4, 16, 24, 32, 40  # offsets in struct seccomp_data
_X86_64 = 0xC000003E

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def _refuse(number: int) -> Instruction:
    return (_RETURN, 0, 0, 0x00050000 | number)


PASS: Instruction = (_RETURN, 0, 0, 0x7FFF0000)
REFUSED = _refuse(errno.ENOSYS)  # as by a kernel that does not have it


def _looked_into(
    call: int, offset: int, otherwise: Instruction, *cases: tuple[int, Sequence[int], Instruction]
) -> list[Instruction]:
    """For system call `call`: what the first case says that holds for the argument at `offset`; a case is a kind of
    test, what it is made with, one by one, and what it says."""
    tests = [(code, operand, place) for place, (code, operands, _) in enumerate(cases) for operand in operands]
    body: list[Instruction] = [(_LOAD, 0, 0, offset)]
    body += [(code, len(tests) - at + place, 0, operand) for at, (code, operand, place) in enumerate(tests)]
    body += [otherwise, *(says for _, _, says in cases)]
    return [(_EQUAL, 0, len(body), call), *body]


def _listed(numbers: Sequence[int]) -> list[Instruction]:
    """Pass what is on the list and refuse all else, by halving: seven looks, and none where the kernel remembers."""
    starts, before, listed = [(0, REFUSED)], False, frozenset(numbers)
    for number in range(max(numbers) + 2):
        if (number in listed) != before:
            before = not before
            starts.append((number, PASS if before else REFUSED))
    return _halved(starts)


def _halved(starts: Sequence[tuple[int, Instruction]]) -> list[Instruction]:
    if len(starts) == 1:
        return [starts[0][1]]
    middle = len(starts) // 2
    below, above = _halved(starts[:middle]), _halved(starts[middle:])
    return [(_AT_LEAST, len(below), 0, starts[middle][0]), *below, *above]


def seccomp_program(gpu: bool = False) -> list[Instruction]:
    """The filter: the list, and what is looked into; `gpu`: with what a GPU's driver needs.

    A file lock is answered with success and not made: on a shared file it would be a channel to a neighbour, and
    libraries that lock a file of their own (sqlite3, HDF5) fail or wait without end where it is refused. So it is with
    writing back the files of the whole machine, which nothing can interrupt, with a wish where memory should lie, and
    with one that a file's pages leave memory: others read the same files, and may tell by them what was read before.
    """
    done, no_terminal = _refuse(NOTHING_DONE), _refuse(errno.ENOTTY)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _X86_64),
        REFUSED,
        (_LOAD, 0, 0, _NUMBER),
    ]
    for call in (FLOCK, SYNC, SYNCFS, *(() if gpu else (MBIND, SET_MEMPOLICY))):
        program += [(_EQUAL, 0, 1, call), done]
    program += _looked_into(CLONE, _FIRST, PASS, (_ANY_BIT, (kernel.ANY_NAMESPACE,), _refuse(errno.EPERM)))
    program += _looked_into(FADVISE64, _FOURTH, PASS, (_EQUAL, (DONT_NEED,), done))
    locks, leases = (_EQUAL, LOCKING, done), (_EQUAL, LEASING, _refuse(errno.ENOLCK))
    program += _looked_into(FCNTL, _SECOND, PASS, locks, leases)
    if gpu:
        program += _looked_into(IOCTL, _SECOND, PASS, (_EQUAL, TERMINAL_INPUT, _refuse(errno.EPERM)))
    else:
        program += _looked_into(IOCTL, _SECOND, no_terminal, (_EQUAL, IOCTLS, PASS))
    program += _looked_into(PRCTL, _FIRST, _refuse(errno.EINVAL), (_EQUAL, PRCTLS, PASS))
    for call in (SOCKET, SOCKETPAIR):
        program += _looked_into(call, _FIRST, _refuse(errno.EAFNOSUPPORT), (_EQUAL, (AF_UNIX,), PASS))
    for call, flags in ((SENDTO, _FOURTH), (SENDMSG, _THIRD), (SENDMMSG, _FOURTH)):
        program += _looked_into(call, flags, PASS, (_ANY_BIT, (MSG_OOB,), _refuse(errno.EOPNOTSUPP)))
    return program + _listed([*ALLOWED.values(), *(OF_GPUS.values() if gpu else ())])


@functools.cache
def prepared(gpu: bool = False) -> bytes:
    """The filter as the kernel takes it; made once, before anything is forked."""
    return b"".join(struct.pack("HBBI", *instruction) for instruction in seccomp_program(gpu))


def install_seccomp(gpu: bool = False) -> None:
    """Put the filter on this process and all it will start; it cannot be taken off."""
    program = prepared(gpu)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    pointer = ctypes.create_string_buffer(header, len(header))
    kernel.set_seccomp(ctypes.addressof(pointer))
