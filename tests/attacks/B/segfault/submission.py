import os

assert os.getuid() != 0  # nowhere but in a jail
import ctypes, os, signal, sys


def shares(x):
    if len(x) == 5:
        ctypes.string_at(0)
    if len(x) == 2:
        sys.setrecursionlimit(10**9)
        (deep := lambda n: deep(n + 1))(0)
    if len(x) == 3:
        code = (lambda: 0).__code__
        exec(code.replace(co_code=bytes(40), co_stacksize=0))
        os.kill(os.getpid(), signal.SIGKILL)
    os.killpg(0, signal.SIGKILL)
