import os, sys

honest = shares


def shares(x):
    for _ in range(2000):
        print("y" * 2000, end="\r" if len(x) % 2 else "\n")
        os.write(1, b"\xff\0\x1b" * 500)
    sys.stderr.write("\x1b]0;owned\x07" * 10_000)
    sys.stdout.writelines(["\ud800"] * 10)
    return honest(x)
