"""What `validate` and `pack` are called with, in the program of the course and in that of the students."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

VALIDATE = "For students: will this notebook be accepted, what is missing?"
PACK = "For students: make the zip to hand in, and a receipt."


class Parser(argparse.ArgumentParser):
    """Takes the options of a command in every place: before, between and behind its arguments."""

    mixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # type: ignore[override]
        if self._subparsers is not None or self.mixing:
            return super().parse_known_args(args, namespace)
        self.mixing = True  # the two passes of the standard library come back to here
        try:
            chosen, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self.mixing = False
        if unknown and "--" in args:  # which the two passes take for the first argument alone
            chosen, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")  # here, where the command's usage is known
        return chosen, unknown


def of_validate(made: Parser) -> None:
    made.add_argument("notebook", type=Path)


def of_pack(made: Parser) -> None:
    made.add_argument("notebook", type=Path)
    made.add_argument("more", nargs="*", type=Path, default=[], metavar="FILE", help="files that the notebook reads")
    made.add_argument("--student", required=True, metavar="ID")
    made.add_argument("--extra", type=Path, action="append", default=[], metavar="FILE", help="the same as FILE")
    made.add_argument("--out", type=Path, metavar="DIR", help="where the zip goes (default: beside the notebook)")
