import os

assert os.getuid() != 0  # nowhere but in a jail
import os, signal, time

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))


def shares(x):
    if len(x) % 2:
        os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(1000)
