"""Lines for the person at the terminal: made in English, shown in the language of the course."""

from __future__ import annotations

import sys

from grader.languages.recorded import said
from grader.marks.marksheet import clean


def say(text: str) -> None:
    """One line on stderr; never part of a command's result."""
    print(f"grader: {clean(said(text))}", file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """One line of a command's result."""
    print(clean(said(text)))
