"""Colour, where somebody looks at a terminal. What stands out in colour stands there in words too.

`--color` decides, then NO_COLOR and CLICOLOR_FORCE (no-color.org, bixense.com/clicolors), then whether the output is a
terminal. Only text that is ours or was cleaned of control characters is painted.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import TextIO

CHOICES = ("auto", "always", "never")
BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"
RULE = re.compile(r"-{2,}(?: +-{2,})*")
MARKS = (  # what a line may begin or end with
    (re.compile(r"^ {0,2}ok  ?(?= )"), GREEN),
    (re.compile(r"^ {0,2}no  ?(?= )"), RED),
    (re.compile(r"^ +->(?= )"), YELLOW),
)
_choice = "auto"


def choose(when: str) -> None:
    """What `--color` says: one of CHOICES."""
    global _choice
    _choice = when


def is_shown_on(stream: TextIO) -> bool:
    """Whether what is written to this stream may be in colour."""
    if _choice != "auto":
        return _choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("CLICOLOR_FORCE", "0") != "0"
    return forced or (stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"))


def show(text: str) -> None:
    """Print a page of text on stdout, painted where colour is shown."""
    print(painted(text) if is_shown_on(sys.stdout) else text, end="")


def painted(text: str) -> str:
    """The same text with the headings of its tables in bold, and what is well and what is not in colour."""
    from grader.terminal.endings import without_points  # which reads the nouns; `--help` has no use for them

    lines = text.split("\n")
    states = "|".join(map(re.escape, without_points()))
    marks = (*MARKS, (re.compile(rf"(?<=  )(?:{states})(?= |$)"), YELLOW))
    below = [*lines[1:], ""]
    pairs = zip(lines, below, strict=True)
    return "\n".join(_line(line, RULE.fullmatch(after) is not None, marks) for line, after in pairs)


def _line(line: str, is_heading: bool, marks: Iterable[tuple[re.Pattern[str], str]]) -> str:
    if is_heading and line:
        return paint(line, BOLD)
    if RULE.fullmatch(line):
        return paint(line, DIM)
    for mark, style in marks:
        line = mark.sub(lambda found, style=style: paint(found[0], style), line)  # type: ignore[misc]
    return line


def paint(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"
