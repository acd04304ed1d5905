import os, sys


def shares(x):
    if len(x) == 5:
        os._exit(0)
    if len(x) == 2:
        sys.exit(0)
    if len(x) == 3:
        raise KeyboardInterrupt
    os.abort()
