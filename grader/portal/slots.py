"""What children of the portal that run submissions are told: the course, and the sandbox to run them in."""

from __future__ import annotations

import argparse
from pathlib import Path

from grader.execution.spec import PoolSpec
from grader.paths import Paths


def asked_for() -> tuple[Paths, PoolSpec]:
    """The course and the slots that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--sandbox", default="docker")
    parser.add_argument("--isolation", default="zygote")
    parser.add_argument("--image", default="grader:latest")
    parser.add_argument("--runtime", default="")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--gpus", default="")
    chosen = parser.parse_args()
    gpus: tuple[str | None, ...] = tuple(chosen.gpus.split(",")) if chosen.gpus else (None,) * chosen.workers
    return Paths(chosen.root), PoolSpec(chosen.sandbox, chosen.isolation, chosen.image, gpus, runtime=chosen.runtime)
