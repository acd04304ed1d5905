"""What every file of this room needs: a command, and the options that several take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

from grader.submission.arguments import Parser

RUNTIME = "of Docker, with a kernel of its own: runsc (gVisor), a name of Kata's (default: the engine's)"


class Command(NamedTuple):
    """One command: its function as module:name in `grader.commands`, what adds its arguments, and its help."""

    place: str
    arguments: Callable[[Parser], None]
    text: str


def assignment(made: Parser, nargs: str | None = None, text: str | None = None) -> None:
    """The assignment that a command is about. Ids have no capitals, so that A1_MLP is certainly a1_mlp."""
    made.add_argument("assignment", type=str.lower, nargs=nargs, help=text)


def batch(made: Parser) -> None:
    """What every command takes that examines many submissions."""
    made.add_argument("--workers", type=int, metavar="N", help="submissions at a time (default: one per processor)")
    gpus = "GPUs, one slot each: 0,1, or UUIDs, also of MIG instances (twice the same: two slots)"
    made.add_argument("--gpus", metavar="LIST", help=gpus)
    cluster = "on other machines: a cluster of course.toml, local (two nodes here), or tcp://host:8786"
    made.add_argument("--cluster", type=cluster_name, metavar="NAME|ADDRESS", help=cluster)
    sandbox(made)
    as_json(made)
    made.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    made.add_argument("-v", "--verbose", action="store_true", help="a line for every submission, with what it took")


def cluster_name(text: str) -> str:
    """A name that is empty is most often a variable of the shell that is not set; it must not mean this machine."""
    if not text.strip():
        raise argparse.ArgumentTypeError("which cluster? the name is empty")
    return text


def sandbox(made: Parser) -> None:
    made.add_argument("--isolation", choices=["zygote", "strict"], default="zygote")
    made.add_argument("--sandbox", choices=["docker", "process"], default="docker")
    made.add_argument("--image", default="grader:latest", help="the grading image (default: %(default)s)")
    made.add_argument("--runtime", default="", metavar="NAME", help=RUNTIME)


def as_json(made: argparse._ActionsContainer) -> None:
    made.add_argument("--json", action="store_true", help="print one JSON document")
