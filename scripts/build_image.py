"""Build the grading image of this checkout unless a current one is there. Exit code 4: the machine cannot."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from grader.errors import MachineryError
from grader.paths import Paths
from grader.sandbox import image


def say(line: str) -> None:
    print(f"image: {line}", file=sys.stderr, flush=True)


def main() -> int:
    paths = Paths(Path(__file__).resolve().parent.parent)
    begun = time.monotonic()
    try:
        if image.is_current(paths):
            return 0
        built = image.build(paths, say=say)
    except MachineryError as error:
        say(str(error))
        return 4
    say(f"{image.TAG} is {built[7:19]}, built in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
