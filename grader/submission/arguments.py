"""What `validate` and `pack` are called with, in the program of the course and in that of the students."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.exit_codes import USAGE

NEGATIVE_NUMBER = re.compile(r"^-\d+$|^-\d*[.,]\d+$")  # is no option; argparse's own knows no comma
VALIDATE = "For students: will this notebook be accepted, what is missing?"
PACK = "For students: make the zip to hand in, and a receipt."
SUBMIT = "For students: hand a notebook, or the zip of pack, in on the course's portal."


class Parser(argparse.ArgumentParser):
    """Takes the options of a command in every place: before, between and behind its arguments."""

    mixing = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._negative_number_matcher = NEGATIVE_NUMBER

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # type: ignore[override]
        if self._subparsers is not None:
            self._refuse_options(sys.argv[1:] if args is None else args)
        if self._subparsers is not None or self.mixing:
            return super().parse_known_args(args, namespace)
        self.mixing = True  # the two passes of the standard library come back to here
        try:
            chosen, unknown = self.parse_known_intermixed_args(args, namespace)
        except _IsMissing:
            self.mixing = False
            chosen, unknown = super().parse_known_args(args, namespace)  # which names all that is missing
        finally:
            self.mixing = False
        if unknown and "--" in args:  # which the two passes take for the first argument alone
            chosen, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse(unknown)  # here, where the command's usage is known
        return chosen, unknown

    def _refuse_options(self, args: Any) -> None:
        """Say of an option before the command that there is none such; that a command is missing says less."""
        first = args[0] if args else ""
        if first.startswith("-") and not self._get_option_tuples(first) and first not in self._option_string_actions:
            self._refuse([first])

    def _refuse(self, unknown: Sequence[str]) -> None:
        """End with what is not known, and which option was meant where that can be told."""
        known = {option.lstrip("-"): option for option in self._option_string_actions}  # the dashes are alike in all
        given = [word.partition("=")[0].lstrip("-") for word in unknown if word.startswith("-")]
        close = [near for each in given for near in difflib.get_close_matches(each, known, 1)]
        meant = f" (did you mean {known[close[0]]!r}?)" if close else ""
        self.error(f"unrecognized arguments: {' '.join(unknown)}{meant}")

    def error(self, message: str) -> Any:  # type: ignore[override]
        """End with one line as every other error is, and how the command is called."""
        if self.mixing and "are required" in message:  # of its first pass, which knows of options alone
            raise _IsMissing
        wrong = re.search(r"argument (.*): invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if wrong:
            message = _no_such(*wrong.groups())
        self.exit(USAGE, f"{self.prog}: {message}\n{self.format_usage()}")


def _no_such(argument: str, given: str, choices: str) -> str:
    """What is wrong with a word that is none of the choices, and which was meant where that can be told."""
    what = "there is no command" if argument == "COMMAND" else f"argument {argument}: there is no"
    close = difflib.get_close_matches(given, re.split(r"[', ]+", choices), 1)
    there_is = f"there is: {choices.replace(chr(39), '')}"
    return f"{what} {given!r}{f' (did you mean {close[0]!r}?)' if close else ''}; {there_is}"


class _IsMissing(Exception):
    """Something is missing on a command line."""


ASSIGNMENT = "where the notebook's name and its release do not say which assignment it is of"


def of_validate(made: Parser) -> None:
    made.add_argument("notebook", type=Path)
    made.add_argument("--assignment", default="", metavar="ID", help=ASSIGNMENT)


def of_pack(made: Parser) -> None:
    made.add_argument("notebook", type=Path)
    made.add_argument("more", nargs="*", type=Path, default=[], metavar="FILE", help="files that the notebook reads")
    made.add_argument("--student", required=True, metavar="ID")
    made.add_argument("--assignment", default="", metavar="ID", help=ASSIGNMENT)
    made.add_argument("--extra", type=Path, action="append", default=[], metavar="FILE", help="the same as FILE")
    made.add_argument("--out", type=Path, metavar="DIR", help="where the zip goes (default: beside the notebook)")


def of_submit(made: Parser) -> None:
    made.add_argument("notebook", type=Path)
    made.add_argument("--to", default="", metavar="URL", help="the portal's address (default: GRADER_PORTAL)")
    made.add_argument("--assignment", default="", metavar="ID", help=ASSIGNMENT)
    token = (
        "a file with a token of the page Programs (default: GRADER_TOKEN, else grader_token.txt beside the notebook)"
    )
    made.add_argument("--token", type=Path, metavar="FILE", help=token)
    made.add_argument("--yes", action="store_true", help="hand in without asking")
