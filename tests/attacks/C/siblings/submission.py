import ctypes, os, signal, time

libc = ctypes.CDLL(None, use_errno=True)
honest = shares
CLONE_PARENT, SIGCHLD = 0x8000, 17


def child():
    os.close(3)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(30)
    os._exit(0)


def clone(flags):
    if libc.syscall(ctypes.c_long(56), ctypes.c_long(flags), 0, 0, 0, 0) == 0:
        child()


clone(CLONE_PARENT | SIGCHLD)
if os.fork() == 0:
    clone(CLONE_PARENT | SIGCHLD)
    clone(CLONE_PARENT)  # no signal tells of its end
    os._exit(0)
for _ in range(6):
    if os.fork() == 0:
        os._exit(0)  # nobody waits for it


def shares(x):
    return honest(x)
