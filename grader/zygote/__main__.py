"""python -m grader.zygote (--connect PATH [--streams connect] | --fd N) --level userns|caps|users|bare
[--preload numpy,torch]
"""

from __future__ import annotations

import argparse
import os
import socket

from grader.zygote import server


def main() -> None:
    parser = argparse.ArgumentParser(prog="zygote")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--connect", help="path of the Unix socket that the examiner's side listens on")
    where.add_argument("--fd", type=int, help="an inherited socket")
    parser.add_argument("--streams", choices=["pass", "connect"], default="pass", help="how a candidate's come about")
    parser.add_argument("--level", required=True)
    parser.add_argument("--preload", default="numpy")
    chosen = parser.parse_args()
    if chosen.connect:
        control = socket.socket(socket.AF_UNIX)
        control.connect(chosen.connect)
    else:
        control = socket.socket(fileno=chosen.fd)
    os.set_inheritable(control.fileno(), False)
    preload = [name for name in chosen.preload.split(",") if name]
    server.run(control, chosen.level, preload, chosen.connect if chosen.streams == "connect" else "")


if __name__ == "__main__":
    main()
