import ctypes, fcntl, os, socket

libc = ctypes.CDLL(None, use_errno=True)
CALLS = {
    "unshare user": (272, 0x10000000),
    "unshare net": (272, 0x40000000),
    "clone": (56, 0x10000011, 0, 0, 0, 0),
    "setns": (308, 3, 0),
    "keyctl": (250, 0, -3, 0),
    "add_key": (248, b"user", b"k", b"v", 1, -3),
    "shmget": (29, 1234, 4096, 0o1666),
    "msgget": (68, 1, 0o1666),
    "semget": (64, 1, 1, 0o1666),
    "mq_open": (240, b"/q", 0o102, 0o666, 0),
    "io_uring": (425, 1, 0),
    "bpf": (321, 0, 0, 0),
    "perf": (298, 0, 0, -1, -1, 0),
    "userfaultfd": (323, 0),
    "ptrace": (101, 16, 1, 0, 0),
    "process_vm": (310, 1, 0, 0, 0, 0, 0),
    "mount": (165, b"none", b"/tmp", b"tmpfs", 0, 0),
    "chroot": (161, b"/tmp"),
    "pivot": (155, b"/", b"/"),
    "open_tree": (428, -100, b"/", 0),
    "fsopen": (430, b"tmpfs", 0),
    "personality": (135, 0x0040000),
    "handle": (304, 3, 0, 0),
    "memfd_secret": (447, 0),
    "pidfd_getfd": (438, 3, 0, 0),
    "setuid": (105, 0),
    "kexec": (246, 0, 0, 0, 0),
    "module": (175, 0, 0, 0),
    "swapon": (167, b"/tmp", 0),
    "hostname": (170, b"evil", 4),
    "clock": (227, 0, ctypes.create_string_buffer(16)),
    "reboot": (169, 0, 0, 0, 0),
}


def flock():
    """A lock that is answered with success counts if it keeps a second one out."""
    one, two = (os.open("/usr/bin/env", os.O_RDONLY) for _ in range(2))
    fcntl.flock(one, fcntl.LOCK_EX)
    try:
        fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    raise OSError("there is no lock")


def lockf():
    file = os.open("/job", os.O_RDWR | os.O_TMPFILE)
    fcntl.lockf(file, fcntl.LOCK_EX)
    child = os.fork()
    if child == 0:  # such a lock keeps other processes out
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        raise OSError("there is no lock")


def shares(x):
    said = []
    for name, (number, *arguments) in CALLS.items():
        values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
        result = libc.syscall(ctypes.c_long(number), *values)
        if name == "clone" and result == 0:
            os._exit(0)
        said.append(f"{name} {'GRANTED' if result >= 0 else 'refused'}")
    for name, act in {
        "flock": flock,
        "lockf": lockf,
        "lease": lambda: fcntl.fcntl(os.open("/usr/bin/env", os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK),
        "vsock": lambda: socket.socket(40, socket.SOCK_STREAM),
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    }.items():
        try:
            act()
            said.append(f"{name} GRANTED")
        except OSError:
            said.append(f"{name} refused")
    return said
