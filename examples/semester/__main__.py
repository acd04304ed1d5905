"""`python -m examples.semester DIR`: write the course folder of a synthetic semester."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from examples.semester.folder import make
from grader.errors import GraderError


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m examples.semester", description=__doc__)
    options.add_argument("folder", type=Path, metavar="DIR")
    options.add_argument("--students", type=int, default=150)
    options.add_argument("--seed", type=int, default=7)
    chosen = options.parse_args()
    began = time.monotonic()
    try:
        make(chosen.folder, chosen.students, chosen.seed)
    except GraderError as error:
        print(f"semester: {error}", file=sys.stderr)
        return 2
    print(f"{chosen.folder}: {chosen.students} invented students, made in {time.monotonic() - began:.1f} s. Now")
    for command in ("marks", "report --out report", "status a1_mlp"):
        print(f"  GRADER_COURSE={chosen.folder} grader {command}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
