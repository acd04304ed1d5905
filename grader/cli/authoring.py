"""What commands for those who write a course and its assignments take."""

from __future__ import annotations

import argparse
from pathlib import Path

from grader.cli.shared import Command, assignment, batch
from grader.submission.arguments import Parser


def _init(made: Parser) -> None:
    made.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="default: this folder")
    made.add_argument(
        "--name", default="", help="of the course (default: the scheme's; with new assignments alone, the folder's)"
    )
    schemes = ["best_three_of_four", "mid_and_end", "assignments_and_activities"]
    made.add_argument("--scheme", choices=schemes, default=schemes[0], help="how it is marked (default: %(default)s)")
    ids = "assignments of the program, and ids of new ones (default: all four of the program)"
    made.add_argument("--with", dest="wanted", metavar="ID,ID", help=ids)


def _new(made: Parser) -> None:
    made.add_argument("assignment", metavar="ID")


def _import(made: Parser) -> None:
    made.add_argument("system", choices=["otter", "nbgrader"])
    made.add_argument("source", type=Path, metavar="SOURCE", help="a master, a folder with one, or a folder of tests")
    made.add_argument("assignment", metavar="ID", help="what it is to be called here, such as a5_rl")
    made.add_argument("--quiet", action="store_true", help="show no progress")


def _build(made: Parser) -> None:
    assignment(made, nargs="?", text="default: every assignment that has a master")


def _audit(made: Parser) -> None:
    assignment(made)
    made.add_argument(
        "--seeds", type=_at_least_one, default=5, metavar="N", help="times the reference is graded (default: 5)"
    )
    made.add_argument("--quick", action="store_true", help="look at each wrong solution's own question only")
    share = "share of wrong and right solutions, and one kind of nonsense a question (default: all)"
    made.add_argument("--sample", type=_percent, default=100, metavar="PERCENT", help=share)
    made.add_argument("--draw", type=int, default=0, metavar="N", help="other inputs than those of draw 0")
    only = "look at this question alone (several times: at these)"
    made.add_argument("--question", action="append", default=[], metavar="Q", help=only)
    mutants = "share of machine-made mutants to try (default: none)"
    made.add_argument("--mutants", type=_percent, default=0, metavar="PERCENT", help=mutants)
    also = "make mutants of the right alternatives, too, which have other lines to break"
    made.add_argument("--of-alternatives", action="store_true", help=also)
    made.add_argument("--page", type=Path, metavar="FILE", help="write a page (HTML); a whole audit always does")
    batch(made)


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text}: 1 at least")
    return number


def _percent(text: str) -> float:
    if not 0 <= (number := float(text)) <= 100:
        raise argparse.ArgumentTypeError(f"{text}: a percentage, 0 to 100")
    return number


_at_least_one.__name__, _percent.__name__ = "number", "percentage"  # argparse says: invalid ... value


def _release(made: Parser) -> None:
    assignment(made)
    made.add_argument("--out", type=Path, default=Path("build/release"), metavar="DIR")


def _export(made: Parser) -> None:
    made.add_argument("host", choices=["gradescope"])
    assignment(made)
    made.add_argument("--out", type=Path, default=Path("build/export"), metavar="DIR")
    visibility = ["after_published", "after_due_date", "visible", "hidden"]
    when = "when students see each check (default: %(default)s)"
    made.add_argument("--visibility", choices=visibility, default=visibility[0], help=when)
    board = "show students the class's points there, under names that they choose"
    made.add_argument("--leaderboard", action="store_true", help=board)
    options = "options for pip there, such as where the small torch without CUDA lies"
    made.add_argument("--pip", default="", metavar="OPTIONS", help=options)


COMMANDS = {
    "init": Command("beginning:init", _init, "Begin a course: a folder in which every command works."),
    "new": Command("authoring:new", _new, "Begin an assignment: a question that builds, grades and passes its audit."),
    "import": Command("importing:bring", _import, "Bring an assignment over from Otter or nbgrader."),
    "build": Command("authoring:build", _build, "Make the starter notebook and its public tests from the master."),
    "audit": Command(
        "authoring:audit", _audit, "Test the hidden tests: reference, starter, wrong and right solutions."
    ),
    "release": Command(
        "authoring:release", _release, "Make the zip for students; refused while the audit is not green."
    ),
    "export": Command("exporting:export", _export, "Make the zip that Gradescope builds its autograder from."),
}
